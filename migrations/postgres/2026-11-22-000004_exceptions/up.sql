-- Disclosures without consent, one request each; facts, reasons and names are sealed.
create table exception (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    number text not null,
    revision integer not null,
    state text not null,
    code text not null,
    emergency boolean not null,
    refusal_on_file boolean not null,
    requested_agency_id uuid not null references agency,
    requested_by uuid not null references staff,
    requested_at timestamptz not null,
    to_agency_id uuid not null references agency,
    relay_id uuid,
    used_at timestamptz,
    approve_by date,
    waits boolean not null,
    updated_at timestamptz not null,
    sealed bytea not null
);
create index exception_1 on exception (sheet_id);
create index exception_2 on exception (municipality_id, id);
create index exception_3 on exception (municipality_id, state, id);
create index exception_4 on exception (requested_agency_id, id);
create index exception_5 on exception (waits, approve_by);
create index exception_6 on exception (municipality_id, refusal_on_file, used_at);

-- So that a sheet without exceptions, as nearly every one is, costs no look for them.
alter table sheet add column has_exceptions boolean not null default false;

-- A relay rests on a consent or on an exception.
alter table relay alter column consent_id drop not null;
alter table relay add column exception_id uuid references exception;
alter table relay add constraint relay_basis check ((consent_id is null) <> (exception_id is null));

-- On what a disclosure rests, beside its event: `consent`, or the code of an exception.
alter table audit_event add column basis text;
update audit_event set basis = 'consent' where kind in ('relay.sent', 'relay.resent');
create index audit_event_6 on audit_event (municipality_id, basis, at, position) where basis is not null;
create index audit_event_7 on audit_event (municipality_id, at, position) where basis is not null;

-- Whom to tell that an exception waits.
create index post_3 on post (municipality_id, role);
