#!/usr/bin/env bash
# Lints proto/ with buf's STANDARD rules (proto/buf.yaml). buf comes from npm into build/buf; where there is no npm, or
# its registry cannot be reached, the lint is skipped (exit code 77) and says so.
set -euo pipefail
cd "$(dirname "$0")/../.."
BUF_VERSION=1.75.0
folder=build/buf
buf=$folder/node_modules/.bin/buf

skip() {
    echo "skipped: proto/ was not linted, $1"
    exit 77
}

if ! [ -x "$buf" ]; then
    command -v npm >/dev/null || skip "there is no npm here (apt-get install npm)"
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error --fetch-retries=1 \
        --fetch-timeout=30000 "@bufbuild/buf@$BUF_VERSION" >"$folder/npm.log" 2>&1 ||
        skip "npm could not install @bufbuild/buf@$BUF_VERSION: $(tail -n 1 "$folder/npm.log")"
fi
(cd proto && "../$buf" lint)
echo "proto/ follows buf's STANDARD rules"
