#!/usr/bin/env python3
"""Makes testdata/mapping/*.pkl: one pickle per row of the table in docs/mapping.md. CPython 3.13, standard library only.

A value that only Python 2 writes is given as the bytes of its pickle.
"""
import array
import collections
import datetime as dt
import decimal
import fractions
import ipaddress
import pathlib
import pickle
import struct
import types
import uuid
import zoneinfo

CYCLE = []
CYCLE.append(CYCLE)
SHARED = [1]
BIG = 2**64

ROWS = {
    "none": None,
    "bool": True,
    "int": -7,
    "int-u64": 2**63,
    "int-big": BIG,
    "float": 1.5,
    "float-whole": 2.0,
    "float-nan": float("nan"),
    "float-inf": float("-inf"),
    "float-nan-payload": struct.unpack(">d", bytes.fromhex("7ff8000000000001"))[0],
    "complex": 1 + 2j,
    "str": "a\n\u00e9\U0001f600",
    "str-surrogate": "a\ud800",
    "py2str": b"U\x04caf\x65.",
    "py2str-utf8": b"U\x05caf\xc3\xa9.",
    "py2str-other": b"U\x04caf\xe9.",
    "bytes": b"\x00\xff",
    "bytearray": bytearray(b"ab"),
    "list": [1, "a"],
    "tuple": (1, "a"),
    "set": {1},
    "frozenset": frozenset([1]),
    "deque": collections.deque([1, 2]),
    "deque-maxlen": collections.deque([1, 2], 5),
    "dict": {"b": 1, "a": 2},
    "dict-dollar": {"$a": 1},
    "dict-int-keys": {1: "a", 2: "b"},
    "dict-scalar-keys": {None: 1, True: 2, 1.5: 3},
    "dict-date-keys": {dt.date(2024, 2, 29): 1},
    "dict-tuple-keys": {(1, 2): "a"},
    "dict-colliding": {1: "a", "1": "b"},
    "ordereddict": collections.OrderedDict(b=1, a=2),
    "defaultdict": collections.defaultdict(list, a=[1]),
    "defaultdict-none": collections.defaultdict(None, a=1),
    "counter": collections.Counter("aab"),
    "date": dt.date(2024, 2, 29),
    "time": dt.time(12, 30),
    "time-fold": dt.time(12, 30, fold=1),
    "datetime": dt.datetime(2024, 2, 29, 12, 30, 0, 5),
    "datetime-fold": dt.datetime(2024, 10, 27, 2, 30, fold=1),
    "datetime-utc": dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.timezone.utc),
    "datetime-offset": dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5, minutes=-30))),
    "datetime-zone": dt.datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    "datetime-zone-fold": dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    "timedelta": dt.timedelta(days=1, seconds=3661, microseconds=500000),
    "timezone": dt.timezone(dt.timedelta(hours=1)),
    "zoneinfo": zoneinfo.ZoneInfo("Europe/Paris"),
    "decimal": decimal.Decimal("1.50"),
    "fraction": fractions.Fraction(-1, 3),
    "uuid": uuid.UUID(int=1),
    "uuid-safe": uuid.UUID(int=1, is_safe=uuid.SafeUUID.safe),
    "path": pathlib.PurePosixPath("/a/b"),
    "ip": ipaddress.ip_address("192.0.2.1"),
    "range": range(0, 10, 2),
    "slice": slice(1, None),
    "ellipsis": ...,
    "array": array.array("i", [1, -2]),
    "array-text": array.array("w" if "w" in array.typecodes else "u", "ab"),
    "global": int,
    "exception": ValueError("bad", 3),
    "record": types.SimpleNamespace(a=1, b=[2]),
    "shared": [SHARED, SHARED],
    "cycle": CYCLE,
}


def main():
    folder = pathlib.Path(__file__).parent.parent / "mapping"
    for name, value in ROWS.items():
        raw = name.startswith("py2str")
        data = value if raw else pickle.dumps(value, 4)
        (folder / (name + ".pkl")).write_bytes(data)


if __name__ == "__main__":
    main()
