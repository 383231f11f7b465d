#!/usr/bin/python3
"""The golden bytes, read by a second implementation of protobuf: they mean what golden.json says, field by name, and
encode to the same bytes again; every message of the contract and every member of a oneof has its file."""
import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from google.protobuf import json_format

import contract_messages as contract


class Golden(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.messages = contract.load(cls.folder.name)
        with open(os.path.join(contract.GOLDEN, "golden.json"), encoding="utf-8") as file:
            cls.meanings = json.load(file)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_bytes_mean_what_they_meant(self):
        for name, meaning in self.meanings.items():
            with self.subTest(name):
                message = self.messages[meaning["message"]]()
                with open(os.path.join(contract.GOLDEN, name + ".bin"), "rb") as file:
                    golden = file.read()
                self.assertEqual(message.ParseFromString(golden), len(golden))
                self.assertEqual(
                    json_format.MessageToDict(message, preserving_proto_field_name=True), meaning["fields"]
                )
                message.DiscardUnknownFields()
                self.assertEqual(message.SerializeToString(deterministic=True), golden)

    def test_every_message_has_a_file(self):
        wanted = {name for cls in self.messages.values() for name in contract.variants(cls)}
        self.assertEqual(wanted - set(self.meanings), set(), "run tests/contract/golden/make.py")

    def test_every_file_is_listed(self):
        files = {name[: -len(".bin")] for name in os.listdir(contract.GOLDEN) if name.endswith(".bin")}
        self.assertEqual(files, set(self.meanings))


unittest.main()
