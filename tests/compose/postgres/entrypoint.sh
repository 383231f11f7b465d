#!/bin/sh
set -eu
user=${POSTGRES_USER:-postgres}
if ! [ -s "$PGDATA/PG_VERSION" ]; then
    initdb --username="$user" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 -D "$PGDATA"
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start
    createdb -h /var/run/postgresql -U "$user" "${POSTGRES_DB:-$user}"
    pg_ctl -D "$PGDATA" -w -m fast stop
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' "$@"
