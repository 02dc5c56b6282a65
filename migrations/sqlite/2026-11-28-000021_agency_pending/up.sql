-- A class or an agreement that waits for a second person, and whether one has said yes to the agency at all.
alter table agency add column pending text;
alter table agency add column is_confirmed integer not null default 1 check (is_confirmed in (0, 1));
