#!/usr/bin/env bash
# The arrows of ARCHITECTURE.md and the banned calls, as a grep.
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0

complain() { # reason, lines
    if [ -n "$2" ]; then
        printf '%s\n%s\n' "$1" "$2"
        bad=1
    fi
}

# folder: what its includes may begin with (besides itself, system headers and generated code)
allow() {
    local folder=$1 allowed=$2 own=${1#common/}
    own=${own#services/}
    complain "$folder includes something above it:" "$(grep -rnE '^#include "' "$folder" --include='*.[ch]' |
        grep -vE "#include \"($own|[a-z0-9]+/v1|$allowed)/")"
}

allow common/base 'none'
allow common/config 'base'
allow common/wire 'base'
allow common/state 'base'
allow common/journal 'base'
allow common/feed 'base|wire'
allow common/client 'base|wire|spool'
allow common/pg 'base'
allow common/calendar 'base|state'
allow common/agencies 'base|codes|state'
allow common/codes 'base'
allow common/spool 'base'
allow common/supervision 'base|calendar|service|state'
allow common/service 'base|config|wire|state|journal'
allow services/visits 'base|codes|config|wire|state|service'
allow services/approvals 'base|agencies|calendar|supervision|codes|config|wire|state|service'
allow services/issues 'base|agencies|calendar|supervision|codes|config|wire|state|service'
allow services/aggregator 'base|config|wire|feed|pg|journal|service'
allow services/hl7-gateway 'base|codes|config|wire|client|spool|service'
allow services/ctl 'base|codes|config|wire|feed|client|journal'

banned='\b(sprintf|vsprintf|strcpy|strcat|strncpy|strtok|atoi|sscanf|localtime|rand|system)[[:space:]]*\('
complain 'banned calls:' "$(grep -rnE "$banned" common services --include='*.[ch]')"
pure='services/visits/(rules_[a-z]+|evolve[a-z_]*|distinct|regroup|edges|person_[a-z]+|state|query[a-z_]*|decide|prepare|publish|pseudonym|visit_[a-z]+)|services/approvals/(rules_[a-z]+|evolve[a-z_]*|state|query[a-z_]*|decide|prepare|publish[a-z_]*|clocks|texts|tick|catalogue[a-z_]*|case_steps|why[a-z_]*)|services/hl7-gateway/(mllp|hl7|map[a-z_]*|ack)|services/aggregator/(fold_[a-z]+|cells|publish_read|report_printed|explain_(peek|kinds|figure))|services/issues/(rules_[a-z_]+|evolve[a-z_]*|state|records|query[a-z_]*|decide|prepare|publish[a-z_]*|tick|(clue|issue|task)_[a-z]+)|common/state/(table|index|agenda)|common/calendar/[a-z]+|common/supervision/[a-z]+'
complain 'a pure file does I/O, reads a clock or allocates:' "$(
    grep -rnE '\b(sqlite3_[a-z]|zmq_[a-z]|zsock_|zloop_|PQ[a-z]+|time|clock_(unix|monotonic|get|nano)[a-z_]*|malloc|calloc|fopen|open)\(' \
        services/visits services/approvals services/issues services/aggregator services/hl7-gateway common/state common/calendar common/supervision --include='*.c' | grep -E "^($pure)\.c:" |
        grep -vE 'cells\.c:.*(malloc|calloc)')"
[ $bad = 0 ] && echo 'layers hold'
exit $bad
