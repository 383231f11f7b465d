#!/usr/bin/python3
"""Publishes the visits of a CSV file as a hospital does:

    publisher.py --endpoint tcp://127.0.0.1:7101 --key HOSPITAL.key --server-key visits.pub visits.csv

Columns: visit_number, resident_id, local_id, card_kind, visit_class, opened_at (ISO 8601 with its offset). Prints one
line for each refused visit or warning, then the counts. Exit code 0 when no visit was refused, 1 when some were."""
import argparse
import csv
import datetime
import sys
import time

import liancheng

from common.v1 import problem_pb2, submit_pb2  # noqa: I100
from visits.v1 import commands_pb2

COMMANDS_PER_SUBMIT = 500
IN_FLIGHT = 8  # Submits sent and not yet answered
RESEND_S = 5
RETRY_LATER = {problem_pb2.CODE_UNAVAILABLE, problem_pb2.CODE_EXHAUSTED}


def command_of(row):
    opened_at = datetime.datetime.fromisoformat(row["opened_at"])
    visit = commands_pb2.OpenVisit(
        visit_number=row["visit_number"],
        resident_id=row["resident_id"],
        local_id=row["local_id"],
        card_kind="CARD_KIND_" + row["card_kind"].upper(),
        visit_class="VISIT_CLASS_" + row["visit_class"].upper(),
    )
    return submit_pb2.Command(
        id=liancheng.uuid7(),
        occurred_at_ms=round(opened_at.timestamp() * 1000),
        body=commands_pb2.Command(open_visit=visit).SerializeToString(),
    )


def submits_of(rows):
    """(Submit, its rows), at most COMMANDS_PER_SUBMIT each."""
    for begin in range(0, len(rows), COMMANDS_PER_SUBMIT):
        part = rows[begin : begin + COMMANDS_PER_SUBMIT]
        yield submit_pb2.Submit(commands=[command_of(row) for row in part]), part


class Publisher:
    def __init__(self, connection):
        self.connection = connection
        self.open = {}  # number of the request: (Submit, its rows), in the order sent
        self.counts = {"accepted": 0, "duplicate": 0, "refused": 0, "warning": 0}

    def send(self, submit, rows):
        """Names the Submit sent before: should that one be lost with its connection, this one is refused, not reordered."""
        submit.after = next(reversed(self.open), 0)
        self.open[self.connection.send(submit=submit)] = (submit, rows)

    def send_all_again(self):
        """The same Submits with the same command ids: what was decided before is answered as a duplicate, and nothing
        happens twice."""
        again, self.open = self.open, {}
        for submit, rows in again.values():
            self.send(submit, rows)

    def take_reply(self):
        """Waits for one reply. Silence means that the daemon, or the network, is away."""
        reply = self.connection.receive(RESEND_S)
        if reply is None:
            self.send_all_again()
        elif reply.request not in self.open:
            return  # to a Submit that was sent again since
        elif reply.WhichOneof("body") == "receipts":
            self.count(reply.receipts.receipts, self.open.pop(reply.request)[1])
        elif reply.problem.code == problem_pb2.CODE_OUT_OF_ORDER:
            self.send_all_again()
        elif reply.problem.code in RETRY_LATER:
            time.sleep(1)
            self.send_all_again()
        else:
            raise liancheng.Refused(reply.problem)

    def count(self, receipts, rows):
        for receipt, row in zip(receipts, rows):
            refused = receipt.result == submit_pb2.RESULT_REFUSED
            duplicate = receipt.result == submit_pb2.RESULT_DUPLICATE
            self.counts["refused" if refused else "duplicate" if duplicate else "accepted"] += 1
            if receipt.problem.code:
                self.counts["warning"] += not refused
                word = "refused" if refused else "warning"
                problem = receipt.problem
                print(f"{word}: visit {row['visit_number']}: {problem.code} {problem.field}: {problem.message}")

    def publish(self, rows):
        for submit, part in submits_of(rows):
            while len(self.open) >= IN_FLIGHT:
                self.take_reply()
            self.send(submit, part)
        while self.open:
            self.take_reply()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--endpoint", required=True)
    arguments.add_argument("--key", required=True, help="the hospital's own key file")
    arguments.add_argument("--server-key", required=True, help="the registry's public key file")
    arguments.add_argument("file", help="the CSV file, - for standard input")
    options = arguments.parse_args()
    with open(0 if options.file == "-" else options.file, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    publisher = Publisher(liancheng.Connection(options.endpoint, options.key, options.server_key))
    try:
        publisher.publish(rows)
    except liancheng.Refused as refused:
        sys.exit(f"the registry refuses this publisher: {refused}")
    print(" ".join(f"{word}={count}" for word, count in publisher.counts.items()))
    return 1 if publisher.counts["refused"] else 0


if __name__ == "__main__":
    sys.exit(main())
