"""Damages a receipt or an export in every way that a liar or an accident could, and looks that the verifier says so:

    receipts.py RECEIPT EXPORT OTHER-EXPORT

RECEIPT and EXPORT fit each other; OTHER-EXPORT is of another registry. Each damage has its own sentence."""
import base64
import copy
import json
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "proto" / "examples"))

import verify_receipt  # noqa: E402


def read(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def chain_again(export):
    """What a liar does who knows how the chain is made: all of it anew."""
    chain = bytes(32)
    maker = verify_receipt.Export.next_chain
    for seq, row in enumerate(export[1:-1], 1):
        row["seq"] = seq
        row["prev"] = min(row["prev"], seq - 1)
        chain = maker(None, chain, row)
        row["chain"] = chain.hex()
        row.pop("body")
    export[-1]["end"] = {"head": len(export) - 2, "chain": chain.hex()}


def row_of(export, seq):
    return next(row for row in export[1:-1] if row["seq"] == seq)


# --- One function a damage: changes the lines of the receipt and of the export ----------------------------------------


def event_missing(receipt, export):
    del receipt[2]


def event_missing_and_counted_out(receipt, export):
    event = receipt.pop(2)
    receipt[-1]["end"]["events"] -= 1
    receipt[-1]["end"]["value"] -= event["delta"]


def foreign_event(receipt, export):
    seqs = {event["seq"] for event in receipt[1:-1]}
    seq = next(row["seq"] for row in export[1:-1] if row["seq"] not in seqs and row["public"])
    receipt.insert(1, {"seq": seq, "at": "2020-01-01T00:00:00+08:00", "type": "visit_appeared", "delta": 1})
    receipt[1:-1] = sorted(receipt[1:-1], key=lambda event: event["seq"])


def event_twice(receipt, export):
    receipt.insert(2, copy.deepcopy(receipt[1]))


def event_behind_the_root(receipt, export):
    receipt.insert(-1, {**receipt[1], "seq": receipt[0]["receipt"]["source"]["up_to"] + 1})


def other_change(receipt, export):
    receipt[1]["delta"] += 1


def other_time(receipt, export):
    receipt[1]["at"] = "2019-01-01T00:00:00.000+08:00"


def other_type(receipt, export):
    receipt[1]["type"] = "visit_left" if receipt[1]["type"] != "visit_left" else "visit_appeared"


def other_value(receipt, export):
    receipt[-1]["end"]["value"] += 1


def other_count(receipt, export):
    receipt[-1]["end"]["events"] += 1


def other_root(receipt, export):
    receipt[0]["receipt"]["source"]["chain"] = "00" * 32


def other_epoch(receipt, export):
    receipt[0]["receipt"]["source"]["epoch"] = "00" * 16


def other_period(receipt, export):
    receipt[0]["receipt"]["period"] = "2020-09"


def other_region(receipt, export):
    receipt[0]["receipt"]["region"] = 411024


def other_metric(receipt, export):
    receipt[0]["receipt"]["metric"] = "visits.one_card_visits"


def unknown_metric(receipt, export):
    receipt[0]["receipt"]["metric"] = "visits.nothing"


def receipt_cut(receipt, export):
    del receipt[-1]


def receipt_goes_on(receipt, export):
    receipt.append(receipt[1])


def receipt_of_the_future(receipt, export):
    receipt[0]["receipt"]["source"]["up_to"] = len(export) + 5


def receipt_is_no_receipt(receipt, export):
    receipt[0] = {"receipt": ["no"]}


def public_changed(receipt, export):
    row = row_of(export, receipt[1]["seq"])
    body = bytearray(base64.b64decode(row["public"]))
    body[-1] ^= 1
    row["public"] = base64.b64encode(body).decode()


def public_no_base64(receipt, export):
    row_of(export, receipt[1]["seq"])["public"] += "!"


def private_changed(receipt, export):
    row_of(export, receipt[1]["seq"])["private"] = "11" * 32


def time_changed(receipt, export):
    row_of(export, receipt[1]["seq"])["at_ms"] += 1


def chain_changed(receipt, export):
    row_of(export, receipt[1]["seq"])["chain"] = "22" * 32


def row_removed(receipt, export):
    export.remove(row_of(export, receipt[1]["seq"]))


def row_put_in(receipt, export):
    row = row_of(export, receipt[1]["seq"])
    export.insert(export.index(row), copy.deepcopy(row))


def rows_swapped(receipt, export):
    at = export.index(row_of(export, receipt[1]["seq"]))
    export[at], export[at + 1] = export[at + 1], export[at]


def row_removed_and_chained_again(receipt, export):
    row_removed(receipt, export)
    chain_again(export)


def row_put_in_and_chained_again(receipt, export):
    row_put_in(receipt, export)
    chain_again(export)


def export_cut(receipt, export):
    del export[-40:]


def export_cut_and_ended(receipt, export):
    del export[-40:-1]
    export[-1]["end"] = {"head": export[-2]["seq"], "chain": export[-2]["chain"]}


def export_begins_later(receipt, export):
    export[0]["log"].update(after=1, chain=export[1]["chain"])
    del export[1]


def export_end_changed(receipt, export):
    export[-1]["end"]["head"] += 1


def export_goes_on(receipt, export):
    export.append(export[1])


# damage: what has to be said
DAMAGES = {
    event_missing: "is missing in the receipt",
    event_missing_and_counted_out: "is missing in the receipt",
    foreign_event: "is not part of this number",
    event_twice: "is not behind",
    event_behind_the_root: "behind the number",
    other_change: "counts +1, the receipt says +2",
    other_time: "was not at 2019",
    other_type: "the receipt says visit_",
    other_value: "the receipt says",
    other_count: "events make it up, the receipt says",
    other_root: "the chain root of number",
    other_epoch: "of another log",
    other_period: "is not part of this number",
    other_region: "is not part of this number",
    other_metric: "is not part of this number",
    unknown_metric: "does not know how to count",
    receipt_cut: "has no end",
    receipt_goes_on: "something stands behind its end",
    receipt_of_the_future: "the receipt goes up to",
    receipt_is_no_receipt: "not an object",
    public_changed: "the hash chain breaks there",
    public_no_base64: "a value that no row can have",
    private_changed: "the hash chain breaks there",
    time_changed: "the hash chain breaks there",
    chain_changed: "the hash chain breaks there",
    row_removed: "the hash chain breaks there",
    row_put_in: "the hash chain breaks there",
    rows_swapped: "the hash chain breaks there",
    row_removed_and_chained_again: "the chain root of number",
    row_put_in_and_chained_again: "the chain root of number",
    export_cut: "has no end",
    export_cut_and_ended: "the export ends at number",
    export_begins_later: "it begins behind number 1",
    export_end_changed: "its end does not fit",
    export_goes_on: "something stands behind its end",
}


def main():
    receipt, export, other = read(sys.argv[1]), read(sys.argv[2]), sys.argv[3]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = pathlib.Path(folder, "receipt"), pathlib.Path(folder, "export")

        def expect(name, wanted, files):
            wrong = verify_receipt.verify(*files)[1]
            if (wanted == "") != (not wrong) or not any(wanted in sentence for sentence in wrong or [""]):
                print(f"{name}: '{wanted}' was not said, but: {wrong}")
                return 1
            return 0

        bad += expect("undamaged", "", (sys.argv[1], sys.argv[2]))
        bad += expect("another registry's export", "the export is of", (sys.argv[1], other))
        bad += expect("a file that is none", "No such file", (sys.argv[1], folder + "/none"))
        paths[1].write_bytes(b"\xff\xfe")
        bad += expect("a file that is no text", "not a file of JSON objects", (sys.argv[1], paths[1]))
        for damage, wanted in DAMAGES.items():
            lines = copy.deepcopy(receipt), copy.deepcopy(export)
            damage(*lines)
            for path, changed in zip(paths, lines):
                write(path, changed)
            bad += expect(damage.__name__, wanted, paths)
    print(f"{len(DAMAGES) + 3} kinds of damage, {bad} not told")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
