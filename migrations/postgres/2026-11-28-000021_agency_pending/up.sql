-- A class or an agreement that waits for a second person, and whether one has said yes to the agency at all.
alter table agency add column pending jsonb;
alter table agency add column is_confirmed boolean not null default true;
