#!/bin/bash
# The postgres image runs this once, when its volume is empty. The role tsunagu owns its database and is no superuser.
psql --username=postgres --set=ON_ERROR_STOP=1 --set=password="$(cat /run/secrets/postgres_password)" <<'SQL'
create role tsunagu login password :'password';
create database tsunagu owner tsunagu;
SQL
