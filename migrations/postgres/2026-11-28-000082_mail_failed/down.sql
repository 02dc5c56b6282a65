alter table agency drop column mail_failed_at;
