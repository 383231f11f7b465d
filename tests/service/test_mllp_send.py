#!/usr/bin/python3
"""mllp_send of python3-hl7, a sender that is not ours: a file of messages, one file with several, and its own client."""
import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

try:
    from hl7.client import MLLPClient
except ImportError:
    print("python3-hl7 is not installed")
    sys.exit(77)
import hl7_harness as harness
from hl7_harness import Adt


def visit(number, facility="H1"):
    return Adt("A04", facility, f"V{number}", "O", [(f"L{number}", "MR")], "07030900")


class MllpSend(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = harness.Stack().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__(None, None, None)

    def send_file(self, content, *options):
        path = self.stack.folder / "messages.hl7"
        path.write_bytes(content)
        done = subprocess.run(["mllp_send", "--port", str(self.stack.ports["mllp"]), "--file", str(path), *options,
                               "127.0.0.1"], capture_output=True, check=False, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def has_visit(self, number, facility="weidu-01"):
        question = '{"get_visit": {"facility": "%s", "visit_number": "V%s"}}' % (facility, number)
        return self.stack.ctl("query", "visits", question, codes=(0, 70)).returncode == 0

    def test_a_file_of_messages(self):
        messages = [visit(n) for n in range(20)]
        output = self.send_file(b"".join(b"\x0b" + m.encode("utf-8") + b"\x1c\r" for m in messages))
        self.assertEqual(output.count(b"MSA|AA|"), len(messages), output)
        for message in messages:
            self.assertIn(b"MSA|AA|" + message.control.encode(), output)
        self.assertTrue(self.has_visit(0) and self.has_visit(19))
        self.assertFalse(self.has_visit(20))

    def test_messages_without_frames(self):
        messages = [visit(n) for n in range(100, 105)]
        output = self.send_file(b"".join(m.encode("utf-8") for m in messages), "--loose")
        self.assertEqual(output.count(b"MSA|AA|"), len(messages), output)
        self.assertTrue(self.has_visit(104))

    def test_an_error_is_told(self):
        bad = visit(200).encode("utf-8").replace(b"^A04", b"^Z99")
        output = self.send_file(b"\x0b" + bad + b"\x1c\r")
        self.assertIn(b"MSA|AR|", output)

    def test_the_client(self):
        with MLLPClient("127.0.0.1", self.stack.ports["mllp"]) as client:
            for number in range(300, 310):
                message = visit(number, "H2")
                answer = client.send_message(message.encode("utf-8"))
                self.assertIn(b"MSA|AA|" + message.control.encode(), answer)
        self.assertTrue(self.has_visit(309, "yanling-01"))


if __name__ == "__main__":
    unittest.main(verbosity=1)
