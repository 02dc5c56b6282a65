alter table notice drop column variants;
alter table notice drop column purpose;
