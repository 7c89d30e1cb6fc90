"""Runs inside an environment with pyarrow, DuckDB and polars: each reads our Parquet and Arrow files, and all say the same.

Reads a JSON list of [name, Parquet file or null, Arrow file or null] from standard input, writes one JSON line for each: name, what
differs or null.
"""
import json
import math
import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

# Types that DuckDB and polars have in another form, so that only the number of rows is compared.
OTHER = (pa.types.is_dictionary, pa.types.is_interval, pa.types.is_duration, pa.types.is_float16, pa.types.is_map, pa.types.is_time, pa.types.is_decimal256, pa.types.is_large_list)


def plain(t):
    """Whether each reader gives the same Python value for a type."""
    if isinstance(t, pa.BaseExtensionType) or any(f(t) for f in OTHER):
        return False
    if pa.types.is_struct(t):
        return all(plain(f.type) for f in t)
    if pa.types.is_list(t) or pa.types.is_fixed_size_list(t):
        return plain(t.value_type)
    return not (pa.types.is_timestamp(t) and (t.tz is not None or t.unit == "ns"))


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == b or math.isnan(a) and math.isnan(b)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return a == b


def compare(who, got, want):
    """Two tables of Arrow: rows, names, values of the columns that every reader takes alike."""
    if got.num_rows != want.num_rows:
        return "%s: %d rows, expected %d" % (who, got.num_rows, want.num_rows)
    # DuckDB folds case, and names the second of two such columns anew.
    if who == "DuckDB" and len({n.lower() for n in want.column_names}) < len(want.column_names) == got.num_columns:
        got = got.rename_columns(want.column_names)
    if got.column_names != want.column_names:
        return "%s: columns %s, expected %s" % (who, got.column_names, want.column_names)
    for field in want.schema:
        if plain(field.type) and not same(got.column(field.name).to_pylist(), want.column(field.name).to_pylist()):
            return "%s: column `%s` (%s): %.120s, expected %.120s" % (who, field.name, field.type, got.column(field.name).to_pylist(), want.column(field.name).to_pylist())
    return None


def table(found):
    return found.to_arrow_table() if hasattr(found, "to_arrow_table") else found.fetch_arrow_table()


def readers(parquet, arrow):
    """(who, how it reads) for each reader of the two files."""
    yield "DuckDB", lambda: table(duckdb.sql("select * from read_parquet('%s')" % parquet.replace("'", "''")))
    yield "polars", lambda: polars.read_parquet(parquet).to_arrow()
    if arrow:
        def ipc():
            with pa.OSFile(arrow) as f:
                return pa.ipc.open_file(f).read_all()
        yield "Arrow against Parquet", ipc
        yield "polars, Arrow", lambda: polars.read_ipc(arrow).to_arrow()


def read(parquet, arrow):
    want = pq.read_table(parquet)
    # DuckDB and polars have no table of rows without columns.
    for who, how in readers(parquet, arrow) if want.column_names else ():
        try:
            yield compare(who, how(), want)
        # A panic of polars is no `Exception`.
        except BaseException as e:
            yield "%s: %s: %s" % (who, type(e).__name__, str(e)[:200])


def main():
    for name, parquet, arrow in json.load(sys.stdin):
        try:
            wrong = [d for d in read(parquet, arrow) if d]
        except Exception as e:
            wrong = ["%s: %s" % (type(e).__name__, str(e)[:200])]
        print(json.dumps([name, wrong]), flush=True)


if __name__ == "__main__":
    main()
