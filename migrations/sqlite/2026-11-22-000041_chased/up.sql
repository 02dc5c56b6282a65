-- The day of the last reminder, for whoever looks over many relays. Of those from before it stands in the sealed row alone.
alter table relay add column chased_on text;
