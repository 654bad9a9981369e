#!/bin/bash
# Puts the databases of a dump in place of the running ones, each whole or not at all: it is restored beside the running
# one, and only then are the two exchanged, in one transaction. Roles that are missing are made; passwords stay.
# Arguments: a command that waits until the server can be reached; the dumps are listed without it.
# Needs: PGHOST, PGUSER, PGSSLMODE, PGSSLROOTCERT, PASSWORD_FILE, BACKUPS; DUMP = a dump's name or `latest`, none lists
# the dumps; DATABASE = the only one to restore, none restores all. Exit code 2 where there is no such dump or database.
set -euo pipefail
PGPASSWORD=$(<"$PASSWORD_FILE")
export PGPASSWORD

dumps() {
  find "$BACKUPS" -mindepth 1 -maxdepth 1 -type d -name '????????T??????Z' -printf '%f\n' | sort
}

sql() {
  psql --no-password --no-psqlrc --quiet --dbname=postgres --set=ON_ERROR_STOP=1 "$@"
}

exists() {
  [ "$(sql --tuples-only --no-align --command="SELECT count(*) FROM pg_database WHERE datname = '$1'")" = 1 ]
}

reopen() {
  exists "$1" && sql --command="ALTER DATABASE \"$1\" WITH ALLOW_CONNECTIONS true" || true
}

# The owner, rights and settings of the database itself, which only --create restores, without the creation.
properties() {
  pg_restore --create --list "$1" | grep -E '^[0-9]+; [0-9]+ [0-9]+ (DATABASE|DATABASE PROPERTIES|ACL - DATABASE) ' |
    pg_restore --create --use-list=/dev/stdin --file=- "$1" | sed -E '/^(CREATE DATABASE |\\connect )/d'
}

restore() {
  local database=$1 file=$2
  sql --command='DROP DATABASE IF EXISTS _restoring WITH (FORCE)' --command='DROP DATABASE IF EXISTS _replaced WITH (FORCE)'
  sql --command='CREATE DATABASE _restoring TEMPLATE template0'
  pg_restore --no-password --exit-on-error --single-transaction --dbname=_restoring "$file"
  local away=''
  if exists "$database"; then
    trap "reopen '$database'" EXIT
    sql --output=/dev/null --command="ALTER DATABASE \"$database\" WITH ALLOW_CONNECTIONS false" \
      --command="SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '$database'"
    away="ALTER DATABASE \"$database\" RENAME TO _replaced;"
  fi
  {
    echo "$away ALTER DATABASE _restoring RENAME TO \"$database\";"
    properties "$file"
  } | sql --single-transaction --output=/dev/null --file=-
  trap - EXIT
  sql --command='DROP DATABASE IF EXISTS _replaced WITH (FORCE)'
  echo "restored $database"
}

if [ -z "${DUMP:-}" ]; then
  dumps
  exit 0
fi
[ "$DUMP" != latest ] || DUMP=$(dumps | tail -n 1)
folder=$BACKUPS/$DUMP
if [ -z "$DUMP" ] || [ "$(dumps | grep -cFx "$DUMP")" != 1 ]; then
  echo "there is no dump '$DUMP'; there are: $(dumps | tr '\n' ' ')" >&2
  exit 2
fi
files=("$folder/${DATABASE:-*}.dump")
[ -n "${DATABASE:-}" ] || files=("$folder"/*.dump)
for file in "${files[@]}"; do
  if [ ! -f "$file" ]; then
    echo "dump $DUMP holds no database '${DATABASE:-}'; it holds: $(cd "$folder" && echo ./*.dump)" >&2
    exit 2
  fi
  pg_restore --list "$file" >/dev/null # readable to its end, before anything is touched
done
"$@"
echo "restoring $DUMP"
# Roles that are there already are said to be an error each; they get the attributes of the dump and keep their passwords.
psql --no-password --no-psqlrc --quiet --dbname=postgres --file="$folder/roles.sql" 2>&1 | grep -v 'already exists' || true
for file in "${files[@]}"; do
  name=${file##*/}
  restore "${name%.dump}" "$file"
done
