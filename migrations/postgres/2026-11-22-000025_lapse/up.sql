-- The last day of a consent until the service has taken note that it ran out. Those from before are looked at once, and those that granted nothing
-- or were taken back are then left alone.
alter table consent add column lapses_on date;
update consent set lapses_on = effective_until;
create index consent_2 on consent (lapses_on, id);
