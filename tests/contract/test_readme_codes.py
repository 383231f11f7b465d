#!/usr/bin/python3
"""proto/README.md tells what to do about each refusal code: every one of proto/, and no other."""
import re
import sys
import tempfile

sys.dont_write_bytecode = True

import contract_messages as contract


def main():
    with tempfile.TemporaryDirectory() as folder:
        contract.load(folder)
        from approvals.v1 import codes_pb2 as approvals
        from common.v1 import problem_pb2
        from issues.v1 import codes_pb2 as issues
        from visits.v1 import codes_pb2 as visits

        known = set().union(*(codes.Code.keys() for codes in (problem_pb2, visits, approvals, issues)))
    known.discard("CODE_UNSPECIFIED")
    with open(contract.TOP + "/proto/README.md", encoding="utf-8") as file:
        told = set(re.findall(r"\bCODE_[A-Z_]+\b", file.read()))
    if known != told:
        sys.exit(f"not in proto/README.md: {sorted(known - told)}; not in proto/: {sorted(told - known)}")


main()
