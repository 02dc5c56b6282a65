drop index client_1;
drop index sheet_4;
drop index sheet_3;
drop index agency_3;
drop index agency_2;
alter table agency drop column ended_at;
