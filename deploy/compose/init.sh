#!/bin/sh
# Runs in the init container: makes /liancheng, or adds what is missing in it. No secret is ever made anew.
set -eu
umask 077
secret=/liancheng/secret

lianchengctl init --folder /liancheng --facilities /facilities.tsv --agencies /agencies.tsv --add

make_password() { # file
    [ -e "$secret/$1" ] || head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$secret/$1"
}
make_passfile() { # file, user, password file
    [ -e "$secret/$1" ] || printf 'postgres:5432:liancheng:%s:%s\n' "$2" "$(cat "$secret/$3")" >"$secret/$1"
}
make_password postgres.password
make_password postgres-writer.password
make_password postgres-bureau.password
make_passfile pgpass-migrate postgres postgres.password
make_passfile pgpass-writer liancheng_writer postgres-writer.password

# The HL7 gateway speaks in the names of all facilities: it sees a folder with their keys and no other secret.
mkdir -p "$secret/publishers"
sed -e 's/#.*//' /facilities.tsv | cut -f 1 | while read -r code; do
    if [ -n "$code" ]; then cp -f "$secret/$code.key" "$secret/publishers/$code.key"; fi
done

chown -R "$LIANCHENG_OWNER" /liancheng
chown "$POSTGRES_OWNER" "$secret"/postgres*.password
find "$secret" -type f -exec chmod 0400 {} +
