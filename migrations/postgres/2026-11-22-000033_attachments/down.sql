drop table attachment_chunk;
drop table attachment;
alter table sheet drop column attachment_count;
