#!/usr/bin/python3
"""Takes one enterprise issue from its registration to its sign-off, as the three who take part do, each with a key of its own:

    issues.py --endpoint tcp://127.0.0.1:7103 --server-key issues.pub --hall clerk.key --office supervisor.key --unit AGENCY.key AGENCY ISSUE
    issues.py ... AGENCY ISSUE --at 2020-01-20T09:30+08:00

The hall registers the issue, and confirms for the enterprise; the service office screens, dispatches and signs off; the unit
AGENCY handles and answers. ISSUE is a new number. Prints the steps, the due day after the dispatch, and how it ended. Exit code
0 when every step was taken, 1 when one was refused."""
import argparse
import datetime
import sys

import liancheng

from common.v1 import office_pb2, query_pb2 as common_query_pb2, submit_pb2  # noqa: I100
from issues.v1 import commands_pb2, events_pb2, query_pb2

DAY_0 = datetime.date(1970, 1, 1)


class Participant:
    """One key: what it reports, and what it may see."""

    def __init__(self, options, key):
        self.connection = liancheng.Connection(options.endpoint, key, options.server_key)

    def report(self, at, expected_version=0, **report):
        """One step of one issue; a Refused says why it may not be. Sent again after silence it keeps its id, and happens once."""
        command = submit_pb2.Command(
            id=liancheng.uuid7(),
            occurred_at_ms=round(at.timestamp() * 1000),
            expected_version=expected_version,
            body=commands_pb2.Command(report_issue=commands_pb2.ReportIssue(**report)).SerializeToString(),
        )
        reply = self.connection.call(submit=submit_pb2.Submit(commands=[command]))
        receipt = reply.receipts.receipts[0]
        if receipt.result == submit_pb2.RESULT_REFUSED:
            raise liancheng.Refused(receipt.problem)

    def issue(self, number):
        query = query_pb2.Query(get_issue=query_pb2.GetIssue(issue_number=number))
        reply = self.connection.call(query=common_query_pb2.Query(body=query.SerializeToString()))
        return query_pb2.Answer.FromString(reply.answer.body).issue

    def move(self, at, number, step, actor, **more):
        """As an officer's program does: the version of the issue that it showed goes along, so that of two officers who act at
        once only the first one's step is taken, and the other reads again."""
        shown = self.issue(number)
        self.report(at, shown.version, issue_number=number, step=step, actor=actor, **more)
        print(f"{commands_pb2.IssueStep.Name(step).removeprefix('ISSUE_STEP_').lower()} {at.isoformat()}")


def date_of(day):
    return (DAY_0 + datetime.timedelta(days=day)).isoformat() if day else "-"


def work_on(options, at):
    hall, office, unit = (Participant(options, key) for key in (options.hall, options.office, options.unit))
    number = options.issue
    registration = commands_pb2.IssueRegistration(
        credit_code="91411099QQ00007760",  # made up; checked by the registry, and shown to the units that handle the issue alone
        title="厂区用电扩容等待过久",
        topic=commands_pb2.ISSUE_TOPIC_ENERGY,
        region=411002,
    )
    hall.report(
        at,
        issue_number=number,
        step=commands_pb2.ISSUE_STEP_REGISTERED,
        actor=office_pb2.ACTOR_CLERK,
        registration=registration,
    )
    print(f"registered {at.isoformat()}")
    steps = (
        (office, "SCREENED", office_pb2.ACTOR_SUPERVISOR, {"class": commands_pb2.ISSUE_CLASS_C}),
        (office, "DISPATCHED", office_pb2.ACTOR_SUPERVISOR, {"lead": options.agency}),
        (unit, "STARTED", office_pb2.ACTOR_HANDLER, {}),
        (unit, "ANSWERED", office_pb2.ACTOR_HANDLER, {"reason": "已完成线路改造，容量满足需要"}),
        (hall, "CONFIRMED", office_pb2.ACTOR_APPLICANT, {}),
        (unit, "RESOLVED", office_pb2.ACTOR_HEAD, {}),
        (office, "SIGNED_OFF", office_pb2.ACTOR_SUPERVISOR, {}),
    )
    for minutes, (who, step, actor, more) in enumerate(steps, start=1):
        number_of_step = commands_pb2.IssueStep.Value(f"ISSUE_STEP_{step}")
        who.move(at + datetime.timedelta(minutes=10 * minutes), number, number_of_step, actor, **more)
        if step == "DISPATCHED":
            issue = unit.issue(number)
            print(f"due {date_of(issue.due_day)}: {issue.limit_workdays} workdays")
    return office.issue(number)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--endpoint", required=True)
    arguments.add_argument("--server-key", required=True, help="the registry's public key file")
    arguments.add_argument("--hall", required=True, help="key file of a service hall's clerk")
    arguments.add_argument("--office", required=True, help="key file of a supervisor of the service office")
    arguments.add_argument("--unit", required=True, help="key file of the agency that handles it")
    arguments.add_argument("--at", default="", help="when it was registered (ISO 8601 with its offset); two hours ago")
    arguments.add_argument("agency", help="code of that agency")
    arguments.add_argument("issue")
    options = arguments.parse_args()
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).replace(microsecond=0)
    at = datetime.datetime.fromisoformat(options.at) if options.at else now - datetime.timedelta(hours=2)
    try:
        issue = work_on(options, at)
    except liancheng.Refused as refused:
        sys.exit(f"refused: {refused}")
    state = events_pb2.IssueState.Name(issue.state).removeprefix("ISSUE_STATE_").lower()
    print(f"{state}, {'confirmed' if issue.confirmed else 'not confirmed'} by the enterprise")
    return 0


if __name__ == "__main__":
    sys.exit(main())
