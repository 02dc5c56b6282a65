drop index consent_2;
alter table consent drop column lapses_on;
