#!/usr/bin/env bash
# What an operator relies on, over the whole pipe: metrics that Prometheus reads, logs of JSON lines, no person's number
# anywhere outside the registry's memory, a clean stop, the same figures after a start from the log and after a rebuild.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/stack.sh
. deploy/stack.sh

wait_for_metrics() { until stack_has_caught_up; do sleep 0.1; done; }
cells() { sql -d liancheng -A -t -c "SELECT * FROM metrics.cell ORDER BY region, metric, period, organisation, category" | sha256sum; }
stop_cleanly() { # name
    local code=0
    kill -TERM "${pid_of[$1]}"
    wait "${pid_of[$1]}" || code=$?
    [ $code = 0 ] || fail "$1 ended with code $code when it was asked to stop" "$1"
}

stack_new operations
stack_start_postgresql
"$BIN/lianchengctl" replay --write-facilities "$FOLDER/facilities.tsv" --write-agencies "$FOLDER/agencies.tsv" >/dev/null
stack_configure "$FOLDER/facilities.tsv" "$FOLDER/agencies.tsv"
for daemon in visits approvals issues aggregator hl7-gateway; do
    "$BIN/$daemon" --config "$CITY/$daemon.conf" --check-config >"$LOGS/check.log" 2>&1 || fail "$daemon finds its own configuration wrong" check
done
stack_start_daemon visits
LC_TICK_SOURCE=commands stack_start_daemon approvals # the year brings its own time
LC_TICK_SOURCE=commands stack_start_daemon issues
stack_start_daemon aggregator
stack_start_daemon hl7-gateway
ctl replay --patients 300 --cases 400 >"$LOGS/replay.log" 2>&1 || fail "the year was not published" replay
# A refused command is kept; its body holds a number. Nobody has it: region 411099 is not assigned.
/usr/bin/python3 -B proto/examples/publisher.py --endpoint "tcp://127.0.0.1:${port_of[visits]}" --key "$CITY/secret/weidu-01.key" \
    --server-key "$CITY/public/visits.pub" proto/examples/visits.csv >"$LOGS/publisher.log" 2>&1 || true
patients() { sql -d liancheng -A -t -c "SELECT patients FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all' AND year = '2020-01-01'"; }
wait_for_metrics
before=$(patients)
# One HL7 message, twice: counted once. Its result holds MSH-10 and stays outside what is searched below.
for time in first again; do
    ctl import hl7 deploy/demo.hl7 --result "$FOLDER/hl7.result" >"$LOGS/import.log" 2>&1 || fail "the HL7 message was not taken ($time)" import
    grep -qx 'MSA|AA|DEMO-0001.*' "$FOLDER/hl7.result" || fail "the HL7 message was not answered AA ($time)" import
done
wait_for_metrics
[ "$(patients)" = $((before + 1)) ] || fail "$(patients) patients are counted after the HL7 message, $before before it" hl7-gateway
ctl conformance weidu-01 >"$LOGS/conformance.log" 2>&1 || fail "there is no conformance card" conformance
grep -q 'answered AA' "$LOGS/conformance.log" || fail "the conformance card does not show the answer" conformance

# --- Health and metrics ---
for daemon in visits approvals issues aggregator hl7-gateway; do
    url=http://127.0.0.1:${http_port_of[$daemon]}
    "$BIN/lianchengctl" health "$url/healthz" >/dev/null
    /usr/bin/python3 -c 'import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1]).read().decode())' \
        "$url/metrics" >"$LOGS/$daemon.metrics"
    grep -q '^liancheng_build_info' "$LOGS/$daemon.metrics" || fail "$daemon gives no metrics" "$daemon"
    promtool check metrics <"$LOGS/$daemon.metrics" >"$LOGS/promtool.log" 2>&1 || fail "promtool finds fault with $daemon's metrics" promtool
done

# --- Logs are JSON lines with the same four keys ---
kill -HUP "${pid_of[visits]}" "${pid_of[approvals]}" "${pid_of[issues]}" "${pid_of[aggregator]}" "${pid_of[hl7-gateway]}"
/usr/bin/python3 - "$LOGS/visits.log" "$LOGS/approvals.log" "$LOGS/issues.log" "$LOGS/aggregator.log" "$LOGS/hl7-gateway.log" <<'PY' || fail "a log line is not as promised"
import json, sys
for path in sys.argv[1:]:
    lines = open(path, encoding="utf-8").read().splitlines()
    assert lines, path
    for line in lines:
        entry = json.loads(line)
        assert list(entry)[:4] == ["time", "level", "service", "message"], line
PY

# --- No identifier: every number of the year and of the example begins with 411099 and has 18 characters ---
for registry in visits approvals issues; do
    ctl follow $registry --once >"$LOGS/$registry.jsonl" 2>"$LOGS/follow.log" || fail "the feed of $registry cannot be followed" follow
    [ -s "$LOGS/$registry.jsonl" ] || fail "the feed of $registry is empty"
done
"$PG_BIN/pg_dump" -h "$PG" -U postgres liancheng >"$LOGS/dump.sql"
if grep -a -l -E '411099[0-9]{11}[0-9X]' -r "$LOGS" "$CITY/data" --exclude=publisher.log; then
    fail "the files above hold a resident identity number"
fi

# --- Clean stop, start from the log, rebuild: the same cells ---
before=$(cells)
stop_cleanly hl7-gateway
stop_cleanly aggregator
stop_cleanly visits
stop_cleanly approvals
stop_cleanly issues
for registry in visits approvals issues; do
    "$BIN/lianchengctl" verify "$CITY/data/$registry/log.db" >"$LOGS/verify.log" 2>&1 || fail "the hash chain of the log of $registry does not hold" verify
done
stack_start_daemon visits
LC_TICK_SOURCE=commands stack_start_daemon approvals
LC_TICK_SOURCE=commands stack_start_daemon issues
stack_start_daemon aggregator
wait_for_metrics
[ "$(cells)" = "$before" ] || fail "a start changed the cells" aggregator
ctl rebuild >"$LOGS/rebuild.log" 2>&1 || fail "the rebuild did not work" rebuild
wait_for_metrics
[ "$(cells)" = "$before" ] || fail "a rebuild gives other cells" aggregator
echo "metrics, logs, privacy, stop, start and rebuild are as promised"
