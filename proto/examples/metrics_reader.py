#!/usr/bin/python3
"""Reads metrics from the aggregator as a bureau's system does, and prints them as CSV:

    metrics_reader.py --endpoint tcp://127.0.0.1:7100 --key reader.key --server-key aggregator.pub --list
    metrics_reader.py ... visits.patients_year --region 411002 --from 2020-01-01 --to 2020-12-31"""
import argparse
import csv
import sys

import liancheng

from common.v1 import query_pb2  # noqa: I100
from metrics.v1 import metrics_pb2


def ask(connection, **body):
    query = query_pb2.Query(body=metrics_pb2.Query(**body).SerializeToString())
    return metrics_pb2.Answer.FromString(connection.call(query=query).answer.body)


def cells(connection, **selection):
    """Every cell of the selection, page by page."""
    after = ""
    while True:
        page = ask(connection, read_cells=metrics_pb2.ReadCells(after=after, **selection)).cells
        yield from page.cells
        after = page.next
        if not after:
            return


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--endpoint", required=True)
    arguments.add_argument("--key", required=True, help="the reader's own key file")
    arguments.add_argument("--server-key", required=True, help="the aggregator's public key file")
    arguments.add_argument("--list", action="store_true", help="print the catalogue of metrics")
    arguments.add_argument("--region", type=int, default=0, help="GB/T 2260 code; without: all")
    arguments.add_argument("--from", dest="first", default="", help="first period, 2020-01-01")
    arguments.add_argument("--to", dest="last", default="", help="last period")
    arguments.add_argument("--organisation", default="", help="one hospital's code")
    arguments.add_argument("metric", nargs="?", help="a metric's id, see --list")
    options = arguments.parse_args()
    if not options.list and not options.metric:
        arguments.error("name a metric, or --list")
    connection = liancheng.Connection(options.endpoint, options.key, options.server_key)
    out = csv.writer(sys.stdout)
    try:
        if options.list:
            out.writerow(["metric", "version", "unit", "label_zh", "label_en"])
            for metric in ask(connection, list_metrics=metrics_pb2.ListMetrics()).metrics.metrics:
                row = [metric.metric, metric.definition_version, metric.unit, metric.label_zh, metric.label_en]
                out.writerow(row)
            return
        selection = {"metric": options.metric, "region": options.region, "organisation": options.organisation}
        selection.update({"from": options.first, "to": options.last})
        out.writerow(["metric", "region", "period", "organisation", "category", "value"])
        for cell in cells(connection, **selection):
            out.writerow([cell.metric, cell.region, cell.period, cell.organisation, cell.category, cell.value])
    except (liancheng.Refused, TimeoutError) as problem:
        sys.exit(f"the aggregator says no: {problem}")


if __name__ == "__main__":
    main()
