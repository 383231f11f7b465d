#!/usr/bin/env bash
# Runs the tests that make built:  tests/run.sh [--only NAME] [--fault]
# Unit tests two at a time, the others (they use sockets, disks and PostgreSQL) one after another. Prints each name with
# its result and seconds, a test's output only when it failed, and last "N passed, N failed" over all cases.
# A test is a program, or an executable .sh or .py beside the C sources; exit 0 is passed, 77 skipped.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
FLAVOUR=${FLAVOUR:-opt}
B=${B:-build/$FLAVOUR}
export FLAVOUR B
LIMIT_S=1800 # a hung test, not a slow one

only=
folders=(unit contract service system)
while [ $# -gt 0 ]; do
    case $1 in
    --only) only=${2:?--only needs the name of a test}; shift 2 ;;
    --fault) folders=(fault); shift ;;
    *) echo "run.sh: unknown argument $1" >&2; exit 64 ;;
    esac
done

out=$(mktemp -d /tmp/liancheng-tests.XXXXXX)
trap 'rm -rf "$out"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

# Prints the programs of a folder. From the sources, so that what is left of a removed test in build/ does not run.
tests_of() { # folder
    local source
    for source in tests/"$1"/test_*.c tests/"$1"/io_*.c; do
        [ -e "$source" ] && echo "$B/tests/$1/$(basename "$source" .c)"
    done
    for source in tests/"$1"/*.sh tests/"$1"/test_*.py; do
        [ -x "$source" ] && echo "$source"
    done
}

run_one() { # program: leaves NAME.log and NAME.code in $out, prints a line
    local name code begin seconds result
    name=$(basename "$(dirname "$1")")/$(basename "$1")
    local log=$out/${name//\//.}
    begin=$EPOCHREALTIME
    { timeout -k 10 "$LIMIT_S" "$PWD/$1" >"$log.log" 2>&1 </dev/null; } 2>/dev/null # a crash is told once, below
    code=$?
    seconds=$(LC_ALL=C awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
    echo "$code" >"$log.code"
    case $code in
    0) result=pass ;;
    77) result=skip ;;
    *) result=FAIL ;;
    esac
    local lines=
    if [ $result = FAIL ]; then lines=$(printf '\n'; sed 's/^/    /' "$log.log"; [ "$code" = 124 ] && echo "    no end after $LIMIT_S s"); fi
    if [ $result = skip ]; then lines=" $(tail -n 1 "$log.log")"; fi
    printf '%-5s %-48s %6s s%s\n' "$result" "$name" "$seconds" "$lines"
}

for folder in "${folders[@]}"; do
    at_once=1
    if [ "$folder" = unit ]; then at_once=2; fi
    while read -r program; do
        if [ -n "$only" ] && [[ $(basename "$program") != *"$only"* ]]; then continue; fi
        while [ "$(jobs -rp | wc -l)" -ge $at_once ]; do wait -n; done
        run_one "$program" &
    done < <(tests_of "$folder")
    wait
done

sum_of() { # sed expression that prints numbers, file
    sed -n "$1" "$2" | awk '{ sum += $1 } END { print sum + 0 }'
}

# Cases: cmocka says how many passed and failed in each group; another program is one case.
passed=0 failed=0 skipped=0
for code_file in "$out"/*.code; do
    [ -e "$code_file" ] || continue
    code=$(<"$code_file")
    log=${code_file%.code}.log
    if [ "$code" = 77 ]; then
        skipped=$((skipped + 1))
        continue
    fi
    good=$(sum_of 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$log")
    bad=$(sum_of 's/^\[  FAILED  \] \(.*: \)\?\([0-9]*\) test(s), listed below:.*/\2/p' "$log")
    if [ "$code" = 0 ] && ! grep -q '^\[==========\]' "$log"; then good=1; fi
    if [ "$code" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    passed=$((passed + good)) failed=$((failed + bad))
done
if [ $((passed + failed)) = 0 ]; then echo "No test ran: there is none${only:+ named $only}."; fi
echo "$passed passed, $failed failed$( [ $skipped = 0 ] || echo ", $skipped skipped")"
[ $failed = 0 ] && [ $passed -gt 0 ]
