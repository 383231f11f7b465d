#!/usr/bin/python3
"""Reports a case of government service step by step as an agency's system does, then asks why it is due when it is:

    approvals.py --endpoint tcp://127.0.0.1:7102 --key AGENCY.key --server-key approvals.pub ITEM CASE
    approvals.py ... ITEM CASE --at 2020-01-22T09:30+08:00

ITEM is the code of an item of the catalogue, CASE a new case number. Prints the steps, the due days of both clocks, and the
page for the applicant. Exit code 0 when every step was taken, 1 when one was refused."""
import argparse
import datetime
import sys

import liancheng

from approvals.v1 import commands_pb2, query_pb2  # noqa: I100
from common.v1 import office_pb2, query_pb2 as common_query_pb2, submit_pb2

MINUTE = datetime.timedelta(minutes=1)
DAY_0 = datetime.date(1970, 1, 1)


class Agency:
    def __init__(self, connection):
        self.connection = connection

    def report(self, at, expected_version=0, **report):
        """One step of one case; a Refused says why it may not be. Sent again after silence it keeps its id, and happens once."""
        command = submit_pb2.Command(
            id=liancheng.uuid7(),
            occurred_at_ms=round(at.timestamp() * 1000),
            expected_version=expected_version,
            body=commands_pb2.Command(report_case=commands_pb2.ReportCase(**report)).SerializeToString(),
        )
        reply = self.connection.call(submit=submit_pb2.Submit(commands=[command]))
        receipt = reply.receipts.receipts[0]
        if receipt.result == submit_pb2.RESULT_REFUSED:
            raise liancheng.Refused(receipt.problem)

    def ask(self, **body):
        query = common_query_pb2.Query(body=query_pb2.Query(**body).SerializeToString())
        return query_pb2.Answer.FromString(self.connection.call(query=query).answer.body)

    def case(self, number):
        return self.ask(get_case=query_pb2.GetCase(case_number=number)).case

    def move(self, at, number, step, actor):
        """As an officer's program does: the version of the case that it showed goes along, so that of two officers who act at
        once only the first one's step is taken, and the other reads again."""
        shown = self.case(number)
        self.report(at, shown.version, case_number=number, step=step, actor=actor)


def date_of(day):
    return (DAY_0 + datetime.timedelta(days=day)).isoformat() if day else "-"


def work_on(agency, item, number, at):
    """Received from a company at the window, accepted, and begun."""
    submission = commands_pb2.Submission(
        item_code=item,
        channel=commands_pb2.CHANNEL_WINDOW,
        client=commands_pb2.CLIENT_KIND_COMPANY,
        credit_code="91411000MA0000007P",  # made up; checked by the registry, and not kept
    )
    agency.report(
        at, case_number=number, step=commands_pb2.CASE_STEP_RECEIVED, actor=office_pb2.ACTOR_CLERK, submission=submission
    )
    print(f"received {at.isoformat()}")
    for minutes, step, actor, word in (
        (20, commands_pb2.CASE_STEP_ACCEPTED, office_pb2.ACTOR_CLERK, "accepted"),
        (45, commands_pb2.CASE_STEP_DEPARTMENT_STARTED, office_pb2.ACTOR_HANDLER, "started"),
    ):
        agency.move(at + minutes * MINUTE, number, step, actor)
        print(f"{word} {(at + minutes * MINUTE).isoformat()}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--endpoint", required=True)
    arguments.add_argument("--key", required=True, help="the agency's own key file")
    arguments.add_argument("--server-key", required=True, help="the registry's public key file")
    arguments.add_argument("--at", default="", help="when it was received (ISO 8601 with its offset); an hour ago")
    arguments.add_argument("--english", action="store_true", help="the page in English")
    arguments.add_argument("item")
    arguments.add_argument("case")
    options = arguments.parse_args()
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).replace(microsecond=0)
    at = datetime.datetime.fromisoformat(options.at) if options.at else now - 60 * MINUTE
    agency = Agency(liancheng.Connection(options.endpoint, options.key, options.server_key))
    try:
        work_on(agency, options.item, options.case, at)
    except liancheng.Refused as refused:
        sys.exit(f"refused: {refused}")
    case = agency.case(options.case)
    explain = query_pb2.ExplainDeadline(case_number=options.case, day=case.promised.due_day)  # day by day until then
    explanation = agency.ask(explain_deadline=explain).explanation
    print(f"due {date_of(case.promised.due_day)} as promised, {date_of(case.statutory.due_day)} by law")
    print(explanation.text_en if options.english else explanation.text_zh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
