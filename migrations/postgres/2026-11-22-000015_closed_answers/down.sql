alter table idempotency drop column bare;
