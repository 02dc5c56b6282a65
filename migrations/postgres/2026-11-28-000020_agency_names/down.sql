alter table agency drop column is_named;
alter table agency drop column successor_id;
alter table agency drop column earlier_names;
