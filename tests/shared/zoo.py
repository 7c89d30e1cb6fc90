#!/usr/bin/env python3
"""Checks `depickle convert --lossless` against the type zoo: some 3,800 pickles that real Pythons wrote, each with the value
it must become.

    zoo.py --depickle BIN --shared DIR [--unpacked DIR] [--sets a,b] [--types int,str] [-v]

DIR holds zoo/zoo.tar.xz, zoo/refdecode.py and zoo/registry.tsv; the default is the environment variable DEPICKLE_SHARED,
and without it the check says so and ends with 0. `--unpacked` names a folder with the unpacked archive, or where to unpack
it for the next run; without it a temporary one is used.

A record passes when the output, read by lossless.py, equals the expectation under the zoo's own rules (`refdecode.norm`) and
also keeps what those rules drop (see `strict`). Where the expectation knows more than the bytes do (names of enum members,
fields of a namedtuple), `matches` says what must agree, and the record counts as equivalent. Absent on purpose: numpy,
pandas and torch.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tarfile
import tempfile

import lossless

SETS = ("std-", "py27-misc", "handmade")
# Kinds of the registry that this stage reads as records or not at all, so that needing --allow is no fault.
LATER = {"bson", "networkx"}
# (set prefix, file prefix) -> the statuses with --allow that are right although the manifest says `opaque`, with the reason.
# Without --allow such a file must be refused.
ACCEPTED = {
    ("std-", "bound-method_getattr"): ((0, 3), "getattr runs code, so that --allow need not admit it; handmade `refuse-getattr_str` wants the refusal"),
}


def run(args, cwd=None):
    try:
        p = subprocess.run(args, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        return p.returncode, p.stderr.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        return "timeout", ""


def diff(got, want, path="$"):
    """The first place where two canonical JSONs differ, as text."""
    if type(got) is not type(want) or not isinstance(got, (dict, list)):
        return None if got == want and type(got) is type(want) else "%s: %.120s, expected %.120s" % (path, json.dumps(got), json.dumps(want))
    if isinstance(got, dict):
        if got.get("t") != want.get("t"):
            return "%s: %.160s, expected %.160s" % (path, json.dumps(got), json.dumps(want))
        for k in sorted(set(got) | set(want)):
            if k not in got or k not in want:
                return "%s: `%s` %s: %.120s" % (path, k, "missing" if k not in got else "not expected", json.dumps(want.get(k, got.get(k))))
            d = diff(got[k], want[k], path + "." + k)
            if d:
                return d
        return None
    if len(got) != len(want):
        return "%s: %d items, expected %d" % (path, len(got), len(want))
    for i, (a, b) in enumerate(zip(got, want)):
        d = diff(a, b, "%s[%d]" % (path, i))
        if d:
            return d
    return None


def strict(got, want, path="$"):
    """What `norm` drops but the output must keep, wherever the expectation has it: text of paths, names of zones, state of
    exceptions, order of dicts, fold, is_safe. Yields the places that differ."""
    if isinstance(got, list) and isinstance(want, list):
        for i, (a, b) in enumerate(zip(got, want)):
            yield from strict(a, b, "%s[%d]" % (path, i))
        return
    if not (isinstance(got, dict) and isinstance(want, dict)):
        return
    t = want.get("t")
    if got.get("t") != t:
        return

    def same(k):
        if k in want and want[k] is not None and got.get(k) != want[k]:
            yield "%s.%s (%s): %.100s, expected %.100s" % (path, k, t, json.dumps(got.get(k)), json.dumps(want[k]))
    if t == "path":
        yield from same("v")
        yield from same("cls")
    elif t == "timezone":
        yield from same("name")
        yield from same("offset_us")
    elif t == "pytz":
        for k in ("zone", "utcoffset_s", "dst_s", "tzname"):
            yield from same(k)
    elif t == "zoneinfo":
        yield from same("key")
    elif t == "dateutil_tz":
        for k in ("filename", "name", "offset_s"):
            yield from same(k)
    elif t in ("datetime", "time"):
        yield from same("v")
        yield from same("fold")
    elif t == "exception":
        yield from same("state")
    elif t in ("dict", "defaultdict", "counter") and not want.get("unordered"):
        a, b = [json.dumps(p[0], sort_keys=True) for p in got["v"]], [json.dumps(p[0], sort_keys=True) for p in want["v"]]
        if a != b and sorted(a) == sorted(b):
            yield "%s: order of the keys of a %s" % (path, t)
        if a != b:
            return
    for k in want:
        if k in got:
            yield from strict(got[k], want[k], path + "." + k)


def wire(j):
    """The class definition's part of an expectation taken away: what the bytes of an instance can say."""
    return {k: v for k, v in j.items() if k not in ("fields_not_on_wire", "name")}


def matches(g, w):
    """Whether `g` is what the bytes say of `w`, where `w` knows the class definition."""
    if g == w:
        return True
    if isinstance(g, list) and isinstance(w, list):
        return len(g) == len(w) and all(matches(a, b) for a, b in zip(g, w))
    if not (isinstance(g, dict) and isinstance(w, dict)):
        return False
    gt, wt = g.get("t"), w.get("t")
    if gt == wt == "object":
        return matches_object(g, w)
    # `list[int]` passes for a type in Python 3.9 and 3.10, where its expectation was taken as `list`.
    if wt == "global" and gt == "object" and g["cls"] == ["types", "GenericAlias"]:
        return matches(g["args"][0], w)
    if gt == wt == "exception_state":
        return tail(g) == tail(w) and matches(g.get("state"), w["state"]) and not g.get("args")
    if gt == wt:
        return set(g) == set(w) and all(matches(g[k], w[k]) for k in g)
    if wt == "exception_state":
        return gt in ("exception", "object") and tail(g) == tail(w) and matches(g.get("state"), w["state"]) and not g.get("args")
    if gt != "object":
        return gt == "global" and wt == "enum" and [g["module"], g["name"]] == [w["cls"][0], "%s.%s" % (w["cls"][1], w["name"])]
    args = g.get("args", [])
    if wt == "enum":
        return g["cls"] == w["cls"] and len(args) == 1 and matches(args[0], w["value"])
    if wt == "namedtuple":
        whole = len(args) == 1 and isinstance(args[0], dict) and args[0].get("t") == "tuple" and matches(args[0]["v"], w["v"])
        return g["cls"] == w["cls"] and (whole or matches(args, w["v"]))
    if wt == "exception":
        return tail(g) == tail(w) and matches(args, w["args"])
    if wt == "nx_graph" or "edges" in w and "nodes" in w:
        return g["cls"][1] == (w["cls"] if isinstance(w["cls"], str) else w["cls"][-1]) and graph_nodes(g) == [sorted_text(n) for n in sorted(w["nodes"], key=sorted_text)]
    return False


def tail(j):
    return j["cls"][1]


def sorted_text(j):
    return json.dumps(j, sort_keys=True)


def graph_nodes(g):
    """The node dict in the state of a networkx graph, as sorted [key, attributes] texts."""
    for k, v in (g.get("state") or {}).get("v", []):
        name = k.get("v") or bytes.fromhex(k.get("hex", "")).decode()
        if name in ("node", "_node"):
            return [sorted_text(p) for p in sorted(v["v"], key=sorted_text)]
    return None


def matches_object(g, w):
    """Two instances: an empty state is none; protocols 0 and 1 give the base value as an argument; a state setter's
    argument is the state."""
    g, w = dict(g), dict(w)
    for j in (g, w):
        if j.get("state") == {"t": "dict", "v": []}:
            del j["state"]
    calls = g.pop("calls", None)
    if calls and "state" not in g:
        g["state"] = calls[-1][-1]
    for k, t in (("dictitems", "dict"), ("items", "list")):
        if k in w and k not in g and len(g.get("args", [])) == 1 and g["args"][0].get("t") == t:
            g[k] = g.pop("args")[0]["v"]
            if "args" in w:
                g["args"] = []
    # `_reconstructor` gives the base value alone, where NEWOBJ gives all arguments.
    if len(g.get("args", [])) == 1 and len(w.get("args", [])) > 1 and matches(g["args"][0], w["args"][0]):
        w["args"] = w["args"][:1]
    if sorted(g) != sorted(w):
        return False
    if "dictitems" in w:
        g["dictitems"], w["dictitems"] = sorted(g["dictitems"], key=sorted_text), sorted(w["dictitems"], key=sorted_text)
    return all(matches(g[k], w[k]) for k in g)


class Check:
    def __init__(self, args, root, ref, registry):
        self.args, self.root, self.ref, self.registry = args, root, ref, registry
        self.failures, self.notes = [], []
        self.total = collections.Counter()

    def fail(self, count, st, r, kind, text):
        count[kind] += 1
        self.failures.append((kind, st + "/" + r["file"], text))

    def convert_all(self, d, names, out, extra):
        """One run for many inputs -> its status; what converted stands in `out`."""
        if not names:
            return 0
        code = 0
        for i in range(0, len(names), 500):
            c, _ = run([self.args.depickle, "convert"] + names[i:i + 500] + ["--lossless", "--out-dir", out] + extra, cwd=d)
            code = max(code, 99 if not isinstance(c, int) or c < 0 else c)
        return code

    def one(self, d, name, out, extra=()):
        target = os.path.join(out, name + ".single.json")
        code, err = run([self.args.depickle, "convert", name, "--lossless", "-o", target] + list(extra), cwd=d)
        there = os.path.exists(target)
        if there:
            os.unlink(target)
        return code, err, there

    def check_set(self, st):
        d = os.path.join(self.root, st)
        with open(os.path.join(d, "MANIFEST.json"), encoding="utf-8") as f:
            records = [r for r in json.load(f)["records"] if self.in_stage(st, r)]
        count = collections.Counter()
        with tempfile.TemporaryDirectory() as out:
            convert = [r for r in records if r["must"] in ("value", "opaque") and not self.accepted(st, r)]
            names = [r["file"] for r in convert]
            self.convert_all(d, names, out, [])
            first = {n for n in names if os.path.exists(os.path.join(out, n + ".json"))}
            rest = [n for n in names if n not in first]
            self.convert_all(d, rest, out, ["--allow", "*"])
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                # Why the first try failed must be a refusal, and it must have left nothing behind.
                again = dict(zip(rest, pool.map(lambda n: self.one(d, n, out), rest)))
                others = [r for r in records if r not in convert]
                odd = list(pool.map(lambda r: self.one(d, r["file"], out), others))
            for r in convert:
                self.check_value(st, d, out, r, count, again.get(r["file"]))
            for r, (code, err, there) in zip(others, odd):
                self.check_status(st, d, out, r, code, err, there, count)
        self.total.update(count)
        print("%-14s %s" % (st, ", ".join("%s %d" % kv for kv in sorted(count.items()))), flush=True)

    def in_stage(self, st, r):
        if self.args.types and r["type"] not in self.args.types.split(","):
            return False
        if st == "py27-misc":
            return r["type"] in ("datetime", "tz", "dateutil", "bson", "networkx")
        return not r["file"].startswith(("np-", "pd-"))

    def accepted(self, st, r):
        for (s, f), v in ACCEPTED.items():
            if st.startswith(s) and r["file"].startswith(f):
                return v
        return None

    def check_status(self, st, d, out, r, code, err, there, count):
        """A record that must fail, or may: the status without --allow, and no output behind it."""
        acc = self.accepted(st, r)
        right = (3,) if acc else {"refuse": (3,), "error": (4,), "either": (0, 3)}[r["must"]]
        if code not in right:
            return self.fail(count, st, r, "status", "exit %s, expected %s (%s; %s): %s" % (code, right, r["must"], r.get("note"), err.strip()[:160]))
        if there != (code == 0):
            return self.fail(count, st, r, "output left", "exit %s but an output file %s" % (code, "stands there" if there else "is missing"))
        if acc:
            code, err, there = self.one(d, r["file"], out, ["--allow", "*"])
            if code not in acc[0] or there != (code == 0):
                return self.fail(count, st, r, "status", "exit %s with --allow, expected %s" % (code, acc[0]))
        count["failed as they must"] += 1

    def check_value(self, st, d, out, r, count, first):
        path = os.path.join(out, r["file"] + ".json")
        if first is not None:
            code, err, there = first
            if code != 3:
                self.fail(count, st, r, "not converted", "exit %s without --allow: %s" % (code, err.strip()[:240]))
                return
            if there:
                self.fail(count, st, r, "output left", "exit 3 but an output file stands there")
        if not os.path.exists(path):
            code, err, _ = self.one(d, r["file"], out, ["--allow", "*"])
            self.fail(count, st, r, "not converted", "exit %s with --allow '*': %s" % (code, err.strip()[:240]))
            return
        if first is not None:
            count["needed --allow"] += 1
            self.judge_allow(st, d, r, count, first[1])
        try:
            with open(path, encoding="utf-8") as f:
                got = lossless.canonical(lossless.parse(f.read()))
        except (lossless.Bad, ValueError) as e:
            self.fail(count, st, r, "mapping", "not in the tagged mapping: %s" % e)
            return
        with open(os.path.join(d, r["expect"]), encoding="utf-8") as f:
            wants = [json.load(f)]
        if r.get("expect_live"):
            with open(os.path.join(d, r["expect_live"]), encoding="utf-8") as f:
                wants.append(json.load(f))
        g = self.ref.norm(got)
        for want in wants:
            w = self.ref.norm(want)
            # `calls` is ours alone: the zoo has no word for a state setter.
            how = "equal" if g == w else "equivalent" if (matches(g, w) or matches(g, wire(w) if isinstance(w, dict) else w)) else None
            if how is None:
                continue
            lost = list(strict(got, want))
            if lost:
                self.fail(count, st, r, "strict", lost[0])
            else:
                count[how] += 1
                if how == "equivalent" and self.args.verbose:
                    self.notes.append("equivalent: %s/%s (%s)" % (st, r["file"], r["must"]))
            return
        self.fail(count, st, r, "different", diff(g, self.ref.norm(wants[0])) or "?")

    def judge_allow(self, st, d, r, count, err):
        """Whether --allow was needed although the registry knows every name of the file."""
        import symdis
        with open(os.path.join(d, r["file"]), "rb") as f:
            s = symdis.Sym(f.read())
        try:
            s.load()
        except Exception as e:
            self.notes.append("symdis can't read %s/%s: %s" % (st, r["file"], e))
            return
        known = [self.registry.get(g) for g in s.globals]
        if any(k is None or k[0] in LATER for k in known):
            return
        if all(k[1] in ("data", "part") for k in known) and r["must"] == "value":
            self.fail(count, st, r, "needless --allow", "every name is data: %s: %s" % (s.globals, err.strip()[:160]))
        else:
            self.notes.append("needed --allow although all names are data, part or inert: %s/%s %s" % (st, r["file"], s.globals))


def registry(path):
    """(module, name) -> (kind, status)."""
    out = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            c = line.rstrip("\n").split("\t")
            out[(c[1], c[2])] = (c[0], c[4])
    return out


def main():
    p = argparse.ArgumentParser(description="type zoo against depickle convert --lossless")
    p.add_argument("--depickle", required=True)
    p.add_argument("--shared", default=os.environ.get("DEPICKLE_SHARED"))
    p.add_argument("--unpacked")
    p.add_argument("--sets")
    p.add_argument("--types")
    p.add_argument("-v", "--verbose", action="store_true")
    args = p.parse_args()
    if not args.shared:
        print("skipped: no --shared and no DEPICKLE_SHARED")
        return 0
    args.depickle = os.path.abspath(args.depickle)
    sys.path.insert(0, os.path.join(args.shared, "zoo"))
    import refdecode
    with tempfile.TemporaryDirectory() as temp:
        root = args.unpacked or temp
        if not any(s.startswith("std-") for s in (os.listdir(root) if os.path.isdir(root) else [])):
            os.makedirs(root, exist_ok=True)
            with tarfile.open(os.path.join(args.shared, "zoo", "zoo.tar.xz")) as t:
                t.extractall(root, [m for m in t.getmembers() if m.name.lstrip("./").startswith(SETS)], filter="data")
        check = Check(args, root, refdecode, registry(os.path.join(args.shared, "zoo", "registry.tsv")))
        for st in sorted(os.listdir(root)):
            if st.startswith(SETS) and (not args.sets or st in args.sets.split(",")):
                check.check_set(st)
    for kind, file, text in sorted(check.failures):
        print("FAIL %s  %s  %s" % (kind, file, text))
    for n in check.notes if args.verbose else sorted(set(n.split("/")[0] for n in check.notes)):
        print("note: %s" % n)
    t = check.total
    print("zoo: exact %d, equivalent %d, failed as they must %d, needed --allow %d, failures %d" % (t["equal"], t["equivalent"], t["failed as they must"], t["needed --allow"], len(check.failures)))
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(lossless.deep(main))
