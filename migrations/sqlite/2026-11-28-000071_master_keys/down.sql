drop table master_key;
