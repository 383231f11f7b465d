#!/usr/bin/env bash
# What make install leaves is all that a hospital's programmer needs: the example is compiled against it through
# pkg-config and runs against a real registry, before that is there and afterwards. The man page has no mistakes.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/stack.sh
. deploy/stack.sh

expect() { # what, wanted, got
    [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}

stack_new install
DEST=$FOLDER/dest
PREFIX=/opt/liancheng
ROOT=$DEST$PREFIX
make --no-print-directory FLAVOUR="${FLAVOUR:-opt}" B="$B" DESTDIR="$DEST" PREFIX=$PREFIX install >"$LOGS/install.log" 2>&1 ||
    fail "make install failed" install
for file in bin/lianchengctl include/liancheng.h lib/libliancheng.so lib/libliancheng.so.0 lib/libliancheng.a \
    lib/pkgconfig/liancheng.pc share/man/man3/liancheng.3 share/liancheng/proto/README.md share/liancheng/data/calendar.tsv share/liancheng/data/annual_report_2020.tsv \
    share/doc/liancheng/examples/publish_visit.c; do
    [ -e "$ROOT/$file" ] || fail "$file is not installed"
done

# Nothing but the library's own names can meet those of a program, and all that the header declares are there.
declared=$(grep -oE '\bliancheng_[a-z_]+\(' "$ROOT/include/liancheng.h" | tr -d '(' | grep -vE '_init$' | sort -u)
expect "names in the shared library" "$declared" "$(nm -D --defined-only "$ROOT/lib/libliancheng.so.0" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort -u)"
expect "names in the static library" "$declared" "$(nm -g --defined-only "$ROOT/lib/libliancheng.a" | awk '$2 ~ /^[TDBRV]$/ { print $3 }' | grep -v '^__odr_asan' | sort -u)"
expect "what the shared library is called" libliancheng.so.0 "$(readelf -d "$ROOT/lib/libliancheng.so.0" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')"
for name in $declared; do
    grep -q "^\.F[no] $name\b" "$ROOT/share/man/man3/liancheng.3" || fail "the man page does not tell of $name"
done
if command -v groff >"$LOGS/groff.log"; then
    expect "what groff says to the man page" "" "$(groff -mdoc -ww -z -Tutf8 "$ROOT/share/man/man3/liancheng.3" 2>&1)"
fi

# Strict C99 and C++ take the header; the example is built as its first lines say.
pkg() { PKG_CONFIG_SYSROOT_DIR=$DEST PKG_CONFIG_PATH=$ROOT/lib/pkgconfig pkg-config "$@"; }
sanitize=()
if [ "${FLAVOUR:-opt}" = san ]; then sanitize=(-fsanitize=address,undefined); fi
read -ra cflags <<<"$(pkg --cflags liancheng)"
read -ra libs <<<"$(pkg --libs liancheng)"
expect "the version" "$(cat VERSION)" "$(pkg --modversion liancheng)"
cc -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c "$ROOT/include/liancheng.h"
if command -v c++ >"$LOGS/c++.log"; then
    c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c++ "$ROOT/include/liancheng.h"
fi
example=$ROOT/share/doc/liancheng/examples/publish_visit.c
cc -std=c99 -Wall -Wextra -Werror "${sanitize[@]}" "$example" "${cflags[@]}" "${libs[@]}" -o "$FOLDER/publish_visit"
read -ra needs <<<"$(pkg-config --libs libczmq libzmq libprotobuf-c sqlite3 libsodium)"
cc -std=c99 "${sanitize[@]}" "$example" "${cflags[@]}" "$ROOT/lib/libliancheng.a" "${needs[@]}" -pthread -o "$FOLDER/publish_visit_static"

stack_start_postgresql
stack_configure deploy/compose/facilities.example.tsv
spool=$FOLDER/hospital/visits.spool
mkdir "$FOLDER/hospital"
publish() { # visit number, resident id, seconds [program]
    LD_LIBRARY_PATH=$ROOT/lib "$FOLDER/${4:-publish_visit}" "tcp://127.0.0.1:${port_of[visits]}" "$CITY/secret/hospital-a.key" \
        "$CITY/public/visits.pub" "$spool" "$1" "$2" 1577838600 "$3" 2>>"$LOGS/example.log"
}
# An invented number (region 411099 is assigned to nobody) with its check character.
person=$(/usr/bin/python3 -c '
body = "41109919900101123"
weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
print(body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11])')

# The registry is away: the visit waits in the spool, and said twice it is there once.
code=0
said=$(publish O-2001 "$person" 0) || code=$?
expect "the exit code without a registry" 3 "$code"
expect "what is said then" "1 is in the spool" "$(head -n 1 <<<"$said")"
code=0
said=$(publish O-2001 "$person" 0) || code=$?
expect "the exit code of the same again" 3 "$code"
expect "what is said of the same again" "1 was submitted before" "$(head -n 1 <<<"$said")"
grep -raq -e "$person" -e O-2001 "$FOLDER/hospital" && fail "the visit stands in a file in clear"
expect "the mode of the spool's key" 400 "$(stat -c %a "$spool.key")"

# It is there: the earlier visit goes first, and each once.
stack_start_daemon visits
ctl submit visits "$CITY/facilities.jsonl" >"$LOGS/submit.log" 2>&1 || fail "the facilities could not be registered" submit
said=$(publish O-2002 "$person" 600 publish_visit_static) || fail "the visits were not accepted: $said"
expect "what is said of both" $'2 is in the spool\n1 accepted\n2 accepted' "$said"
said=$(publish O-2002 "$person" 600) || fail "the visit was not known: $said"
expect "what is said of a known one" "2 was submitted before" "$said"

# A number with a wrong check character and nothing else: refused, with the reason.
code=0
said=$(publish O-2003 "${person:0:17}$([ "${person:17}" = 0 ] && echo 1 || echo 0)" 600) || code=$?
expect "the exit code of a refused visit" 1 "$code"
grep -q '^3 refused: 103 ' <<<"$said" || fail "the refusal is not explained: $said"

stack_start_daemon aggregator
until stack_has_caught_up; do sleep 0.1; done
expect "the bureau's view" "2|2|1" "$(bureau -A -t -c "SELECT visits, one_card_visits, patients FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all'")"
echo "the installed client library works"
