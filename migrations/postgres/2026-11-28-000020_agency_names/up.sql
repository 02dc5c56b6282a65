-- What an agency was called before, each name with the instant at which the next one takes its place; which body came after it;
-- and whether a consent or a relay names it: then it stays what it is.
alter table agency add column earlier_names jsonb not null default '[]';
alter table agency add column successor_id uuid references agency;
alter table agency add column is_named boolean not null default false;
