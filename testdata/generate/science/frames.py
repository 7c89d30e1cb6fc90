# -*- coding: utf-8 -*-
"""Makes `pandas/`: frames, series, indexes, arrays and scalars as pandas pickles them, with what pandas itself says they are,
as JSON of the natural mapping (docs/mapping.md).

    PYTHONPATH=PANDAS PYTHONHASHSEED=0 PYTHON frames.py --out ../../pandas

once for each of: Python 2.7.18 with pandas 0.24.2 (numpy 1.16.6), 3.8.18 with 1.0.5 (1.18.5) and with 1.3.5 (1.21.6), 3.13.0
with 2.2.3 (2.2.6) and with 3.0.0 (2.4.1, pyarrow 26.0.1). With the oldest it also writes what pandas 0.12 and 0.13 wrote, from
stand-ins that reduce as its classes did. A golden that only one version has carries the version in its name.
"""
import argparse
import base64
import collections
import datetime
import decimal
import json
import os
import pickle
import sys
import types

import numpy as np
import pandas as pd

PY2 = sys.version_info[0] == 2
VERSION = tuple(int(n) for n in pd.__version__.split(".")[:2])
TAG = "pd" + "".join(pd.__version__.split(".")[:2])
PROTOCOLS = {(0, 24): (0, 2), (1, 0): (2, 4), (1, 3): (2, 4), (2, 2): (2, 5), (3, 0): (0, 5)}[VERSION]
U = u"".__class__


# ---- the natural mapping, from live objects

def duration(delta):
    """A Timedelta as an ISO 8601 duration."""
    total = delta.value if VERSION < (2, 0) else delta.as_unit("ns").value
    sign, total = ("-" if total < 0 else ""), abs(total)
    days, rest = divmod(total, 86400 * 10 ** 9)
    out = sign + "P" + ("%dD" % days if days else "")
    if days and not rest:
        return out
    seconds, nanos = divmod(rest, 10 ** 9)
    out += "T" + "".join("%d%s" % (n, c) for n, c in ((seconds // 3600, "H"), (seconds // 60 % 60, "M")) if n)
    if nanos:
        return out + "%d.%sS" % (seconds % 60, ("%09d" % nanos).rstrip("0"))
    return out + ("%dS" % (seconds % 60) if seconds % 60 or not rest else "")


def natural(v):
    if v is None or v is pd.NaT or v is getattr(pd, "NA", pd.NaT):
        return None
    if isinstance(v, np.datetime64):
        v = pd.Timestamp(v)
    if isinstance(v, np.timedelta64):
        v = pd.Timedelta(v)
    if isinstance(v, np.generic):
        v = v.item()
    if isinstance(v, float):
        return None if v != v or v in (float("inf"), float("-inf")) else v
    if isinstance(v, complex):
        return [v.real, v.imag]
    if isinstance(v, pd.Timedelta):
        return duration(v)
    if isinstance(v, pd.Interval):
        return collections.OrderedDict([("left", natural(v.left)), ("right", natural(v.right)), ("closed", v.closed)])
    if isinstance(v, pd.Period):
        return U(v)
    if isinstance(v, (datetime.date, datetime.time)):
        return v.isoformat()
    if isinstance(v, decimal.Decimal):
        return str(v)
    if isinstance(v, bytes) and not PY2:
        return base64.b64encode(v).decode()
    if isinstance(v, (list, tuple)):
        return [natural(x) for x in v]
    if isinstance(v, dict):
        return collections.OrderedDict((k, natural(x)) for k, x in v.items())
    if isinstance(v, pd.DataFrame):
        return frame(v)
    if isinstance(v, pd.Series):
        return series(v)
    if isinstance(v, (pd.Index, pd.api.extensions.ExtensionArray)):
        return [natural(x) for x in v]
    return v


def leading(index, taken):
    """The columns that an index becomes, by name."""
    plain = index.nlevels == 1 and index.name is None and list(index) == list(range(len(index)))
    if plain:
        return []
    if index.nlevels == 1:
        name = index.name if index.name is not None else "index" if "index" not in taken else "level_0"
        return [(U(name), list(index))]
    names = [U(name) if name is not None else "level_%d" % n for n, name in enumerate(index.names)]
    return [(name, list(index.get_level_values(n))) for n, name in enumerate(names)]


def label(x):
    if isinstance(x, tuple):
        return "(%s)" % ", ".join("'%s'" % y if isinstance(y, U) or isinstance(y, str) else str(y) for y in x)
    return natural(x) if isinstance(x, datetime.date) else U(x)


def rows(columns, count):
    """Objects whose keys are in the order of the columns."""
    return ["{%s}" % ",".join("%s:%s" % (json.dumps(name), text(values[n])) for name, values in columns) for n in range(count)]


class Raw(U):
    """JSON text."""


def text(v):
    v = natural(v)
    if isinstance(v, Raw):
        return v
    if isinstance(v, dict):
        return "{%s}" % ",".join("%s:%s" % (json.dumps(k), text(x)) for k, x in v.items())
    if isinstance(v, list):
        return "[%s]" % ",".join(text(x) for x in v)
    return json.dumps(v)


def frame(df):
    taken = [label(c) for c in df.columns]
    columns = leading(df.index, taken) + [(name, list(df.iloc[:, n].array)) for n, name in enumerate(taken)]
    return Raw("[%s]" % ",".join(rows(columns, len(df))))


def series(s):
    name = "value" if s.name is None else label(s.name)
    index = leading(s.index, [name])
    if not index:
        return Raw("[%s]" % ",".join(text(v) for v in s.array))
    return Raw("[%s]" % ",".join(rows(index + [(name, list(s.array))], len(s))))


# ---- cases

CASES = []


def case(since=(0, 0), own=()):
    """Registers a case: the first version that can make it, and versions whose value differs."""
    def register(make):
        CASES.append((make.__name__, since, own, make))
        return make
    return register


def paris(values):
    return pd.DatetimeIndex(values).tz_localize("Europe/Paris")


@case()
def frame_mixed():
    return pd.DataFrame({
        "i": [1, 2, 3], "f": [1.5, float("nan"), -0.0], "b": [True, False, True], "s": [u"x", None, u"\u20ac"],
        "d": pd.DatetimeIndex([pd.Timestamp("2020-01-02"), pd.NaT, pd.Timestamp("1969-12-31 23:59:59.5")]), "j": [4, 5, 6]})[["i", "f", "b", "s", "d", "j"]]


@case()
def frame_fortran():
    return pd.DataFrame(np.arange(6, dtype="i8").reshape(3, 2), columns=[u"a", u"b"])


@case()
def frame_transposed():
    return pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=[u"x", u"y"]).T


@case()
def frame_small_ints():
    df = pd.DataFrame({"u1": np.array([0, 255], "u1"), "i2": np.array([-1, 1], "i2"), "f4": np.array([0.5, 2], "f4")})
    return df[["u1", "i2", "f4"]]


@case()
def frame_empty():
    return pd.DataFrame({"a": [], "b": []})


@case()
def frame_index_only():
    return pd.DataFrame(index=pd.Index([u"p", u"q"], name="key"))


@case()
def frame_duplicate_blocks():
    df = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    df["c"] = [3, 4]
    df.insert(1, "z", [5, 6])
    return df


@case()
def frame_zones():
    utc = pd.DatetimeIndex(["2020-01-01", None]).tz_localize("UTC")
    local = paris([pd.Timestamp("2020-01-01"), pd.Timestamp("2020-07-01 12:30")])
    return pd.DataFrame({"utc": utc, "paris": local})[["utc", "paris"]]


@case()
def frame_fold():
    return pd.DataFrame({"t": pd.to_datetime(["2020-10-25 00:30", "2020-10-25 01:30"]).tz_localize("UTC").tz_convert("Europe/Paris")})


@case()
def frame_categories():
    c = pd.Categorical([u"a", u"b", None, u"a"], categories=[u"b", u"a", u"c"], ordered=True)
    return pd.DataFrame({"c": c, "n": pd.Categorical([3, 1, 1, 3])})


@case()
def frame_multiindex():
    rows = pd.MultiIndex.from_tuples([(u"a", 1), (u"a", 2), (u"b", 1)], names=["k", None])
    columns = pd.MultiIndex.from_tuples([(u"x", 1), (u"y", 2)])
    return pd.DataFrame([[1, 2], [3, 4], [5, 6]], index=rows, columns=columns)


@case()
def frame_labels():
    return pd.DataFrame([[1, 2, 3]], columns=[1, u"a", 2.5])


@case()
def frame_dates_index():
    return pd.DataFrame({"v": [1, 2, 3]}, index=pd.date_range("2020-01-31", periods=3, freq=pd.offsets.MonthEnd(), name="d"))


@case()
def frame_objects():
    return pd.DataFrame({"o": [[1, 2], {u"k": 1}, decimal.Decimal("1.50"), datetime.date(2020, 1, 2), None, 2.5]})


@case()
def frame_in_cell():
    return {u"inner": pd.DataFrame({"o": [pd.DataFrame({"a": [1]}), pd.Series([1, 2])]})}


@case()
def frame_timedeltas():
    return pd.DataFrame({"td": pd.TimedeltaIndex([pd.Timedelta(1, "s"), pd.NaT, pd.Timedelta(-5500, "ms")])})


@case()
def frame_intervals():
    return pd.DataFrame({"iv": pd.cut([1, 5, 9], [0, 4, 10])})


@case()
def frame_sliced():
    return pd.DataFrame({"a": range(6), "b": [float(n) for n in range(6)]})[1:6:2]


@case(since=(0, 24))
def frame_periods():
    return pd.DataFrame({"m": pd.period_range("2020-01", periods=2, freq="M"), "q": pd.period_range("2020Q1", periods=2, freq="Q")})


@case(since=(0, 24))
def frame_nullable():
    return pd.DataFrame({"I": pd.array([1, None, 3], dtype="Int64"), "u": pd.array([1, 2, None], dtype="UInt8")})


@case(since=(1, 0))
def frame_strings():
    return pd.DataFrame({"s": pd.array([u"x", None, u"h\xe9"], dtype="string"), "b": pd.array([True, None, False], dtype="boolean")})


@case(since=(0, 24))
def frame_sparse():
    kind = pd.SparseArray if VERSION < (1, 0) else pd.arrays.SparseArray
    return pd.DataFrame({"i": kind([0, 0, 1.5]), "b": kind([0, 7, 7], kind="block", fill_value=0)})[["i", "b"]]


@case(since=(3, 0))
def frame_arrow():
    import pyarrow as pa
    return pd.DataFrame({"c": pd.array([[1, 2], None, []], dtype=pd.ArrowDtype(pa.list_(pa.int32())))})


@case(since=(1, 0))
def frame_attrs():
    df = pd.DataFrame({"a": [1]})
    df.attrs["source"] = u"made"
    return df


@case()
def series_plain():
    return pd.Series([1, 2, 3])


@case()
def series_named():
    return pd.Series([1.5, 2.5], index=[u"p", u"q"], name=u"n")


@case()
def series_of_zone():
    return pd.Series(paris(["2020-03-29 01:30", "2020-03-29 03:30"]))


@case()
def index_range():
    return pd.RangeIndex(2, 11, 3)


@case()
def index_multi():
    return pd.MultiIndex.from_arrays([[u"a", None, u"a"], [1, 2, 1]], names=["x", "y"])


@case()
def index_intervals():
    return pd.interval_range(pd.Timestamp("2020-01-01"), periods=2, freq="D", closed="both")


@case()
def index_periods():
    return pd.period_range("2020-01-05", periods=2, freq="W-SUN")


@case()
def index_business_days():
    return pd.period_range("2020-01-03", periods=2, freq="B")


@case()
def scalars():
    out = [pd.Timestamp("2020-01-02 03:04:05.000000006"), pd.Timestamp("2020-07-01", tz="Europe/Paris"), pd.Timedelta("-1 days +00:00:01"),
           pd.NaT, pd.Period("2020-05", "M"), pd.Interval(0, 1, "left"), pd.Timestamp("1969-12-31 23:59:59.5", tz="UTC")]
    return out + ([pd.NA] if VERSION >= (1, 0) else [None])


@case(since=(2, 0))
def scalars_units():
    return [pd.Timestamp("2020-01-02").as_unit(unit) for unit in ("s", "ms", "us", "ns")] + [pd.Timedelta("2s").as_unit("ms")]


@case(since=(0, 24))
def arrays():
    out = [pd.array([1, None], dtype="Int64"), pd.Categorical([u"a", None]), pd.array(pd.to_datetime(["2020-01-01", None])),
           pd.array(pd.to_timedelta(["1h", None])), pd.period_range("2020-01", periods=2, freq="M").array,
           pd.arrays.IntervalArray.from_breaks([0, 1, 2])]
    return [x._values if isinstance(x, pd.Index) else x for x in out]


# ---- what pandas 0.12 and 0.13 wrote, from stand-ins

def stand_in(module, name, base=object):
    if module not in sys.modules:
        sys.modules[module] = types.ModuleType(module)
    made = type(name, (base,), {"__module__": module})
    setattr(sys.modules[module], name, made)
    return made


class Reduced(object):
    """Pickles as the call and the state that it was given."""
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


class Wire(object):
    """Stand-ins for the classes of pandas 0.12 to 1.3, and what they reduced to."""
    def __init__(self):
        import copy_reg
        self.make, self.reconstructor = np.zeros(0).__reduce__()[0], copy_reg._reconstructor
        names = {"pandas.core.internals": ["BlockManager", "SingleBlockManager"], "pandas.core.index": ["Index", "MultiIndex", "Int64Index"],
                 "pandas.tseries.index": ["DatetimeIndex"], "pandas._period": ["Period"], "pandas._sparse": ["IntIndex"],
                 "pandas.core.sparse": [], "pandas.sparse": [], "pandas.sparse.array": ["SparseArray"],
                 "pandas.core.arrays.integer": ["IntegerArray"]}
        for module in names:
            sys.modules[module] = types.ModuleType(module)
        for module, classes in names.items():
            for name in classes:
                setattr(self, name, stand_in(module, name))

    def array(self, cls, values, *own):
        state = values.__reduce__()[2]
        return Reduced(self.make, (cls, (0,), b"b"), (state,) + own if own else state)

    def labels(self, *values):
        out = np.empty(len(values), object)
        out[:] = values
        return self.array(self.Index, out, (None,))

    def new(self, cls, *state):
        return Reduced(self.reconstructor, (cls, object, None), *state)

    def rows(self, count):
        return self.array(self.Int64Index, np.arange(count), (None,))

    def placed(self, labels, count, *blocks):
        """A frame whose blocks have places."""
        blocks = [{"values": values, "mgr_locs": places} for values, places in blocks]
        state = ([], [], [], {"0.14.1": {"axes": [self.labels(*labels), self.rows(count)], "blocks": blocks}})
        return self.new(pd.DataFrame, {"_data": self.new(self.BlockManager, state)})


def old(wire):
    """(name, what is pickled, its golden) as pandas 0.12 and 0.13 wrote it."""
    floats, objects = np.array([[1.5, 2.5, 3.5], [4.5, 5.5, 6.5]]), np.array([[u"x", u"y", None]], object)
    by_label = wire.new(wire.BlockManager, (
        [wire.labels(u"a", u"s", u"b"), wire.rows(3)], [floats, objects], [wire.labels(u"a", u"b"), wire.labels(u"s")]))
    several = wire.array(wire.MultiIndex, np.empty(0, object), (
        [wire.labels(u"k", u"l"), np.array([1, 2])], [np.array([0, 1, 1]), np.array([0, 0, -1])], None, [u"x", None]))
    stamps = wire.array(wire.DatetimeIndex, np.array([0, 86400 * 10 ** 9], "M8[ns]"), (u"t", None, None))
    single = wire.new(wire.SingleBlockManager, ([several], [np.array([1, 2, 3])], [several]))
    yield "old_by_label", wire.new(pd.DataFrame, by_label), (
        '[{"a":1.5,"s":"x","b":4.5},{"a":2.5,"s":"y","b":5.5},{"a":3.5,"s":null,"b":6.5}]')
    yield "old_series", wire.array(pd.Series, np.array([7, 8]), (stamps, u"n")), (
        '[{"t":"1970-01-01T00:00:00","n":7},{"t":"1970-01-02T00:00:00","n":8}]')
    yield "old_series_013", wire.new(pd.Series, {"_data": single, "name": None}), (
        '[{"x":"k","level_1":1,"value":1},{"x":"l","level_1":1,"value":2},{"x":"l","level_1":null,"value":3}]')
    sparse = Reduced(wire.IntIndex, (4, np.array([1, 3], "i4")))
    column = wire.array(wire.SparseArray, np.array([1.5, 2.5]), (0.0, sparse))
    yield "old_sparse", wire.placed([u"s"], 4, (column, slice(0, 1))), '[{"s":0.0},{"s":1.5},{"s":0.0},{"s":2.5}]'


def refused(wire):
    """(name, what is pickled, the name that it is refused for)"""
    ints, frame = np.array([[1, 2]]), "pandas.DataFrame"
    twice = wire.new(wire.BlockManager, (
        [wire.labels(u"a", u"a"), wire.rows(2)], [ints, ints], [wire.labels(u"a"), wire.labels(u"a")]))
    yield "twice_a_label", wire.new(pd.DataFrame, twice), frame
    yield "places_twice", wire.placed([u"a", u"b"], 2, (ints, slice(0, 1)), (np.vstack([ints, ints]), slice(0, 2))), frame
    yield "places_beyond", wire.placed([u"a"], 2, (ints, np.array([1]))), frame
    yield "places_too_many", wire.placed([u"a", u"b"], 2, (ints, slice(0, 2))), frame
    yield "places_huge", wire.placed([u"a"], 2, (ints, slice(0, 2 ** 60))), frame
    yield "places_left_out", wire.placed([u"a", u"b"], 2, (ints, slice(0, 1))), frame
    yield "rows_differ", wire.placed([u"a"], 3, (ints, slice(0, 1))), frame
    codes = [[wire.labels(u"k")], [np.array([0, 1])], None, [None]]
    yield "codes_beyond", wire.array(wire.MultiIndex, np.empty(0, object), tuple(codes)), "pandas.MultiIndex"
    codes[1] = [np.array([0, -2])]
    yield "codes_negative", wire.array(wire.MultiIndex, np.empty(0, object), tuple(codes)), "pandas.MultiIndex"
    yield "sparse_beyond", Reduced(wire.IntIndex, (2, np.array([1, 2], "i4"))), "pandas._libs.sparse.IntIndex"
    yield "sparse_unsorted", Reduced(wire.IntIndex, (4, np.array([2, 1], "i4"))), "pandas._libs.sparse.IntIndex"
    yield "mask_short", wire.new(wire.IntegerArray, {"_data": np.array([1, 2]), "_mask": np.array([True])}), "pandas.arrays.IntegerArray"
    yield "part_class", [wire.Index], "pandas.Index"
    yield "part_manager", [wire.new(wire.BlockManager, ([], [], []))], "pandas.core.internals.managers.BlockManager"
    yield "part_sparse_index", [Reduced(wire.IntIndex, (2, np.array([1], "i4")))], "pandas._libs.sparse.IntIndex"
    yield "period_without_value", wire.new(wire.Period), "pandas._period.Period"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out

    def write(name, data):
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)

    for name, since, own, make in CASES:
        if VERSION < since:
            continue
        value = make()
        golden = text(value).encode("utf-8") + b"\n"
        shared = os.path.join(out, name + ".json")
        if not os.path.exists(shared):
            write(name + ".json", golden)
        with open(shared, "rb") as file:
            same = json.loads(file.read().decode("utf-8")) == json.loads(golden.decode("utf-8"))
        for protocol in PROTOCOLS:
            stem = "%s.p%d.%s" % (name, protocol, TAG)
            write(stem + ".pkl", pickle.dumps(value, protocol))
            if not same:
                write(stem + ".json", golden)
    if PY2:
        wire = Wire()
        for name, value, golden in old(wire):
            write(name + ".pkl", pickle.dumps(value, 2))
            write(name + ".json", golden.encode("utf-8") + b"\n")
        for name, value, names in refused(wire):
            write("../refused/pandas_%s.pkl" % name, pickle.dumps(value, 2))
            write("../refused/pandas_%s.txt" % name, names.encode("utf-8") + b"\n")


if __name__ == "__main__":
    main()
