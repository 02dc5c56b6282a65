drop table in_service;
