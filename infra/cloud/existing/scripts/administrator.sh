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
# Single-user mode needs no password and no network. It must not log the statement, hence the level.
# A server that was killed left a lock that names PID 1, as every server here is. PostgreSQL takes that for a dead one's if
# PID 1 is its own parent: so it is started by this very shell, without a pipe or a substitution around it.
said=$(dirname "$PGDATA")/administrator.said
status=0
postgres --single -D "$PGDATA" -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c log_statement=none \
  postgres < <(printf "ALTER ROLE \"%s\" PASSWORD '%s'\n" "$PGUSER" "$quoted") >"$said" 2>&1 || status=$?
refused=$(grep -E 'ERROR|FATAL|PANIC' "$said" || true) # for a statement alone it does not fail
rm -f "$said"
if [ "$status" -ne 0 ] || [ -n "$refused" ]; then
  echo "${refused:-single-user mode ended with $status}" >&2
  exit 1
fi
echo "the administrator's password is the secret's"
