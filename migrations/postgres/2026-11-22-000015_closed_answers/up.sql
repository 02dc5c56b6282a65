-- What is left of a kept answer when the content that it shows is closed. Answers from before have none of it and are forgotten: they would be
-- tomorrow.
alter table idempotency add column bare bytea;
delete from idempotency where shows_content;
