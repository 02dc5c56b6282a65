drop index relay_10;
alter table relay drop column shut;
alter table relay drop column receiver_updated_at;
alter table relay drop column receiver_revision;
alter table relay drop column sender_updated_at;
alter table relay drop column sender_revision;
alter table access drop column seen_at;
alter table access drop column seen_revision;
alter table sheet drop column seen;
