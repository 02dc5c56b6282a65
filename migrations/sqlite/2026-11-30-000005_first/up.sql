-- Foreign keys stand only between municipalities, agencies, people and systems. Everything else is written by one writer together with the
-- document that it repeats, and compared with it by `tsunagu doctor --deep` (docs/adr/0021-rows-without-foreign-keys.md).

-- == Service and municipalities ==

-- As long as receivers may read, this table has one row; so it has in a new database. A copy is made without the row: a restored database
-- stays shut to receivers until an operator has named the gap.
create table in_service (
    id integer primary key check (id = 1)
) strict;
insert into in_service (id) values (1);

-- The master keys under which this database was written. The mark recognizes a key: if a line is lost from the key file, that shows at
-- once, not when somebody opens an old sheet.
create table master_key (
    version integer primary key,
    mark blob not null
) strict;

-- Every business row belongs to one municipality.
create table municipality (
    id blob not null primary key,
    code text not null unique,
    name text not null,
    created_at integer not null
) strict;

-- == Directory ==

-- Agencies (部署・機関).
create table agency (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    code text not null,
    class text not null,
    mailbox text,
    active_from text not null,
    active_until text,
    agreement_from text,
    agreement_until text,
    -- The agency that succeeds it.
    successor_id blob references agency,
    -- When the service noted that the agency is no more.
    ended_at integer,
    -- Since when mail to it has been given up. Null again once a later mail has gone out, or the mailbox has changed. No rule looks at it.
    mail_failed_at integer,
    -- The name of its stream, whose head vouches for the document.
    stream text not null unique,
    data_key blob not null,
    -- Everything by which rules decide about the agency, sealed. The other columns only repeat parts of it, for searches and rounds.
    document blob not null,
    unique (municipality_id, code)
) strict;
create index agency_1 on agency (municipality_id, id);
-- Round by round, the service looks for agencies whose last day has passed, and for what is still in the hands of those that have ended.
create index agency_2 on agency (active_until) where ended_at is null;
create index agency_3 on agency (ended_at) where ended_at is not null;

-- People.
create table staff (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    login text not null unique,
    created_at integer not null,
    -- A one-time code counts only as long as this is here, too: a restored copy of the database has none.
    code_expires_at integer,
    -- The name of their stream, whose head vouches for the document.
    stream text not null unique,
    data_key blob not null,
    -- The person with name, password hash, posts and open sessions, sealed. The columns here, in `post` and in `session` only repeat parts.
    document blob not null
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
    -- `valid_until` is the planned last day; `ended_at` is when somebody ended the post.
    valid_until text,
    confirmed_at integer,
    ended_at integer
) strict;
create index post_1 on post (staff_id);
create index post_2 on post (agency_id);
-- It finds the people to tell that an exception waits.
create index post_3 on post (municipality_id, role);

-- Log-ins.
create table session (
    id blob not null primary key,
    staff_id blob not null,
    acting_post_id blob not null,
    -- The agency of the acting post.
    agency_id blob not null,
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
    revoked_at integer,
    -- The name of its stream, whose head vouches for the document.
    stream text not null unique,
    data_key blob not null,
    -- The system with its name, scopes and the hashes of its secrets, sealed. The other columns only repeat parts of it.
    document blob not null
) strict;
-- It finds the systems of an agency that is no more.
create index client_1 on client (agency_id);

-- == Sheets ==

-- つなぐシート. Nothing in the open columns names a person. The master key wraps the data key.
create table sheet (
    id blob not null primary key,
    municipality_id blob not null,
    fiscal_year integer,
    serial integer,
    number text,
    standing text not null,
    state text not null,
    consented_until text,
    revision integer not null,
    content_revision integer not null,
    origin_agency_id blob not null,
    holder_agency_id blob not null,
    -- Sheets with the same id are about members of one household.
    household_id blob not null,
    received_at integer,
    channel text,
    route text,
    urgency text,
    address_secret text not null,
    data_key blob not null,
    created_at integer not null,
    updated_at integer not null,
    closed_at integer,
    -- Everything by which rules decide about the sheet, its consents, relays and so on, sealed. The other columns and tables only repeat
    -- parts of it, for lists and searches; no rule reads them.
    document blob not null,
    -- Who the sheet is about, in one line, sealed: what lists show of its content without opening it.
    label blob not null,
    unique (municipality_id, fiscal_year, serial)
) strict;
create index sheet_1 on sheet (municipality_id, id);
create index sheet_2 on sheet (municipality_id, number);
-- These indexes find what is in the hands of an agency that is no more.
create index sheet_3 on sheet (holder_agency_id);
create index sheet_4 on sheet (origin_agency_id);
create index sheet_5 on sheet (household_id);

-- The sealed document of a sheet, by revision.
create table sheet_content (
    municipality_id blob not null,
    sheet_id blob not null,
    revision integer not null,
    sealed blob not null,
    created_at integer not null,
    primary key (sheet_id, revision)
) strict;

-- Blind-index tokens: keyed digests of kana prefixes, dates of birth and topics.
create table search_token (
    municipality_id blob not null,
    token blob not null,
    sheet_id blob not null,
    primary key (token, sheet_id)
) strict;
create index search_token_1 on search_token (sheet_id);

-- The agencies that find the sheet in their lists, and until when they see names, topics and telephone numbers.
create table access (
    municipality_id blob not null,
    agency_id blob not null,
    sheet_id blob not null,
    is_origin integer not null check (is_origin in (0, 1)),
    identity_until text,
    topics_until text,
    contact_until text,
    -- The last change of the sheet that the agency has seen, for lists.
    seen_revision integer,
    seen_at integer,
    -- The person who works on it there.
    assigned_staff_id blob,
    -- Made by the service over the row; a row without it shows nothing.
    mac blob not null,
    primary key (agency_id, sheet_id)
) strict;
create index access_1 on access (sheet_id);
create index access_2 on access (agency_id, assigned_staff_id, sheet_id);

-- The progress record (支援経過); the text is sealed.
create table entry (
    id blob not null primary key,
    municipality_id blob not null,
    sheet_id blob not null,
    agency_id blob not null,
    section text not null,
    sealed blob not null,
    -- Made by the service over the open columns: they decide who sees the entry.
    mac blob not null
) strict;
create index entry_1 on entry (sheet_id, id);

-- The last serial given out, by municipality and fiscal year.
create table number_counter (
    municipality_id blob not null,
    fiscal_year integer not null,
    last integer not null,
    primary key (municipality_id, fiscal_year)
) strict;

-- == Consents ==

-- Versions of the text shown to the resident.
create table notice (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    version integer not null,
    title text not null,
    body text not null,
    in_force_from text not null,
    created_at integer not null,
    -- The purpose that is shown with the text (個人情報保護法 61・62条).
    purpose text,
    -- The same text for people who read another version better.
    variants text not null default '[]',
    unique (municipality_id, version)
) strict;

-- The consents of a sheet, version by version.
create table consent (
    id blob not null primary key,
    municipality_id blob not null,
    sheet_id blob not null,
    version integer not null,
    effective_until text not null,
    follow_up_on text,
    -- Whether the consent was invalid from the start; then what was disclosed under it is examined.
    invalid integer not null default 0 check (invalid in (0, 1)),
    -- The last day; null once the service has noted that the consent ran out.
    lapses_on text,
    unique (sheet_id, version)
) strict;
create index consent_2 on consent (lapses_on, id);

-- Receipts that were issued: the place of each in the public status list, and what the list says there. No personal data.
create table receipt (
    idx integer primary key autoincrement,
    municipality_id blob not null,
    sheet_id blob not null,
    consent_id blob not null,
    agency_id blob not null,
    standing text not null,
    until text not null,
    unique (consent_id, agency_id)
) strict;

-- Stop notices (停止の通知).
create table stop_request (
    id blob not null primary key,
    municipality_id blob not null,
    sheet_id blob not null,
    agency_id blob not null,
    -- The last day on which nothing needs to be done about the notice.
    rests_until text
) strict;
create index stop_request_1 on stop_request (sheet_id, id);
create index stop_request_2 on stop_request (rests_until);

-- Releases of a secret address (住所秘匿の解除) for one agency.
create table address_release (
    id blob not null primary key,
    municipality_id blob not null,
    origin_agency_id blob not null,
    sheet_id blob not null,
    to_agency_id blob not null,
    state text not null,
    requested_at integer not null
) strict;
create index address_release_1 on address_release (sheet_id, id);
create index address_release_2 on address_release (municipality_id, id);
create index address_release_3 on address_release (origin_agency_id, id);

-- == Exceptions ==

-- Disclosures without consent, a request for each.
create table exception (
    id blob not null primary key,
    municipality_id blob not null,
    sheet_id blob not null,
    number text not null,
    revision integer not null,
    state text not null,
    code text not null,
    emergency integer not null check (emergency in (0, 1)),
    refusal_on_file integer not null check (refusal_on_file in (0, 1)),
    requested_agency_id blob not null,
    requested_by blob not null,
    requested_at integer not null,
    to_agency_id blob not null,
    relay_id blob,
    used_at integer,
    approve_by text,
    waits integer not null check (waits in (0, 1)),
    updated_at integer not null
) strict;
create index exception_1 on exception (sheet_id);
create index exception_2 on exception (municipality_id, id);
create index exception_3 on exception (municipality_id, state, id);
create index exception_4 on exception (requested_agency_id, id);
create index exception_5 on exception (waits, approve_by);
create index exception_6 on exception (municipality_id, refusal_on_file, used_at);

-- == Relays ==

-- つなぎ.
create table relay (
    id blob not null primary key,
    municipality_id blob not null,
    sheet_id blob not null,
    number text not null,
    revision integer not null,
    state text not null,
    from_agency_id blob not null,
    to_agency_id blob not null,
    parent_relay_id blob,
    sections text not null,
    purpose text not null,
    urgency text not null,
    handover text not null,
    consent_id blob,
    sent_at integer not null,
    reply_due text not null,
    waits integer not null check (waits in (0, 1)),
    overdue_since text,
    updated_at integer not null,
    exception_id blob,
    -- The day of the last reminder, for readers who watch many relays.
    chased_on text,
    -- Whether the receiver has seen something by the relay and was not told to stop using it. It finds the relays of a receiver that ends
    -- or loses its agreement.
    held integer not null default 0 check (held in (0, 1)),
    -- The last change that the sender and the receiver have seen.
    sender_revision integer not null default 0,
    sender_updated_at integer not null default 0,
    receiver_revision integer not null default 0,
    receiver_updated_at integer not null default 0,
    -- Whether the receiver could be told nothing when the relay was last looked at. It finds the relays of a receiver that is active again
    -- or has an agreement again.
    shut integer not null default 0 check (shut in (0, 1)),
    -- The open days until the receiver accepted or declined it, for the board.
    answer_days integer,
    -- A relay rests on either a consent or an exception.
    check ((consent_id is null) <> (exception_id is null))
) strict;
create index relay_1 on relay (sheet_id);
create index relay_2 on relay (to_agency_id, id);
create index relay_3 on relay (from_agency_id, id);
create index relay_4 on relay (to_agency_id, reply_due, id);
create index relay_5 on relay (from_agency_id, reply_due, id);
create index relay_6 on relay (municipality_id, id);
create index relay_7 on relay (municipality_id, reply_due, id);
create index relay_8 on relay (waits, reply_due);
create index relay_9 on relay (to_agency_id, held);
create index relay_10 on relay (to_agency_id, shut);

-- == Evidence and attachments ==

-- Signatures and similar evidence of a consent; sealed.
create table evidence (
    id blob not null primary key,
    municipality_id blob not null,
    consent_id blob not null,
    sealed blob not null,
    created_at integer not null
) strict;
create index evidence_1 on evidence (consent_id);

-- Files of a sheet; the bytes are sealed in chunks. The facts about a file stand in the document of its sheet, the words
-- about it are sealed here.
create table attachment (
    id blob not null primary key,
    municipality_id blob not null,
    sheet_id blob not null,
    sealed blob not null,
    created_at integer not null
) strict;
create index attachment_1 on attachment (sheet_id, id);
create table attachment_chunk (
    attachment_id blob not null,
    place integer not null,
    sealed blob not null,
    primary key (attachment_id, place)
) strict;

-- How a sheet was closed, when more is said than a reason; sealed. By the entry of the progress record that says why.
create table closure (
    entry_id blob not null primary key,
    municipality_id blob not null,
    sheet_id blob not null,
    sealed blob not null
) strict;
create index closure_1 on closure (sheet_id);

-- == Facts for figures ==

-- What is counted of a change: codes and small numbers. Rows are never changed; what no longer counts is counted the other way. A row has no
-- id of a sheet and no instant, and its id is random, in whose order the rows lie: whoever reads this table alone learns of nobody.
create table figure_fact (
    id blob not null primary key,
    municipality_id blob not null,
    kind text not null,
    on_day text not null,
    sheet_ref blob not null,
    person_key blob not null,
    agency_id blob not null,
    other_agency_id blob,
    marks text not null,
    n integer not null,
    corrects blob,
    mac blob not null
) strict, without rowid;
create index figure_fact_1 on figure_fact (sheet_ref);
-- The salt of a fiscal year: by it a person counts once in that year. Without it nobody can tell any more who counted.
create table figure_salt (
    municipality_id blob not null,
    fiscal_year integer not null,
    sealed blob not null,
    primary key (municipality_id, fiscal_year)
) strict;

-- == Tasks and mail ==

-- Tasks that wait for somebody, derived from the case.
create table task (
    id blob not null primary key,
    municipality_id blob not null,
    sheet_id blob not null,
    number text not null,
    kind text not null,
    subject_id blob not null,
    -- An agency, a person or (privacy officers) a municipality.
    waits_for blob not null,
    agency_id blob not null,
    staff_id blob,
    but_staff_id blob,
    role text,
    from_day text not null,
    due_day text not null,
    -- Whether the first day has come.
    shows integer not null check (shows in (0, 1)),
    -- The day on which the service looks at the task again.
    wakes_on text
) strict;
create index task_1 on task (waits_for, shows, due_day, id);
create index task_2 on task (municipality_id, shows, due_day, id);
create index task_3 on task (wakes_on) where wakes_on is not null;

-- Notices that wait to be mailed. No personal data.
create table outbox (
    id blob not null primary key,
    municipality_id blob not null,
    mail text not null,
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

-- == Audit trail ==

-- The head of each stream of events. Every write locks this row first.
create table stream (
    name text not null primary key,
    seq integer not null,
    hash blob not null,
    -- The keyed digest of the document that the events have led to; empty where there is none.
    state blob not null,
    -- Made by the service over all of this. A head without it is refused.
    mac blob not null
) strict;

-- The events. `position` is sure to grow only within a stream.
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
    -- The basis of a disclosure: `consent`, or the code of an exception.
    basis text,
    unique (stream, seq)
) strict;
create index audit_event_1 on audit_event (municipality_id, position);
create index audit_event_2 on audit_event (sheet_id, position);
create index audit_event_3 on audit_event (agency_id, position);
create index audit_event_4 on audit_event (kind, position);
create index audit_event_5 on audit_event (at);
create index audit_event_6 on audit_event (municipality_id, basis, at, position) where basis is not null;
create index audit_event_7 on audit_event (municipality_id, at, position) where basis is not null;

-- == Idempotency ==

-- Answers under an Idempotency-Key, sealed.
create table idempotency (
    principal_id blob not null,
    key text not null,
    fingerprint blob not null,
    agency_id blob not null,
    sheet_id blob,
    status integer not null,
    etag text,
    location text,
    sealed blob not null,
    created_at integer not null,
    -- The answer without content, for when the content that it shows is closed.
    bare blob,
    -- What the answer shows of a sheet's content: a replay is judged by what the reader may see at that time.
    shown text,
    primary key (principal_id, key)
) strict;
create index idempotency_1 on idempotency (sheet_id);
create index idempotency_2 on idempotency (created_at);
