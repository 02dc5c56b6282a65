-- One municipality; every business row belongs to one.
create table municipality (
    id uuid not null primary key,
    code text not null unique,
    name text not null,
    created_at timestamptz not null
);

-- Agencies (部署・機関) of a directory.
create table agency (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    code text not null,
    name text not null,
    kana text not null,
    parent_id uuid references agency,
    class text not null,
    topics jsonb not null,
    mailbox text,
    phone text,
    hub boolean not null,
    active_from date not null,
    active_until date,
    agreement_number text,
    agreement_from date,
    agreement_until date,
    revision integer not null,
    updated_at timestamptz not null,
    unique (municipality_id, code)
);
create index agency_1 on agency (municipality_id, id);

-- People.
create table staff (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    login text not null unique,
    name text not null,
    password_hash text not null,
    created_at timestamptz not null
);
create index staff_1 on staff (municipality_id, id);

-- Posts: one person in one agency in one role, for a time.
create table post (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    staff_id uuid not null references staff,
    agency_id uuid not null references agency,
    role text not null,
    valid_from date not null,
    valid_until date
);
create index post_1 on post (staff_id);
create index post_2 on post (agency_id);

-- Log-ins.
create table session (
    id uuid not null primary key,
    staff_id uuid not null references staff,
    acting_post_id uuid not null references post,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index session_1 on session (expires_at);
create index session_2 on session (staff_id);

-- Department systems (OAuth clients).
create table client (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    agency_id uuid not null references agency,
    name text not null,
    secret_hash bytea not null,
    scopes jsonb not null,
    created_at timestamptz not null,
    revoked_at timestamptz
);

-- Versions of the text shown to the resident.
create table notice (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    version integer not null,
    title text not null,
    body text not null,
    in_force_from date not null,
    created_at timestamptz not null,
    unique (municipality_id, version)
);

-- つなぐシート. Nothing in it names a person; the data key is wrapped by the master key.
create table sheet (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    fiscal_year integer,
    serial integer,
    number text,
    standing text not null,
    state text not null,
    consented_until date,
    revision integer not null,
    content_revision integer not null,
    origin_agency_id uuid not null references agency,
    holder_agency_id uuid not null references agency,
    received_at timestamptz,
    channel text,
    route text,
    urgency text,
    address_secret text not null,
    data_key bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    unique (municipality_id, fiscal_year, serial)
);
create index sheet_1 on sheet (municipality_id, id);
create index sheet_2 on sheet (municipality_id, number);

-- The sealed document of a sheet, by revision.
create table sheet_content (
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    revision integer not null,
    sealed bytea not null,
    created_at timestamptz not null,
    primary key (sheet_id, revision)
);

-- Topics, for lists.
create table sheet_topic (
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    topic text not null,
    primary key (topic, sheet_id)
);
create index sheet_topic_1 on sheet_topic (sheet_id);

-- Blind-index tokens: keyed digests of kana prefixes and dates of birth.
create table search_token (
    municipality_id uuid not null references municipality,
    token bytea not null,
    sheet_id uuid not null references sheet,
    primary key (token, sheet_id)
);
create index search_token_1 on search_token (sheet_id);

-- Which agencies find the sheet in their lists, and until when they see names and topics.
create table access (
    municipality_id uuid not null references municipality,
    agency_id uuid not null references agency,
    sheet_id uuid not null references sheet,
    is_origin boolean not null,
    identity_until date,
    topics_until date,
    primary key (agency_id, sheet_id)
);
create index access_1 on access (sheet_id);

-- The line of consents of a sheet; the terms are sealed.
create table consent (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    version integer not null,
    effective_until date not null,
    follow_up_on date,
    sealed bytea not null,
    unique (sheet_id, version)
);

-- つなぎ; what was written in it is sealed.
create table relay (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    number text not null,
    revision integer not null,
    state text not null,
    from_agency_id uuid not null references agency,
    to_agency_id uuid not null references agency,
    parent_relay_id uuid references relay,
    sections jsonb not null,
    purpose text not null,
    urgency text not null,
    handover text not null,
    consent_id uuid not null references consent,
    sent_at timestamptz not null,
    reply_due date not null,
    waits boolean not null,
    overdue_since date,
    updated_at timestamptz not null,
    sealed bytea not null
);
create index relay_1 on relay (sheet_id);
create index relay_2 on relay (to_agency_id, id);
create index relay_3 on relay (from_agency_id, id);
create index relay_4 on relay (to_agency_id, reply_due, id);
create index relay_5 on relay (from_agency_id, reply_due, id);
create index relay_6 on relay (municipality_id, id);
create index relay_7 on relay (municipality_id, reply_due, id);
create index relay_8 on relay (waits, reply_due);

-- 支援経過; the text is sealed.
create table entry (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    agency_id uuid not null references agency,
    section text not null,
    sealed bytea not null
);
create index entry_1 on entry (sheet_id, id);

-- The last serial given out, by municipality and fiscal year.
create table number_counter (
    municipality_id uuid not null references municipality,
    fiscal_year integer not null,
    last integer not null,
    primary key (municipality_id, fiscal_year)
);

-- Notices that wait to be mailed. No personal data.
create table outbox (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    notice jsonb not null,
    created_at timestamptz not null,
    due_at timestamptz not null,
    attempts integer not null,
    claim uuid,
    leased_until timestamptz,
    sent_at timestamptz,
    dead_at timestamptz,
    last_error text
);
create index outbox_1 on outbox (due_at) where sent_at is null and dead_at is null;
create index outbox_2 on outbox (dead_at) where dead_at is not null;
create index outbox_3 on outbox (sent_at) where sent_at is not null;
create index outbox_4 on outbox (leased_until) where leased_until is not null;

-- Answers under an Idempotency-Key, sealed.
create table idempotency (
    principal_id uuid not null,
    key text not null,
    fingerprint bytea not null,
    agency_id uuid not null,
    sheet_id uuid,
    shows_content boolean not null,
    status integer not null,
    etag text,
    location text,
    sealed bytea not null,
    created_at timestamptz not null,
    primary key (principal_id, key)
);
create index idempotency_1 on idempotency (sheet_id);
create index idempotency_2 on idempotency (created_at);

-- The audit trail. `position` only grows within a stream.
create table audit_event (
    position bigint generated always as identity primary key,
    id uuid not null unique,
    municipality_id uuid,
    stream text not null,
    seq bigint not null,
    kind text not null,
    at timestamptz not null,
    sheet_id uuid,
    relay_id uuid,
    staff_id uuid,
    client_id uuid,
    post_id uuid,
    agency_id uuid,
    prev bytea not null,
    hash bytea not null,
    body text not null,
    unique (stream, seq)
);
create index audit_event_1 on audit_event (municipality_id, position);
create index audit_event_2 on audit_event (sheet_id, position);
create index audit_event_3 on audit_event (agency_id, position);
create index audit_event_4 on audit_event (kind, position);
create index audit_event_5 on audit_event (at);

-- Events that wait for their place in the Merkle tree.
create table audit_pending (
    event_id uuid not null primary key
);
