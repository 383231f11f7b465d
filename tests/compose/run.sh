#!/usr/bin/env bash
# make check-compose: builds the images, brings the stack of docker-compose.yml up under a name of its own, publishes a
# small year through the published ports of the registries and one HL7 message through that of the gateway, reads the figures back as the
# bureau does, restarts, checks again, removes all.
#
# Uses the Docker engine that is running; where none is, starts one from Debian's packages with its data in a temporary
# folder (KEEP_ENGINE=FOLDER keeps it there for the next run). Where no image can be pulled, the base image is made by
# debootstrap, and PostgreSQL's from Debian's package.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATIENTS=2000
CASES=500
BASE=debian:bookworm-slim
POSTGRES=postgres:15
PROJECT=liancheng-check

[ "$(id -u)" = 0 ] || exec sudo --preserve-env=DOCKER_HOST,KEEP_ENGINE "$0" "$@" # an engine, and files of other users

say() { echo "== $*"; }

deploy/install-packages.sh compose
docker() { /usr/bin/docker "$@"; } # Debian's, whatever else is called docker here
compose() {
    PATH=/usr/sbin:/usr/bin:/sbin:/bin docker-compose --env-file "$work/env" --project-directory . \
        -f docker-compose.yml -p "$PROJECT" "$@"
}

work=$(mktemp -d /tmp/liancheng-compose.XXXXXX)
engine_pid=
failed() {
    echo "The last lines of each container:"
    compose logs --tail=20 2>&1 || true
}
clean() {
    local code=$?
    trap - EXIT
    [ $code = 0 ] || failed
    compose down -v --remove-orphans >"$work/down.log" 2>&1 || true
    stop_engine
    rm -rf "$work"
    exit $code
}
trap clean EXIT
trap 'exit 130' INT TERM

# --- The engine -------------------------------------------------------------------------------------------------------
start_engine() {
    engine=${KEEP_ENGINE:-$work/engine}
    mkdir -p "$engine"
    say "starting an engine of our own (data in $engine)"
    dockerd --data-root "$engine/data" --exec-root "$engine/run" --pidfile "$engine/pid" -H "unix://$engine/docker.sock" \
        >"$engine/log" 2>&1 &
    engine_pid=$!
    export DOCKER_HOST=unix://$engine/docker.sock
    for _ in $(seq 120); do
        if docker info >/dev/null 2>&1; then return; fi
        if ! kill -0 "$engine_pid" 2>/dev/null; then break; fi
        sleep 0.5
    done
    tail -n 15 "$engine/log"
    echo "check-compose: the Docker engine does not start here; the lines above say why."
    exit 1
}
stop_engine() {
    if [ -z "$engine_pid" ]; then return 0; fi # 0: in a trap a bare return has the code of what failed
    kill "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" || true
    awk -v folder="$engine/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount || true
}
if ! docker info >/dev/null 2>&1; then start_engine; fi

# --- Base images --------------------------------------------------------------------------------------------------------
has_image() { docker image inspect "$1" >/dev/null 2>&1; }
if ! has_image "$BASE" && ! docker pull -q "$BASE" >/dev/null 2>&1; then
    say "$BASE cannot be pulled: debootstrap makes it"
    debootstrap --variant=minbase bookworm "$work/base" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 5 "$work/debootstrap.log"; exit 1; }
    tar -C "$work/base" --exclude='./var/cache/apt/archives/*.deb' -c . | docker import - "$BASE" >/dev/null
    rm -rf "$work/base"
fi
if ! has_image "$POSTGRES" && ! docker pull -q "$POSTGRES" >/dev/null 2>&1; then
    say "$POSTGRES cannot be pulled: a stand-in from Debian's package"
    POSTGRES=liancheng-postgres-standin
    docker build -q -t "$POSTGRES" --build-arg BASE="$BASE" tests/compose/postgres >/dev/null
fi

# --- The stack ------------------------------------------------------------------------------------------------------------
read -r visits_port aggregator_port postgres_port gateway_port hl7_port approvals_port issues_port < <(/usr/bin/python3 - <<'PY'
import socket
sockets = [socket.socket() for _ in range(7)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
PY
)
folder=$work/liancheng
nofile=$(ulimit -Hn)
if [ "$nofile" = unlimited ] || [ "$nofile" -gt 65536 ]; then nofile=65536; fi
cat >"$work/env" <<ENV
LIANCHENG_FOLDER=$folder
LIANCHENG_FACILITIES=$work/facilities.tsv
LIANCHENG_AGENCIES=$work/agencies.tsv
APPROVALS_TICK_SOURCE=commands
ISSUES_TICK_SOURCE=commands
LIANCHENG_IMAGE=liancheng-check:latest
LIANCHENG_BASE=$BASE
POSTGRES_IMAGE=$POSTGRES
VISITS_PUBLISH=127.0.0.1:$visits_port
APPROVALS_PUBLISH=127.0.0.1:$approvals_port
ISSUES_PUBLISH=127.0.0.1:$issues_port
AGGREGATOR_PUBLISH=127.0.0.1:$aggregator_port
POSTGRES_PUBLISH=127.0.0.1:$postgres_port
HL7_GATEWAY_PUBLISH=127.0.0.1:$gateway_port
HL7_PUBLISH=127.0.0.1:$hl7_port
LIANCHENG_NOFILE=$nofile
ENV

say "building the image"
compose build -q migrate >"$work/build.log" 2>&1 || { tail -n 30 "$work/build.log"; exit 1; }
# The program as a client on this machine: it sees the published ports and the keys, as a hospital would.
ctl() {
    docker run --rm --network host --user 10001:10001 -v "$folder:/liancheng" -v "$work/out:/out" liancheng-check:latest lianchengctl \
        --config /liancheng/client.conf "$@"
}
say "keys and configuration"
install -d -m 0777 "$work/out"
docker run --rm --user 10001:10001 -v "$work/out:/out" liancheng-check:latest lianchengctl replay --write-facilities /out/facilities.tsv \
    --write-agencies /out/agencies.tsv
cp "$work/out/facilities.tsv" "$work/out/agencies.tsv" "$work"
compose run --rm init >/dev/null
sed "s/:7101/:$visits_port/; s/:7102/:$approvals_port/; s/:7103/:$issues_port/; s/:7100/:$aggregator_port/; s/:7104/:$gateway_port/; s/:2575/:$hl7_port/" "$folder/ctl.conf" >"$folder/client.conf"

say "up"
compose up -d
health_of() { docker inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$(compose ps -q "$1")"; }
wait_healthy() {
    local service
    for service in "$@"; do
        until [ "$(health_of "$service")" = healthy ]; do
            case $(health_of "$service") in unhealthy | exited | dead) echo "$service is $(health_of "$service")"; exit 1 ;; esac
            sleep 1
        done
    done
}
wait_healthy postgres visits approvals issues aggregator hl7-gateway

say "publishing a year of $PATIENTS patients and $CASES cases"
ctl replay --patients "$PATIENTS" --cases "$CASES"

# --- What the bureau reads ------------------------------------------------------------------------------------------------
bureau() {
    PGPASSWORD=$(cat "$folder/secret/postgres-bureau.password") psql -X -A -t -h 127.0.0.1 -p "$postgres_port" -U bureau -d liancheng -c "$1"
}
FIGURE="SELECT patients FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all' AND year = '2020-01-01'"
expect_figure() { # when
    # The aggregator is some milliseconds behind: wait until it has what the registries have.
    until [ "$(cursor visits)" = "$(head_of_log visits)" ] && [ "$(cursor approvals)" = "$(head_of_log approvals)" ] &&
        [ "$(cursor issues)" = "$(head_of_log issues)" ]; do sleep 0.2; done
    local figure
    figure=$(bureau "$FIGURE")
    if [ "$figure" != "$patients" ]; then
        echo "$1: the bureau's view says '$figure' patients, published were $patients"
        exit 1
    fi
    local cases items
    cases=$(bureau "SELECT received FROM bureau.approvals_by_year WHERE scope = 'city' AND type = 'all' AND year = '2020-01-01'")
    items=$(bureau "SELECT items FROM bureau.approval_items_now WHERE scope = 'city' AND level = 'all' AND type = 'all'")
    if [ "$cases" != "$CASES" ] || [ "$items" != 3235 ]; then
        echo "$1: the bureau's views say $cases cases and $items items, published were $CASES and 3235"
        exit 1
    fi
    say "$1: $figure patients, $cases cases, $items items, as published"
}
patients=$PATIENTS
status_number() { ctl --json status | /usr/bin/python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"; }
cursor() { status_number "[x.get('cursor', 0) for x in s['aggregator']['sources'] if x['name'] == '$1'][0]"; } # registry
head_of_log() { status_number "s['$1'].get('head', 0)"; }
expect_figure "after the year"

say "one HL7 message to the published port"
cp deploy/demo.hl7 "$work/out/demo.hl7"
ctl import hl7 /out/demo.hl7
grep -qx 'MSA|AA|DEMO-0001.*' "$work/out/demo.hl7.result"
patients=$((PATIENTS + 1)) # somebody who is not among those
expect_figure "after the HL7 message"
messages=$(ctl --json conformance weidu-01 | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["cards"][0]["messages"])')
if [ "$messages" != 1 ]; then
    echo "the gateway counts $messages messages of weidu-01, one was sent"
    exit 1
fi
if bureau "DELETE FROM metrics.cell" >/dev/null 2>&1; then
    echo "the bureau's role could write"
    exit 1
fi

say "killing the registries, the gateway and the aggregator, starting them again"
compose kill -s KILL visits approvals issues hl7-gateway aggregator
compose up -d
wait_healthy visits approvals issues hl7-gateway aggregator
expect_figure "after the kill"
ctl import hl7 /out/demo.hl7 # the gateway remembers: answered as before, counted once
expect_figure "after the same message again"

say "a clean stop"
compose stop hl7-gateway visits approvals issues aggregator
for service in hl7-gateway visits approvals issues aggregator; do
    code=$(docker inspect -f '{{.State.ExitCode}}' "$(compose ps -q $service)")
    if [ "$code" != 0 ]; then
        echo "$service ended with code $code when it was asked to stop"
        exit 1
    fi
done
echo "1 passed, 0 failed"
