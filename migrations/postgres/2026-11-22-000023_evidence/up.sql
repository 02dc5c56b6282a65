-- Signatures and the like under a consent; sealed.
create table evidence (
    id uuid not null primary key,
    municipality_id uuid not null references municipality,
    consent_id uuid not null references consent,
    sealed bytea not null,
    created_at timestamptz not null
);
create index evidence_1 on evidence (consent_id);
