-- Signatures and the like under a consent; sealed.
create table evidence (
    id blob not null primary key,
    municipality_id blob not null references municipality,
    consent_id blob not null references consent,
    sealed blob not null,
    created_at integer not null
) strict;
create index evidence_1 on evidence (consent_id);
