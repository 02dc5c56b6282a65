-- Since when mail to an agency is given up; none once a later one has gone out, or the mailbox is another.
alter table agency add column mail_failed_at timestamptz;
