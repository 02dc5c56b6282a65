-- Disclosures without consent, one request each; facts, reasons and names are sealed.
create table exception (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    number text not null,
    revision integer not null,
    state text not null,
    code text not null,
    emergency integer not null check (emergency in (0, 1)),
    refusal_on_file integer not null check (refusal_on_file in (0, 1)),
    requested_agency_id blob not null references agency,
    requested_by blob not null references staff,
    requested_at integer not null,
    to_agency_id blob not null references agency,
    relay_id blob,
    used_at integer,
    approve_by text,
    waits integer not null check (waits in (0, 1)),
    updated_at integer not null,
    sealed blob not null
) strict;
create index exception_1 on exception (sheet_id);
create index exception_2 on exception (municipality_id, id);
create index exception_3 on exception (municipality_id, state, id);
create index exception_4 on exception (requested_agency_id, id);
create index exception_5 on exception (waits, approve_by);
create index exception_6 on exception (municipality_id, refusal_on_file, used_at);

-- So that a sheet without exceptions, as nearly every one is, costs no look for them.
alter table sheet add column has_exceptions integer not null default 0 check (has_exceptions in (0, 1));

-- A relay rests on a consent or on an exception. SQLite takes a "not null" off by building the table anew.
create table relay_new (
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
    consent_id blob references consent,
    sent_at integer not null,
    reply_due text not null,
    waits integer not null check (waits in (0, 1)),
    overdue_since text,
    updated_at integer not null,
    sealed blob not null,
    exception_id blob references exception,
    check ((consent_id is null) <> (exception_id is null))
) strict;
insert into relay_new (
    id, municipality_id, sheet_id, number, revision, state, from_agency_id, to_agency_id, parent_relay_id,
    sections, purpose, urgency, handover, consent_id, sent_at, reply_due, waits, overdue_since, updated_at,
    sealed
) select
    id, municipality_id, sheet_id, number, revision, state, from_agency_id, to_agency_id, parent_relay_id,
    sections, purpose, urgency, handover, consent_id, sent_at, reply_due, waits, overdue_since, updated_at,
    sealed
from relay;
drop table relay;
alter table relay_new rename to relay;
create index relay_1 on relay (sheet_id);
create index relay_2 on relay (to_agency_id, id);
create index relay_3 on relay (from_agency_id, id);
create index relay_4 on relay (to_agency_id, reply_due, id);
create index relay_5 on relay (from_agency_id, reply_due, id);
create index relay_6 on relay (municipality_id, id);
create index relay_7 on relay (municipality_id, reply_due, id);
create index relay_8 on relay (waits, reply_due);

-- On what a disclosure rests, beside its event: `consent`, or the code of an exception.
alter table audit_event add column basis text;
update audit_event set basis = 'consent' where kind in ('relay.sent', 'relay.resent');
create index audit_event_6 on audit_event (municipality_id, basis, at, position) where basis is not null;
create index audit_event_7 on audit_event (municipality_id, at, position) where basis is not null;

-- Whom to tell that an exception waits.
create index post_3 on post (municipality_id, role);
