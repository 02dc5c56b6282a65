-- Who adds a department system, or asks for another secret of it, has seen its secret: it counts when another person has confirmed it.
-- None in made_by and next_by: the command line.
alter table client add column made_by uuid references staff;
alter table client add column confirmed_at timestamptz;
alter table client add column next_hash bytea;
alter table client add column next_overlap bigint;
alter table client add column next_by uuid references staff;
update client set confirmed_at = created_at;
