-- Files of a sheet. What is known of one is sealed in its row, its bytes in chunks. The count spares every other sheet a look.
alter table sheet add column attachment_count integer not null default 0;
create table attachment (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    sealed blob not null,
    created_at integer not null
) strict;
create index attachment_1 on attachment (sheet_id, id);
create table attachment_chunk (
    attachment_id blob not null references attachment,
    place integer not null,
    sealed blob not null,
    primary key (attachment_id, place)
) strict;
