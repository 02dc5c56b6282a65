-- The purpose that is shown with the text (個人情報保護法 61・62条), and the text for people who read another one better.
alter table notice add column purpose text;
alter table notice add column variants text not null default '[]';
