#!/usr/bin/env python3
"""Our Parquet and Arrow files in pyarrow, DuckDB and polars: each reads every one, and all see the same columns.

    columns.py --depickle BIN --zoo DIR --venvs DIR [--sets py311-np2.4,…]

The files are those of every DataFrame, Series and array of the type zoo's newest set (or of the sets named). Status 1 where one of
the readers fails or sees something else.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

import venvs

TYPES = {"dataframe", "series", "timeseries", "ndarray", "recarray", "pyarrow", "polars"}
# What a reader cannot do, whoever wrote the file: text of the difference -> reason.
KNOWN = {
    "unable to parse time zone": "polars knows no zones that are offsets",
    "Cannot read zero sized arrays from IPC": "polars, lists of no elements",
}


def main():
    p = argparse.ArgumentParser(description="our Parquet and Arrow in other readers")
    p.add_argument("--depickle", required=True)
    p.add_argument("--zoo", required=True)
    p.add_argument("--venvs", required=True)
    p.add_argument("--sets", default="py311-np2.4")
    args = p.parse_args()
    args.depickle, args.zoo, args.venvs = [os.path.abspath(x) for x in (args.depickle, args.zoo, args.venvs)]
    python, failures, known, count = venvs.make(args.venvs, "readers"), [], 0, 0
    for st in sorted(s for s in os.listdir(args.zoo) if s.startswith(tuple(args.sets.split(",")))):
        d = os.path.join(args.zoo, st)
        with open(os.path.join(d, "MANIFEST.json"), encoding="utf-8") as f:
            # The protocols differ in how a value is written, not in the value.
            files = {re.sub(r"-p\d\.pkl$", "", r["file"]): r["file"] for r in json.load(f)["records"] if r["type"] in TYPES and r["file"].endswith(".pkl")}
        with tempfile.TemporaryDirectory() as out:
            for fmt in ("parquet", "arrow"):
                subprocess.run([args.depickle, "convert", *files.values(), "--to", fmt, "--out-dir", out, "--quiet"], cwd=d, capture_output=True, stdin=subprocess.DEVNULL)
            path = lambda f, fmt: (lambda x: x if os.path.exists(x) else None)(os.path.join(out, f + "." + fmt))
            jobs = [(st + "/" + f, path(f, "parquet"), path(f, "arrow")) for f in files.values() if path(f, "parquet")]
            count += len(jobs)
            p = subprocess.run([python, os.path.join(os.path.dirname(os.path.abspath(__file__)), "columns_worker.py")], input=json.dumps(jobs), capture_output=True, text=True)
            if p.returncode:
                failures.append("%s: the worker: %s" % (st, p.stderr[-400:]))
            for line in p.stdout.splitlines():
                name, wrong = json.loads(line)
                for text in wrong:
                    if any(k in text for k in KNOWN):
                        known += 1
                    else:
                        failures.append("%s: %s" % (name, text))
    for text in failures:
        print("FAIL %s" % text)
    print("columns: %d files, read by pyarrow, DuckDB and polars; what a reader has no type for %d; failures %d" % (count, known, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
