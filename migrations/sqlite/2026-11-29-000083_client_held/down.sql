alter table client drop column next_by;
alter table client drop column next_overlap;
alter table client drop column next_hash;
alter table client drop column confirmed_at;
alter table client drop column made_by;
