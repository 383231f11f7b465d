#!/usr/bin/env bash
# lianchengctl health, which container health checks and scripts rely on: exit 0 for 200, 75 for anything else that may
# mend itself, 64 for a wrong address. The other side is a few lines of Python that answer as the path asks.
set -euo pipefail
cd "$(dirname "$0")/../.."
CTL=${B:-build/${FLAVOUR:-opt}}/bin/lianchengctl
folder=$(mktemp -d /tmp/liancheng-health.XXXXXX)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT

mkfifo "$folder/port"
/usr/bin/python3 - "$folder/port" <<'PY' &
import socket, sys, threading, time
ANSWERS = {
    b"/readyz": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nready\n",
    b"/busy": b"HTTP/1.1 503 Service Unavailable\r\n\r\nfolding the log\n",
    b"/": b"HTTP/1.0 200 OK\r\n\r\nroot\n",
    b"/garbage": b"220 this is no HTTP\r\n",
    b"/nothing": b"",
    b"/long": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000000,
}
def serve(peer):
    path = peer.recv(65536).split(b" ")[1]
    if path == b"/never":
        time.sleep(600)
    peer.sendall(ANSWERS[path])
    peer.close()
listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as port:
    print(listener.getsockname()[1], file=port)
while True:
    threading.Thread(target=lambda p: serve(p), args=(listener.accept()[0],), daemon=True).start()
PY
server=$!
port=$(<"$folder/port")
base=http://127.0.0.1:$port

failed=0
expect() { # exit code, text it says (a part), arguments...
    local wanted=$1 text=$2 code=0 said
    shift 2
    said=$("$CTL" health "$@" 2>&1) && code=0 || code=$?
    if [ "$code" != "$wanted" ] || [[ ${said:0:300} != *"$text"* ]]; then
        echo "health $*: wanted $wanted and '$text', got $code and '${said:0:300}'"
        failed=1
    fi
}
expect 0 ready "$base/readyz"
expect 0 root "$base"
expect 0 ready "http://localhost:$port/readyz"
expect 0 xxx "$base/long"
expect 75 "folding the log" "$base/busy"
expect 75 "no HTTP answer" "$base/garbage"
expect 75 "no HTTP answer" "$base/nothing"
expect 75 "no HTTP answer" "$base/never" --timeout-ms 200
expect 75 "nothing answers" http://127.0.0.1:1/readyz
expect 64 "no address" "https://127.0.0.1:$port/readyz"
expect 64 "no address" "http://:$port/"
expect 64 "no address" "http://127.0.0.1:123456/"
expect 64 "no address" "http://127.0.0.1:/"
expect 64 "no address" "http://[::1/"
expect 64 "" health
exit $failed
