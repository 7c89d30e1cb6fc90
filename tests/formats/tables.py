#!/usr/bin/env python3
"""Holds Parquet and Arrow output against the pickles it was made of, as pandas, pyarrow, DuckDB and polars read them.

Each DataFrame or Series is compared with what `pandas.read_pickle` makes of the same file, by `assert_frame_equal`; what Parquet
cannot carry is listed in `KNOWN`, and each case of it is counted. Every file that was written is read by pyarrow, DuckDB and polars
as well. Needs the packages `pandas`, `pyarrow`, `duckdb`, `pytz` and `polars`.

    tables.py DEPICKLE FILE...    one line per difference; status 1 where there is any
"""
import os
import re
import subprocess
import sys
import tempfile
import warnings

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from pandas.testing import assert_frame_equal

warnings.simplefilter("ignore")

# What pandas' own Parquet does not bring back either: a pattern of the difference, and why.
KNOWN = [
    (r'Attribute "freq"', "an index comes back without its frequency"),
    (r"\[left\]: Sparse\[", "a sparse column comes back dense"),
    (r"\[left\]: CategoricalDtype\(.*categories_dtype=(?!str|object|string)", "only categories that are text come back"),
    (r"\[left\]: datetime64\[s.*\[right\]: datetime64\[ms", "Parquet has no seconds"),
    (r"\[left\]: complex", "Parquet has no complex numbers"),
    (r"\[left\]: (list|struct|map|dictionary|decimal).*\[pyarrow\]", "pandas does not read these names of dtypes"),
    (r"\[left\]: object.*\[right\]: (int64|float64|bool|datetime64.*|timedelta64.*|str|uint64)", "objects of one type come back as that type"),
    (r"storage='python', na_value=nan", "pandas has no name for text of numpy with NaN"),
    (r"categories=\[\], ordered", "a column of categories without rows comes back without them"),
    (r"pytz.FixedOffset", "a fixed offset comes back as one of another class"),
    (r"no attribute '_storage'|truth value of a DataFrame", "pandas does not compare them"),
    (r"\[left\]: string\[pyarrow\]", "pandas reads this name as its own string dtype"),
    (r"<Flags\(", "flags do not come back"),
    (r"inferred_type.*\[left\]: mixed", "labels of several types come back as text"),
    (r'\[right\]: \[.*(\{"\$|"x"|\[1,2\])', "objects of several types come back as JSON text"),
]


def frame_of(path):
    """The frame that a table is compared with; `None` where the pickle holds none."""
    value = pd.read_pickle(path)
    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series):
        # The name of a Series is a label that Parquet has as text.
        name = value.name
        return value.to_frame(name="value" if name is None else name if isinstance(name, str) else "other")
    return None


def difference(left, right):
    if list(left.columns) == ["other"]:
        right.columns = left.columns
    try:
        assert_frame_equal(left, right)
    except AssertionError as e:
        return " ".join(str(e).split())
    except Exception as e:  # pandas cannot compare what it holds
        return f"{type(e).__name__}: {e}"
    return None if left.attrs == right.attrs else f"attrs {left.attrs!r}, {right.attrs!r}"


def read_by_all(parquet, arrow):
    """What a library says of a file it cannot read."""
    table = pq.read_table(parquet)
    rows = table.num_rows
    found = pa.ipc.open_file(arrow).read_all()
    if found.num_rows != rows:
        yield f"Arrow has {found.num_rows} rows, Parquet {rows}"
    for library, read in [
        ("DuckDB", lambda: duckdb.sql(f"select count(*) from read_parquet('{parquet}')").fetchall()[0][0]),
        ("polars", lambda: pl.read_parquet(parquet).height),
        ("polars (Arrow)", lambda: pl.read_ipc(arrow).height),
    ]:
        try:
            if table.num_columns and read() != rows:
                yield f"{library} counts other rows than {rows}"
        except BaseException as e:  # polars panics with an exception of its own
            # polars knows zones by name alone.
            if "unable to parse time zone: '+" not in str(e) and "unable to parse time zone: '-" not in str(e):
                yield f"{library}: {' '.join(str(e).split())[:200]}"


def convert(depickle, files, to, folder):
    command = [depickle, "convert", *files, "--to", to, "--out-dir", folder]
    return subprocess.run(command, capture_output=True, text=True).stderr


def main():
    depickle, files = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        errors = convert(depickle, files, "parquet", folder) + convert(depickle, files, "arrow", folder)
        wrong, known, equal, other, absent = 0, {}, 0, 0, 0
        for path in files:
            out = os.path.join(folder, path.lstrip("/") if not path.startswith("/") else os.path.basename(path))
            parquet, arrow = out + ".parquet", out + ".arrow"
            try:
                left = frame_of(path)
            except Exception:
                left = None
            if not os.path.exists(parquet):
                if left is not None:
                    said = [line for line in errors.splitlines() if path in line]
                    if any("two keys would become one" in line for line in said):
                        why = "two columns of one name are refused, as pandas does"
                        known[why] = known.get(why, 0) + 1
                    else:
                        wrong += 1
                        print(f"{path}: not written: {said[:1]}")
                absent += 1
                continue
            try:
                for problem in read_by_all(parquet, arrow):
                    print(f"{path}: {problem}")
                    wrong += 1
            except Exception as e:
                print(f"{path}: {type(e).__name__}: {' '.join(str(e).split())[:300]}")
                wrong += 1
                continue
            if left is None:
                other += 1
                continue
            try:
                right = pd.read_parquet(parquet)
            except Exception as e:
                print(f"{path}: pandas: {type(e).__name__}: {' '.join(str(e).split())[:300]}")
                wrong += 1
                continue
            found = [difference(left, right)]
            if found[0] is not None:
                # What a pandas before 3 wrote has text as objects, which pandas 3 reads from Parquet as text unless told.
                with pd.option_context("future.infer_string", False):
                    found.append(difference(frame_of(path), pd.read_parquet(parquet)))
            if None in found:
                equal += 1
                continue
            why = next((why for pattern, why in KNOWN for text in found if re.search(pattern, text)), None)
            if why is None:
                print(f"{path}: {found[0][:400]}")
                wrong += 1
            else:
                known[why] = known.get(why, 0) + 1
        for why, count in sorted(known.items()):
            print(f"known: {count} times {why}")
        print(f"{equal} frames are equal, {other} other tables were read, {absent} files hold no table, {wrong} are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
