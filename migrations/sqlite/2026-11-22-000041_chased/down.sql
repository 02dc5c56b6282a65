alter table relay drop column chased_on;
