#!/bin/bash
# Dumps the roles (without passwords) and every database into $BACKUPS/<UTC time>/, then deletes dumps older than
# $RETENTION_DAYS days. A dump is there whole or not at all, and none is deleted unless a new one was made.
# Arguments: a command that waits until the server can be reached.
# Needs: PGHOST, PGUSER, PGSSLMODE, PGSSLROOTCERT, PASSWORD_FILE, BACKUPS, RETENTION_DAYS.
set -euo pipefail
umask 077
PGPASSWORD=$(<"$PASSWORD_FILE")
export PGPASSWORD
"$@"

name=$(date -u +%Y%m%dT%H%M%SZ)
part=$BACKUPS/$name.partial
rm -rf "$BACKUPS"/*.partial # what a killed dump left
mkdir "$part"
pg_dumpall --no-password --globals-only --no-role-passwords --file="$part/roles.sql"
databases=$(psql --no-password --no-psqlrc --dbname=postgres --tuples-only --no-align --command="
  SELECT datname FROM pg_database
  WHERE NOT datistemplate AND datname NOT IN ('postgres', '_restoring', '_replaced') ORDER BY datname")
while read -r database; do
  [ -n "$database" ] || continue
  if [[ ! $database =~ ^[A-Za-z0-9_-]+$ ]]; then
    echo "database '$database': only letters, digits, _ and - can be dumped; rename it" >&2
    exit 1
  fi
  pg_dump --no-password --format=custom --file="$part/$database.dump" --dbname="$database"
  echo "dumped $database: $(stat --format=%s "$part/$database.dump") bytes"
done <<<"$databases"
mv -T "$part" "$BACKUPS/$name"
echo "made $name"

oldest=$(date -u --date="-$RETENTION_DAYS days" +%Y%m%dT%H%M%SZ)
for dump in "$BACKUPS"/????????T??????Z; do
  if [[ ${dump##*/} < $oldest ]]; then
    rm -rf "$dump"
    echo "deleted ${dump##*/}"
  fi
done
