delete from idempotency;
alter table idempotency drop column shown;
alter table idempotency add column shows_content boolean not null default false;
