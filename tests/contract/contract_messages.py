"""The contract as Python sees it: proto/ compiled into a temporary folder, its messages and what fills them."""
import importlib
import os
import subprocess
import sys

from google.protobuf.descriptor import FieldDescriptor as F

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(TOP, "tests", "contract", "golden")


def load(folder):
    """Compiles proto/ into folder and returns {full name: message class} of every message, nested ones too."""
    proto = os.path.join(TOP, "proto")
    files = sorted(
        os.path.relpath(os.path.join(where, name), proto)
        for where, _, names in os.walk(proto)
        for name in names
        if name.endswith(".proto")
    )
    subprocess.run(["protoc", f"--python_out={folder}", f"-I{proto}", *files], check=True)
    # A folder without it would lose against an installed package of the same name (hl7).
    for top in {name.split(os.sep)[0] for name in files}:
        open(os.path.join(folder, top, "__init__.py"), "w", encoding="utf-8").close()
    sys.path.insert(0, folder)
    messages = {}

    def collect(cls):
        messages[cls.DESCRIPTOR.full_name] = cls
        for nested in cls.DESCRIPTOR.nested_types:
            collect(getattr(cls, nested.name))

    for name in files:
        module = importlib.import_module(name[: -len(".proto")].replace("/", ".") + "_pb2")
        for message in module.DESCRIPTOR.message_types_by_name:
            collect(getattr(module, message))
    return messages


def variants(cls):
    """Names of the golden files of a message: one, or one for each member of its oneof."""
    name = cls.DESCRIPTOR.full_name
    if not cls.DESCRIPTOR.oneofs:
        return {name: None}
    (oneof,) = cls.DESCRIPTOR.oneofs
    return {f"{name}.{member.name}": member for member in oneof.fields}


def scalar(field):
    """A value that differs from the default and from the neighbours'."""
    number = field.number
    if field.type == F.TYPE_STRING:
        return f"{field.name} {number} 许昌"
    if field.type == F.TYPE_BYTES:
        return bytes(range(number * 16 % 256, number * 16 % 256 + 16))
    if field.type == F.TYPE_BOOL:
        return True
    if field.type == F.TYPE_ENUM:
        return field.enum_type.values[-1].number
    if field.type == F.TYPE_SINT32:
        return -1000 - number
    if field.type == F.TYPE_SINT64:
        return -(2**40) - number
    if field.type == F.TYPE_INT64:
        return 1577836800000 + number
    if field.type == F.TYPE_UINT64:
        return 2**63 + number
    if field.type == F.TYPE_UINT32:
        return 411000 + number
    raise ValueError(f"{field.full_name}: say here what fills this type")


def fill(message, member=None):
    """Sets every field (of the oneof: member, or its first), lists to two entries."""
    for field in message.DESCRIPTOR.fields:
        if field.containing_oneof and field != (member or field.containing_oneof.fields[0]):
            continue
        if field.type == F.TYPE_MESSAGE and field.label == F.LABEL_REPEATED:
            for _ in range(2):
                fill(getattr(message, field.name).add())
        elif field.type == F.TYPE_MESSAGE:
            getattr(message, field.name).SetInParent()
            fill(getattr(message, field.name))
        elif field.label == F.LABEL_REPEATED:
            getattr(message, field.name).extend([scalar(field), scalar(field)])
        else:
            setattr(message, field.name, scalar(field))
    return message
