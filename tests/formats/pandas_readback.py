#!/usr/bin/env python3
"""Every DataFrame and Series of the type zoo that pandas 1.0 or newer wrote: our Parquet, read back by that very pandas, against what
it loads from the pickle.

    pandas_readback.py --depickle BIN --zoo DIR --venvs DIR [--versions 1.0.5,3.1.1] [-v]

DIR of --zoo is the unpacked type zoo; --venvs is a folder for virtual environments, which are made there when missing (pip needs the
network). A root that is no table is converted part by part, by every `--select` that the error proposes. Status 1 where a frame
differs although pandas' own Parquet would have kept it, or does not convert although pandas can write it.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import venvs

TYPES = {"dataframe", "series", "timeseries"}

def sets(zoo, version):
    """The zoo's sets that this pandas wrote."""
    return [s for s in sorted(os.listdir(zoo)) if re.search(r"pandas%s(\D|$)" % re.escape(version), s) and os.path.exists(os.path.join(zoo, s, "MANIFEST.json"))]


def proposals(err):
    """The paths of every `--select` in an error."""
    return list(dict.fromkeys(re.findall(r"--select '([^']+)'", err)))


class Run:
    def __init__(self, args):
        self.args, self.beyond = args, []

    def convert(self, files, cwd, out, extra=()):
        p = subprocess.run([self.args.depickle, "convert", *files, "--to", "parquet", "--out-dir", out, "--quiet", *extra], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return p.returncode, p.stderr

    def jobs(self, d, out):
        """(name, pickle, path, Parquet file or None, why not)"""
        with open(os.path.join(d, "MANIFEST.json"), encoding="utf-8") as f:
            files = [r["file"] for r in json.load(f)["records"] if r["type"] in TYPES and r["must"] == "value" and r["file"].endswith(".pkl")]
        self.convert(files, d, out)
        for file in files:
            parquet = os.path.join(out, file + ".parquet")
            if os.path.exists(parquet):
                yield file, os.path.join(d, file), "$", parquet, ""
                continue
            _, err = self.convert([file], d, out)
            paths = proposals(err)
            if not paths:
                yield file, os.path.join(d, file), "$", None, err.strip()
            for n, path in enumerate(paths):
                folder = os.path.join(out, "part%d" % n)
                _, err = self.convert([file], d, folder, ["--select", path])
                parquet = os.path.join(folder, file + ".parquet")
                yield "%s %s" % (file, path), os.path.join(d, file), path, parquet if os.path.exists(parquet) else None, err.strip()

    def version(self, version):
        python = venvs.make(self.args.venvs, "pandas-" + version)
        if python is None:
            print("pandas %s: no Python %s here" % (version, venvs.PINNED["pandas-" + version][0]))
            return collections.Counter(), []
        count, bad = collections.Counter(), []
        for st in sets(self.args.zoo, version):
            with tempfile.TemporaryDirectory() as out:
                jobs = list(self.jobs(os.path.join(self.args.zoo, st), out))
                why = {j[0]: j[4] for j in jobs}
                p = subprocess.run([python, os.path.join(os.path.dirname(os.path.abspath(__file__)), "pandas_worker.py")], input=json.dumps([j[:4] for j in jobs]), capture_output=True, text=True)
                if p.returncode:
                    bad.append((st, "-", "the worker", p.stderr[-400:]))
                for line in p.stdout.splitlines():
                    name, (how, text), (theirs, their_text) = json.loads(line)
                    if not how:
                        how, text = "not converted", re.sub(r"\s+", " ", why[name])[:300]
                    self.judge(st, name, how, text, theirs, their_text, count, bad)
        return count, bad

    def judge(self, st, name, how, text, theirs, their_text, count, bad):
        if how in ("equal", "unloadable"):
            count[how] += 1
        elif how == "equal but" and theirs != "equal" or (how, text) == (theirs, their_text):
            count["as pandas itself"] += 1
        elif theirs not in ("equal", "equal but"):
            # pandas' own Parquet does not bring it back either: what ours does is listed, not judged.
            count["beyond pandas"] += 1
            self.beyond.append((st, name, "%s: %s" % (how, text), "pandas itself: %s: %s" % (theirs, their_text)))
        else:
            count[how] += 1
            bad.append((st, name, "%s: %s" % (how, text), "pandas itself: %s: %s" % (theirs, their_text)))


def listed(word, found, verbose):
    groups = collections.defaultdict(list)
    for one in found:
        groups[re.sub(r"-p\d", "", one[1])].append(one)
    for _, like in sorted(groups.items()):
        for st, name, text, theirs in like if verbose else like[:1]:
            print("%s %s/%s (%d like it)\n     %s\n     %s" % (word, st, name, len(like), text, theirs))


def main():
    p = argparse.ArgumentParser(description="our Parquet read back by the pandas that wrote the pickle")
    p.add_argument("--depickle", required=True)
    p.add_argument("--zoo", required=True)
    p.add_argument("--venvs", required=True)
    p.add_argument("--versions")
    p.add_argument("-v", "--verbose", action="store_true")
    args = p.parse_args()
    args.depickle, args.zoo, args.venvs = [os.path.abspath(x) for x in (args.depickle, args.zoo, args.venvs)]
    known = [n[len("pandas-"):] for n in venvs.PINNED if n.startswith("pandas-")]
    run, total, failures = Run(args), collections.Counter(), []
    for version in args.versions.split(",") if args.versions else known:
        count, bad = run.version(version)
        total.update(count)
        failures += bad
        print("pandas %-7s %s" % (version, ", ".join("%s %d" % kv for kv in sorted(count.items()))), flush=True)
    listed("beyond", run.beyond, args.verbose)
    listed("FAIL", failures, args.verbose)
    print("pandas: %s; failures %d" % (", ".join("%s %d" % kv for kv in sorted(total.items())), len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
