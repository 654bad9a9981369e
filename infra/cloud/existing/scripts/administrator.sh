#!/bin/bash
# Before the server starts: gives the administrator the password that stands in $PASSWORD_FILE, so that a changed secret
# is a changed password (the image's own POSTGRES_PASSWORD_FILE is read for an empty volume only).
# Needs: PGDATA, PASSWORD_FILE, PGUSER. Exit code 1 with PostgreSQL's words where it was refused.
set -euo pipefail

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo "an empty volume: the server makes its databases with the password"
  exit 0
fi
password=$(<"$PASSWORD_FILE")
quoted=${password//\'/\'\'}
# Single-user mode needs no password and no network. It never fails for a statement, hence the look at its words,
# and must not log the statement, hence the level.
said=$(printf "ALTER ROLE \"%s\" PASSWORD '%s'\n" "$PGUSER" "$quoted" |
  postgres --single -D "$PGDATA" -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c log_statement=none \
    postgres 2>&1)
if grep -qE 'ERROR|FATAL|PANIC' <<<"$said"; then
  grep -E 'ERROR|FATAL|PANIC' <<<"$said" >&2
  exit 1
fi
echo "the administrator's password is the secret's"
