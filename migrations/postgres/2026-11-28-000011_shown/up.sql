-- What a kept answer shows of a sheet's content, so that its replay can be judged by what its reader may see then. Answers from before do not
-- say it and are forgotten: they would be tomorrow.
delete from idempotency;
alter table idempotency drop column shows_content;
alter table idempotency add column shown text;
