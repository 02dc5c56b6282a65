-- The head of each stream of events: the row every write locks first.
create table stream (
    name text    not null primary key,
    seq  integer not null,
    hash blob    not null
) strict;
