-- Who was invited has no password yet. Of a code that was handed out only a hash is kept, and only the newest counts.
alter table staff rename column password_hash to earlier_hash;
alter table staff add column password_hash text;
update staff set password_hash = earlier_hash;
alter table staff drop column earlier_hash;
alter table staff add column code_hash blob;
alter table staff add column code_expires_at integer;
alter table staff add column disabled_at integer;

-- A post that one person made counts when another has confirmed it. Its last day is foreseen, its end is a deed.
alter table post add column made_by blob references staff;
alter table post add column confirmed_at integer;
alter table post add column replaces_post_id blob references post;
alter table post add column ended_at integer;
update post set confirmed_at = (select created_at from staff where staff.id = post.staff_id);

-- While a secret is changed, the earlier one holds a little longer.
alter table client add column earlier_hash blob;
alter table client add column earlier_until integer;
