#!/usr/bin/env bash
# make bench: the machine, its own limits, and the product's figures from one run. BENCH_* variables make it smaller
# (tests/bench/bench_pipe.c, bench_gateway.c, bench_persons.c, bench_approvals.c). Nothing here is compared or judged; docs/benchmarks.md keeps what was seen.
set -euo pipefail
cd "$(dirname "$0")/../.."
B=${B:-build/opt}
echo "machine: $(nproc) x $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), $(uname -sr), load $(cut -d ' ' -f 1-3 /proc/loadavg)"
"$B/tests/bench/bench_limits" /tmp
"$B/tests/bench/bench_journal" 2>/dev/null
"$B/tests/bench/bench_visits_rules"
"$B/tests/bench/bench_persons"
"$B/tests/bench/bench_approvals" 2>/dev/null
"$B/tests/bench/bench_explain" 2>/dev/null
"$B/tests/bench/bench_issues" 2>/dev/null
"$B/tests/bench/bench_spool" /tmp
"$B/tests/bench/bench_hl7"
"$B/tests/bench/bench_gateway" 2>/dev/null
"$B/tests/bench/bench_pipe" "$@" 2>/dev/null
echo "load at the end: $(cut -d ' ' -f 1-3 /proc/loadavg)"
