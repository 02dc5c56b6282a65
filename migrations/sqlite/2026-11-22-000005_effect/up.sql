-- Whether a consent was invalid from the start: what was disclosed under it is looked at.
alter table consent add column invalid integer not null default 0 check (invalid in (0, 1));

-- Stop notices (停止の通知); what was answered is sealed. `rests_until` is the last day on which nothing needs to be done about one.
create table stop_notice (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    agency_id blob not null references agency,
    rests_until text,
    sealed blob not null
) strict;
create index stop_notice_1 on stop_notice (sheet_id, id);
create index stop_notice_2 on stop_notice (rests_until);

-- Releases of a secret address (住所秘匿の解除) for one agency; words are sealed.
create table address_release (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    origin_agency_id blob not null references agency,
    sheet_id blob not null references sheet,
    to_agency_id blob not null references agency,
    state text not null,
    requested_at integer not null,
    sealed blob not null
) strict;
create index address_release_1 on address_release (sheet_id, id);
create index address_release_2 on address_release (municipality_id, id);
create index address_release_3 on address_release (origin_agency_id, id);

-- So that a sheet without any, as nearly every one is, costs no look for them.
alter table sheet add column has_stops integer not null default 0 check (has_stops in (0, 1));
alter table sheet add column has_releases integer not null default 0 check (has_releases in (0, 1));
