-- The last change of a sheet that each reader beside the origin has seen: with the sheet, and with what lists look at.
alter table sheet add column seen jsonb not null default '{}';
alter table access add column seen_revision integer;
alter table access add column seen_at timestamptz;
-- The same of a relay, for its sender and its receiver.
alter table relay add column sender_revision integer not null default 0;
alter table relay add column sender_updated_at timestamptz not null default 'epoch';
alter table relay add column receiver_revision integer not null default 0;
alter table relay add column receiver_updated_at timestamptz not null default 'epoch';
update relay set sender_revision = revision, sender_updated_at = updated_at,
    receiver_revision = revision, receiver_updated_at = updated_at;
-- Whether its receiver could be told nothing when the relay was last looked at: who is there again, or has an agreement again, is found by it.
alter table relay add column shut boolean not null default false;
create index relay_10 on relay (to_agency_id, shut);
