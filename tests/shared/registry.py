#!/usr/bin/env python3
"""Compares `depickle globals` with the proposed registry of names that are data (`zoo/registry.tsv` of the shared folder).

`depickle globals` prints a header and then tab-separated kind, module, name, use (data, part, inert), guard. Every name that the
proposal holds must be there, with a use at least as narrow; what is there beyond it is listed, for a human to look at. Then each
name stands in pickles of its own: an inert class as a type name and as a record, a part where nothing asks for it, a value as a value.

Usage: registry.py --depickle BIN --shared DIR [--kinds array,path,…]
Exit status: 0 when nothing is missing or wrong, 1 otherwise.
"""

import _compat_pickle
import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

# The proposal lists each class of these packages under each of their modules; only the one that defines it exists.
ONE_MODULE_EACH = {"bson", "pendulum"}

# How much a use permits.
WIDTH = {"inert": 0, "part": 1, "data": 2}


def known_names(depickle):
    """{(module, name): (kind, use)} as the command prints it."""
    text = subprocess.run([depickle, "globals"], check=True, capture_output=True, text=True).stdout
    header, *lines = text.splitlines()
    if header.split("\t")[:4] != ["kind", "module", "name", "use"]:
        sys.exit(f"expected the header `kind module name use guard`, found {header!r}")
    names = {}
    for line in lines:
        kind, module, name, use, _guard = line.split("\t")
        if (module, name) in names:
            sys.exit(f"{module}.{name} stands twice")
        names[module, name] = (kind, use)
    return names


def proposed_names(shared):
    """Rows of the proposal as dicts."""
    with open(Path(shared) / "zoo" / "registry.tsv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def is_there(row, known):
    module, name, kind = row["module"], row["name"], row["kind"]
    if (module, name) in known:
        return True
    if "*" in module or "*" in name:
        # A pattern stands for the names of that kind that are listed one by one.
        return any(k == kind for k, _ in known.values())
    if kind in ONE_MODULE_EACH:
        return any(n == name and k == kind for (_, n), (k, _) in known.items())
    return False


# Parts and data that are legal alone, and inert names that are not, with the reason.
EXCEPTIONS = {
    ("functools", "partial"): "a part of pandas' blocks, inert by --allow",
}


def pickles(row):
    """(what it is, pickle, statuses that are right) for a row of the proposal."""
    name = f"c{row['module']}\n{row['name']}\n".encode()
    # Names of Python 2 stand in its protocols.
    old = row["module"] in _compat_pickle.IMPORT_MAPPING or (row["module"], row["name"]) in _compat_pickle.NAME_MAPPING
    start = b"\x80\x02" if old else b"\x80\x04"
    alone, record = start + name + b".", start + name + b")\x81}b."
    if row["status"] == "part":
        yield "left as a value", alone, (3,)
    elif row["status"] == "inert":
        yield "as a type name", alone, (0,)
        if set("NI") & set(row["use"]):
            yield "as a record", record, (0,)
    elif "V" in row["use"]:
        yield "as a value", alone, (0,)


def behaviour(depickle, rows):
    """Runs every pickle of every row -> what was not as it must be."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        for row in rows:
            name = (row["module"], row["name"])
            # `numpy.record` is a scalar type, a type name like `numpy.float64`, and stands in dtypes beside.
            if "*" in "".join(name) or name in EXCEPTIONS or (row["kind"], row["name"]) == ("ndarray-class", "record"):
                continue
            for what, pickle, right in pickles(row):
                path = f"{len(cases)}.pkl"
                Path(folder, path).write_bytes(pickle)
                cases.append((row, what, path, right))
        command = [depickle, "convert", "--lossless", "--quiet", "--out-dir", "out"]
        for at in range(0, len(cases), 500):
            subprocess.run(command + [case[2] for case in cases[at:at + 500]], cwd=folder, capture_output=True)
        for row, what, path, right in cases:
            if Path(folder, "out", path + ".json").exists() == (0 in right):
                continue
            done = subprocess.run([depickle, "convert", "--lossless", "-o", "x.json", path], cwd=folder, capture_output=True, text=True)
            if done.returncode not in right:
                wrong.append((row, what, done.returncode, done.stderr.strip().splitlines()[:1]))
        return wrong, len(cases)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depickle", required=True, help="the command")
    parser.add_argument("--shared", required=True, help="the folder that holds zoo/registry.tsv")
    parser.add_argument("--kinds", default="", help="compare these kinds only, separated by commas")
    options = parser.parse_args()
    kinds = set(filter(None, options.kinds.split(",")))
    known = known_names(options.depickle)
    rows = [row for row in proposed_names(options.shared) if not kinds or row["kind"] in kinds]

    missing = [row for row in rows if not is_there(row, known)]
    for row in missing:
        print("missing", row["kind"], f"{row['module']}.{row['name']}", row["status"], sep="\t")
    for row in rows:
        kind, use = known.get((row["module"], row["name"]), (None, None))
        # A type that is data as a constructor in a row of its own stands as a value everywhere.
        if use and WIDTH[use] > WIDTH[row["status"]] and row["use"] != "V":
            print("wider", row["kind"], f"{row['module']}.{row['name']}", f"{row['status']} -> {use} ({kind})", sep="\t")
    proposed = {(row["module"], row["name"]) for row in rows}
    further = [(kind, *name) for name, (kind, _) in known.items() if name not in proposed and (not kinds or kind in kinds)]
    for kind, module, name in sorted(further):
        print("further", kind, f"{module}.{name}", "", sep="\t")
    wrong, cases = behaviour(str(Path(options.depickle).resolve()), [row for row in rows if (row["module"], row["name"]) in known])
    for row, what, status, why in wrong:
        print("wrong", row["kind"], f"{row['module']}.{row['name']}", f"{row['status']} {what}: exit {status} {why}", sep="\t")
    print(f"{cases} pickles of single names, {len(wrong)} wrong", file=sys.stderr)
    print(f"{len(rows)} proposed, {len(missing)} missing, {len(further)} further", file=sys.stderr)
    return 1 if missing or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
