alter table staff drop column code_issued_by;
