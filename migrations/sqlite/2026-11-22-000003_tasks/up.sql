-- What waits for somebody, derived from the case. `waits_for` is an agency, a person or (privacy officers) a municipality; `shows`
-- says that its first day has come; on `wakes_on` the service looks at it again.
create table task (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    number text not null,
    kind text not null,
    subject_id blob not null,
    waits_for blob not null,
    agency_id blob not null references agency,
    staff_id blob references staff,
    but_staff_id blob references staff,
    role text,
    from_day text not null,
    due_day text not null,
    shows integer not null check (shows in (0, 1)),
    wakes_on text
) strict;
create index task_1 on task (waits_for, shows, due_day, id);
create index task_2 on task (municipality_id, shows, due_day, id);
create index task_3 on task (wakes_on) where wakes_on is not null;
