#!/usr/bin/env python3
"""Checks depickle against pickles from public projects: what must convert converts, in every mapping, to the right value;
what is refused is refused with the complete list of names, and reads as records when it is admitted.

    corpus.py --depickle BIN --shared DIR [--part a|b] [-v]

DIR holds corpus/MANIFEST.tsv, corpus/files and zoo/; the default is the environment variable DEPICKLE_SHARED, and without
it the check says so and ends with 0. Files of arrays and tables are held against the zoo's reference decoder where it reads them, and
what holds a table or an array becomes Parquet, by itself or by a `--select` that the error proposes.
"""
import argparse
import base64
import gzip
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import zlib

import lossless
import names

FORMATS = (("json", "json"), ("ndjson", "ndjson"), ("msgpack", "msgpack"), ("protobuf", "pb"))
# What makes a value one that holds a table or an array.
TABLES = {"dataframe", "series", "ndarray", "tensor", "arrow_table"}
# What holds arrays as parts, and is neither a table nor an array.
PARTS = {"index", "multiindex", "sparse", "categorical", "scalar", "dtype", "pd_dtype", "arrow_array", "arrow_chunked", "polars"}
# Kinds of the registry that may still be refused, and must not be named missing or surplus.
LATER = {"bson"}
# Files whose label is wrong, with the reason.
MISLABELLED = {
    "joblib__joblib/joblib/test/data/joblib_0.12.2_pickle_py36_np114.pkl.lz4": "never decompressed by the labeller; a joblib file with arrays",
}
# Files like these (regular expressions of paths) hold less than their label says, with the reason.
INCOMPLETE = {
    r"joblib_0\.9\.0_pickle_py\d+_np\d+\.pkl$|joblib_0\.9\.2_pickle_py26_np16\.pkl$": "its side files are not among the files",
}


def run(args):
    try:
        p = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        return p.returncode, p.stderr.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        return "timeout", ""


class Collision(Exception):
    """Two keys of a dict have one spelling in JSON."""


class Cycle(Exception):
    pass


def key_text(k):
    """A canonical key -> its spelling as a key of JSON, None where there is none."""
    if k is None or isinstance(k, bool):
        return {None: "null", True: "true", False: "false"}[k]
    t = k["t"]
    if t in ("str", "int", "float"):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(k["v"], k["v"]) if t == "float" else k.get("v")
    if t == "py2str":
        return natural(k)
    return None


def natural(j):
    """Canonical JSON of the zoo -> the value that natural JSON parses to. None for a form that is not plain data."""
    if j is None or isinstance(j, bool):
        return j
    t = j["t"]
    if t == "int":
        return int(j["v"])
    if t == "float":
        f = float(j["v"])
        return f if math.isfinite(f) else None
    if t == "str":
        return j["v"]
    if t == "py2str":
        b = bytes.fromhex(j["hex"])
        try:
            return b.decode("utf-8")
        except UnicodeDecodeError:
            return base64.b64encode(b).decode()
    if t in ("bytes", "bytearray"):
        return base64.b64encode(bytes.fromhex(j["v"])).decode()
    if t in ("list", "tuple", "deque"):
        return [natural(x) for x in j["v"]]
    if t == "cycle":
        raise Cycle()
    if t in ("dict", "ordereddict", "defaultdict", "counter"):
        keys = [key_text(k) for k, _ in j["v"]]
        if any(k is None for k in keys):
            return [[natural(k), natural(v)] for k, v in j["v"]]
        if len(set(keys)) != len(keys):
            raise Collision()
        return {k: natural(v) for k, (_, v) in zip(keys, j["v"])}
    raise ValueError("not plain data: %s" % t)


def same(a, b, path="$"):
    """The first place where two parsed JSON values differ (floats by their bits, dicts in order), or None."""
    if type(a) is not type(b):
        return "%s: %.80r, expected %.80r" % (path, a, b)
    if isinstance(a, dict):
        if list(a) != list(b):
            return "%s: keys %.120s, expected %.120s" % (path, list(a), list(b))
        return next((d for d in (same(a[k], b[k], "%s[%r]" % (path, k)) for k in a) if d), None)
    if isinstance(a, list):
        if len(a) != len(b):
            return "%s: %d items, expected %d" % (path, len(a), len(b))
        return next((d for d in (same(x, y, "%s[%d]" % (path, i)) for i, (x, y) in enumerate(zip(a, b))) if d), None)
    return None if repr(a) == repr(b) else "%s: %.80r, expected %.80r" % (path, a, b)


def reading(path, container):
    """The bytes of a file, decompressed."""
    with open(path, "rb") as f:
        d = f.read()
    return {"gz": gzip.decompress, "gzip": gzip.decompress, "zlib": zlib.decompress}.get(container, lambda b: b)(d)


class Check:
    def __init__(self, args, ref, registry):
        self.args, self.ref, self.registry = args, ref, registry
        self.failures, self.notes = [], []
        self.converted = self.refused = self.natural = self.compared = self.parquet = 0

    def convert(self, path, out, *extra):
        code, err = run([self.args.depickle, "convert", path, "-o", out, *extra])
        return code, err, os.path.exists(out)

    def plain(self, r, temp):
        """A file that converts: both lossless formats, and the natural ones unless it contains itself."""
        say = lambda text: self.failures.append("%s: %s" % (r["path"], text))
        path = os.path.join(self.args.shared, "corpus", "files", r["path"])
        out = os.path.join(temp, "out.json")
        code, err, there = self.convert(path, out, "--lossless")
        if code != 0 or not there:
            return say("--lossless: exit %s: %s" % (code, err.strip()[:240]))
        try:
            with open(out, encoding="utf-8") as f:
                value = lossless.parse(f.read())
        except lossless.Bad as e:
            return say("--lossless: not in the tagged mapping: %s" % e)
        finally:
            os.unlink(out)
        want, _ = self.ref.decode(reading(path, r["container"]))
        g, w = self.ref.norm(lossless.canonical(value)), self.ref.norm(want)
        if g != w:
            say("--lossless: another value than refdecode's: %s" % lossless_diff(g, w))
        pb = os.path.join(temp, "out.pb")
        code, err, there = self.convert(path, pb, "--to", "protobuf")
        if code != 0 or not there or not os.path.getsize(pb):
            say("protobuf: exit %s: %s" % (code, err.strip()[:240]))
        if os.path.exists(pb):
            os.unlink(pb)
        self.converted += 1
        self.natural_formats(path, temp, want, lossless.is_cyclic(value), say)

    def science(self, r, temp):
        """A file of arrays or tables: both lossless formats, the value where the reference reads it, Parquet."""
        say = lambda text: self.failures.append("%s: %s" % (r["path"], text))
        path = os.path.join(self.args.shared, "corpus", "files", r["path"])
        out = os.path.join(temp, "out.json")
        code, err, there = self.convert(path, out, "--lossless")
        if code != 0 or not there:
            return say("--lossless: exit %s: %s" % (code, err.strip()[:300]))
        try:
            with open(out, encoding="utf-8") as f:
                value = lossless.parse(f.read())
        except lossless.Bad as e:
            return say("--lossless: not in the tagged mapping: %s" % e)
        pb = os.path.join(temp, "out.pb")
        code, err, there = self.convert(path, pb, "--to", "protobuf")
        if code != 0 or not there or not os.path.getsize(pb):
            say("protobuf: exit %s: %s" % (code, err.strip()[:240]))
        self.converted += 1
        want = self.reference(path, r)
        if want is not None:
            import zoo
            g, w = self.ref.norm(lossless.canonical(value)), self.ref.norm(want)
            if g == w or zoo.matches(g, w):
                self.compared += 1
            else:
                say("--lossless: another value than refdecode's: %s" % lossless_diff(g, w))
        if holds(value, TABLES):
            self.table(path, temp, say)

    def table(self, path, temp, say):
        """Parquet of the root, or of every part that the error proposes."""
        code, err, there = self.convert(path, os.path.join(temp, "t.parquet"))
        if code == 0 and there:
            self.parquet += 1
            return
        paths = list(dict.fromkeys(re.findall(r"--select '([^']+)'", err)))
        if code != 6 or not paths:
            return say("parquet: exit %s and no --select proposed: %s" % (code, err.strip()[:300]))
        for n, part in enumerate(paths[:20]):
            code, why, there = self.convert(path, os.path.join(temp, "p%d.parquet" % n), "--select", part)
            # Two columns of one name have no place in Parquet, and the error says so.
            if code == 6 and "two keys would become one" in why:
                self.notes.append("%s: %s: two columns of one name" % (path, part))
            elif code != 0 or not there:
                return say("parquet: the proposed --select '%s': exit %s: %s" % (part, code, why.strip()[:240]))
        self.parquet += 1

    def reference(self, path, r):
        """What the zoo's decoder reads, None where it does not."""
        c = r["container"]
        try:
            if c.startswith("torch"):
                return self.ref.torch_file(path)
            if "joblib" in r["globals"] or c.startswith("joblib"):
                return self.ref.joblib_file(path)
            if c.startswith("np"):
                return None
            with open(path, "rb") as f:
                return self.ref.decode(self.ref.decompress(f.read()))[0]
        except Exception as e:
            self.notes.append("%s: the reference decoder: %s: %s" % (r["path"], type(e).__name__, e))
            return None

    def natural_formats(self, path, temp, want, cyclic, say):
        try:
            plain, fits = natural(want), True
        except (Collision, Cycle) as e:
            plain, fits = None, False
            if not cyclic:
                self.notes.append("%s: %s, so that natural JSON must refuse it" % (path, type(e).__name__))
        except ValueError as e:
            plain, fits = e, True
        for fmt, ext in FORMATS:
            out = os.path.join(temp, "natural." + ext)
            code, err, there = self.convert(path, out, "--to", fmt)
            # MessagePack has keys of every kind, and protobuf is always lossless.
            right = 0 if fmt == "protobuf" or fits or fmt == "msgpack" and not cyclic else 6
            if code != right:
                say("natural %s: exit %s, expected %d: %s" % (fmt, code, right, err.strip()[:240]))
            if there != (code == 0):
                say("natural %s: exit %s, and the output %s" % (fmt, code, "stands there" if there else "is missing"))
            elif there and fmt == "json":
                self.natural_value(out, plain, say)
            elif there and fmt == "ndjson":
                with open(out, encoding="utf-8") as f:
                    rows = [json.loads(l) for l in f]
                lines = plain if isinstance(plain, list) and want["t"] == "list" else [plain]
                if not isinstance(plain, ValueError) and fits:
                    d = same(rows, lines)
                    d and say("natural ndjson: %s" % d)
            if there:
                os.unlink(out)

    def natural_value(self, out, plain, say):
        try:
            with open(out, encoding="utf-8") as f:
                got = json.load(f)
        except ValueError as e:
            return say("natural json: no JSON: %s" % e)
        if isinstance(plain, ValueError):
            return self.notes.append("not compared: %s" % plain)
        d = same(got, plain)
        if d:
            say("natural json: %s" % d)
        else:
            self.natural += 1

    def records(self, r, temp):
        """A file of instances: refused with every name, then read as records."""
        say = lambda text: self.failures.append("%s: %s" % (r["path"], text))
        path = os.path.join(self.args.shared, "corpus", "files", r["path"])
        found = self.names(path, r)
        legal = {g for g in found if g in self.registry}
        later = {g for g in legal if self.registry[g] in LATER}
        out = os.path.join(temp, "out.json")
        code, err, there = self.convert(path, out)
        # A program with weights, refused as a whole.
        if code == 3 and "TorchScript" in err:
            self.refused += 1
            return
        if code != 3:
            say("exit %s, expected 3: %s" % (code, err.strip()[:240]))
        if there:
            say("exit %s, and an output file stands there" % code)
            os.unlink(out)
        missing = sorted("%s.%s" % g for g in found - legal if not reported(g, err))
        if missing:
            say("%d of %d refused names are not in the report: %s" % (len(missing), len(found - legal), " ".join(missing)[:400]))
        surplus = sorted("%s.%s" % g for g in legal - later if any(mentions(g, l) for l in err.splitlines() if "refus" in l.lower()))
        if surplus:
            say("refused although the registry has them: %s" % " ".join(surplus))
        if r["want"] == "refuse":
            self.refused += 1
            return
        code, err, there = self.convert(path, out, "--allow", "*", "--lossless")
        if code != 0 or not there:
            return say("--allow '*' --lossless: exit %s: %s" % (code, err.strip()[:300]))
        # Parsed only: the reference expands sharing, and a document tree refers back to its root from every node.
        try:
            with open(out, encoding="utf-8") as f:
                lossless.parse(f.read())
        except lossless.Bad as e:
            return say("--allow '*' --lossless: not in the tagged mapping: %s" % e)
        finally:
            os.unlink(out)
        self.refused += 1


    def names(self, path, r):
        """Every global of a file: by a lexer of our own, or as the manifest lists them."""
        if r["container"] in ("raw", "gz", "gzip", "zlib") and "joblib" not in r["globals"]:
            try:
                return names.names(reading(path, r["container"]))
            except Exception as e:
                self.notes.append("%s: names: %s: %s" % (r["path"], type(e).__name__, e))
        known = {"%s.%s" % g: g for g in self.registry}
        return {known.get(n) or tuple(n.rsplit(".", 1)) for n in r["globals"].split(";") if n}


def holds(value, kinds):
    """Whether a value of one of these kinds stands anywhere in it."""
    stack, seen = [value], set()
    while stack:
        x = stack.pop()
        if id(x) in seen or not isinstance(x, lossless.Node):
            continue
        seen.add(id(x))
        if x.kind in kinds:
            return True
        if x.kind not in PARTS:
            stack.extend(lossless.kids(x.a))
    return False


def mentions(g, text):
    return "`%s`" % ascii("%s.%s" % g)[1:-1] in text


def reported(g, err):
    return g == (None, None) or mentions(g, err)


def lossless_diff(g, w):
    import zoo
    return (zoo.diff(g, w) or "?")[:300]


def main():
    p = argparse.ArgumentParser(description="public pickles against depickle convert")
    p.add_argument("--depickle", required=True)
    p.add_argument("--shared", default=os.environ.get("DEPICKLE_SHARED"))
    p.add_argument("--part", choices=("a", "b"))
    p.add_argument("-v", "--verbose", action="store_true")
    args = p.parse_args()
    if not args.shared:
        print("skipped: no --shared and no DEPICKLE_SHARED")
        return 0
    args.depickle = os.path.abspath(args.depickle)
    sys.path.insert(0, os.path.join(args.shared, "zoo"))
    import refdecode
    registry = {}
    with open(os.path.join(args.shared, "zoo", "registry.tsv"), encoding="utf-8") as f:
        for line in f:
            c = line.rstrip("\n").split("\t")
            registry[(c[1], c[2])] = c[0]
    with open(os.path.join(args.shared, "corpus", "MANIFEST.tsv"), encoding="utf-8") as f:
        head, *lines = [l.rstrip("\n").split("\t") for l in f]
    rows = [dict(zip(head, l)) for l in lines]
    check = Check(args, refdecode, registry)
    todo, aside = [], 0
    for r in rows:
        if r["path"] in MISLABELLED or any(re.search(p, r["path"]) for p in INCOMPLETE):
            aside += 1
            continue
        if r["want"] == "convert" and args.part != "b":
            plain = r["tier"] in ("T0", "T1") and r["container"] != "torch-zip"
            todo.append((check.plain if plain else check.science, r))
        if r["want"] in ("records", "refuse") and args.part != "a":
            todo.append((check.records, r))
    for work, r in todo:
        with tempfile.TemporaryDirectory() as temp:
            try:
                work(r, temp)
            except Exception as e:
                check.failures.append("%s: the check itself failed: %s: %s" % (r["path"], type(e).__name__, e))
    for text in check.failures:
        print("FAIL %s" % text)
    for text in check.notes if args.verbose else []:
        print("note %s" % text)
    print("corpus: %d files (%d more set aside), converted %d (natural JSON equal %d, equal to the reference %d, Parquet %d), refused as they must %d, failures %d, notes %d" % (
        len(todo), aside, check.converted, check.natural, check.compared, check.parquet, check.refused, len(check.failures), len(check.notes)))
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(lossless.deep(main))
