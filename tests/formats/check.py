#!/usr/bin/env python3
"""Holds MessagePack (`--lossless`) and Protocol Buffers output against the tagged JSON of the same file.

Reads both formats with other people's libraries, translates what they say into the tagged mapping of docs/mapping.md, and
compares it with `--to json --lossless`. Written from docs/mapping.md and proto/depickle/v1/value.proto alone. Needs the packages
`msgpack`, `protobuf` and `grpcio-tools`. Absent on purpose: natural output, which loses what would be compared.

    check.py [--allow PATTERN] DEPICKLE FILE...    one line per difference; status 1 where there is any
"""
import base64
import importlib
import json
import os
import struct
import subprocess
import sys
import tempfile

import msgpack

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

# docs/mapping.md, "The lossless mapping of MessagePack".
CODES = {
    3: "str", 4: "py2str", 6: "bytearray", 7: "int", 2: "complex", 10: "tuple", 11: "set", 12: "frozenset", 13: "deque",
    14: "dict", 15: "ordereddict", 16: "defaultdict", 17: "counter", 20: "date", 21: "time", 22: "datetime",
    23: "timedelta", 24: "timezone", 25: "zoneinfo", 26: "pytz", 27: "dateutil", 30: "decimal", 31: "fraction",
    32: "uuid", 33: "path", 34: "ip", 35: "range", 36: "slice", 37: "singleton", 38: "array", 40: "global",
    41: "exception", 42: "record", 50: "def", 51: "ref",
}
BINARY_LEAVES = {"str", "py2str", "bytearray", "int", "ref"}
TEXT_LEAVES = {
    "date", "time", "datetime", "zoneinfo", "pytz", "decimal", "fraction", "uuid", "singleton",
}


def base(data):
    return base64.b64encode(data).decode()


def float_of(bits):
    value = struct.unpack("<d", bits)[0]
    if value != value:
        n = struct.unpack("<Q", bits)[0]
        return {"$float": "nan" if n == 0x7FF8 << 48 else "nan:%016x" % n}
    if value in (float("inf"), float("-inf")):
        return {"$float": "inf" if value > 0 else "-inf"}
    return value


def exact(value):
    """A JSON value in which 1, 1.0 and True differ, and so do 0.0 and -0.0; the order of keys counts."""
    if isinstance(value, dict):
        return ("object", [(k, exact(v)) for k, v in value.items()])
    if isinstance(value, list):
        return ("array", [exact(v) for v in value])
    return (type(value).__name__, repr(value))


# ---- MessagePack


def leaf(tag, data):
    if tag == "int":
        return int.from_bytes(data, "big", signed=True)
    if tag == "ref":
        return {"$ref": int.from_bytes(data, "big")}
    if tag == "py2str":
        return {"$py2str": data.decode("latin-1")}
    if tag in BINARY_LEAVES:
        return {"$" + tag: base(data)}
    assert tag in TEXT_LEAVES, tag
    return {"$" + tag: data.decode()}


def from_msgpack(value):
    if isinstance(value, msgpack.ExtType):
        return leaf(CODES[value.code], value.data)
    if isinstance(value, bytes):
        return {"$bytes": base(value)}
    if isinstance(value, float):
        return float_of(struct.pack("<d", value))
    if isinstance(value, dict):
        plain = {k: from_msgpack(v) for k, v in value.items()}
        if any(k.startswith("$") for k in plain):
            return {"$dict": [[k, v] for k, v in plain.items()]}
        return plain
    if isinstance(value, list):
        if value and isinstance(value[0], msgpack.ExtType) and not value[0].data:
            tag = CODES[value[0].code]
            if tag not in ("py2str", "bytearray"):
                return {"$" + tag: container(value[1:])}
        return [from_msgpack(v) for v in value]
    return value


def container(rest):
    if len(rest) == 1 and isinstance(rest[0], dict):
        return {k: from_msgpack(v) for k, v in rest[0].items()}
    return [from_msgpack(v) for v in rest]


def read_msgpack(data):
    unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=0)
    unpacker.feed(data)
    return list(unpacker)


# ---- Protocol Buffers


def schema():
    from grpc_tools import protoc

    out = tempfile.mkdtemp()
    status = protoc.main([
        "protoc", "-I" + os.path.join(ROOT, "proto"), "--python_out=" + out,
        os.path.join(ROOT, "proto", "depickle", "v1", "value.proto"),
    ])
    assert status == 0
    sys.path.insert(0, out)
    return importlib.import_module("depickle.v1.value_pb2")


def frames(pb, data):
    at = 0
    while at < len(data):
        size = shift = 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        frame = pb.Frame()
        frame.ParseFromString(data[at:at + size])
        assert frame.SerializeToString(deterministic=True) == data[at:at + size], "not as protobuf itself writes it"
        at += size
        yield frame


class Proto:
    """Frames -> tagged JSON; what stands out of line becomes `$def` where it is first referred to."""

    def __init__(self, pb):
        self.pb, self.definitions, self.numbers = pb, {}, {}

    def read(self, data):
        roots = []
        for n, frame in enumerate(frames(self.pb, data)):
            which = frame.WhichOneof("frame")
            assert (n == 0) == (which == "header"), which
            if which == "header":
                assert frame.header.version == 1
                pickles = frame.header.pickles
            elif which == "definition":
                assert frame.definition.id == len(self.definitions) + 1
                assert frame.definition.value.WhichOneof("kind") != "reference"
                self.definitions[frame.definition.id] = frame.definition.value
            else:
                roots.append(self.value(frame.value))
        assert pickles == len(roots)
        return roots

    def many(self, values):
        return [self.value(v) for v in values]

    def pairs(self, entries):
        return [[self.value(e.key), self.value(e.value)] for e in entries]

    def enum(self, message, field):
        number = getattr(message, field)
        name = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[number].name
        assert not name.endswith("UNSPECIFIED")
        return number

    def float(self, value):
        return float_of(struct.pack("<d", value))

    def value(self, value):
        kind = value.WhichOneof("kind")
        v = getattr(value, kind)
        if kind == "reference":
            if v in self.numbers:
                return {"$ref": self.numbers[v]}
            self.numbers[v] = n = len(self.numbers)
            return {"$def": [n, self.value(self.definitions[v])]}
        return getattr(self, kind)(v)

    def none_value(self, v):
        assert v
        return None

    def bool_value(self, v):
        return v

    def int_value(self, v):
        return v

    def float_value(self, v):
        return self.float(v)

    def str_value(self, v):
        return v

    def bytes_value(self, v):
        return {"$bytes": base(v)}

    def list_value(self, v):
        return self.many(v.items)

    def tuple_value(self, v):
        return {"$tuple": self.many(v.items)}

    def set_value(self, v):
        return {"$set": self.many(v.items)}

    def frozenset_value(self, v):
        return {"$frozenset": self.many(v.items)}

    def dict_value(self, v):
        pairs = self.pairs(v.entries)
        if all(isinstance(k, str) and not k.startswith("$") for k, _ in pairs):
            assert len(set(k for k, _ in pairs)) == len(pairs)
            return dict(pairs)
        return {"$dict": pairs}

    def counter_value(self, v):
        return {"$counter": self.pairs(v.entries)}

    def big_int_value(self, v):
        return int.from_bytes(v, "big", signed=True)

    def wtf8_value(self, v):
        return {"$str": base(v)}

    def py2_str_value(self, v):
        return {"$py2str": v.decode("latin-1")}

    def bytearray_value(self, v):
        return {"$bytearray": base(v)}

    def complex_value(self, v):
        return {"$complex": [self.float(v.real), self.float(v.imag)]}

    def deque_value(self, v):
        return {"$deque": {"maxlen": v.maxlen if v.HasField("maxlen") else None, "items": self.many(v.items)}}

    def ordered_dict_value(self, v):
        items = self.pairs(v.entries)
        return {"$ordereddict": {"items": items, "state": self.value(v.state)} if v.HasField("state") else items}

    def default_dict_value(self, v):
        factory = self.value(v.factory) if v.HasField("factory") else None
        return {"$defaultdict": {"factory": factory, "items": self.pairs(v.entries)}}

    def day(self, v):
        return "%04d-%02d-%02d" % (v.year, v.month, v.day)

    def date_value(self, v):
        return {"$date": self.day(v)}

    def clock(self, tag, prefix, v):
        local = prefix + "%02d:%02d:%02d" % (v.hour, v.minute, v.second)
        if v.microsecond:
            local += ".%06d" % v.microsecond
        if not v.fold and not v.HasField("tzinfo"):
            return {tag: local}
        out = {"local": local}
        if v.fold:
            out["fold"] = 1
        if v.HasField("tzinfo"):
            out["tz"] = self.value(v.tzinfo)
        return {tag: out}

    def time_value(self, v):
        return self.clock("$time", "", v)

    def datetime_value(self, v):
        return self.clock("$datetime", self.day(v) + "T", v)

    def timedelta_value(self, v):
        return {"$timedelta": [v.days, v.seconds, v.microseconds]}

    def timezone_value(self, v):
        out = {"offset_us": v.offset_us}
        if v.HasField("name"):
            out["name"] = self.value(v.name)
        return {"$timezone": out}

    def zone_info_value(self, v):
        return {"$zoneinfo": v}

    def pytz_value(self, v):
        if v.HasField("minutes"):
            return {"$pytz": {"minutes": v.minutes}}
        if not v.HasField("fixed"):
            return {"$pytz": v.zone}
        f = v.fixed
        return {"$pytz": {"zone": v.zone, "utcoffset": f.utcoffset, "dst": f.dst, "name": self.value(f.name)}}

    def dateutil_value(self, v):
        out = {"class": ["", "tzutc", "tzoffset", "tzlocal", "tzfile"][self.enum(v, "kind")]}
        for name in ("name", "offset", "state"):
            if v.HasField(name):
                out[name] = self.value(getattr(v, name))
        return {"$dateutil": out}

    def decimal_value(self, v):
        return {"$decimal": v}

    def fraction_value(self, v):
        return {"$fraction": v}

    def uuid_value(self, v):
        h = v.bytes.hex()
        text = "-".join([h[:8], h[8:12], h[12:16], h[16:20], h[20:]])
        return {"$uuid": {"value": text, "is_safe": v.is_safe} if v.HasField("is_safe") else text}

    def path_value(self, v):
        names = ["", "PurePosixPath", "PureWindowsPath", "PosixPath", "WindowsPath"]
        path = v.path if v.WhichOneof("text") == "path" else {"$str": base(v.wtf8_path)}
        return {"$path": {"class": names[self.enum(v, "kind")], "path": path}}

    def ip_value(self, v):
        names = [
            "", "IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network", "IPv4Interface", "IPv6Interface",
        ]
        return {"$ip": {"class": names[self.enum(v, "kind")], "value": v.value}}

    def range_value(self, v):
        return {"$range": [self.value(v.start), self.value(v.stop), self.value(v.step)]}

    def slice_value(self, v):
        return {"$slice": [self.value(v.start), self.value(v.stop), self.value(v.step)]}

    def singleton_value(self, v):
        return {"$singleton": ["", "Ellipsis", "NotImplemented"][v]}

    def array_value(self, v):
        if v.typecode in "uw":
            try:
                values = v.text.decode()
            except UnicodeDecodeError:
                values = {"$str": base(v.text)}
        elif v.typecode == "c":
            values = {"$bytes": base(v.chars)}
        elif v.typecode in "fd":
            values = [self.float(x) for x in (v.floats if v.typecode == "f" else v.doubles)]
        else:
            values = list(v.ints if v.typecode.islower() else v.uints)
        return {"$array": {"typecode": v.typecode, "values": values}}

    def global_value(self, v):
        return {"$global": [v.module, v.name]}

    def instance(self, v):
        how = ["", "new", "call", "instance"][self.enum(v, "how")]
        out = {"class": [v.class_name.module, v.class_name.name], "how": how, "args": self.many(v.args)}
        if v.HasField("kwargs"):
            out["kwargs"] = self.pairs(v.kwargs.entries)
        if v.then:
            out["then"] = [self.then(t) for t in v.then]
        return out

    def then(self, t):
        what = t.WhichOneof("what")
        if what == "state":
            return {"state": self.value(t.state)}
        if what == "dict_items":
            return {"dictitems": self.pairs(t.dict_items.entries)}
        return {what: self.many(getattr(t, what).items)}

    def instance_value(self, v):
        return {"$record": self.instance(v)}

    def exception_value(self, v):
        return {"$exception": self.instance(v)}


def referred(value, found):
    """The numbers that a `$ref` stands for."""
    if isinstance(value, dict):
        if list(value) == ["$ref"]:
            found.add(value["$ref"])
        for v in value.values():
            referred(v, found)
    elif isinstance(value, list):
        for v in value:
            referred(v, found)
    return found


def plain(value, kept, numbers):
    """Without each `$def` that nothing refers to: depth puts values out of line, too; the rest is numbered anew."""
    if isinstance(value, dict):
        if list(value) == ["$def"]:
            n, inner = value["$def"]
            if n not in kept:
                return plain(inner, kept, numbers)
            numbers[n] = len(numbers)
            return {"$def": [numbers[n], plain(inner, kept, numbers)]}
        if list(value) == ["$ref"]:
            return {"$ref": numbers[value["$ref"]]}
        return {k: plain(v, kept, numbers) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v, kept, numbers) for v in value]
    return value


def normal(value):
    return plain(value, referred(value, set()), {})


def convert(depickle, path, *options):
    done = subprocess.run([depickle, "convert", path, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def main():
    arguments, extra = sys.argv[1:], []
    if arguments[0] == "--allow":
        arguments, extra = arguments[2:], arguments[:2]
    depickle, files = arguments[0], arguments[1:]
    sys.setrecursionlimit(100_000)
    pb = schema()
    same = refused = different = deep = 0
    for path in files:
        status, text, _ = convert(depickle, path, *extra, "--to", "json", "--lossless")
        if status != 0:
            refused += 1
            continue
        expected = json.loads(text)
        for name, options, read in (
            ("msgpack", ("--to", "msgpack", "--lossless"), lambda data: list(map(from_msgpack, read_msgpack(data)))),
            ("protobuf", ("--to", "protobuf"), lambda data: Proto(pb).read(data)),
        ):
            status, data, error = convert(depickle, path, *extra, *options)
            if name == "msgpack" and status == 6 and "levels" in error:
                deep += 1
                continue
            if status != 0:
                print("%s: %s: status %d: %s" % (path, name, status, error.strip().split("\n")[0]))
                different += 1
                continue
            found = read(data)
            found = found[0] if len(found) == 1 else found
            want = normal(expected) if name == "protobuf" else expected
            found = normal(found) if name == "protobuf" else found
            if exact(found) == exact(want):
                same += 1
            else:
                different += 1
                print("%s: %s: expected %.300s, found %.300s" % (path, name, json.dumps(want), json.dumps(found)))
    print("%d the same, %d different, %d too deep for MessagePack, %d files that JSON refuses"
          % (same, different, deep, refused))
    return 1 if different or not same else 0


if __name__ == "__main__":
    sys.exit(main())
