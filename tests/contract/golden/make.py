#!/usr/bin/python3
"""Adds the golden files that are missing: after a message or a member of a oneof was added to proto/. A file that exists
is never written again: what a release has sent must be read for ever. A field added to an old message is tested by the
file that has it: give it a name of its own with  make.py MESSAGE[.MEMBER] SUFFIX."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True

from google.protobuf import json_format

import contract_messages as contract


def main():
    only, suffix = (sys.argv[1], "." + sys.argv[2]) if len(sys.argv) == 3 else (None, "")
    listing = os.path.join(contract.GOLDEN, "golden.json")
    meanings = json.load(open(listing, encoding="utf-8")) if os.path.exists(listing) else {}
    with tempfile.TemporaryDirectory() as folder:
        for cls in contract.load(folder).values():
            for name, member in contract.variants(cls).items():
                if (only and name != only) or name + suffix in meanings:
                    continue
                message = contract.fill(cls(), member)
                with open(os.path.join(contract.GOLDEN, name + suffix + ".bin"), "xb") as file:
                    file.write(message.SerializeToString(deterministic=True))
                meanings[name + suffix] = {
                    "message": cls.DESCRIPTOR.full_name,
                    "fields": json_format.MessageToDict(message, preserving_proto_field_name=True),
                }
                print("made", name + suffix)
    with open(listing, "w", encoding="utf-8") as file:
        json.dump(meanings, file, indent=1, ensure_ascii=False, sort_keys=True)
        file.write("\n")


main()
