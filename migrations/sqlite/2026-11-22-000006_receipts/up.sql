-- Receipts that were issued: the place of each in the public status list, and what that says. No personal data.
create table receipt (
    idx integer primary key autoincrement,
    municipality_id blob not null references municipality,
    sheet_id blob not null references sheet,
    consent_id blob not null references consent,
    agency_id blob not null references agency,
    standing text not null,
    until text not null,
    unique (consent_id, agency_id)
) strict;
