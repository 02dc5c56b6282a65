drop index relay_9;
alter table relay drop column held;
