-- Whether a consent was invalid from the start: what was disclosed under it is looked at.
alter table consent add column invalid boolean not null default false;

-- Stop notices (停止の通知); what was answered is sealed. `rests_until` is the last day on which nothing needs to be done about one.
create table stop_notice (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    agency_id uuid not null references agency,
    rests_until date,
    sealed bytea not null
);
create index stop_notice_1 on stop_notice (sheet_id, id);
create index stop_notice_2 on stop_notice (rests_until);

-- Releases of a secret address (住所秘匿の解除) for one agency; words are sealed.
create table address_release (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    origin_agency_id uuid not null references agency,
    sheet_id uuid not null references sheet,
    to_agency_id uuid not null references agency,
    state text not null,
    requested_at timestamptz not null,
    sealed bytea not null
);
create index address_release_1 on address_release (sheet_id, id);
create index address_release_2 on address_release (municipality_id, id);
create index address_release_3 on address_release (origin_agency_id, id);

-- So that a sheet without any, as nearly every one is, costs no look for them.
alter table sheet add column has_stops boolean not null default false;
alter table sheet add column has_releases boolean not null default false;
