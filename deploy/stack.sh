# shellcheck shell=bash
# Sourced, not run: the whole pipe in one temporary folder. A private PostgreSQL from the installed programs, keys and
# configuration, the daemons. Used by the demo and by tests; bash with set -euo pipefail, in the project's top folder.
#
#   stack_new NAME              makes the folder ($FOLDER); it goes, and all that was started, when the script ends
#   stack_start_postgresql      psql through: sql, bureau (as the bureau's role)
#   stack_configure FILE.tsv [AGENCIES.tsv]   keys and configuration for facilities and agencies ($CITY), tables
#   stack_start_daemon NAME     visits, approvals, issues, aggregator or hl7-gateway; returns when it is ready
#   stack_has_caught_up         true when the aggregator has committed what the registries that run have
#   ctl ARGUMENTS               lianchengctl with the configuration

B=${B:-build/${FLAVOUR:-opt}}
BIN=$PWD/$B/bin
FOLDER=
declare -A pid_of=()
started=() # in order; they stop in the other

stack_new() { # name
    local program
    for program in visits approvals issues aggregator hl7-gateway lianchengctl; do
        [ -x "$BIN/$program" ] || { echo "There is no $BIN/$program: run make first." >&2; exit 70; }
    done
    FOLDER=$(mktemp -d "/tmp/liancheng-$1.XXXXXX")
    LOGS=$FOLDER/log
    CITY=$FOLDER/city
    PG=$FOLDER/pg
    mkdir "$LOGS"
    trap stack_stop EXIT
    trap 'exit 130' INT TERM
}

stop_one() { # name
    local pid=${pid_of[$1]} signal=TERM
    if [ "$1" = postgresql ]; then signal=INT; fi # fast: does not wait for sessions
    kill -s $signal "$pid" 2>/dev/null || return 0
    wait "$pid" 2>/dev/null || true
}
stack_stop() {
    trap - EXIT
    trap '' INT TERM
    local i
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do stop_one "${started[i]}"; done
    rm -rf "$FOLDER"
}

fail() { # sentence, name of the program whose log tells more
    echo >&2
    echo "$(basename "$0"): $1" >&2
    if [ -n "${2:-}" ] && [ -s "$LOGS/$2.log" ]; then
        echo "The last lines of its log:" >&2
        tail -n 15 "$LOGS/$2.log" >&2
    fi
    exit 70
}

# Starts a program in a session of its own: Ctrl-C reaches the script alone, which stops all in order. Everything that is
# started asks the kernel to be ended when the script is gone, whatever ended that.
start() { # name, command...
    local name=$1
    shift
    (cd / && exec setsid "$@") >"$LOGS/$name.log" 2>&1 </dev/null &
    pid_of[$name]=$!
    started+=("$name")
}
is_running() { kill -0 "${pid_of[$1]}" 2>/dev/null; }
wait_until() { # name, command that tells that it is ready...
    local name=$1
    shift
    until "$@" >/dev/null 2>&1; do
        is_running "$name" || fail "$name does not run." "$name"
        sleep 0.1
    done
}

# --- PostgreSQL -----------------------------------------------------------------------------------------------------------
stack_start_postgresql() {
    PG_BIN=$(dirname "$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)")
    [ -x "$PG_BIN/initdb" ] || fail "there is no PostgreSQL server here; deploy/install-packages.sh demo installs it."
    local as=(setpriv --pdeathsig INT)
    mkdir -m 700 "$PG"
    if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
        as=(setpriv --reuid postgres --regid postgres --init-groups --pdeathsig INT)
        chown postgres: "$PG"
        chmod 711 "$FOLDER"
    fi
    (cd / && LC_ALL=C "${as[@]}" "$PG_BIN/initdb" --no-sync --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
        --username=postgres -D "$PG/data") >"$LOGS/initdb.log" 2>&1 || fail "the PostgreSQL cluster cannot be made." initdb
    # Reached by a socket in a folder of one user only; nothing listens on the network.
    start postgresql "${as[@]}" "$PG_BIN/postgres" -D "$PG/data" -c listen_addresses= -c unix_socket_directories="$PG"
    wait_until postgresql "$PG_BIN/pg_isready" -q -h "$PG" -U postgres
    sql -d postgres -c "CREATE DATABASE liancheng"
}
sql() { PGOPTIONS=--client-min-messages=warning psql -X -q -v ON_ERROR_STOP=1 -h "$PG" -U "${SQL_USER:-postgres}" "$@"; }
bureau() { SQL_USER=bureau sql -d liancheng "$@"; }

# --- The daemons ----------------------------------------------------------------------------------------------------------
# The default ports, or the next ten when somebody listens there already.
is_taken() { # ports...
    local port
    for port in "$@"; do
        if (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; then return 0; fi
    done
    return 1
}
choose_ports() {
    local base=7100 mllp=2575
    while is_taken $base $((base + 1)) $((base + 2)) $((base + 3)) $((base + 4)) $((base + 80)) $((base + 81)) $((base + 82)) $((base + 83)) \
        $((base + 84)) $mllp; do
        base=$((base + 10))
        mllp=$((mllp + 1))
    done
    declare -gA port_of=([aggregator]=$base [visits]=$((base + 1)) [approvals]=$((base + 2)) [issues]=$((base + 3))
        [hl7-gateway]=$((base + 4)) [mllp]=$mllp)
    declare -gA http_port_of=([aggregator]=$((base + 80)) [visits]=$((base + 81)) [approvals]=$((base + 82)) [issues]=$((base + 83))
        [hl7-gateway]=$((base + 84)))
}
stack_configure() { # facilities, agencies
    choose_ports
    "$BIN/lianchengctl" init --folder "$CITY" --facilities "$1" ${2:+--agencies "$2"} \
        --postgres "host=$PG dbname=liancheng user=liancheng_writer" \
        --aggregator-port "${port_of[aggregator]}" --aggregator-http-port "${http_port_of[aggregator]}" \
        --visits-port "${port_of[visits]}" --visits-http-port "${http_port_of[visits]}" \
        --approvals-port "${port_of[approvals]}" --approvals-http-port "${http_port_of[approvals]}" \
        --issues-port "${port_of[issues]}" --issues-http-port "${http_port_of[issues]}" \
        --gateway-port "${port_of[hl7-gateway]}" --gateway-http-port "${http_port_of[hl7-gateway]}" \
        --mllp-port "${port_of[mllp]}" >"$LOGS/init.log" 2>&1 ||
        fail "keys and configuration cannot be made." init
    "$BIN/aggregator" migrate --config "$CITY/aggregator.conf" --postgres-conninfo "host=$PG dbname=liancheng user=postgres" >"$LOGS/migrate.log" 2>&1 ||
        fail "the tables cannot be made." migrate
    sql -d liancheng -c "ALTER ROLE liancheng_writer LOGIN" -c "ALTER ROLE bureau LOGIN"
}
stack_start_daemon() { # name
    start "$1" setpriv --pdeathsig TERM "$BIN/$1" --config "$CITY/$1.conf"
    wait_until "$1" "$BIN/lianchengctl" health "http://127.0.0.1:${http_port_of[$1]}/readyz"
}
ctl() { "$BIN/lianchengctl" --config "$CITY/ctl.conf" "$@"; }

stack_has_caught_up() {
    local name registries=()
    for name in "${started[@]}"; do
        case $name in visits | approvals | issues) registries+=("$name") ;; esac
    done
    for name in postgresql aggregator "${registries[@]}"; do is_running "$name" || fail "$name does not run." "$name"; done
    { for name in "${registries[@]}" aggregator; do ctl --json status "$name" || exit 1; done; } | /usr/bin/python3 -c '
import json, sys
status = {name: values for line in sys.stdin for name, values in json.loads(line).items()}
sources = {source["name"]: source for source in status["aggregator"]["sources"]}
for source in sources.values():
    if source.get("alarm"):
        sys.exit("alarm: " + source["alarm"])
behind = [name for name in sys.argv[1:]
          if int(sources[name].get("cursor", 0)) != int(status[name].get("head", 0))]
sys.exit(1 if behind else 0)' "${registries[@]}"
}
