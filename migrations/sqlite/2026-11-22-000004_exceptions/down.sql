drop index post_3;
drop index audit_event_7;
drop index audit_event_6;
alter table audit_event drop column basis;
create table relay_old (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    number text not null,
    revision integer not null,
    state text not null,
    from_agency_id blob not null references agency,
    to_agency_id blob not null references agency,
    parent_relay_id blob references relay,
    sections text not null,
    purpose text not null,
    urgency text not null,
    handover text not null,
    consent_id blob not null references consent,
    sent_at integer not null,
    reply_due text not null,
    waits integer not null check (waits in (0, 1)),
    overdue_since text,
    updated_at integer not null,
    sealed blob not null
) strict;
insert into relay_old (
    id, municipality_id, sheet_id, number, revision, state, from_agency_id, to_agency_id, parent_relay_id,
    sections, purpose, urgency, handover, consent_id, sent_at, reply_due, waits, overdue_since, updated_at,
    sealed
) select
    id, municipality_id, sheet_id, number, revision, state, from_agency_id, to_agency_id, parent_relay_id,
    sections, purpose, urgency, handover, consent_id, sent_at, reply_due, waits, overdue_since, updated_at,
    sealed
from relay where consent_id is not null;
drop table relay;
alter table relay_old rename to relay;
create index relay_1 on relay (sheet_id);
create index relay_2 on relay (to_agency_id, id);
create index relay_3 on relay (from_agency_id, id);
create index relay_4 on relay (to_agency_id, reply_due, id);
create index relay_5 on relay (from_agency_id, reply_due, id);
create index relay_6 on relay (municipality_id, id);
create index relay_7 on relay (municipality_id, reply_due, id);
create index relay_8 on relay (waits, reply_due);
alter table sheet drop column has_exceptions;
drop table exception;
