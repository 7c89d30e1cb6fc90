#!/usr/bin/env python3
"""Compares `depickle globals` with the proposed registry of names that are data (`zoo/registry.tsv` of the shared folder).

`depickle globals` prints a header and then tab-separated kind, module, name, use (data, part, inert), guard. Every name that the
proposal holds must be there, with a use at least as narrow; what is there beyond it is listed, for a human to look at.

Usage: registry.py --depickle BIN --shared DIR [--kinds array,path,…]
Exit status: 0 when nothing is missing, 1 otherwise.
"""

import argparse
import csv
import subprocess
import sys
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
    print(f"{len(rows)} proposed, {len(missing)} missing, {len(further)} further", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
