#!/usr/bin/python3
"""Checks the receipt of a figure against an export of the log that it was counted from, and trusts neither:

    lianchengctl explain visits.patients_month --period 2020-03 --region 411000 --json > receipt.jsonl
    lianchengctl export visits.conf > export.jsonl
    verify_receipt.py receipt.jsonl export.jsonl

Recomputes the hash chain of the export from its first row and compares the root with the receipt's; recounts the figure
from the public bodies with the few lines below, and compares event by event. Exit code 0 when exactly the events of the
receipt make up its number, 1 with what is wrong when not.

Needs protobuf and protoc (Debian: python3-protobuf, protobuf-compiler), and ../ for the contract. That the root is the
one the registry really had on the day is a matter of where you got it: keep roots that were printed."""
import argparse
import base64
import datetime
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

FORMAT = 1  # of receipts and of exports
CITY = 411000
NO_HASH = bytes(32)
WRONG_MAX = 10  # as many things are told
PROTO = pathlib.Path(__file__).resolve().parent.parent


def load_messages():
    """Compiles the contract into a temporary folder that lives as long as the program, and makes it importable."""
    folder = tempfile.TemporaryDirectory()
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    subprocess.run(["protoc", f"--python_out={folder.name}", f"-I{PROTO}", *files], check=True)
    for top in {file.split("/")[0] for file in files}:
        pathlib.Path(folder.name, top, "__init__.py").touch()
    sys.path.insert(0, folder.name)
    return folder


_messages = load_messages()

from google.protobuf.message import DecodeError  # noqa: E402
from approvals.v1 import commands_pb2 as approvals, events_pb2 as approvals_events  # noqa: E402
from issues.v1 import commands_pb2 as issues, events_pb2 as issues_events  # noqa: E402
from visits.v1 import events_pb2 as visits  # noqa: E402

# --- Days: numbers from 1970-01-01 ------------------------------------------------------------------------------------

EPOCH = datetime.date(1970, 1, 1)
CHINA = datetime.timezone(datetime.timedelta(hours=8))


def number_of(date):
    return (date - EPOCH).days


def days_of(period):
    """First and last day of "2020", "2020-03" or "2020-03-05"; "all" is None, None."""
    if period == "all":
        return None, None
    parts = [int(part) for part in period.split("-")]
    first = datetime.date(*parts, *[1] * (3 - len(parts)))
    if len(parts) == 3:
        return number_of(first), number_of(first)
    months = 12 if len(parts) == 1 else 1
    after = first.year * 12 + first.month - 1 + months
    return number_of(first), number_of(datetime.date(after // 12, after % 12 + 1, 1)) - 1


def start_of(day, period):
    """First day of the day, month or year (1, 2, 3 as in the contract) that holds a day; 0 for all time (4)."""
    date = EPOCH + datetime.timedelta(days=day)
    return [day, number_of(date.replace(day=1)), number_of(date.replace(month=1, day=1)), 0][period - 1]


# --- What an event adds: (region, organisation, day, category, change) of each count that it touches ------------------
# One function a metric, from its definition (docs/metrics.md) and the comments of ../*/v1/events.proto.


def visits_in(event):
    """The visits of an event, with +1 when they appear and -1 when they leave."""
    kind = event.WhichOneof("body")
    if kind == "visit_changed":
        return [(event.visit_changed.before, -1), (event.visit_changed.after, +1)]
    if kind in ("visit_appeared", "visit_left"):
        return [(getattr(event, kind), +1 if kind == "visit_appeared" else -1)]
    return []


CLASSES = {1: "inpatient", 2: "outpatient", 3: "emergency"}


def visits_counted(counts):
    def changes(event):
        for visit, sign in visits_in(event):
            if counts(visit):
                yield visit.region, visit.facility, visit.day, CLASSES.get(visit.visit_class, "other"), sign

    return changes


def place_of(scope, region, facility):
    """Patients are counted apart for the city (0), each county (1) and each facility (2)."""
    return [(CITY, ""), (region, ""), (region, facility)][scope]


def patients_counted(period):
    """Distinct persons: by the edge bits of a visit, 8 * scope + 2 * (period - 1) + group, and by corrections."""

    def changes(event):
        for visit, sign in visits_in(event):
            own_class = CLASSES.get(visit.visit_class)
            for scope in range(3):
                for category in ["all"] + [own_class] * (own_class is not None):
                    if visit.edge >> (8 * scope + 2 * (period - 1) + (category != "all")) & 1:
                        place = place_of(scope, visit.region, visit.facility)
                        yield *place, start_of(visit.day, period), category, sign
        for delta in event.patients_corrected.deltas:
            if delta.period == period:
                place = place_of(delta.scope - 1, delta.region, delta.facility)
                day = start_of(delta.day, period)
                yield *place, day, CLASSES.get(delta.visit_class, "all"), delta.patients

    return changes


POWERS = "licence penalty coercion levy benefit inspection confirmation reward adjudication other_power"
ITEM_TYPES = {**dict(enumerate(POWERS.split(), 1)), 20: "public_service"}


def cases_counted(counts):
    def changes(event):
        moved = event.case_moved
        if event.WhichOneof("body") == "case_moved" and counts(moved):
            facts = moved.facts
            yield facts.region, facts.agency, moved.day, ITEM_TYPES.get(facts.type, "other_type"), +1

    return changes


def received(moved):
    return moved.step == approvals.CASE_STEP_RECEIVED


def approved(moved):
    steps = (approvals.CASE_STEP_APPROVED, approvals.CASE_STEP_APPROVED_WITH_DEFICIENCY)
    return moved.step in steps and moved.after == approvals_events.CASE_STATE_DECIDED


def refused(moved):
    return moved.step == approvals.CASE_STEP_REFUSED and moved.after == approvals_events.CASE_STATE_DECIDED


def on_time(moved):
    return (approved(moved) or refused(moved)) and moved.closing.on_time


def items_in_force(event):
    changed = event.item_changed
    for name, sign in (("before", -1), ("after", +1)):
        if event.WhichOneof("body") == "item_changed" and changed.HasField(name):
            item = getattr(changed, name)
            yield item.region, item.agency, changed.day, ITEM_TYPES.get(item.type, "other_type"), sign


def issues_counted(*steps):
    """Of the cohort: on the day on which the issue was registered, whenever the step was."""

    def changes(event):
        facts = event.issue_moved.facts
        if event.WhichOneof("body") == "issue_moved" and event.issue_moved.step in steps:
            yield facts.region, "", facts.registered_day, "all", +1

    return changes


CLUE_KINDS = {1: "clue_occupy", 2: "clue_mine", 3: "clue_dump", 4: "clue_build"}


def clues_counted(*steps):
    """Of the cohort: on the day on which the clue was transferred."""

    def changes(event):
        facts = event.clue_moved.facts
        if event.WhichOneof("body") == "clue_moved" and event.clue_moved.step in steps:
            yield facts.region, "", facts.transferred_day, CLUE_KINDS.get(facts.kind, ""), +1

    return changes


FLOW, STOCK, DISTINCT = "flow", "stock", "distinct"
EVENTS = {"visits": visits.Event, "approvals": approvals_events.Event, "issues": issues_events.Event}
METRICS = {
    # metric: (registry, how days become a period, what an event changes). A new metric is one row here.
    "visits.visits": ("visits", FLOW, visits_counted(lambda visit: True)),
    "visits.one_card_visits": ("visits", FLOW, visits_counted(lambda visit: visit.one_card)),
    "visits.patients_day": ("visits", DISTINCT, patients_counted(1)),
    "visits.patients_month": ("visits", DISTINCT, patients_counted(2)),
    "visits.patients_year": ("visits", DISTINCT, patients_counted(3)),
    "approvals.items": ("approvals", STOCK, items_in_force),
    "approvals.cases_received": ("approvals", FLOW, cases_counted(received)),
    "approvals.cases_approved": ("approvals", FLOW, cases_counted(approved)),
    "approvals.cases_on_time": ("approvals", FLOW, cases_counted(on_time)),
    "issues.registered": ("issues", FLOW, issues_counted(issues.ISSUE_STEP_REGISTERED)),
    "issues.resolved": ("issues", FLOW, issues_counted(issues.ISSUE_STEP_RESOLVED, issues.ISSUE_STEP_SILENT)),
    "clues.transferred": ("issues", FLOW, clues_counted(issues.CLUE_STEP_TRANSFERRED)),
    "clues.filed": ("issues", FLOW, clues_counted(issues.CLUE_STEP_FILED)),
}

# --- The two files ----------------------------------------------------------------------------------------------------


class Wrong(Exception):
    """The check ends here: the rest has no meaning."""


def lines_of(path):
    """(number, object) of each line of a file of JSON objects."""
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise ValueError
                yield number, value
    except ValueError:
        raise Wrong(f"{path}: not a file of JSON objects, one a line") from None


def nothing_behind(path, lines):
    if next(lines, None) is not None:
        raise Wrong(f"{path}: something stands behind its end")


def part_of(path, number, value, names):
    """The object, when its members are what `names` says: a type, or a number of bytes in hex."""
    if not isinstance(value, dict):
        raise Wrong(f"{path}:{number}: not an object")
    for name, kind in names.items():
        member = value.get(name)
        if isinstance(kind, int):
            if not isinstance(member, str) or len(member) != 2 * kind or set(member) - set("0123456789abcdef"):
                raise Wrong(f"{path}:{number}: {name} is not {kind} bytes in hex")
        elif not isinstance(member, kind) or isinstance(member, bool):
            raise Wrong(f"{path}:{number}: {name} is missing or not what it should be")
    return value


class Receipt:
    """The head at once; events one by one, then `end`."""

    def __init__(self, path):
        self.path, self.end = path, None
        self.lines = lines_of(path)
        number, first = next(self.lines, (1, {}))
        names = {"format": int, "metric": str, "region": int, "period": str, "organisation": str, "category": str}
        self.head = part_of(path, number, first.get("receipt"), {**names, "source": dict})
        if self.head["format"] != FORMAT:
            raise Wrong(f"{path}: a receipt of format {self.head['format']}, this program knows {FORMAT}")
        self.source = part_of(path, number, self.head["source"], {"kind": str, "epoch": 16, "up_to": int, "chain": 32})

    def events(self):
        last = 0
        for number, value in self.lines:
            if "end" in value:
                self.end = part_of(self.path, number, value["end"], {"events": int, "value": int})
                nothing_behind(self.path, self.lines)
                return
            event = part_of(self.path, number, value, {"seq": int, "at": str, "type": str, "delta": int})
            if event["seq"] <= last:
                raise Wrong(f"{self.path}:{number}: number {event['seq']} is not behind {last}")
            last = event["seq"]
            yield event
        raise Wrong(f"{self.path}: it has no end: a part of the receipt is missing")


class Export:
    """Rows in order, each with its chain hash recomputed."""

    ROW = {"seq": int, "prev": int, "command": 16, "at_ms": int, "type": int, "private": 32, "public": str, "chain": 32}

    def __init__(self, path):
        self.path = path
        self.lines = lines_of(path)
        number, first = next(self.lines, (1, {}))
        names = {"format": int, "service": str, "epoch": 16, "after": int, "chain": 32}
        self.head = part_of(path, number, first.get("log"), names)
        if self.head["format"] != FORMAT:
            raise Wrong(f"{path}: an export of format {self.head['format']}, this program knows {FORMAT}")
        if self.head["after"] != 0 or bytes.fromhex(self.head["chain"]) != NO_HASH:
            raise Wrong(f"{path}: it begins behind number {self.head['after']}: one counts from the first event on")

    def rows(self):
        last, chain = 0, NO_HASH
        for number, value in self.lines:
            if "end" in value:
                end = part_of(self.path, number, value["end"], {"head": int, "chain": 32})
                if end["head"] != last or bytes.fromhex(end["chain"]) != chain:
                    raise Wrong(f"{self.path}: its end does not fit: it says {end['head']}, the rows end at {last}")
                nothing_behind(self.path, self.lines)
                return
            row = part_of(self.path, number, value, self.ROW)
            chain = self.next_chain(chain, row)
            if row["seq"] != last + 1 or bytes.fromhex(row["chain"]) != chain:
                raise Wrong(f"row {last + 1} was changed, removed or put in: the hash chain breaks there")
            last = row["seq"]
            row["hash"] = chain
            yield row
        raise Wrong(f"{self.path}: it has no end: rows are missing behind {last}")

    def next_chain(self, before, row):
        """BLAKE2b-256 of what common/journal/chain.h lists, integers little endian."""
        try:
            row["body"] = base64.b64decode(row["public"], validate=True)
            integers = [
                row["seq"].to_bytes(8, "little"),
                row["prev"].to_bytes(8, "little"),
                bytes.fromhex(row["command"]),
                row["at_ms"].to_bytes(8, "little", signed=True),
                row["type"].to_bytes(4, "little"),
                bytes.fromhex(row["private"]),
                len(row["body"]).to_bytes(4, "little"),
            ]
        except (ValueError, OverflowError):
            raise Wrong(f"row {row['seq']} has a value that no row can have") from None
        return hashlib.blake2b(b"".join([before, *integers, row["body"]]), digest_size=32).digest()


# --- The figure -------------------------------------------------------------------------------------------------------


class Figure:
    """What the receipt says it is about, counted anew."""

    def __init__(self, head):
        if head["metric"] not in METRICS:
            raise Wrong(f"this program does not know how to count {head['metric']}: only {', '.join(sorted(METRICS))}")
        self.kind, self.how, self.changes = METRICS[head["metric"]]
        if head["source"]["kind"] != self.kind:
            raise Wrong(f"{head['metric']} is counted from {self.kind}, the receipt is of {head['source']['kind']}")
        self.message = EVENTS[self.kind]
        self.region, self.organisation, self.category = head["region"], head["organisation"], head["category"]
        try:
            self.first, self.last = days_of(head["period"])
        except (ValueError, TypeError):
            raise Wrong(f"{head['period']} is no period") from None
        lengths = {"visits.patients_day": 10, "visits.patients_month": 7, "visits.patients_year": 4}
        if self.how == DISTINCT and len(head["period"]) != lengths[head["metric"]]:
            raise Wrong(f"{head['metric']} has no number of {head['period']}: distinct persons do not add up")

    def has_day(self, day):
        if self.how == DISTINCT:
            return day == self.first
        if self.first is None:
            return True
        return day <= self.last and (self.how == STOCK or day >= self.first)

    def has_place(self, region, organisation):
        if self.how == DISTINCT and not self.organisation:
            return (region, organisation) == (self.region, "")
        return self.region in (CITY, region) and self.organisation in ("", organisation)

    def has_category(self, category):
        return category == self.category or (self.category == "all" and self.how != DISTINCT)

    def change(self, event):
        """What an event adds to the figure."""
        return sum(
            change
            for region, organisation, day, category, change in self.changes(event)
            if self.has_day(day) and self.has_place(region, organisation) and self.has_category(category)
        )


class Check:
    def __init__(self, receipt, export):
        self.receipt, self.export = receipt, export
        self.figure = Figure(receipt.head)
        self.events, self.value, self.wrong, self.wrong_count = 0, 0, [], 0

    def say(self, sentence):
        self.wrong_count += 1
        if len(self.wrong) < WRONG_MAX:
            self.wrong.append(sentence)

    def compare(self, row, event, claimed):
        """The change that a row really makes with what the receipt says of it (None: nothing)."""
        change = self.figure.change(event)
        self.value += change
        self.events += change != 0
        if claimed is None:
            if change != 0:
                self.say(f"event {row['seq']} ({change:+d}) is missing in the receipt")
            return
        if change == 0:
            self.say(f"event {row['seq']} is in the receipt, but it is not part of this number")
        elif change != claimed["delta"]:
            self.say(f"event {row['seq']} counts {change:+d}, the receipt says {claimed['delta']:+d}")
        if event.WhichOneof("body") != claimed["type"]:
            self.say(f"event {row['seq']} is a {event.WhichOneof('body')}, the receipt says {claimed['type']}")
        if milliseconds_of(claimed["at"]) != row["at_ms"]:
            self.say(f"event {row['seq']} was not at {claimed['at']}")

    def count(self):
        """All rows up to the receipt's number; then the rest of the export, which has to be whole too."""
        up_to, events = self.receipt.source["up_to"], self.receipt.events()
        claimed, last, root = next(events, None), 0, NO_HASH
        for row in self.export.rows():
            if row["seq"] > up_to:
                continue
            last, root = row["seq"], row["hash"]
            is_claimed = claimed is not None and claimed["seq"] == row["seq"]
            if row["body"]:
                self.compare(row, parsed(self.figure.message, row["body"]), claimed if is_claimed else None)
            elif is_claimed:
                self.say(f"event {row['seq']} is in the receipt, but the row says nothing to the outside")
            if is_claimed:
                claimed = next(events, None)
        while claimed is not None:
            self.say(f"event {claimed['seq']} is in the receipt, but behind the number {up_to} that it goes up to")
            claimed = next(events, None)
        if last != up_to:
            raise Wrong(f"the export ends at number {last}, the receipt goes up to {up_to}")
        claimed_root = self.receipt.source["chain"]
        if root.hex() != claimed_root:
            self.wrong_count += 1  # told before all else: the receipt is about other rows
            self.wrong.insert(0, f"the chain root of number {up_to} is {root.hex()}, the receipt says {claimed_root}")

    def run(self):
        if self.export.head["service"] != self.receipt.source["kind"]:
            raise Wrong(f"the export is of {self.export.head['service']}, the receipt of {self.receipt.source['kind']}")
        if self.export.head["epoch"] != self.receipt.source["epoch"]:
            raise Wrong("the export is of another log: its epoch is not the receipt's")
        self.count()
        end = self.receipt.end
        if end["value"] != self.value:
            self.say(f"the number is {self.value:,}, the receipt says {end['value']:,}")
        if end["events"] != self.events:
            self.say(f"{self.events:,} events make it up, the receipt says {end['events']:,}")


def parsed(message, body):
    """Events of a later contract count nothing here."""
    try:
        return message.FromString(body)
    except DecodeError:
        return message()


def milliseconds_of(text):
    try:
        moment = datetime.datetime.fromisoformat(text)
        moment = moment.astimezone(CHINA)
    except (ValueError, OverflowError):
        return None
    return round((moment - datetime.datetime(1970, 1, 1, 8, tzinfo=CHINA)) / datetime.timedelta(milliseconds=1))


def verify(receipt, export):
    """The check of two files, and the sentences that say what is wrong; none: nothing."""
    try:
        check = Check(Receipt(receipt), Export(export))
        check.run()
    except (Wrong, OSError) as problem:
        return None, [str(problem)]
    more = check.wrong_count - len(check.wrong)
    return check, check.wrong + ([f"and {more:,} more"] if more else [])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("receipt", help="of lianchengctl explain --json")
    arguments.add_argument("export", help="of lianchengctl export")
    options = arguments.parse_args()
    check, wrong = verify(options.receipt, options.export)
    for sentence in wrong:
        print(f"WRONG: {sentence}", file=sys.stderr)
    if wrong:
        return 1
    head = check.receipt.head
    source = head["source"]
    print(
        f"RIGHT: {head['metric']} of {head['organisation'] or head['region']} in {head['period']} is {check.value:,}: "
        f"exactly the {check.events:,} events of the receipt, out of {source['up_to']:,} rows under the root "
        f"{source['chain']}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
