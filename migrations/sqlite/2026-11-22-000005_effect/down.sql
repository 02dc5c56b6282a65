alter table sheet drop column has_releases;
alter table sheet drop column has_stops;
drop table address_release;
drop table stop_notice;
alter table consent drop column invalid;
