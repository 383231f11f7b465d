"""What the HL7 tests share: the registry and the gateway as processes in a temporary folder, MLLP, ADT messages written
field by field, and the counts that the registry's feed adds up to (folded here by the words of events.proto)."""
import datetime
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "proto/examples"))

import liancheng  # noqa: E402  (compiles the contract)
from common.v1 import feed_pb2, status_pb2  # noqa: E402
from google.protobuf import json_format  # noqa: E402
from visits.v1 import events_pb2  # noqa: E402

BIN = ROOT / os.environ.get("B", f"build/{os.environ.get('FLAVOUR', 'opt')}") / "bin"
ANSWER_S = 120  # a hung gateway, not a slow machine

FACILITIES = {"weidu-01": 411002, "weidu-02": 411002, "yanling-01": 411024}
FEEDS = {"H1": "weidu-01", "H2": "yanling-01", "H3": "weidu-02"}  # MSH-4 -> facility


# --- Processes --------------------------------------------------------------------------------------------------------

def free_ports(count):
    """Below the range that the system hands out to outgoing connections."""
    ports, port = [], 20000 + os.getpid() * 8 % 12000
    while len(ports) < count:
        port = port + 1 if port < 32000 else 20000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                ports.append(port)
            except OSError:
                pass
    return ports


class Stack:
    """Use as a context manager: whatever was started is stopped and the folder removed."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="liancheng-hl7.", dir="/tmp"))
        self.city = self.folder / "city"
        self.processes = {}
        self._follower = None
        names = ["aggregator", "aggregator_http", "visits", "visits_http", "gateway", "gateway_http", "mllp"]
        self.ports = dict(zip(names, free_ports(len(names))))

    def __enter__(self):
        try:
            self._configure()
            self.start("visits", self.ports["visits_http"])
            self.submit("facilities.jsonl", (self.city / "facilities.jsonl").read_text(encoding="utf-8"))
            self.start("hl7-gateway", self.ports["gateway_http"])
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        for name in reversed(list(self.processes)):
            process = self.processes[name]
            process.terminate()
            process.wait()
            if kind is not None:
                print(f"--- {name}\n" + self.log(name)[-4000:])
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _configure(self):
        rows = "".join(f"{code}\t模拟医院 {code}\t{region}\n" for code, region in FACILITIES.items())
        (self.folder / "facilities.tsv").write_text(rows, encoding="utf-8")
        p = self.ports
        self.run("lianchengctl", "init", "--folder", self.city, "--facilities", self.folder / "facilities.tsv",
                 "--visits-port", p["visits"], "--visits-http-port", p["visits_http"],
                 "--aggregator-port", p["aggregator"], "--aggregator-http-port", p["aggregator_http"],
                 "--gateway-port", p["gateway"], "--gateway-http-port", p["gateway_http"], "--mllp-port", p["mllp"])
        (self.city / "hl7-gateway.conf").write_text(gateway_conf(p), encoding="utf-8")

    def run(self, program, *arguments, codes=(0,)):
        done = subprocess.run([str(BIN / program), *map(str, arguments)], capture_output=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode not in codes:
            raise AssertionError(f"{program} {arguments}: code {done.returncode}\n{done.stdout.decode()}\n"
                                 f"{done.stderr.decode()}")
        return done

    def ctl(self, *arguments, codes=(0,)):
        return self.run("lianchengctl", "--config", self.city / "ctl.conf", *arguments, codes=codes)

    def start(self, name, http_port):
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen([str(BIN / name), "--config", str(self.city / f"{name}.conf")], stdout=log,
                                       stderr=log, stdin=subprocess.DEVNULL)
        self.processes[name] = process
        while not self.is_ready(http_port):
            if process.poll() is not None:
                raise AssertionError(f"{name} ended with code {process.returncode}\n{self.log(name)[-4000:]}")
            time.sleep(0.05)

    @staticmethod
    def is_ready(http_port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/readyz") as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def submit(self, name, lines, *arguments, codes=(0,)):
        """Commands as JSON lines, by lianchengctl."""
        path = self.folder / name
        path.write_text(lines, encoding="utf-8")
        return self.ctl("--json", "submit", "visits", path, *arguments, codes=codes)

    def follower(self):
        """A connection that may follow; one Follow after the other."""
        if self._follower is None:
            self._follower = liancheng.Connection(f"tcp://127.0.0.1:{self.ports['visits']}",
                                                  self.city / "secret/aggregator-follower.key",
                                                  self.city / "public/visits.pub")
        return self._follower

    def head(self):
        return self.follower().call(ANSWER_S, ping=status_pb2.Ping()).pong.head

    def events(self, after):
        """What the feed holds behind a number, up to the head as it is now: JSON as dictionaries."""
        link, found = self.follower(), []
        number = link.send(follow=feed_pb2.Follow(after=after, credit=100_000))
        head = None
        while head is None or after < head:
            reply = link.receive(ANSWER_S)
            assert reply is not None, "the feed is silent"
            if reply.request == number and reply.WhichOneof("body") == "followed":
                head = reply.followed.head
            elif reply.request == number:
                assert reply.WhichOneof("body") == "batch" and reply.batch.after == after, reply
                after = reply.batch.up_to
                found += [events_pb2.Event.FromString(event.body) for event in reply.batch.events]
        return [json_format.MessageToDict(event, preserving_proto_field_name=True,
                                          including_default_value_fields=True) for event in found]


def gateway_conf(ports, feeds=None, registry="", limits=""):
    """hl7-gateway.conf beside what lianchengctl init makes; feeds: MSH-4 -> facility."""
    rows = "".join(f"""    {name.lower()}
        facility = "{facility}"
        sending_facility = "{name}"
        ack_mode = "original"
        default_card = "social-security"
        rescue_segment = "ZRC"
        domains = "OTHER=yanling-01"
        unknown_authority = "refuse"
""" for name, facility in (feeds or FEEDS).items())
    return f"""server
    bind = "tcp://127.0.0.1:{ports['gateway']}"
    key = "secret/hl7-gateway.key"
    keys = "keys.tab"
http
    port = {ports['gateway_http']}
log
    level = "info"
store
    folder = "data/hl7-gateway"
    spool_key = "secret/hl7-gateway.spool"
registry
    endpoint = "tcp://127.0.0.1:{ports['visits']}"
    server_key = "public/visits.pub"
    keys = "secret"
{registry}listeners
    main
        bind = "127.0.0.1:{ports['mllp']}"
{limits}feeds
{rows}"""


# --- MLLP -------------------------------------------------------------------------------------------------------------

class Mllp:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(ANSWER_S)
        self.rest = b""

    def send(self, payload):
        self.socket.sendall(b"\x0b" + payload + b"\x1c\r")

    def receive(self):
        """The next frame's payload; None when the other side ended."""
        while b"\x1c\r" not in self.rest:
            chunk = self.socket.recv(65536)
            if not chunk:
                return None
            self.rest += chunk
        frame, self.rest = self.rest.split(b"\x1c\r", 1)
        assert frame[:1] == b"\x0b", frame[:20]
        return frame[1:]

    def call(self, payload):
        self.send(payload)
        answer = self.receive()
        assert answer is not None, "the gateway closed the connection"
        return Answer(answer)

    def close(self):
        self.socket.close()


class Answer:
    """What MSA and ERR say: "AA", "AE 204", "AA 103" (a warning)."""

    def __init__(self, payload):
        self.payload = payload
        field, component = payload[3:4], payload[4:5]  # the sender's own
        self.segments = [s.split(field) for s in payload.split(b"\r") if s]
        by_name = {s[0]: s for s in self.segments}
        msa, err = by_name[b"MSA"], by_name.get(b"ERR")
        self.control_id = msa[2] if len(msa) > 2 else b""
        self.text = msa[1].decode()
        if err is not None:
            # From 2.5 on ERR-2 and ERR-3, before that all in ERR-1.
            code = err[3] if len(err) > 3 else err[1].split(component)[3]
            self.text += " " + code.replace(b"&", component).split(component)[0].decode()


# --- Messages ---------------------------------------------------------------------------------------------------------

_control = [0]


def next_control_id():
    _control[0] += 1
    return f"C{_control[0]:09d}"


class Adt:
    """One ADT message. Times are "MMDDHHMM" of 2026 or written out. ids: (value, PID-3.5) or (value, type, authority)."""

    def __init__(self, trigger, facility="H1", visit="", cls="O", ids=(), at="", recorded="", opened=None, merge=(),
                 merge_visit="", name="", charset="", version="2.5", msh17="", code="ADT", event="", department="",
                 z=(), pv1=True, pre="", extra=()):
        self.trigger, self.facility, self.visit, self.cls, self.ids = trigger, facility, visit, cls, ids
        self.at, self.recorded = stamp(at), stamp(recorded or at)
        self.opened = self.at if opened is None else stamp(opened)
        self.merge, self.merge_visit, self.name, self.charset = merge, merge_visit, name, charset
        self.version, self.msh17, self.code, self.event = version, msh17, code, event or trigger
        self.department, self.z, self.pv1, self.pre, self.extra = department, z, pv1, pre, extra
        self.control = next_control_id()
        self.sent = "20261101080000+0800"

    def restamped(self):
        """As a sender makes it that lost the answer and writes the message anew: MSH-7 and MSH-10 differ."""
        other = object.__new__(Adt)
        other.__dict__.update(self.__dict__, control=next_control_id(), sent="20261102090000+0800")
        return other

    def pid3(self, ids):
        return "~".join("^".join([i[0], "", "", i[2] if len(i) > 2 else "", i[1]]) for i in ids)

    def segments(self):
        yield (f"MSH|^~\\&|HIS|{self.facility}|LC|XC|{self.sent}||{self.code}^{self.trigger}|{self.control}|P|"
               f"{self.version}|||||{self.msh17}|{self.charset}")
        yield f"EVN|{self.event}|{self.recorded}||||{self.at}"
        yield f"PID|1||{self.pid3(self.ids)}||{self.name}"
        if self.merge or self.merge_visit:
            yield f"MRG|{self.pid3(self.merge)}||||{self.merge_visit}"
        if self.pv1:
            fields = [""] * 46
            fields[0], fields[1], fields[2], fields[3] = "PV1", "1", self.cls, self.department
            fields[5], fields[19], fields[44] = self.pre, self.visit, self.opened
            yield "|".join(fields).rstrip("|")
        yield from self.extra
        for z in self.z:
            yield z

    def encode(self, encoding="utf-8"):
        return "".join(s + "\r" for s in self.segments()).encode(encoding)


def stamp(text):
    """"07030900" -> "20260703090000"; anything else stays."""
    return f"2026{text}00" if len(text) == 8 and text.isdigit() and text < "13" else text


_persons = [random.randrange(100_000)]


def resident_id():
    """A number that nobody has: region 411099 is not assigned."""
    _persons[0] += 1
    day = datetime.date(1950, 1, 1) + datetime.timedelta(days=_persons[0] // 900)
    first = f"411099{day:%Y%m%d}{_persons[0] % 900 + 1:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(w * int(d) for w, d in zip(weights, first)) % 11]


# --- Counts -----------------------------------------------------------------------------------------------------------

PERIODS = ("day", "month", "year", "all")
CLASSES = {"VISIT_CLASS_INPATIENT": "inpatient", "VISIT_CLASS_OUTPATIENT": "outpatient",
           "VISIT_CLASS_EMERGENCY": "emergency", "VISIT_CLASS_OTHER": "other"}


def first_day(period, day):
    """As text: "2026-07-03", "2026-07", "2026", ""."""
    text = (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()
    return {"day": text, "month": text[:7], "year": text[:4], "all": ""}[period]


class Counts:
    """Sums of a stretch of the feed: patients by place, period and class; visits by place, period and class."""

    def __init__(self, events):
        self.numbers = {}
        for event in events:
            if "visit_appeared" in event:
                self._visit(event["visit_appeared"], +1)
            elif "visit_left" in event:
                self._visit(event["visit_left"], -1)
            elif "visit_changed" in event:
                self._visit(event["visit_changed"]["before"], -1)
                self._visit(event["visit_changed"]["after"], +1)
            elif "patients_corrected" in event:
                for delta in event["patients_corrected"]["deltas"]:
                    self._delta(delta)

    def _add(self, measure, place, period, first, cls, change):
        key = (measure, place, period, first, cls)
        self.numbers[key] = self.numbers.get(key, 0) + change

    def _visit(self, visit, sign):
        places = ("city", str(visit["region"]), visit["facility"])
        cls = CLASSES[visit["visit_class"]]
        for place in places:
            for period in PERIODS:
                for group in ("all", cls):
                    first = first_day(period, visit["day"])
                    self._add("visits", place, period, first, group, sign)
                    if visit["one_card"]:
                        self._add("one_card", place, period, first, group, sign)
                    self._rescue(visit, place, period, first, group, sign)
        for bit in range(24):
            if visit["edge"] >> bit & 1:
                period = PERIODS[bit // 2 % 4]
                self._add("patients", places[bit // 8], period, first_day(period, visit["day"]),
                          cls if bit % 2 else "all", sign)

    def _rescue(self, visit, place, period, first, group, sign):
        kind = visit["rescue"].replace("RESCUE_ARRIVAL_", "").lower()
        if group == "all" and kind != "unspecified":
            self._add(kind, place, period, first, group, sign)

    def _delta(self, delta):
        scope = delta["scope"]
        place = {"SCOPE_CITY": "city", "SCOPE_COUNTY": str(delta["region"]), "SCOPE_FACILITY": delta["facility"]}[scope]
        period = {"PERIOD_DAY": "day", "PERIOD_MONTH": "month", "PERIOD_YEAR": "year",
                  "PERIOD_ALL_TIME": "all"}[delta["period"]]
        self._add("patients", place, period, first_day(period, delta["day"]), CLASSES.get(delta["visit_class"], "all"),
                  delta["patients"])

    def number(self, text):
        """"city day 0703", "weidu-01 year visits", "411024 month 07 inpatient", "city all"; patients if not said."""
        words = text.split()
        place, period, words = words[0], words[1], words[2:]
        first = {"day": "2026-", "month": "2026-", "year": "2026", "all": ""}[period]
        if period in ("day", "month"):
            first += words[0] if period == "month" else f"{words[0][:2]}-{words[0][2:]}"
            words = words[1:]
        measure, cls = "patients", "all"
        for word in words:
            if word in CLASSES.values():
                cls = word
            else:
                measure = word
        return self.numbers.get((measure, place, period, first, cls), 0)
