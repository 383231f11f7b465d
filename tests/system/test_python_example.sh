#!/usr/bin/env bash
# The Python examples of proto/examples, written from proto/ alone, against the real daemons: what the publisher sends
# is what the metrics reader and the bureau's view show; sent again, nothing counts twice.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/stack.sh
. deploy/stack.sh

expect() { # what, wanted, got
    [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}
publish() {
    /usr/bin/python3 -B proto/examples/publisher.py --endpoint "tcp://127.0.0.1:${port_of[visits]}" --key "$CITY/secret/$1.key" \
        --server-key "$CITY/public/visits.pub" "${2:-proto/examples/visits.csv}" 2>&1
}
read_metrics() {
    /usr/bin/python3 -B proto/examples/metrics_reader.py --endpoint "tcp://127.0.0.1:${port_of[aggregator]}" \
        --key "$CITY/secret/${KEY:-reader}.key" --server-key "$CITY/public/aggregator.pub" "$@" 2>&1 | tr -d '\r'
}
wait_for_metrics() { until stack_has_caught_up; do sleep 0.1; done; }

stack_new python
stack_start_postgresql
printf 'planning\t模拟规划局\t411000\t11411099QQ0000055B\nservice-hall\t模拟大厅\t411000\t11411099QQ000008XQ\twindow\n' >"$FOLDER/agencies.tsv"
stack_configure deploy/compose/facilities.example.tsv "$FOLDER/agencies.tsv"
stack_start_daemon visits
LC_TICK_SOURCE=commands stack_start_daemon approvals # what is reported below is of January 2020
LC_TICK_SOURCE=commands stack_start_daemon issues
stack_start_daemon aggregator
ctl submit visits "$CITY/facilities.jsonl" >"$LOGS/submit.log" 2>&1 || fail "the facilities could not be registered" submit

# One visit has a wrong number and a local id (a warning), one only the wrong number (refused): exit code 1.
code=0
said=$(publish hospital-a) || code=$?
expect "the publisher's exit code" 1 "$code"
expect "the publisher's counts" "accepted=8 duplicate=0 refused=1 warning=1" "$(tail -n 1 <<<"$said")"
grep -q '^refused: visit O-1006: 103 ' <<<"$said" || fail "the refusal is not explained: $said"
grep -q '^warning: visit O-1005: 103 ' <<<"$said" || fail "the warning is not explained: $said"
wait_for_metrics

# Three persons used one card. Seven visits count: not the check-up, not the refused one.
expect "patients of the year" "visits.patients_year,411000,2020-01-01,,all,3" "$(read_metrics visits.patients_year --region 411000 | grep ',,all,')"
expect "patients of the hospital" "visits.patients_year,411002,2020-01-01,hospital-a,all,3" \
    "$(read_metrics visits.patients_year --organisation hospital-a | grep ',hospital-a,all,')"
expect "the view" "7|5|3" "$(bureau -A -t -c "SELECT visits, one_card_visits, patients FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all'")"
metrics=$(read_metrics --list)
grep -q '^visits.patients_year,1,persons,' <<<"$metrics" || fail "the catalogue does not list visits.patients_year"

# The same file again, with new command ids: the visits are known, nothing changes.
publish hospital-a >/dev/null || true
wait_for_metrics
expect "the view after the second time" "7|5|3" "$(bureau -A -t -c "SELECT visits, one_card_visits, patients FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all'")"

# A reader may not publish, a publisher may not read metrics: refused with a sentence.
code=0
said=$(publish reader) || code=$?
expect "a reader's exit code" 1 "$code"
grep -q '6: ' <<<"$said" || fail "a reader was not told why: $said"
said=$(KEY=hospital-a read_metrics --list) && fail "a publisher read metrics: $said"
grep -q '6: ' <<<"$said" || fail "a publisher was not told why: $said"

# An agency: three workdays before the Spring Festival of 2020 end after it, on the calendar as the second notice left it.
ctl submit approvals "$CITY/agencies.jsonl" >"$LOGS/agencies.log" 2>&1 || fail "the agency could not be registered" agencies
ctl import notices deploy/data/calendar.tsv >"$LOGS/notices.log" 2>&1 || fail "the notices could not be loaded" notices
cat >"$FOLDER/item.jsonl" <<'ITEM'
{"occurred_at": "2020-01-02T09:00:00+08:00", "publish_item": {"code": "EXAMPLE-1", "version": 1, "name": "示例事项", "agency": "planning", "effective_day": 18000, "historical": true, "type": "ITEM_TYPE_CONFIRMATION", "level": "ITEM_LEVEL_CITY", "clients": ["CLIENT_KIND_COMPANY"], "channels": ["CHANNEL_WINDOW"], "promised": {"amount": 3, "unit": "LIMIT_UNIT_WORKDAY"}, "statutory": {"amount": 20, "unit": "LIMIT_UNIT_WORKDAY"}, "visits": 1, "visits_reason": "核验原件", "enquiry_phone": "0374-0000001", "complaint_phone": "0374-0000002", "procedure_steps": 5, "organisation_topics": ["其他"]}}
ITEM
ctl submit approvals "$FOLDER/item.jsonl" --key "$CITY/secret/supervisor.key" >"$LOGS/item.log" 2>&1 || fail "the item could not be published" item
case_of() { # arguments
    /usr/bin/python3 -B proto/examples/approvals.py --endpoint "tcp://127.0.0.1:${port_of[approvals]}" --key "$CITY/secret/planning.key" \
        --server-key "$CITY/public/approvals.pub" "$@" 2>&1
}
said=$(case_of EXAMPLE-1 CASE-1 --at 2020-01-22T09:30+08:00) || fail "the case was not taken: $said"
expect "the due days of both clocks" "due 2020-02-04 as promised, 2020-02-27 by law" "$(grep '^due' <<<"$said")"
grep -q '2020-A' <<<"$said" || fail "the page does not name the notice: $said"
said=$(case_of EXAMPLE-1 CASE-2 --at 2020-01-17T16:00+08:00 --english) || fail "the second case was not taken: $said"
expect "a due day before the festival, a Sunday worked" "due 2020-01-21 as promised, 2020-02-21 by law" "$(grep '^due' <<<"$said")"
code=0
said=$(case_of EXAMPLE-1 CASE-1 --at 2020-01-22T09:30+08:00) || code=$?
expect "the exit code for a number that is taken" 1 "$code"
grep -q '^refused: 111: ' <<<"$said" || fail "it is not explained: $said"
said=$(ctl --json query approvals '{"get_case": {"case_number": "CASE-1"}}')
grep -q CASE_STATE_REVIEW <<<"$said" || fail "the case is not in review"

# An enterprise issue: five workdays from 17 January 2020, a Friday; the Sunday behind it is worked.
ctl submit issues "$CITY/agencies-issues.jsonl" >"$LOGS/issues.log" 2>&1 || fail "the agencies could not be registered" issues
ctl import notices deploy/data/calendar.tsv --registry issues >"$LOGS/notices.log" 2>&1 || fail "the notices could not be loaded" notices
issue_of() { # issue, arguments
    /usr/bin/python3 -B proto/examples/issues.py --endpoint "tcp://127.0.0.1:${port_of[issues]}" --server-key "$CITY/public/issues.pub" \
        --hall "$CITY/secret/clerk.key" --office "$CITY/secret/supervisor.key" --unit "$CITY/secret/planning.key" planning "$@" 2>&1
}
said=$(issue_of ISSUE-1 --at 2020-01-17T09:30+08:00) || fail "the issue was not taken: $said"
expect "the due day of the issue" "due 2020-01-23: 5 workdays" "$(grep '^due' <<<"$said")"
expect "how the issue ended" "signed_off, confirmed by the enterprise" "$(tail -n 1 <<<"$said")"
code=0
said=$(issue_of ISSUE-1 --at 2020-01-17T09:30+08:00) || code=$?
expect "the exit code for an issue that is there" 1 "$code"
grep -q '^refused: 109: ' <<<"$said" || fail "it is not explained: $said"
code=0
said=$(issue_of ISSUE-2 --office "$CITY/secret/planning.key" --at 2020-01-17T09:30+08:00) || code=$? # a unit does not see it yet
expect "the exit code for a step of somebody else" 1 "$code"
grep -q '^refused: 16: ' <<<"$said" || fail "it is not explained: $said"
echo "the Python examples work"
