# -*- coding: utf-8 -*-
"""The standard library's data types, pickled by the interpreter that runs this (see README.md; `make.py` calls it).

Writes `<case>.p<protocol>.py<XY>.pkl` and, beside it, `.golden`: the tagged JSON of what this interpreter reads back
from it. A case is a function in `CASES`; `lossless.py` knows the mapping.
"""
import argparse
import array
import collections
import datetime
import decimal
import fractions
import os
import pickle
import pickletools
import struct
import sys
import time
import types
import uuid

import lossless

VERSION = sys.version_info[:2]
PY2 = VERSION[0] == 2
NEWEST = (3, 13)
CASES = []


def case(since=(2, 7), older=()):
    """Registers a case: the first version that can make it, and older interpreters whose wire differs."""
    def register(make):
        CASES.append((make.__name__, since, older, make))
        return make
    return register


def bits(hexadecimal):
    return struct.unpack(">d", struct.pack(">Q", hexadecimal))[0]


# Builtins.

@case()
def none_and_bools():
    return [None, True, False]


@case()
def ints():
    edges = [0, 1, -1, 127, 128, 255, 256, 65535, 65536, 2 ** 31 - 1, -2 ** 31, 2 ** 31, -2 ** 31 - 1, 2 ** 32,
             2 ** 53 + 1, 2 ** 63 - 1, -2 ** 63, 2 ** 63, -2 ** 63 - 1, 2 ** 64 - 1, 2 ** 64, -2 ** 64, 10 ** 40, -10 ** 40]
    return edges


@case()
def int_big():
    return [2 ** 2040 - 1, -2 ** 2039, 3 ** 1400]


@case()
def floats():
    return [0.0, -0.0, 1.0, -1.5, 0.1, 1e16, 1e15, 123456789012345.6, 1e-4, 1e-5, 1e-7, 1.7976931348623157e308, 5e-324,
            2.2250738585072014e-308, 1e22, 1e23, 0.30000000000000004, 100.0]


@case()
def floats_not_finite():
    return [float("inf"), float("-inf"), float("nan"), bits(0xFFF8000000000000), bits(0x7FF8000000000001),
            bits(0x7FFFFFFFFFFFFFFF)]


@case()
def text():
    return [u"", u"a", u"line\nbreak\r\n\ttab", u"back\\slash", u"quote\" 'single'", u"nul\0x\x1a", u"\x7f\x80\xff",
            u"\u00e9\u20ac\u4e2d", u"\U0001f600", u"\\u0041", u"\u2028\u2029", u"\ufeff\uffff", u"</script>"]


@case()
def text_surrogates():
    return [u"\ud800", u"a\udfffb", u"\udc80\udcff"]


@case()
def text_long():
    return [u"x" * 255, u"y" * 256, u"\u00e9" * 128]


@case()
def py2_str():
    return [b"", b"ascii", b"caf\xc3\xa9", b"\xff\xfe\x00", b"quote'\"\\\n\r\t", bytes(bytearray(range(256)))]


@case(since=(3, 0))
def bytes_():
    return [b"", b"a", b"\0\xff\n", bytes(range(256)), b"z" * 256]


@case()
def bytearrays():
    return [bytearray(), bytearray(b"a\xff\n\0"), bytearray(b"b" * 256)]


@case()
def lists():
    return [[], [1], [[], [[2]]], [u"a", None, 1.5]]


@case()
def list_1001():
    return [7] * 1001


@case()
def tuples():
    return ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((((5,),),),))


@case()
def dicts():
    return [{}, {u"a": 1}, collections.OrderedDict, {u"outer": {u"inner": {}}}]


@case()
def dict_other_keys():
    return [{1: u"int"}, {None: 1}, {(1, (2,)): u"tuple"}, {1.5: 1}, {True: 2}, {u"$def": 1}, {u"$": 1},
            {frozenset([1]): 1}, {u"\ud800": 1}, {datetime.date(2020, 1, 2): 1}, {bits(0x7FF8000000000000): 1}]


@case(since=(3, 7))
def dict_mixed_keys():
    return {u"a": 1, 2: u"b", u"c": [3], b"d": None, u"$x": True}


@case()
def dict_py2_str_keys():
    return {b"name": u"value"}


@case(since=(3, 7))
def dict_1001():
    return dict.fromkeys(range(1001), 0)


@case()
def sets():
    return [set(), set([1]), set([1, 2, 3]), set([(1, 2)]), set([None])]


@case()
def frozensets():
    return [frozenset(), frozenset([1]), frozenset([1, 2, 3]), frozenset([frozenset([5])])]


@case()
def shared():
    one, two = [1], {u"k": 2}
    three = (one, two)
    return [one, one, two, three, two, {u"again": three, u"set": [one]}]


@case()
def shared_leaves():
    word, day, big = u"word" * 3, datetime.date(2020, 5, 6), 10 ** 30
    data = bytearray(b"data")
    return [word, word, day, day, big, big, data, data, {u"k": word}]


@case()
def recursive_list():
    value = [1]
    value.append(value)
    return value


@case()
def recursive_dict():
    value = {u"a": [1]}
    value[u"self"] = value
    value[u"a"].append(value)
    return {u"root": value[u"a"]}


@case()
def nested_deep():
    value = []
    for _ in range(60):
        value = [value]
    return value


@case()
def complexes():
    return [complex(1, -2.5), complex(float("inf"), -0.0), 1j]


@case()
def ranges():
    if PY2:
        return [xrange(0), xrange(10), xrange(5, 0, -2), xrange(1, 10, 4)]  # noqa: F821
    return [range(0), range(10), range(5, 0, -2), range(1, 10, 4), range(2 ** 70), range(3, 3)]


@case()
def slices():
    return [slice(None), slice(1, 2, 3), slice(u"a", [1], (2,)), slice(-1, None, -1)]


@case(since=(3, 0))
def singletons():
    return [Ellipsis, NotImplemented, {u"e": Ellipsis}]


@case()
def classes():
    return [int, list, dict, float, bytearray, object, ValueError, collections.OrderedDict, collections.deque,
            datetime.date, decimal.Decimal, uuid.UUID]


@case(since=(3, 0))
def classes_py3():
    return [str, bytes, range, FileNotFoundError, ModuleNotFoundError, collections.UserDict, set, frozenset, complex]


@case()
def classes_py2():
    return [bytes, type(u""), type(2 ** 70), type(bytearray()), OSError]


# Exceptions.

@case(older=((3, 6),))
def exceptions():
    return [ValueError(), ValueError(u"bad"), KeyError((1, 2)), IndexError(1, u"two", [3]), ZeroDivisionError(u"x"),
            StopIteration(5), KeyboardInterrupt(), RuntimeError(None)]


@case()
def exception_state():
    error = ValueError(u"bad")
    error.code = 7
    error.self = u"no"
    return error


@case()
def exception_shared():
    error = ValueError(u"bad")
    return [error, error]


@case(since=(3, 0))
def exception_unicode():
    return [UnicodeDecodeError(u"utf-8", b"\xff", 0, 1, u"invalid start byte"),
            UnicodeEncodeError(u"ascii", u"\xe9", 0, 1, u"ordinal not in range")]


@case(since=(3, 0))
def exception_os():
    return [OSError(), OSError(u"text"), OSError(2, u"No such file"), FileNotFoundError(2, u"No such file", u"a.txt"),
            OSError(18, u"cross", u"a", None, u"b"), PermissionError(u"p"), BlockingIOError(11, u"again")]


@case(since=(3, 0))
def exception_import():
    return [ImportError(u"no"), ModuleNotFoundError(u"no module", name=u"m", path=u"/p")]


@case(since=(3, 11))
def exception_notes():
    error = ValueError(u"bad")
    error.add_note(u"first")
    error.add_note(u"second")
    return error


@case(since=(3, 11))
def exception_group():
    return ExceptionGroup(u"several", [ValueError(1), ExceptionGroup(u"inner", [KeyError(u"k")])])  # noqa: F821


# Collections.

@case()
def ordereddict():
    return [collections.OrderedDict(), collections.OrderedDict([(u"b", 1), (u"a", 2)]),
            collections.OrderedDict([(1, [2]), ((3,), None)])]


@case()
def ordereddict_attributes():
    value = collections.OrderedDict([(u"w", 1)])
    value.note = u"kept"
    return value


@case()
def defaultdict():
    value = collections.defaultdict(list, {u"a": [1]})
    return [value, collections.defaultdict(None, {1: 2}), collections.defaultdict(int),
            collections.defaultdict(dict, {u"x": {u"y": 1}})]


@case()
def counter():
    return [collections.Counter(), collections.Counter({u"a": 3}), collections.Counter({1: -2})]


@case()
def deque():
    return [collections.deque(), collections.deque([1, 2]), collections.deque([1, 2, 3], 2), collections.deque([], 0),
            collections.deque([[1], u"b"], 5)]


@case(since=(3, 0))
def userdict():
    return [collections.UserDict({u"a": 1}), collections.UserDict()]


@case(since=(3, 0))
def userlist():
    return collections.UserList([1, [2]])


@case(since=(3, 0))
def userstring():
    return collections.UserString(u"abc")


@case(since=(3, 0))
def chainmap():
    return collections.ChainMap({u"a": 1}, {u"b": 2})


@case()
def py2_userdict():
    from UserDict import UserDict
    return UserDict({u"a": 1})


@case()
def namespace():
    return [argparse.Namespace(verbose=True, names=[u"a"]), argparse.Namespace()]


@case(since=(3, 3))
def simplenamespace():
    return [types.SimpleNamespace(a=1, b=[2]), types.SimpleNamespace()]


@case(since=(3, 0))
def parse_result():
    from urllib.parse import urlparse
    return urlparse(u"https://example.org/p;q?a=1#f")


@case()
def struct_time():
    return time.struct_time((2024, 2, 29, 12, 30, 0, 3, 60, 0))


@case(since=(3, 0))
def stat_result():
    return os.stat_result((33188, 1, 2, 1, 0, 0, 5, 10, 11, 12))


# Dates and times.

@case(older=((3, 6),))
def date():
    return [datetime.date(2024, 2, 29), datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.date(2570, 10, 10)]


@case()
def time_():
    return [datetime.time(), datetime.time(12, 30), datetime.time(10, 10, 10, 10), datetime.time(23, 59, 59, 999999)]


@case(since=(3, 6), older=((3, 6),))
def time_fold():
    return [datetime.time(1, 30, fold=1), datetime.time(1, 30, tzinfo=datetime.timezone.utc),
            datetime.time(1, 30, fold=1, tzinfo=datetime.timezone.utc)]


@case(older=((3, 6),))
def datetime_():
    return [datetime.datetime(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 30, 1, 5), datetime.datetime(1, 1, 1),
            datetime.datetime(9999, 12, 31, 23, 59, 59, 999999), datetime.datetime(2010, 10, 10, 10, 10, 10, 10)]


@case(since=(3, 6), older=((3, 6),))
def datetime_fold():
    return [datetime.datetime(2024, 10, 27, 2, 30, fold=1)]


@case(since=(3, 0), older=((3, 6),))
def datetime_offset():
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    return [datetime.datetime(2024, 1, 2, 3, tzinfo=datetime.timezone.utc), datetime.datetime(2024, 1, 2, tzinfo=zone),
            datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=-3), u"BRT"))]


@case(since=(3, 9), older=((3, 9),))
def datetime_zoneinfo():
    import zoneinfo
    zone = zoneinfo.ZoneInfo(u"Europe/Paris")
    return [datetime.datetime(2024, 7, 1, 12, tzinfo=zone), datetime.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zone),
            datetime.time(8, tzinfo=zone), zone, zoneinfo.ZoneInfo.no_cache(u"Asia/Tokyo")]


@case()
def datetime_pytz():
    import pytz
    zone = pytz.timezone("Europe/Paris")
    return [zone.localize(datetime.datetime(2024, 7, 1, 12)), zone.localize(datetime.datetime(2024, 1, 1, 12)),
            datetime.datetime(2024, 1, 1, tzinfo=zone), pytz.utc.localize(datetime.datetime(2024, 1, 1)),
            datetime.datetime(2024, 1, 1, tzinfo=pytz.FixedOffset(-90)), pytz.timezone("Etc/GMT+5"), zone, pytz.utc]


@case(since=(3, 0))
def datetime_dateutil():
    from dateutil import tz
    return [datetime.datetime(2024, 1, 1, tzinfo=tz.tzutc()), datetime.datetime(2024, 1, 1, tzinfo=tz.tzoffset(None, 3600)),
            datetime.datetime(2024, 1, 1, tzinfo=tz.tzoffset("BRST", -7200)), tz.tzlocal()]


@case()
def dateutil_tzfile():
    from dateutil.zoneinfo import get_zonefile_instance
    return get_zonefile_instance().get("Etc/GMT+5")


@case()
def timedelta():
    return [datetime.timedelta(), datetime.timedelta(1, 2, 3), datetime.timedelta(microseconds=-1),
            datetime.timedelta(999999999, 86399, 999999), datetime.timedelta(-999999999)]


@case(since=(3, 0), older=((3, 6),))
def timezone():
    zones = [datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=-5)),
             datetime.timezone(datetime.timedelta(hours=1), u"CET"), datetime.timezone(datetime.timedelta(0), u"UTC")]
    if VERSION >= (3, 7):
        zones.append(datetime.timezone(datetime.timedelta(seconds=-1, microseconds=5)))
    return zones


# Numbers and small types.

@case()
def decimal_():
    return [decimal.Decimal(digits) for digits in (
        "0", "-0", "1.50", "1E+1000", "-1E-7", "0.0000001", "Infinity", "-Infinity", "NaN", "sNaN123", "-NaN", "123456789" * 5)]


@case(since=(3, 0))
def decimal_tuple():
    return decimal.Decimal("-1.5").as_tuple()


@case(older=((3, 10),))
def fraction():
    return [fractions.Fraction(-1, 3), fractions.Fraction(3), fractions.Fraction(0), fractions.Fraction(10 ** 30, 7)]


@case(older=((3, 6), (3, 8)))
def uuid_():
    return [uuid.UUID("12345678-1234-5678-1234-567812345678"), uuid.UUID(int=0), uuid.UUID(int=2 ** 128 - 1)]


@case(since=(3, 7), older=((3, 7), (3, 8)))
def uuid_safe():
    safe = uuid.SafeUUID
    return [uuid.UUID(int=5, is_safe=safe.safe), uuid.UUID(int=5, is_safe=safe.unsafe),
            uuid.UUID(int=5, is_safe=safe.unknown)]


@case(since=(3, 4), older=((3, 6), (3, 12)))
def paths():
    import pathlib
    return [pathlib.PurePosixPath(u"/a/b.txt"), pathlib.PurePosixPath(u"rel/x"), pathlib.PurePosixPath(u""),
            pathlib.PurePosixPath(u"/"), pathlib.PurePosixPath(u"//net/x"), pathlib.PureWindowsPath(u"c:/x/y"),
            pathlib.PureWindowsPath(u"\\\\host\\share\\f"), pathlib.PureWindowsPath(u"c:"), pathlib.PosixPath(u"a//b/./c"),
            pathlib.PurePosixPath(u"../up"), pathlib.PureWindowsPath(u"rel/y")]


@case(since=(3, 3), older=((3, 10),))
def ip():
    import ipaddress
    values = [ipaddress.ip_address(u"192.0.2.1"), ipaddress.ip_address(u"2001:db8::1"),
              ipaddress.ip_network(u"192.0.2.0/24"), ipaddress.ip_network(u"2001:db8::/32"),
              ipaddress.ip_interface(u"192.0.2.5/24"), ipaddress.ip_interface(u"2001:db8::5/64"),
              ipaddress.ip_address(0), ipaddress.ip_address(u"::ffff:192.0.2.1"), ipaddress.ip_address(u"::")]
    if VERSION >= (3, 9):
        values.append(ipaddress.ip_address(u"fe80::1%eth0"))
    return values


@case()
def arrays():
    return [array.array(str(code), values) for code, values in (
        ("b", [-128, 127]), ("B", [0, 255]), ("h", [-32768, 32767]), ("H", [0, 65535]), ("i", [-2 ** 31, 2 ** 31 - 1]),
        ("I", [0, 2 ** 32 - 1]), ("l", [-2 ** 63, 1]), ("L", [2 ** 64 - 1]), ("f", [1.5, -0.0]),
        ("d", [0.1, float("inf")]), ("i", []))]


@case(since=(3, 3))
def arrays_py3():
    return [array.array("q", [-2 ** 63]), array.array("Q", [2 ** 64 - 1]), array.array("d", [float("nan")])]


@case(since=(3, 13))
def array_text():
    return [array.array("u", u"h\u00e9\U0001f600"), array.array("w", u"w\u00e9")]


@case()
def py2_array_c():
    return array.array("c", b"ab\xff")


PY2_ONLY = {"py2_str", "dict_py2_str_keys", "classes_py2", "py2_userdict", "py2_array_c"}


def protocols():
    """Which protocols this interpreter writes: all of Python 2, those whose wire differs of 3."""
    if PY2:
        return (0, 1, 2)
    return (0, 2, 3, 4, 5) if VERSION == NEWEST else (2, 4)


def shape(data):
    """The opcodes that carry meaning: two protocols with the same ones need only one file."""
    return [(op.name, arg) for op, arg, _ in pickletools.genops(data) if op.name not in ("PROTO", "FRAME")]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    for name, since, older, make in CASES:
        name = name.strip("_")
        if (name in PY2_ONLY) != PY2 and (name in PY2_ONLY or VERSION < since):
            continue
        if VERSION < since or (not PY2 and VERSION != NEWEST and VERSION not in older):
            continue
        seen = []
        for protocol in protocols():
            data = pickle.dumps(make(), protocol)
            if shape(data) in seen:
                continue
            seen.append(shape(data))
            back = pickle.loads(data)
            golden = lossless.encode(back, protocol)
            if PY2 and protocol == 0:
                # The text `nan` has no sign; Python 2's C library gives it one.
                golden = golden.replace(u"nan:fff8000000000000", u"nan")
            if golden != lossless.encode(make(), protocol):
                print("%s at protocol %d reads back as another value (py%d%d)" % ((name, protocol) + VERSION))
            stem = os.path.join(out, "%s.p%d.py%d%d" % ((name, protocol) + VERSION))
            with open(stem + ".pkl", "wb") as file:
                file.write(data)
            with open(stem + ".golden", "wb") as file:
                file.write(golden.encode("utf-8") + b"\n")


if __name__ == "__main__":
    main()
