-- When the service took note that an agency is no more. What is in its hands is looked for by the indexes, round by round.
alter table agency add column ended_at integer;
create index agency_2 on agency (active_until) where ended_at is null;
create index agency_3 on agency (ended_at) where ended_at is not null;
create index sheet_3 on sheet (holder_agency_id);
create index sheet_4 on sheet (origin_agency_id);
create index client_1 on client (agency_id);
