"""The canary of test_canary.sh: makes it, sends it down the paths that need more than a shell, checks the answers.

    make SENT                     values, patterns and files under SENT, the folder that is not searched
    gateway CITY PORTS...         writes hl7-gateway.conf: the registry's port, its own three
    protobuf SENT CITY PORT       submits over CURVE: taken, refused, no command at all
    hl7 SENT PORT                 MLLP: taken, refused, unknown, oversized, glued, broken
    answers SENT FILE             the result of an import, without MSA-2
    away SENT PORT                MLLP while the registry is away
    drained CITY                  exit 0 when the gateway has nothing left for the registry
    conformance CITY              what the gateway tells of its feeds
    core FOLDER COMMAND...        starts it, aborts it: "dumped" or "clean"
"""
import json
import os
import pathlib
import resource
import secrets
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/service"))
sys.path.insert(0, str(ROOT / "proto/examples"))
import hl7_harness as hl7  # noqa: E402
from hl7_harness import Adt  # noqa: E402

OVERSIZED = 200 * 1024  # over /limits/frame_bytes as set below


# --- The canary -------------------------------------------------------------------------------------------------------

class Canary:
    """Everything that names one person. Letters and digits that stand nowhere else by chance."""

    def __init__(self, values):
        self.__dict__.update(values)

    @classmethod
    def make(cls):
        word = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
        rid, other = hl7.resident_id(), hl7.resident_id()
        while rid[6:8] != "19" or rid[17] != "X":
            rid = hl7.resident_id()
        return cls({"rid": rid, "other_rid": other, "bad_rid": rid[:17] + "0",
                    "local": f"LQ{word}", "other_local": f"KQ{word}", "visit": f"VQ{word}", "name": f"瑢瓛{word}^鶄",
                    "control": f"MQ{word}", "phone": f"13{secrets.randbelow(10**9):09d}", "address": f"瑢瓛路{word}",
                    "department": ""})

    @classmethod
    def load(cls, sent):
        return cls(json.loads((pathlib.Path(sent) / "canary.json").read_text(encoding="utf-8")))

    def patterns(self):
        """As each may be written: as it is, in the old form, in another charset or case, in hexadecimal."""
        texts = [self.rid, self.rid[:17] + "x", self.rid[:6] + self.rid[8:17], self.rid[:17], self.other_rid,
                 self.local, self.other_local, self.visit, self.name.split("^")[0], self.control, self.phone, self.address]
        found = []
        for text in texts:
            found += [text.encode(), text.lower().encode(), text.encode("gb18030"), text.encode().hex().encode(),
                      text.encode().hex().upper().encode()]
        return list(dict.fromkeys(found))

    def adt(self, trigger, number, suffix="", **fields):
        """Names, telephone and address too: what the gateway has no use for."""
        fields.setdefault("ids", [(self.local + suffix, "MR"), (self.rid, "NI")])
        fields.setdefault("at", "07030900")
        message = Adt(trigger, fields.pop("facility", "W1"), self.visit + suffix, name=self.name, **fields)
        message.control = f"{self.control}-{number}"
        message.extra = [*message.extra, f"NK1|1|{self.name}|||{self.phone}", f"ZXX|{self.rid}|{self.local}"]
        segments = list(message.segments())
        pid = [i for i, s in enumerate(segments) if s.startswith("PID")][0]
        segments[pid] += f"||19700101|M|||{self.address}||{self.phone}"
        message.segments = lambda: iter(segments)
        return message


def make(sent):
    sent = pathlib.Path(sent)
    canary = Canary.make()
    (sent / "canary.json").write_text(json.dumps(canary.__dict__), encoding="utf-8")
    (sent / "patterns").write_bytes(b"".join(p + b"\n" for p in canary.patterns()))
    (sent / "all-forms").write_bytes(b" ".join(canary.patterns()))

    def lines(name, commands):
        text = "".join(json.dumps({"occurred_at": "2026-07-03T09:00:00+08:00", **c}) + "\n" for c in commands)
        (sent / name).write_text(text, encoding="utf-8")

    person = {"resident_id": canary.rid,
              "local_ids": [{"kind": "IDENTIFIER_KIND_MEDICAL_RECORD", "value": canary.local}]}
    other = {"local_ids": [{"kind": "IDENTIFIER_KIND_MEDICAL_RECORD", "value": canary.other_local}]}
    report = {"visit_number": canary.visit + "2", "person": person, "card_kind": "CARD_KIND_SOCIAL_SECURITY",
              "visit_class": "VISIT_CLASS_EMERGENCY", "movement": canary.visit + "M"}
    lines("accepted.jsonl", [
        {"open_visit": {"visit_number": canary.visit, "resident_id": canary.rid, "local_id": canary.local,
                        "card_kind": "CARD_KIND_SOCIAL_SECURITY", "visit_class": "VISIT_CLASS_OUTPATIENT"}},
        {"report_visit": {"statement": "VISIT_STATEMENT_OPENED", **report}},
        {"update_person": {"person": other}},
        {"merge_persons": {"merges": [{"survivor": person, "prior": other}]}},
        {"move_visits": {"moves": [{"visit_number": canary.visit + "2", "new_number": canary.visit + "3"}]}},
        {"cancel_visit": {"visit_number": canary.visit + "4"}},
    ])
    lines("refused.jsonl", [
        {"open_visit": {"visit_number": canary.visit + "5", "resident_id": canary.bad_rid,
                        "card_kind": "CARD_KIND_SOCIAL_SECURITY", "visit_class": "VISIT_CLASS_OUTPATIENT"}},
        {"open_visit": {"visit_number": canary.visit * 8, "resident_id": canary.rid,
                        "card_kind": "CARD_KIND_SOCIAL_SECURITY", "visit_class": "VISIT_CLASS_OUTPATIENT"}},
        {"close_visit": {"visit_number": canary.visit + "unknown"}},
        {"merge_persons": {"merges": [{"survivor": other, "prior": person}], "prior_must_exist": True}},
        {"merge_persons": {"merges": [{"survivor": person, "prior": person}]}},
    ])
    named = {"resident_id": canary.rid}
    card = {"local_ids": [{"kind": "IDENTIFIER_KIND_MEDICAL_RECORD", "value": canary.local, "domain": "weidu-01"}]}
    unknown = {"local_ids": [{"value": canary.local + "unknown", "domain": "weidu-01"}]}
    questions = [{"get_person": {"of": named, "reason": "canary"}}, {"get_person": {"of": card, "reason": "canary"}},
                 {"explain_person": {"first": named, "second": card, "reason": "canary"}},
                 {"list_conflicts": {"with_decided": True}}]
    (sent / "questions").write_text("".join(json.dumps(q) + "\n" for q in questions), encoding="utf-8")
    lines("registrar.jsonl", [
        {"join_persons": {"first": card, "second": {"resident_id": canary.other_rid}, "reason": "canary"}},
        {"separate_persons": {"first": card, "second": named, "reason": "canary"}},
        {"join_persons": {"first": unknown, "second": card, "reason": "canary"}},
    ])
    messages = [canary.adt("A04", "I1", "I1"), canary.adt("A04", "I2", "I2", at="yesterday"),
                canary.adt("ZP1", "I3", "I3")]
    (sent / "import.hl7").write_bytes(b"FHS|^~\\&\rBHS|^~\\&\r" + b"".join(m.encode() for m in messages) +
                                      f"BTS|3|{canary.name}\rFTS|1|{canary.rid}\r".encode())


# --- The gateway ------------------------------------------------------------------------------------------------------

def gateway(city, *numbers):
    ports = dict(zip(("visits", "gateway", "gateway_http", "mllp"), map(int, numbers)))
    text = hl7.gateway_conf(ports, {"W1": "weidu-01"}, registry="    when_away = \"accept\"\n    hold_ms = 1000\n",
                            limits=f"limits\n    frame_bytes = {OVERSIZED // 2}\n")
    pathlib.Path(city, "hl7-gateway.conf").write_text(text, encoding="utf-8")


def without_header(payload, control):
    """An answer without what the standard sends back to the sender of it: MSA-2, and of MSH who sent it to whom, what, in
    which version and charset (3..6, 9, 11, 12, 18)."""
    segments = payload.split(b"\r")
    fields = segments[0].split(payload[3:4])
    for number in (3, 4, 5, 6, 9, 11, 12, 18):
        if number <= len(fields):
            fields[number - 1] = b""
    segments[0] = payload[3:4].join(fields)
    return b"\r".join(s.replace(control, b"") if control and s.startswith(b"MSA") else s for s in segments)


class Path:
    """Sends over MLLP; prints what came back without MSA-2, which has to be MSH-10 byte for byte."""

    def __init__(self, port):
        self.port = int(port)

    def call(self, payload, control, prefix="", frame=None):
        link = hl7.Mllp(self.port)
        if frame is None:
            link.send(payload)
        else:
            link.socket.sendall(frame)
        payload = link.receive()
        link.close()
        if payload is None:
            assert prefix == "", "no answer"
            print("closed")
            return
        answer = hl7.Answer(payload)
        print(without_header(payload, answer.control_id))
        assert answer.control_id == control.encode(), "MSA-2 is not MSH-10"
        assert answer.text.startswith(prefix), answer.text

    def adt(self, message, prefix, encoding="utf-8"):
        self.call(message.encode(encoding), message.control, prefix)


def send_hl7(sent, port):
    c = Canary.load(sent)
    path = Path(port)
    other = {"ids": [(c.other_local, "MR"), (c.other_rid, "NI")]}
    path.adt(c.adt("A04", 1, "H1"), "AA")
    path.adt(c.adt("A04", 2, "H2", cls="E"), "AA")
    path.adt(c.adt("A04", 1, "H1"), "AA")  # the same once more
    path.adt(c.adt("A31", 3, pv1=False), "AA")
    path.adt(c.adt("A40", 4, pv1=False, merge=[(c.other_local, "MR")]), "AA")
    path.adt(c.adt("A40", 5, pv1=False, ids=[(c.other_local, "MR")], merge=[(c.local, "MR")]), "AE 205")
    path.adt(c.adt("A04", 6, "H3", charset="GB18030"), "AA", "gb18030")
    path.adt(c.adt("A04", 7, "H4", **other), "AA")  # two numbers on one card: a conflict
    path.adt(c.adt("A04", 8, "H5", ids=[(c.local, "MR"), (c.rid, "NI"), (c.other_rid, "NI")]), "A")
    # Refused: a time, nobody, an authority, a number that fails, an unknown trigger, version, type, sender.
    path.adt(c.adt("A04", 10, "H6", at=c.local), "AE")
    path.adt(c.adt("A04", 11, "H7", ids=[('""', "MR")]), "AE")
    path.adt(c.adt("A04", 12, "H8", ids=[(c.local, "MR", c.other_local)]), "AE 204")
    path.adt(c.adt("A04", 13, "H9", ids=[(c.bad_rid, "NI")]), "AE")
    path.adt(c.adt("Z99", 14), "AR 201")
    path.adt(c.adt(c.local, 15), "AR 201")
    path.adt(c.adt("A04", 16, version=c.rid), "AR 203")
    path.adt(c.adt("A04", 17, code=c.local), "AR 200")
    path.adt(c.adt("A04", 18, facility=c.local), "A")
    # In the wrong field: a class of visit that is a person, one line for each of the values that would fit.
    for number, wrong in enumerate((c.local, c.visit, c.rid[:6] + c.rid[8:17], c.name.split("^")[0], c.phone)):
        for again in range(7):
            path.adt(c.adt("A08", f"2{number}{again}", f"C{number}", cls=wrong), "A")
        path.adt(c.adt("A04", 30 + number, f"D{number}", charset=wrong), "A")
    # Escapes that decode to other than they look like.
    escaped = c.adt("A04", 40, "H10", ids=[(f"{c.local}\\X31\\\\T\\", "MR")])
    path.adt(escaped, "A")
    # Bytes that are no text in any charset; a header that cannot be read; more than a frame may hold; two in one frame.
    raw = c.adt("A04", 41, "H11", charset="UNICODE UTF-8").encode().replace(c.name.encode(), c.name.encode() + b"\xff\xff\x80")
    path.call(raw, f"{c.control}-41", "AE 102")
    path.call(b"MSH|^^^^|" + c.adt("A04", 42).encode()[9:], "", "AR")
    big = c.adt("A04", 43, "H12", extra=[f"OBX|1|TX|||{c.name}" + "x" * OVERSIZED])
    path.call(None, f"{c.control}-43", "AR", b"\x0b" + big.encode() + b"\x1c\r")
    path.call(c.adt("A04", 44, "H13").encode() + c.adt("A04", 45, "H14").encode(), f"{c.control}-44", "AE")
    path.call(b"FHS|^~\\&\r" + c.adt("A04", 46).encode(), "", "AR")
    # Framing: noise before, a frame cut off by the next, one cut off by the end, a wrong byte behind the end.
    whole = c.adt("A04", 47, "H15")
    noise = f"{c.rid} {c.local}".encode()
    path.call(None, whole.control, "AA", noise + b"\x0b" + c.adt("A04", 48).encode() + b"\x0b" + whole.encode() + b"\x1c\r")
    for frame in (b"\x0b" + c.adt("A04", 49).encode(), b"\x0b" + c.adt("A04", 50, "H16").encode() + b"\x1cX"):
        link = hl7.Mllp(path.port)
        link.socket.sendall(frame)
        link.socket.shutdown(socket.SHUT_WR)
        rest = link.socket.recv(65536)
        assert b"MSA|AA" not in rest
        print(rest.replace(f"{c.control}-49".encode(), b"").replace(f"{c.control}-50".encode(), b""))
        link.close()


def away(sent, port):
    c = Canary.load(sent)
    path = Path(port)
    path.adt(c.adt("A04", 60, "Y1"), "AA")
    path.adt(c.adt("A40", 61, pv1=False, ids=[(c.local + "Y2", "MR")], merge=[(c.local + "Y3", "MR")]), "AA")
    path.adt(c.adt("A40", 62, pv1=False, ids=[(c.local, "MR")], merge=[(c.local, "MR")]), "A")  # refused later


def answers(sent, file):
    """An MSA line carries MSH-10, once, and nothing else of anybody."""
    c = Canary.load(sent)
    seen = 0
    files = [pathlib.Path(file), *pathlib.Path(sent).glob("*.result")]
    for text in (f.read_bytes() for f in files):
        for line in text.replace(b"\r", b"\n").split(b"\n"):
            fields = line.split(b"|")
            if fields[0] == b"MSA" and fields[2].startswith(c.control.encode()):
                seen += 1
                fields[2] = b""
            print(b"|".join(fields))
    assert seen == 3, seen


def drained(city):
    feeds = json.loads(ctl(city, "--json", "query", "hl7-gateway", '{"list_feeds":{}}'))
    print(feeds)
    return 0 if all(int(f.get("waiting", 0)) == 0 for f in feeds["feeds"]["feeds"]) else 1


def conformance(city):
    for query in ('{"get_conformance":{}}', '{"list_feeds":{}}', '{"list_undelivered":{}}'):
        print(ctl(city, "--json", "query", "hl7-gateway", query))
    print(ctl(city, "conformance"))


def ctl(city, *arguments):
    done = subprocess.run([str(hl7.BIN / "lianchengctl"), "--config", f"{city}/ctl.conf", *arguments], check=True,
                          capture_output=True)
    return done.stdout.decode() + done.stderr.decode()


# --- Protobuf ---------------------------------------------------------------------------------------------------------

def protobuf(sent, city, port):
    import liancheng
    from common.v1 import message_pb2, query_pb2, submit_pb2
    from visits.v1 import commands_pb2, query_pb2 as visits_query
    c = Canary.load(sent)
    link = liancheng.Connection(f"tcp://127.0.0.1:{port}", f"{city}/secret/weidu-01.key", f"{city}/public/visits.pub")
    at = 1_783_040_400_000

    def new_id():
        ms = int(time.time() * 1000)
        raw = bytearray(ms.to_bytes(6, "big") + secrets.token_bytes(10))
        raw[6] = 0x70 | raw[6] & 0x0F
        raw[8] = 0x80 | raw[8] & 0x3F
        return bytes(raw)

    def submit(body, organisation="", command_id=None, when=at):
        command = submit_pb2.Command(id=command_id or new_id(), occurred_at_ms=when, body=body)
        number = link.send(submit=submit_pb2.Submit(organisation=organisation, commands=[command]))
        show(number)

    def show(number):
        while (reply := link.receive(120)) is not None:
            if reply.request == number or reply.request == 0:
                print(reply, reply.SerializeToString())
                return
        raise TimeoutError("no reply")

    def opening(**fields):
        fields = {"visit_number": c.visit + "P", "resident_id": c.rid, "local_id": c.local, "card_kind": 1,
                  "visit_class": 2, **fields}
        return commands_pb2.Command(open_visit=commands_pb2.OpenVisit(**fields)).SerializeToString()

    submit(opening())
    submit(opening(visit_number=c.visit + "P2", visit_class=77))
    submit(opening(visit_number=c.visit + "P3", resident_id=c.bad_rid, local_id=""))
    submit(opening(visit_number=c.visit + "P4", resident_id=c.rid + c.rid))
    submit(opening(), organisation=c.local)
    submit(opening(), when=at * 2)
    submit(opening().replace(c.local.encode(), c.local[:-2].encode() + b"\xff\xfe"))
    submit(opening().replace(c.local.encode(), c.local[:-2].encode() + b"\x00x"))
    submit(opening() + c.local.encode())
    submit(c.rid.encode(), command_id=c.rid.encode()[:16])
    query = visits_query.Query(get_visit=visits_query.GetVisit(visit_number=c.visit + "P"))
    show(link.send(query=query_pb2.Query(body=query.SerializeToString())))
    query = visits_query.Query(get_visit=visits_query.GetVisit(facility=c.local, visit_number=c.visit + "none"))
    show(link.send(query=query_pb2.Query(body=query.SerializeToString())))
    query = visits_query.Query(get_person=visits_query.GetPerson(reason=c.name))
    show(link.send(query=query_pb2.Query(body=query.SerializeToString())))
    link.socket.send(c.rid.encode() + c.name.encode())  # no Request at all
    print(link.receive(120))
    del message_pb2


# --- Core files -------------------------------------------------------------------------------------------------------

def core(folder, *command):
    """Whether the kernel writes a core of the program when it is aborted, some time after its start."""
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    before = set(os.listdir(folder))
    with open(os.path.join(os.path.dirname(folder), "log", "core.log"), "ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    if "--config" in command:  # until it has read its keys and opened its store
        while not os.path.exists(f"/proc/{process.pid}/fd") or not has_socket(process.pid):
            assert time.monotonic() < deadline and process.poll() is None, "it does not start"
            time.sleep(0.05)
    os.kill(process.pid, signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = 0
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status
    made = set(os.listdir(folder)) - before
    for name in made:
        os.unlink(os.path.join(folder, name))
    print("dumped" if os.WCOREDUMP(status) or made else "clean")


def has_socket(pid):
    def target(name):
        try:
            return os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            return ""
    return sum(target(n).startswith("socket:") for n in os.listdir(f"/proc/{pid}/fd")) > 0


if __name__ == "__main__":
    WHAT = {"make": make, "gateway": gateway, "protobuf": protobuf, "hl7": send_hl7, "answers": answers, "away": away,
            "drained": drained, "conformance": conformance, "core": core}
    sys.exit(WHAT[sys.argv[1]](*sys.argv[2:]))
