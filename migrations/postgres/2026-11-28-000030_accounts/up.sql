-- Who was invited has no password yet. Of a code that was handed out only a hash is kept, and only the newest counts.
alter table staff alter column password_hash drop not null;
alter table staff add column code_hash bytea;
alter table staff add column code_expires_at timestamptz;
alter table staff add column disabled_at timestamptz;

-- A post that one person made counts when another has confirmed it. Its last day is foreseen, its end is a deed.
alter table post add column made_by uuid references staff;
alter table post add column confirmed_at timestamptz;
alter table post add column replaces_post_id uuid references post;
alter table post add column ended_at timestamptz;
update post set confirmed_at = (select created_at from staff where staff.id = post.staff_id);

-- While a secret is changed, the earlier one holds a little longer.
alter table client add column earlier_hash bytea;
alter table client add column earlier_until timestamptz;
