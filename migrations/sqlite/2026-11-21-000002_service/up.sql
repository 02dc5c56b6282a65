-- One municipality; every business row belongs to one.
create table municipality (
    id blob not null primary key,
    code text not null unique,
    name text not null,
    created_at integer not null
) strict;

-- Agencies (部署・機関) of a directory.
create table agency (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    code text not null,
    name text not null,
    kana text not null,
    parent_id blob references agency,
    class text not null,
    topics text not null,
    mailbox text,
    phone text,
    hub integer not null check (hub in (0, 1)),
    active_from text not null,
    active_until text,
    agreement_number text,
    agreement_from text,
    agreement_until text,
    revision integer not null,
    updated_at integer not null,
    unique (municipality_id, code)
) strict;
create index agency_1 on agency (municipality_id, id);

-- People.
create table staff (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    login text not null unique,
    name text not null,
    password_hash text not null,
    created_at integer not null
) strict;
create index staff_1 on staff (municipality_id, id);

-- Posts: one person in one agency in one role, for a time.
create table post (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    staff_id blob not null references staff,
    agency_id blob not null references agency,
    role text not null,
    valid_from text not null,
    valid_until text
) strict;
create index post_1 on post (staff_id);
create index post_2 on post (agency_id);

-- Log-ins.
create table session (
    id blob not null primary key,
    staff_id blob not null references staff,
    acting_post_id blob not null references post,
    created_at integer not null,
    last_used_at integer not null,
    expires_at integer not null,
    ended_at integer
) strict;
create index session_1 on session (expires_at);
create index session_2 on session (staff_id);

-- Department systems (OAuth clients).
create table client (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    agency_id blob not null references agency,
    name text not null,
    secret_hash blob not null,
    scopes text not null,
    created_at integer not null,
    revoked_at integer
) strict;

-- Versions of the text shown to the resident.
create table notice (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    version integer not null,
    title text not null,
    body text not null,
    in_force_from text not null,
    created_at integer not null,
    unique (municipality_id, version)
) strict;

-- つなぐシート. Nothing in it names a person; the data key is wrapped by the master key.
create table sheet (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    fiscal_year integer,
    serial integer,
    number text,
    standing text not null,
    state text not null,
    consented_until text,
    revision integer not null,
    content_revision integer not null,
    origin_agency_id blob not null references agency,
    holder_agency_id blob not null references agency,
    received_at integer,
    channel text,
    route text,
    urgency text,
    address_secret text not null,
    data_key blob not null,
    created_at integer not null,
    updated_at integer not null,
    closed_at integer,
    unique (municipality_id, fiscal_year, serial)
) strict;
create index sheet_1 on sheet (municipality_id, id);
create index sheet_2 on sheet (municipality_id, number);

-- The sealed document of a sheet, by revision.
create table sheet_content (
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    revision integer not null,
    sealed blob not null,
    created_at integer not null,
    primary key (sheet_id, revision)
) strict;

-- Topics, for lists.
create table sheet_topic (
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    topic text not null,
    primary key (topic, sheet_id)
) strict;
create index sheet_topic_1 on sheet_topic (sheet_id);

-- Blind-index tokens: keyed digests of kana prefixes and dates of birth.
create table search_token (
    municipality_id blob not null references municipality,
    token blob not null,
    sheet_id blob not null references sheet,
    primary key (token, sheet_id)
) strict;
create index search_token_1 on search_token (sheet_id);

-- Which agencies find the sheet in their lists, and until when they see names and topics.
create table access (
    municipality_id blob not null references municipality,
    agency_id blob not null references agency,
    sheet_id blob not null references sheet,
    is_origin integer not null check (is_origin in (0, 1)),
    identity_until text,
    topics_until text,
    primary key (agency_id, sheet_id)
) strict;
create index access_1 on access (sheet_id);

-- The line of consents of a sheet; the terms are sealed.
create table consent (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    version integer not null,
    effective_until text not null,
    follow_up_on text,
    sealed blob not null,
    unique (sheet_id, version)
) strict;

-- つなぎ; what was written in it is sealed.
create table relay (
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
    id blob not null primary key,
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    agency_id blob not null references agency,
    section text not null,
    sealed blob not null
) strict;
create index entry_1 on entry (sheet_id, id);

-- The last serial given out, by municipality and fiscal year.
create table number_counter (
    municipality_id blob not null references municipality,
    fiscal_year integer not null,
    last integer not null,
    primary key (municipality_id, fiscal_year)
) strict;

-- Notices that wait to be mailed. No personal data.
create table outbox (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    notice text not null,
    created_at integer not null,
    due_at integer not null,
    attempts integer not null,
    claim blob,
    leased_until integer,
    sent_at integer,
    dead_at integer,
    last_error text
) strict;
create index outbox_1 on outbox (due_at) where sent_at is null and dead_at is null;
create index outbox_2 on outbox (dead_at) where dead_at is not null;
create index outbox_3 on outbox (sent_at) where sent_at is not null;
create index outbox_4 on outbox (leased_until) where leased_until is not null;

-- Answers under an Idempotency-Key, sealed.
create table idempotency (
    principal_id blob not null,
    key text not null,
    fingerprint blob not null,
    agency_id blob not null,
    sheet_id blob,
    shows_content integer not null check (shows_content in (0, 1)),
    status integer not null,
    etag text,
    location text,
    sealed blob not null,
    created_at integer not null,
    primary key (principal_id, key)
) strict;
create index idempotency_1 on idempotency (sheet_id);
create index idempotency_2 on idempotency (created_at);

-- The audit trail. `position` only grows within a stream.
create table audit_event (
    position integer primary key autoincrement,
    id blob not null unique,
    municipality_id blob,
    stream text not null,
    seq integer not null,
    kind text not null,
    at integer not null,
    sheet_id blob,
    relay_id blob,
    staff_id blob,
    client_id blob,
    post_id blob,
    agency_id blob,
    prev blob not null,
    hash blob not null,
    body text not null,
    unique (stream, seq)
) strict;
create index audit_event_1 on audit_event (municipality_id, position);
create index audit_event_2 on audit_event (sheet_id, position);
create index audit_event_3 on audit_event (agency_id, position);
create index audit_event_4 on audit_event (kind, position);
create index audit_event_5 on audit_event (at);

-- Events that wait for their place in the Merkle tree.
create table audit_pending (
    event_id blob not null primary key
) strict;
