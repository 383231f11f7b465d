#!/usr/bin/env bash
# A figure's receipt, from the bureau's view to a stranger's check: explain says what the views say, the verifier of
# proto/examples, which knows the contract alone, finds exactly its events in an export of the log, and every damage is told.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/stack.sh
. deploy/stack.sh

verify() { /usr/bin/python3 -B proto/examples/verify_receipt.py "$1" "$2"; }
value_of() { tail -n 1 "$1" | sed 's/.*"value":\(-\?[0-9]*\).*/\1/'; }

stack_new receipts
stack_start_postgresql
"$BIN/lianchengctl" replay --write-facilities "$FOLDER/facilities.tsv" --write-agencies "$FOLDER/agencies.tsv" >/dev/null
stack_configure "$FOLDER/facilities.tsv" "$FOLDER/agencies.tsv"
stack_start_daemon visits
LC_TICK_SOURCE=commands stack_start_daemon approvals
stack_start_daemon aggregator
ctl replay --only visits --patients 300 >"$LOGS/replay.log" 2>&1 || fail "the visits were not published" replay
ctl replay --only approvals --cases 500 >"$LOGS/replay-approvals.log" 2>&1 || fail "the cases were not published" replay-approvals
until stack_has_caught_up; do sleep 0.1; done

# Exports while the daemons run; their chains are those that verify walks.
for name in visits approvals; do
    ctl export "$CITY/$name.conf" >"$FOLDER/$name.export" 2>"$LOGS/export.log" || fail "the log cannot be exported" export
    [[ $(ctl verify "$CITY/$name.conf" 2>/dev/null) == *"$(tail -n 1 "$FOLDER/$name.export" | sed 's/.*"chain":"\([0-9a-f]*\).*/\1/')"* ]] ||
        fail "the export of $name ends with another root than the log"
done

checked=0
check() { # source, SQL of the view, then the arguments of explain
    local source=$1 wanted value said
    wanted=$(bureau -A -t -c "SELECT $2")
    shift 2
    ctl explain "$@" --json >"$FOLDER/receipt" 2>"$LOGS/explain.log" || fail "no receipt of $*" explain
    value=$(value_of "$FOLDER/receipt")
    [ "${wanted:-0}" = "$value" ] || fail "explain $* says $value, the view ${wanted:-0}"
    said=$(verify "$FOLDER/receipt" "$FOLDER/$source.export" 2>&1) || fail "the receipt of $* is not right: $said"
    [[ $said == "RIGHT: "* ]] || fail "the verifier says: $said"
    checked=$((checked + 1))
}
at() { echo "$1 FROM bureau.$2 WHERE $3"; }
city="scope = 'city' AND class = 'all'"
march="month = '2020-03-01'"
check visits "$(at visits visits_by_month "$city AND $march")" visits.visits --period 2020-03 --region 411000
check visits "$(at visits visits_by_year "$city AND year = '2020-01-01'")" visits.visits --period 2020 --region 411000
check visits "$(at visits visits_by_month "scope = 'county' AND region = 411081 AND class = 'all' AND $march")" visits.visits --period 2020-03 --region 411081
check visits "$(at visits visits_by_month "scope = 'city' AND class = 'outpatient' AND $march")" visits.visits --period 2020-03 --region 411000 --category outpatient
check visits "$(at one_card_visits visits_by_month "$city AND $march")" visits.one_card_visits --period 2020-03 --region 411000
check visits "$(at one_card_visits visits_by_year "organisation = 'weidu-01' AND class = 'all' AND year = '2020-01-01'")" visits.one_card_visits --period 2020 --region 411000 --organisation weidu-01
check visits "$(at patients visits_by_day "$city AND day = '2020-03-05'")" visits.patients_day --period 2020-03-05 --region 411000
check visits "$(at patients visits_by_month "$city AND $march")" visits.patients_month --period 2020-03 --region 411000
check visits "$(at patients visits_by_month "scope = 'county' AND region = 411002 AND class = 'inpatient' AND $march")" visits.patients_month --period 2020-03 --region 411002 --category inpatient
check visits "$(at patients visits_by_year "$city AND year = '2020-01-01'")" visits.patients_year --period 2020 --region 411000
check visits "$(at patients visits_by_year "organisation = 'weidu-01' AND class = 'all' AND year = '2020-01-01'")" visits.patients_year --period 2020 --region 411002 --organisation weidu-01
check approvals "$(at received approvals_by_year "scope = 'city' AND type = 'all' AND year = '2020-01-01'")" approvals.cases_received --period 2020 --region 411000
check approvals "$(at received approvals_by_month "scope = 'county' AND region = 411081 AND type = 'all' AND $march")" approvals.cases_received --period 2020-03 --region 411081
check approvals "$(at approved approvals_by_month "scope = 'city' AND type = 'all' AND $march")" approvals.cases_approved --period 2020-03 --region 411000
check approvals "$(at on_time approvals_by_month "scope = 'city' AND type = 'licence' AND $march")" approvals.cases_on_time --period 2020-03 --region 411000 --category licence
check approvals "$(at items approval_items "scope = 'city' AND level = 'all' AND type = 'all' AND day <= '2020-12-31' ORDER BY day DESC LIMIT 1")" approvals.items --period 2020 --region 411000
check approvals "$(at items approval_items "scope = 'county' AND region = 411081 AND level = 'all' AND type = 'all' AND day <= '2020-03-31' ORDER BY day DESC LIMIT 1")" approvals.items --period 2020-03 --region 411081

# As of an earlier number: the same export serves, the root is that of the number.
ctl explain visits.visits --period 2020 --region 411000 --up-to visits=300 --json >"$FOLDER/receipt" 2>/dev/null
[ "$(value_of "$FOLDER/receipt")" -gt 0 ] || fail "nothing was counted up to number 300"
verify "$FOLDER/receipt" "$FOLDER/visits.export" >/dev/null || fail "a receipt up to an earlier number is not right"

# The text names what the receipt is of.
ctl explain visits.visits --period 2020 --region 411000 >"$FOLDER/text" 2>/dev/null
grep -q '就诊人次' "$FOLDER/text" || fail "the text has no Chinese label"
grep -q 'json lists all' "$FOLDER/text" || fail "the text does not say that there is more"

# Damage: of a small number, so that each file is written quickly.
ctl export "$CITY/visits.conf" --up-to 600 >"$FOLDER/small.export" 2>/dev/null
ctl explain visits.visits --period 2020 --region 411002 --up-to visits=590 --json >"$FOLDER/small.receipt" 2>/dev/null
/usr/bin/python3 -B tests/system/receipts.py "$FOLDER/small.receipt" "$FOLDER/small.export" "$FOLDER/approvals.export" >"$LOGS/damage.log" 2>&1 ||
    fail "a damage was not told" damage
echo "$checked receipts are right, $(tail -n 1 "$LOGS/damage.log")"
