"""What the examples need: the messages of ../, a connection with CURVE, and one request with its reply.
Needs pyzmq, protobuf and protoc (Debian: python3-zmq, python3-protobuf, protobuf-compiler)."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import zmq

PROTO = pathlib.Path(__file__).resolve().parent.parent


def load_messages():
    """Compiles the contract into a temporary folder that lives as long as the program, and makes it importable. A
    program that is installed would do this once, when it is built."""
    folder = tempfile.TemporaryDirectory()
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    subprocess.run(["protoc", f"--python_out={folder.name}", f"-I{PROTO}", *files], check=True)
    for top in {file.split("/")[0] for file in files}:  # without it a module of the same name would be taken instead
        pathlib.Path(folder.name, top, "__init__.py").touch()
    sys.path.insert(0, folder.name)
    return folder


_messages = load_messages()

from common.v1 import message_pb2  # noqa: E402  (made by the line above)


def uuid7():
    """RFC 9562: 48 bits of Unix milliseconds, version, variant, the rest random."""
    bits = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    bits[6] = bits[6] & 0x0F | 0x70
    bits[8] = bits[8] & 0x3F | 0x80
    return bytes(bits)


class Refused(Exception):
    """The whole request was refused."""

    def __init__(self, problem):
        super().__init__(f"{problem.code}: {problem.message} {problem.message_zh} {problem.field}".rstrip())
        self.problem = problem


def read_key_file(path):
    """{"public": Z85, "secret": Z85}; the secret is not there in a public file."""
    words = pathlib.Path(path).read_text(encoding="ascii").split()
    return dict(zip(words[::2], words[1::2]))


class Connection:
    """One DEALER socket. Requests may overlap: a reply carries the number of its request."""

    def __init__(self, endpoint, key_file, server_key_file):
        own = read_key_file(key_file)
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.curve_publickey = own["public"].encode()
        self.socket.curve_secretkey = own["secret"].encode()
        self.socket.curve_serverkey = read_key_file(server_key_file)["public"].encode()
        self.socket.linger = 0
        self.socket.connect(endpoint)
        self.last_request = 0

    def send(self, **body):
        """Sends one Request whose body is the one keyword (submit=..., query=...); returns its number."""
        self.last_request += 1
        request = message_pb2.Request(request=self.last_request, **body)
        self.socket.send(request.SerializeToString())
        return self.last_request

    def receive(self, timeout_s):
        """The next Reply, or None when there is none in time."""
        if not self.socket.poll(int(timeout_s * 1000)):
            return None
        return message_pb2.Reply.FromString(self.socket.recv())

    def call(self, timeout_s=10, tries=6, **body):
        """One request, one reply; for requests that may be sent twice. Raises Refused or TimeoutError."""
        for _ in range(tries):
            number = self.send(**body)
            while (reply := self.receive(timeout_s)) is not None:
                if reply.request != number:
                    continue  # late, of an earlier try
                if reply.WhichOneof("body") == "problem":
                    raise Refused(reply.problem)
                return reply
        raise TimeoutError("no reply: is the daemon running, is this key in its table?")
