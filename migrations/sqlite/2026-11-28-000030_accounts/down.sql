alter table client drop column earlier_until;
alter table client drop column earlier_hash;

alter table post drop column replaces_post_id;
-- Without these columns a post would count that nobody has confirmed, or that is over.
delete from session;
delete from post where confirmed_at is null or ended_at is not null;
alter table post drop column ended_at;
alter table post drop column confirmed_at;
alter table post drop column made_by;

alter table staff drop column disabled_at;
alter table staff drop column code_expires_at;
alter table staff drop column code_hash;
alter table staff rename column password_hash to later_hash;
alter table staff add column password_hash text not null default '';
update staff set password_hash = coalesce(later_hash, '');
alter table staff drop column later_hash;
