#!/bin/sh
# Runs in the roles container: the passwords of the roles that log in are those of the secret files. Passwords go in by
# standard input, so that no process list shows them.
set -eu
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD
{
    printf "ALTER ROLE liancheng_writer LOGIN PASSWORD '%s';\n" "$(cat /run/secrets/postgres_writer)"
    printf "ALTER ROLE bureau LOGIN PASSWORD '%s';\n" "$(cat /run/secrets/postgres_bureau)"
} | psql -X -q -v ON_ERROR_STOP=1 -h postgres -U postgres -d liancheng
