#!/usr/bin/env python3
"""Every row of the mapping table, written by hand, through lossless.py. Needs neither depickle nor the shared material."""
import unittest

from lossless import Bad, canonical, is_cyclic, parse

I = lambda n: {"t": "int", "v": str(n)}
S = lambda s: {"t": "str", "v": s}
ROWS = [
    ('null', None),
    ('true', True),
    ('12345678901234567890123', I(12345678901234567890123)),
    ('1.0', {"t": "float", "v": "1.0"}),
    ('-0.0', {"t": "float", "v": "-0.0"}),
    ('{"$float": "nan"}', {"t": "float", "v": "nan"}),
    ('{"$float": "nan:7ff8000000000001"}', {"t": "float", "v": "nan"}),
    ('{"$complex": [1.0, {"$float": "-inf"}]}', {"t": "complex", "re": "1.0", "im": "-inf"}),
    ('"\\u00e9"', S("\u00e9")),
    ('{"$str": "7aCA"}', {"t": "str", "utf8_surrogatepass_hex": "eda080"}),
    ('{"$py2str": "a\\u00ff"}', {"t": "py2str", "hex": "61ff"}),
    ('{"$bytes": "YQ=="}', {"t": "bytes", "v": "61"}),
    ('{"$bytearray": ""}', {"t": "bytearray", "v": ""}),
    ('[1]', {"t": "list", "v": [I(1)]}),
    ('{"$tuple": [1]}', {"t": "tuple", "v": [I(1)]}),
    ('{"$set": [2, 1]}', {"t": "set", "v": [I(1), I(2)]}),
    ('{"$deque": {"maxlen": 3, "items": [1]}}', {"t": "deque", "maxlen": "3", "v": [I(1)]}),
    ('{"a": 1}', {"t": "dict", "v": [[S("a"), I(1)]]}),
    ('{"$dict": [["$a", 1]]}', {"t": "dict", "v": [[S("$a"), I(1)]]}),
    ('{"$ordereddict": {"items": [], "state": {}}}', {"t": "ordereddict", "v": [], "state": {"t": "dict", "v": []}}),
    ('{"$defaultdict": {"factory": {"$global": ["builtins", "list"]}, "items": []}}',
     {"t": "defaultdict", "factory": {"t": "global", "module": "builtins", "name": "list"}, "v": []}),
    ('{"$counter": [["a", 1]]}', {"t": "counter", "v": [[S("a"), I(1)]]}),
    ('{"$date": "2024-02-29"}', {"t": "date", "v": "2024-02-29"}),
    ('{"$time": "12:30:00.000001"}', {"t": "time", "v": "12:30:00.000001", "tz": None}),
    ('{"$datetime": {"local": "2024-02-29T12:30:00", "fold": 1, "tz": {"$timezone": {"offset_us": 0}}}}',
     {"t": "datetime", "v": "2024-02-29T12:30:00", "fold": 1, "tz": {"t": "timezone", "offset_us": "0", "name": None}}),
    ('{"$timedelta": [-1, 5, 7]}', {"t": "timedelta", "days": "-1", "seconds": "5", "us": "7"}),
    ('{"$zoneinfo": "UTC"}', {"t": "zoneinfo", "key": "UTC"}),
    ('{"$pytz": {"zone": "Europe/Paris", "utcoffset": 7200, "dst": 3600, "name": "CEST"}}',
     {"t": "pytz", "zone": "Europe/Paris", "utcoffset_s": "7200", "dst_s": "3600", "tzname": "CEST"}),
    ('{"$pytz": {"minutes": 330}}', {"t": "pytz_fixed", "minutes": "330"}),
    ('{"$dateutil": {"class": "tzoffset", "name": null, "offset": {"$timedelta": [-1, 82800, 0]}}}',
     {"t": "dateutil_tz", "cls": "tzoffset", "name": None, "offset_s": "-3600"}),
    ('{"$decimal": "sNaN1"}', {"t": "decimal", "v": "sNaN1"}),
    ('{"$fraction": "-1/3"}', {"t": "fraction", "n": "-1", "d": "3"}),
    ('{"$uuid": {"value": "00000000-0000-0000-0000-000000000005", "is_safe": -1}}',
     {"t": "uuid", "v": "00000000-0000-0000-0000-000000000005", "is_safe": "unsafe"}),
    ('{"$path": {"class": "PurePosixPath", "path": "/a"}}', {"t": "path", "cls": "PurePosixPath", "v": S("/a")}),
    ('{"$ip": {"class": "IPv4Address", "value": "1.2.3.4"}}', {"t": "ip", "cls": "IPv4Address", "v": "1.2.3.4"}),
    ('{"$range": [0, 10, 2]}', {"t": "range", "start": "0", "stop": "10", "step": "2"}),
    ('{"$slice": [null, "a", 1]}', {"t": "slice", "start": None, "stop": S("a"), "step": I(1)}),
    ('{"$singleton": "Ellipsis"}', {"t": "ellipsis"}),
    ('{"$array": {"typecode": "f", "values": [1.5, {"$float": "inf"}]}}', {"t": "array", "typecode": "f", "v": ["1.5", "inf"]}),
    ('{"$array": {"typecode": "c", "values": {"$bytes": "Yf8="}}}', {"t": "array", "typecode": "c", "v": ["61", "ff"]}),
    ('{"$array": {"typecode": "u", "values": "h\\u00e9"}}', {"t": "array", "typecode": "u", "v": ["h", "\u00e9"]}),
    ('{"$exception": {"class": ["builtins", "KeyError"], "how": "call", "args": ["k"], "then": [{"state": {}}]}}',
     {"t": "exception", "cls": ["builtins", "KeyError"], "args": [S("k")], "state": {"t": "dict", "v": []}}),
    ('{"$record": {"class": ["m", "C"], "how": "new", "args": [1], "kwargs": [["k", 2]], "then": [{"items": [3]}, {"dictitems": [["a", 4]]}]}}',
     {"t": "object", "cls": ["m", "C"], "args": [I(1)], "kwargs": {"t": "dict", "v": [[S("k"), I(2)]]}, "items": [I(3)], "dictitems": [[S("a"), I(4)]]}),
    ('{"$record": {"class": ["m", "C"], "how": "instance", "args": []}}', {"t": "object", "cls": ["m", "C"], "oldstyle": True}),
    ('[{"$def": [0, [1]]}, {"$ref": 0}]', {"t": "list", "v": [{"t": "list", "v": [I(1)]}, {"t": "list", "v": [I(1)]}]}),
]
WRONG = [
    'NaN', '1e999x', '{"$x": 1}', '{"$tuple": [], "b": 1}', '{"a": 1, "a": 2}', '{"$def": [1, []]}', '{"$def": [0, "a"]}',
    '{"$def": [0, {"$date": "2024-02-29"}]}', '{"$ref": 0}', '{"$dict": [["a", 1]]}', '{"$bytes": "YQ"}', '{"$bytes": "YR=="}',
    '{"$str": "YQ=="}', '{"$py2str": "\\u0100"}', '{"$timedelta": [0, 86400, 0]}', '{"$range": [0, 1, 0]}', '{"$float": "nan:7ff8000000000000"}',
    '{"$deque": {"maxlen": 1, "items": [1, 2]}}', '{"$datetime": {"local": "2024-02-29T12:30:00"}}', '{"$uuid": "5"}',
    '{"$record": {"class": ["m", "C"], "how": "new", "args": [], "then": []}}', '"\\ud800"', '{"$array": {"typecode": "i", "values": [1.0]}}',
]


class Lossless(unittest.TestCase):
    def test_each_row_of_the_mapping(self):
        for text, want in ROWS:
            with self.subTest(text):
                self.assertEqual(canonical(parse(text)), want)

    def test_what_is_not_the_mapping_is_refused(self):
        for text in WRONG:
            with self.subTest(text):
                self.assertRaises(Bad, parse, text)

    def test_cycles_count_open_containers(self):
        v = parse('{"$def": [0, {"$record": {"class": ["m", "C"], "how": "new", "args": [], "then": [{"state": {"me": {"$ref": 0}}}]}}]}')
        self.assertTrue(is_cyclic(v))
        self.assertEqual(canonical(v)["state"]["v"][0][1], {"t": "cycle", "up": 2})

    def test_sharing_is_no_cycle(self):
        self.assertFalse(is_cyclic(parse('[{"$def": [0, [1]]}, {"$ref": 0}]')))


if __name__ == "__main__":
    unittest.main()
