-- Whether the receiver of a relay has seen something by it and was not told to stop using it: who ends, or loses its agreement, is found by it.
alter table relay add column held integer not null default 0;
create index relay_9 on relay (to_agency_id, held);
