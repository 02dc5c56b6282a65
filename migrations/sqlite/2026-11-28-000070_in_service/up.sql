-- One row as long as receivers may read. A copy is made without it: what is put back from a copy is shut to them until an operator has
-- named the gap. So is a database with a past that comes from before this table: it may have been put back.
create table in_service (id integer primary key check (id = 1)) strict;
insert into in_service (id) select 1 where not exists (select 1 from audit_event);
