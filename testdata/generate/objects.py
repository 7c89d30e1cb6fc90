#!/usr/bin/env python3
"""Makes `scipy/`, `arrow/`, `polars/`, `shapely/` and `networkx/`: pickles of those libraries, each with what its library says the
value is, as JSON of the natural mapping (docs/mapping.md).

    PYTHONHASHSEED=0 python3.11 -P objects.py --out ..

The goldens come from the live objects (`tocoo`, `to_pylist`, `rows`, `wkt`, `node_link_data`), never from the pickle. Versions: see
objects-requirements.txt. The same versions give the same bytes. (`-P`: this folder has a `dis.py` of its own.)
"""
import argparse
import base64
import datetime
import decimal
import json
import math
import os
import pickle

import networkx
import numpy
import polars
import pyarrow
import scipy.sparse
import shapely

PROTOCOLS = (2, 5)


def duration(value):
    """A timedelta as an ISO 8601 duration."""
    total = value // datetime.timedelta(microseconds=1)
    sign, total = ("-" if total < 0 else ""), abs(total)
    days, rest = divmod(total, 86_400_000_000)
    out = "%sP%s" % (sign, "%dD" % days if days else "")
    if days and not rest:
        return out
    seconds, micros = divmod(rest, 1_000_000)
    out += "T"
    for part, letter in ((seconds // 3600, "H"), (seconds // 60 % 60, "M")):
        if part:
            out += "%d%s" % (part, letter)
    if micros:
        out += "%d.%sS" % (seconds % 60, ("%06d" % micros).rstrip("0"))
    elif seconds % 60 or not rest:
        out += "%dS" % (seconds % 60)
    return out


def natural(value):
    if isinstance(value, pyarrow.MonthDayNano):
        return {"months": value.months, "days": value.days, "nanoseconds": value.nanoseconds}
    if isinstance(value, (list, tuple)):
        return [natural(v) for v in value]
    if isinstance(value, dict):
        return {k: natural(v) for k, v in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, datetime.timedelta):
        return duration(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, numpy.generic):
        value = value.item()
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


# ---- scipy

def coordinates(matrix):
    coo = matrix.tocoo()
    if matrix.format == "dia":
        # In the order in which they are stored: `tocoo` of later versions goes by rows.
        where = [(d, c) for d in range(len(matrix.offsets)) for c in range(min(matrix.data.shape[1], matrix.shape[1]))
                 if 0 <= c - matrix.offsets[d] < matrix.shape[0]]
        stored = scipy.sparse.coo_array(
            ([matrix.data[d, c] for d, c in where], ([c - matrix.offsets[d] for d, c in where], [c for _, c in where])), matrix.shape)
        assert (stored.toarray() == matrix.toarray()).all()
        coo = stored
    out = {"format": matrix.format, "shape": list(matrix.shape)}
    axes = [[int(n) for n in axis] for axis in coo.coords]
    if len(axes) == 2:
        out["row"], out["col"] = axes
    else:
        out["coords"] = axes
    out["data"] = natural(list(coo.data))
    return out


def sparse():
    dense = numpy.array([[1, 0, 0, 0], [0, 0, 2.5, 0], [3, 4, 0, 0], [0, 0, 0, 5]])
    made = {}
    for kind in ("csr", "csc", "coo", "dia", "lil", "dok"):
        for shell in ("matrix", "array"):
            made["%s_%s" % (kind, shell)] = getattr(scipy.sparse, "%s_%s" % (kind, shell))(dense)
    made["dia_matrix"] = scipy.sparse.dia_matrix((numpy.arange(1, 9).reshape(2, 4), [1, -2]), shape=(3, 4))
    made["dia_array"] = scipy.sparse.dia_array((numpy.arange(1, 7).reshape(2, 3), [0, 2]), shape=(2, 5))
    made["bsr_matrix"] = scipy.sparse.bsr_matrix(
        (numpy.arange(1, 13).reshape(3, 2, 2), numpy.array([0, 1, 0]), numpy.array([0, 2, 3])), shape=(4, 4))
    made["bsr_array"] = scipy.sparse.bsr_array(
        (numpy.arange(1, 7).reshape(2, 1, 3), numpy.array([1, 0]), numpy.array([0, 1, 2])), shape=(2, 6))
    made["coo_1d"] = scipy.sparse.coo_array((numpy.array([1, 2]), (numpy.array([3, 1]),)), shape=(5,))
    made["coo_3d"] = scipy.sparse.coo_array((numpy.array([1, 2]), ([0, 1], [1, 0], [2, 2])), shape=(2, 2, 3))
    made["csr_1d"] = scipy.sparse.csr_array(numpy.array([0, 7, 0, 8]))
    made["csr_twice"] = scipy.sparse.csr_matrix((numpy.array([1, 2, 0]), [2, 2, 0], [0, 2, 3]), shape=(2, 3))
    made["csr_empty"] = scipy.sparse.csr_matrix((3, 2), dtype="i1")
    made["csr_bool"] = scipy.sparse.csr_matrix(numpy.array([[True, False], [False, True]]))
    made["csr_complex"] = scipy.sparse.csr_matrix(numpy.array([[1 + 2j, 0]]))
    made["csc_big_endian"] = scipy.sparse.csc_matrix(numpy.array([[1, 0], [2, 3]], dtype="i4"))
    return {name: (matrix, coordinates(matrix)) for name, matrix in made.items()}


# ---- pyarrow

def arrow():
    pa = pyarrow
    date, utc = datetime.datetime(2024, 2, 29, 12, 30, 0, 5), datetime.timezone.utc
    made = {
        "null": pa.nulls(3),
        "bool": pa.array([True, None, False] * 4),
        "int8": pa.array([1, -128, None], pa.int8()),
        "uint64": pa.array([2**64 - 1, 0], pa.uint64()),
        "float16": pa.array(numpy.array([1.5, -2], "f2")),
        "float32": pa.array([0.1, None], pa.float32()),
        "float64": pa.array([0.1, float("nan"), None, 1e300]),
        "string": pa.array(["a", None, "", "h\u00e9llo"]),
        "large_string": pa.array(["a", None], pa.large_string()),
        "string_view": pa.array(["short", None, "longer than twelve bytes", "longer than twelve, too"], pa.string_view()),
        "binary": pa.array([b"\0\xff", None, b""]),
        "large_binary": pa.array([b"x"], pa.large_binary()),
        "binary_view": pa.array([b"x", b"\xff" * 20], pa.binary_view()),
        "fixed_binary": pa.array([b"ab", None, b"cd"], pa.binary(2)),
        "date32": pa.array([datetime.date(1969, 12, 31), None, datetime.date(9999, 12, 31)]),
        "date64": pa.array([datetime.date(2024, 2, 29)], pa.date64()),
        "time32_s": pa.array([datetime.time(12, 30)], pa.time32("s")),
        "time32_ms": pa.array([datetime.time(12, 30, 0, 5000)], pa.time32("ms")),
        "time64_us": pa.array([datetime.time(23, 59, 59, 999999), None], pa.time64("us")),
        "time64_ns": pa.array([datetime.time(0, 0, 0, 1)], pa.time64("ns")),
        "timestamp_s": pa.array([datetime.datetime(1, 1, 1), datetime.datetime(2024, 2, 29)], pa.timestamp("s")),
        "timestamp_us": pa.array([date, None], pa.timestamp("us")),
        "timestamp_ns": pa.array([1_000, -1_000], pa.timestamp("ns")),
        "timestamp_utc": pa.array([date.replace(tzinfo=utc)], pa.timestamp("ms", "UTC"), safe=False),
        "timestamp_zone": pa.array([date.replace(tzinfo=utc)], pa.timestamp("us", "Europe/Paris")),
        "timestamp_offset": pa.array([date.replace(tzinfo=utc)], pa.timestamp("us", "-05:30")),
        "duration": pa.array([datetime.timedelta(days=-1, seconds=5), None, datetime.timedelta(0)], pa.duration("ms")),
        "interval": pa.array([pa.MonthDayNano([1, -2, 3]), None]),
        "decimal32": pa.array([decimal.Decimal("1.50")], pa.decimal32(5, 2)),
        "decimal64": pa.array([decimal.Decimal("-0.05"), None], pa.decimal64(12, 2)),
        "decimal128": pa.array([decimal.Decimal("1.50"), decimal.Decimal("-123456789012345678901234567890.12")]),
        "decimal256": pa.array([decimal.Decimal("1E+3")], pa.decimal256(10, -3)),
        "list": pa.array([[1, 2], None, [], [None]]),
        "large_list": pa.array([["a"], []], pa.large_list(pa.string())),
        "list_view": pa.array([[1, 2], None, [3]], pa.list_view(pa.int8())),
        "large_list_view": pa.array([[1], []], pa.large_list_view(pa.int8())),
        "fixed_list": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)),
        "struct": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]),
        "map": pa.array([[("k", 1), ("l", None)], None, []], pa.map_(pa.string(), pa.int64())),
        "nested": pa.array([[{"m": [[1], []]}], [None]]),
        "dictionary": pa.array(["a", None, "b", "a"]).dictionary_encode(),
        "dictionary_ordered": pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.uint8()), ["x", "y"], ordered=True),
        "run_ends": pa.RunEndEncodedArray.from_arrays(pa.array([2, 5], pa.int32()), pa.array(["a", None])),
        "sparse_union": pa.UnionArray.from_sparse(
            pa.array([0, 1, 0], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])]),
        "dense_union": pa.UnionArray.from_dense(
            pa.array([0, 1, 1], pa.int8()), pa.array([0, 0, 1], pa.int32()), [pa.array([1]), pa.array(["b", "c"])]),
    }
    for name in ("int8", "bool", "string", "list", "struct", "dictionary", "run_ends", "fixed_list", "map", "list_view"):
        made[name + "_sliced"] = made[name].slice(1)
    made["chunked"] = pa.chunked_array([[1, 2], [], [None]], pa.int64())
    made["chunked_none"] = pa.chunked_array([], pa.int64())
    made["scalar"] = pa.scalar(5)
    tables = {
        "table": pa.table({"a": [1, None, 3], "s": pa.chunked_array([["x"], ["y", None]])}),
        "table_rows_none": pa.table({"a": pa.array([], pa.int64())}),
        "batch": pa.record_batch({"t": pa.array([date]), "l": pa.array([[1]])}),
    }
    out = {name: (array, natural(array.as_py() if name == "scalar" else array.to_pylist())) for name, array in made.items()}
    out.update({name: (table, natural(table.to_pylist())) for name, table in tables.items()})
    return out


# ---- polars

def frames():
    pl = polars
    made = {
        "frame": pl.DataFrame({
            "i": [1, None, 3], "f": [0.5, float("inf"), None], "s": ["a", None, "more than twelve bytes"],
            "b": [True, None, False], "d": [datetime.date(2024, 2, 29), None, datetime.date(1, 1, 1)],
            "t": [datetime.datetime(2024, 2, 29, 12, 30), None, None], "td": [datetime.timedelta(days=-1, seconds=1), None, None],
            "bin": [b"\xff", None, b""], "l": [[1], [], None], "st": [{"x": 1}, {"x": None}, None],
        }),
        "frame_types": pl.DataFrame({
            "c": pl.Series(["a", "b", "a"], dtype=pl.Categorical), "e": pl.Series(["x", None, "x"], dtype=pl.Enum(["x", "y"])),
            "a": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int8, 2)), "u": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
            "tm": pl.Series([datetime.time(1, 2, 3), None, None]), "dec": pl.Series([decimal.Decimal("1.50"), None, None]),
            "n": pl.Series([None, None, None]), "f4": pl.Series([0.5, None, 2.0], dtype=pl.Float32),
            "z": pl.Series([datetime.datetime(2024, 7, 1), None, None]).dt.replace_time_zone("Europe/Paris"),
        }),
        "frame_empty": pl.DataFrame({"a": pl.Series([], dtype=pl.Int64)}),
        "frame_chunks": pl.concat([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2, 3]})], rechunk=False),
    }
    out = {name: (frame, natural(frame.to_dicts())) for name, frame in made.items()}
    series = {"series": pl.Series("n", [1, None, 3]), "series_strings": pl.Series(["a", None])}
    out.update({name: (one, natural(one.to_list())) for name, one in series.items()})
    return out


# ---- shapely

def geometries():
    texts = {
        "point": "POINT (1 2)", "point_z": "POINT Z (1 2 3)", "point_m": "POINT M (1 2 3)", "point_zm": "POINT ZM (1 2 3 4)",
        "point_empty": "POINT EMPTY", "line": "LINESTRING (0 0, 1.5 -1, 2 2)", "line_empty": "LINESTRING EMPTY",
        "polygon": "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))", "polygon_empty": "POLYGON EMPTY",
        "points": "MULTIPOINT ((0 0), (1 1))", "lines": "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
        "polygons": "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "collection": "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1), GEOMETRYCOLLECTION (POLYGON EMPTY))",
        "collection_empty": "GEOMETRYCOLLECTION EMPTY", "ring": "LINEARRING (0 0, 1 0, 1 1, 0 0)", "digits": "POINT (0.1 1234567.125)",
    }
    made = {name: shapely.from_wkt(text) for name, text in texts.items()}
    out = {name: (geometry, geometry.wkt) for name, geometry in made.items()}
    out["point_srid"] = (shapely.set_srid(made["point"], 4326), "SRID=4326;POINT (1 2)")
    return out


# ---- networkx

def graphs():
    out = {}
    for name, kind in (("graph", networkx.Graph), ("digraph", networkx.DiGraph), ("multigraph", networkx.MultiGraph),
                       ("multidigraph", networkx.MultiDiGraph)):
        graph = kind(name="g", year=2024)
        graph.add_node(1, colour="red")
        graph.add_edge(1, "x", weight=1.5)
        graph.add_edge("x", 2)
        graph.add_edge(2, 2, loop=True)
        graph.add_edge(1, 2)
        graph.nodes, graph.edges, graph.adj, graph.degree  # cached, and pickled with the rest
        out[name] = (graph, networkx.node_link_data(graph, edges="edges"))
    out["graph_empty"] = (networkx.Graph(), networkx.node_link_data(networkx.Graph(), edges="edges"))
    return out


FAMILIES = {"scipy": sparse, "arrow": arrow, "polars": frames, "shapely": geometries, "networkx": graphs}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--out", required=True)
    args = p.parse_args()
    for family, make in FAMILIES.items():
        folder = os.path.join(args.out, family)
        os.makedirs(folder, exist_ok=True)
        for name, (value, golden) in make().items():
            for protocol in PROTOCOLS:
                with open(os.path.join(folder, "%s.p%d.pkl" % (name, protocol)), "wb") as file:
                    file.write(pickle.dumps(value, protocol))
            with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
                json.dump(golden, file, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
                file.write("\n")


if __name__ == "__main__":
    main()
