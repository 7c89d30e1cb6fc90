"""Runs inside an environment with an old or new pandas: loads pickles, reads our Parquet, compares. Python 3.8 and newer.

Reads a JSON list of [name, pickle, path inside the pickle, Parquet file] from standard input, writes one JSON line for each:
name, outcome and text. Outcomes: `equal`; `equal but` with what Parquet has no place for; `different`; `unreadable`; `unloadable`
(this pandas does not load its own pickle). Beside each stands what pandas' own `to_parquet` makes of the same frame.
"""
import io
import json
import pickle
import re
import sys
import warnings

import pandas as pd

warnings.simplefilter("ignore")

VERSION = tuple(int(n) for n in pd.__version__.split(".")[:2])


def at(value, path):
    """The part of a value that a path of depickle names."""
    for name, index, key in re.findall(r'\.([^.\[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]', path):
        value = value[name or (int(index) if index else json.loads('"%s"' % key))]
    return value


def as_frame(value, like):
    """A Series as the frame of one column that a table has."""
    return value.to_frame(like) if isinstance(value, pd.Series) else value


# What is compared less and less strictly, in the order in which it is given up.
STEPS = [("freq", {"check_freq": False}), ("class of an index", {"check_index_type": "equiv", "check_column_type": "equiv"})]


def compare(got, want):
    """None, or what had to be given up, or an exception."""
    options = {"check_exact": True, "check_index_type": True, "check_column_type": True, "check_names": True, "check_categorical": True}
    if VERSION < (1, 1):
        options["check_freq"] = None
    given_up = []
    for label, change in [(None, {})] + STEPS:
        if label:
            given_up.append(label)
        for k, v in change.items():
            options[k] = v
        known = {k: v for k, v in options.items() if not (k == "check_freq" and VERSION < (1, 1))}
        try:
            pd.testing.assert_frame_equal(got, want, **known)
            return given_up or None
        except AssertionError as e:
            error = e
    raise error


def outcome(read, want):
    """Compares what `read()` gives with the frame that was pickled."""
    try:
        got = read()
    except Exception as e:
        return "unreadable", "%s: %s" % (type(e).__name__, str(e)[:300])
    like = got.columns[0] if isinstance(want, pd.Series) and len(got.columns) == 1 else None
    named = isinstance(want, pd.Series)
    frame = as_frame(want, want.name if named and want.name is not None else like)
    try:
        less = compare(got, frame)
    except AssertionError as e:
        return "different", re.sub(r"\s+", " ", str(e))[:400]
    except Exception as e:
        return "different", "%s: %s" % (type(e).__name__, str(e)[:300])
    if VERSION >= (2, 1) and getattr(want, "attrs", {}) and got.attrs != want.attrs:
        return "different", "attrs %r, expected %r" % (got.attrs, want.attrs)
    return ("equal but", ", ".join(less)) if less else ("equal", "")


def own(want):
    """What pandas itself writes and reads."""
    buffer = io.BytesIO()
    try:
        as_frame(want, want.name if isinstance(want, pd.Series) and want.name is not None else "0").to_parquet(buffer, engine="pyarrow")
    except Exception as e:
        return "unwritable", "%s: %s" % (type(e).__name__, str(e)[:160])
    return outcome(lambda: pd.read_parquet(io.BytesIO(buffer.getvalue())), want)


def main():
    for name, pickled, path, parquet in json.load(sys.stdin):
        try:
            with open(pickled, "rb") as f:
                want = at(pickle.load(f), path)
        except Exception as e:
            result = ("unloadable", "%s: %s" % (type(e).__name__, str(e)[:200]))
            theirs = ("", "")
        else:
            result = outcome(lambda: pd.read_parquet(parquet, engine="pyarrow"), want) if parquet else ("", "")
            theirs = own(want)
        print(json.dumps([name, result, theirs]), flush=True)


if __name__ == "__main__":
    main()
