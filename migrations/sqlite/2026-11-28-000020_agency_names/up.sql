-- What an agency was called before, each name with the instant at which the next one takes its place; which body came after it;
-- and whether a consent or a relay names it: then it stays what it is.
alter table agency add column earlier_names text not null default '[]';
alter table agency add column successor_id blob references agency;
alter table agency add column is_named integer not null default 0 check (is_named in (0, 1));
