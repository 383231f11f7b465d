#!/usr/bin/env bash
# Alert rules: each is tried by promtool in both directions, each has a page in the runbook, and every metric that a rule reads is
# one that a daemon's source writes.
set -euo pipefail
cd "$(dirname "$0")/../.."
rules=deploy/prometheus/liancheng.rules.yml
failed=0
complain() { echo "$1"; failed=1; }

promtool check rules "$rules" >/dev/null || complain "the rules do not pass promtool check rules"
promtool check config deploy/prometheus/prometheus.yml >/dev/null || complain "prometheus.yml does not pass promtool check config"
promtool test rules deploy/prometheus/liancheng.rules_test.yml || complain "a rule does not do what its test says"

for alert in $(sed -n 's/^ *- alert: //p' "$rules"); do
    grep -q "runbook: docs/runbook/$alert.md" "$rules" || complain "$alert names no runbook page"
    [ -s "docs/runbook/$alert.md" ] || complain "docs/runbook/$alert.md is missing"
    [ "$(grep -c "alertname: $alert\b" deploy/prometheus/liancheng.rules_test.yml)" -ge 2 ] || complain "$alert is not tried in both directions"
done
for page in docs/runbook/*.md; do
    name=$(basename "$page" .md)
    [ "$name" = README ] || grep -q "alert: $name$" "$rules" || complain "$page is about no alert"
done
for metric in $(grep -o 'liancheng_[a-z_0-9]*' "$rules" | sort -u); do
    grep -rqF "\"$metric\"" common services --include='*.c' || complain "no daemon has the metric $metric"
done
exit $failed
