#!/usr/bin/env bash
# No person leaves: one canary (a resident identity number, a local id, a visit number, a name, an MSH-10, each of which
# occurs nowhere else) is sent through every path, taken, refused and broken, and then looked for in all that the system
# writes: logs, metrics, answers, the feed, PostgreSQL, the store folders, core files. MSH-10 alone may come back, in MSA-2.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/stack.sh
. deploy/stack.sh
HELPER=$PWD/tests/system/canary.py
python() { /usr/bin/python3 -B "$HELPER" "$@"; }

stack_new canary
SENT=$FOLDER/sent # what the senders hold themselves: not looked at
mkdir "$SENT"
python make "$SENT"

# grep that finds nothing proves nothing by itself: the same patterns have to be found in what was sent.
found_in() { LC_ALL=C grep -a -r -F -l -f "$SENT/patterns" "$@"; }
scan() { # when
    "$PG_BIN/pg_dumpall" -h "$PG" -U postgres >"$LOGS/dump.sql"
    if found_in "$LOGS" "$CITY" "$PG/data"; then
        fail "the canary is in the files above ($1)"
    fi
}
expect_code() { # wanted, command...
    local wanted=$1 code=0
    shift
    "$@" || code=$?
    [ $code = "$wanted" ] || fail "code $code, not $wanted: $*"
}
metrics_of() { # name
    /usr/bin/python3 -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())' \
        "http://127.0.0.1:${http_port_of[$1]}/metrics" >>"$LOGS/$1.metrics"
}

# --- The system, at its most talkative, with snapshots soon ---
ulimit -c unlimited
stack_start_postgresql
"$BIN/lianchengctl" replay --write-facilities "$FOLDER/facilities.tsv" >/dev/null
stack_configure "$FOLDER/facilities.tsv"
python gateway "$CITY" "${port_of[visits]}" "${port_of[hl7-gateway]}" "${http_port_of[hl7-gateway]}" "${port_of[mllp]}"
sed -i 's/level = "info"/level = "debug"/; s/^# *snapshot_rows = .*/    snapshot_rows = 1000/' "$CITY"/*.conf
for daemon in visits aggregator hl7-gateway; do stack_start_daemon $daemon; done
ctl replay --only visits --patients 400 >"$LOGS/replay.log" 2>&1 || fail "the year was not published" replay

# --- lianchengctl submit ---
ctl --json submit visits "$SENT/accepted.jsonl" --organisation weidu-01 >"$LOGS/submit.log" 2>&1 ||
    fail "the registry refused what it should take" submit
expect_code 65 ctl --json submit visits "$SENT/refused.jsonl" --organisation weidu-01 >"$LOGS/submit-refused.log" 2>&1
cp "$SENT"/*.receipts "$LOGS"
ctl --json rejects list visits >"$LOGS/rejects.log" 2>&1 || true

# --- Protobuf as it stands: taken, refused, and what is no command ---
python protobuf "$SENT" "$CITY" "${port_of[visits]}" >"$LOGS/protobuf.log" 2>&1 || fail "the protobuf path went wrong" protobuf

# --- HL7: taken, refused, unknown trigger, oversized, glued, broken ---
python hl7 "$SENT" "${port_of[mllp]}" >"$LOGS/hl7.log" 2>&1 || fail "the HL7 path went wrong" hl7
expect_code 65 ctl import hl7 "$SENT/import.hl7" --to "127.0.0.1:${port_of[mllp]}" >"$SENT/import.out" 2>&1
python answers "$SENT" "$SENT/import.out" >"$LOGS/import.log" || fail "an answer of the import is not as promised" import

# --- A registrar looks the person up ---
ask() { # query
    ctl --json query visits "$1" --key "$CITY/secret/registrar.key"
}
while read -r query; do
    ask "$query" >>"$LOGS/registrar.log" 2>&1 || fail "the registrar's question is not answered" registrar
done <"$SENT/questions"
grep -q resident_id_last4 "$LOGS/registrar.log" || fail "the registrar's answer shows no card" registrar
ctl --json query visits '{"list_lookups":{}}' >"$LOGS/lookups.log" 2>&1 || fail "look-ups are not listed" lookups
ctl --json submit visits "$SENT/registrar.jsonl" --key "$CITY/secret/registrar.key" >"$LOGS/registrar-submit.log" 2>&1 || true

# --- The registry is away: the gateway keeps what comes ---
stop_one visits
python away "$SENT" "${port_of[mllp]}" >"$LOGS/away.log" 2>&1 || fail "the gateway does not keep a message" away
metrics_of hl7-gateway
scan "while the registry is away"
stack_start_daemon visits
until python drained "$CITY" >>"$LOGS/drained.log" 2>&1; do
    is_running hl7-gateway || fail "the gateway does not run" hl7-gateway
    sleep 0.1
done

# --- What operators see ---
until stack_has_caught_up; do sleep 0.1; done
until compgen -G "$CITY/data/visits/snapshot*" >/dev/null; do sleep 0.1; done
for daemon in visits aggregator hl7-gateway; do metrics_of $daemon; done
ctl --json status >"$LOGS/status.log" 2>&1 || true
ctl follow visits --once >"$LOGS/feed.jsonl" 2>"$LOGS/follow.log" || fail "the feed cannot be followed" follow
[ -s "$LOGS/feed.jsonl" ] || fail "the feed is empty"
python conformance "$CITY" >"$LOGS/conformance.log" 2>&1 || fail "no conformance card" conformance
scan "while everything runs"

# --- No core: the daemons hold the canary and the keys in memory ---
mkdir "$FOLDER/cores"
can_dump=$(python core "$FOLDER/cores" sleep 600)
[ "$can_dump" = dumped ] || echo "(this machine leaves no core of any program: that the daemons leave none says little here)"
for daemon in hl7-gateway aggregator visits; do
    stop_one $daemon
    result=$(python core "$FOLDER/cores" "$BIN/$daemon" --config "$CITY/$daemon.conf")
    [ "$result" = clean ] || fail "$daemon leaves a core when it is aborted: $result" $daemon
done
scan "after everything was killed"

# --- The patterns do find ---
while read -r pattern; do
    LC_ALL=C grep -a -r -F -q -e "$pattern" "$SENT" --exclude=patterns ||
        fail "one of the patterns was never sent: the test is wrong"
done <"$SENT/patterns"
echo "the canary left nothing behind"
