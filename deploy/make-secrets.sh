#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, in deploy/secrets, once. Run it as root, because each file must belong to the user that reads
# it in its container: 10001 is tsunagu, 999 is postgres.
set -euo pipefail
umask 077
cd "$(dirname "$0")"
if [ -e secrets ]; then
    echo "deploy/secrets is there already; without its master.key the database cannot be read, so nothing was touched" >&2
    exit 1
fi
mkdir secrets
cd secrets

echo "v1 $(openssl rand -base64 32)" >master.key
openssl rand -hex 24 | tr -d '\n' >postgres_password
echo "db:5432:tsunagu:tsunagu:$(cat postgres_password)" >pgpass

# A certificate authority for this one database server: tsunagu trusts no other (sslmode=verify-full).
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${key[@]}" -days 3650 -subj "/CN=tsunagu database authority" -keyout ca.key -out ca.crt 2>/dev/null
openssl req -x509 "${key[@]}" -days 3650 -subj "/CN=db" -addext "subjectAltName=DNS:db" \
    -addext "basicConstraints=critical,CA:FALSE" -CA ca.crt -CAkey ca.key -keyout db.key -out db.crt 2>/dev/null
# The authority never signs anything else.
rm ca.key

chown 10001:10001 master.key pgpass ca.crt
chown 999:999 postgres_password db.key db.crt
echo "made deploy/secrets; keep a copy of master.key apart from the backups of the database"
