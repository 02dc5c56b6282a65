-- The head of each stream of events: the row every write locks first.
create table stream (
    name text   not null primary key,
    seq  bigint not null,
    hash bytea  not null
);
