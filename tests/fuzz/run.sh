#!/usr/bin/env bash
# Runs every libFuzzer target that make built:  tests/fuzz/run.sh [SECONDS for each, 30]
# tests/fuzz/seeds/NAME holds inputs to begin with. What a target has found worth keeping stays in build/fuzz/corpus/NAME for the next run; an input that breaks it is
# written to build/fuzz/crash/NAME-… and the target's last lines are shown.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build/fuzz}
for_s=${1:-30}
crashes=$B/crash
mkdir -p "$crashes"

passed=0 failed=0
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    corpus=$B/corpus/$name
    log=$B/$name.log
    mkdir -p "$corpus"
    seeds=tests/fuzz/seeds/$name
    if [ -d "$seeds" ]; then seeds=("$seeds"); else seeds=(); fi
    if "$B/fuzz/$name" -max_total_time="$for_s" -rss_limit_mb=1024 -timeout=20 -max_len=65536 -artifact_prefix="$crashes/$name-" \
        -print_final_stats=1 "$corpus" "${seeds[@]}" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
        printf 'pass  %-20s %9s inputs tried, %5s kept\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(find "$corpus" -type f | wc -l)"
    else
        failed=$((failed + 1))
        printf 'FAIL  %s\n' "$name"
        tail -n 30 "$log" | sed 's/^/    /'
    fi
done
if [ $((passed + failed)) = 0 ]; then echo "No target ran: there is none."; fi
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
