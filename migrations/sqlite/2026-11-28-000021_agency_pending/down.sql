alter table agency drop column is_confirmed;
alter table agency drop column pending;
