-- Receipts that were issued: the place of each in the public status list, and what that says. No personal data.
create table receipt (
    idx bigint generated always as identity primary key,
    municipality_id uuid not null references municipality,
    sheet_id uuid not null references sheet,
    consent_id uuid not null references consent,
    agency_id uuid not null references agency,
    standing text not null,
    until date not null,
    unique (consent_id, agency_id)
);
