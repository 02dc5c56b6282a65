-- What waits for somebody, derived from the case. `waits_for` is an agency, a person or (privacy officers) a municipality; `shows`
-- says that its first day has come; on `wakes_on` the service looks at it again.
create table task (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    number text not null,
    kind text not null,
    subject_id uuid not null,
    waits_for uuid not null,
    agency_id uuid not null references agency,
    staff_id uuid references staff,
    but_staff_id uuid references staff,
    role text,
    from_day date not null,
    due_day date not null,
    shows boolean not null,
    wakes_on date
);
create index task_1 on task (waits_for, shows, due_day, id);
create index task_2 on task (municipality_id, shows, due_day, id);
create index task_3 on task (wakes_on) where wakes_on is not null;
