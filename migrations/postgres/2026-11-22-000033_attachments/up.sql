-- Files of a sheet. What is known of one is sealed in its row, its bytes in chunks. The count spares every other sheet a look.
alter table sheet add column attachment_count integer not null default 0;
create table attachment (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    sealed bytea not null,
    created_at timestamptz not null
);
create index attachment_1 on attachment (sheet_id, id);
create table attachment_chunk (
    attachment_id uuid not null references attachment,
    place integer not null,
    sealed bytea not null,
    primary key (attachment_id, place)
);
