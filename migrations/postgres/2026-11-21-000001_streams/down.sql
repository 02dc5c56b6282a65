drop table stream;
