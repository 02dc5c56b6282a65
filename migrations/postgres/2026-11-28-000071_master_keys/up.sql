-- The master keys that this database was written under, each with a mark by which it is known again: a line that is lost from the key file is
-- found at once, not when somebody opens an old sheet.
create table master_key (version integer primary key, mark bytea not null);
