#!/usr/bin/env python3
"""Checks `depickle convert --lossless` against the type zoo: some 19,000 pickles that real Pythons and libraries wrote, each
with the value it must become.

    zoo.py --depickle BIN --shared DIR [--unpacked DIR] [--sets a,b] [--types int,str] [-v]

DIR holds zoo/zoo.tar.xz, zoo/refdecode.py and zoo/registry.tsv; the default is the environment variable DEPICKLE_SHARED,
and without it the check says so and ends with 0. `--unpacked` names a folder with the unpacked archive, or where to unpack
it for the next run; without it a temporary one is used.

A record passes when the output, read by lossless.py, equals the expectation under the zoo's own rules (`refdecode.norm`) and
also keeps what those rules drop (see `strict`). Where the expectation knows more than the bytes do (names of enum members,
fields of a namedtuple), `matches` says what must agree, and the record counts as equivalent. A case that may stay opaque also
passes when it equals what the zoo's reference decoder reads from the bytes ("as the reference"). Absent on purpose: what holds
pickles in a database or in a text (SQLite, caches, shelves, base64).
"""
import argparse
import collections
import concurrent.futures
import json
import os
import struct
import subprocess
import sys
import tarfile
import tempfile

import lossless

# Containers that are no pickles, archives or compressed files: stores and texts.
STORES = (
    "apscheduler", "base64-", "cachelib", "celery-redis_message", "celery-results.", "diskcache", "django-dbcache", "djangofilecache", "djangosession", "hex.txt", "loggingsocket",
    "shelve-", "sqlite-",
)
# Kinds of the registry that this stage reads as records or not at all, so that needing --allow is no fault.
LATER = {"bson"}
# Parts with a use that needs --allow: `functools.partial` is a part of pandas' blocks only.
EXTRA = {("functools", "partial")}
# (set prefix, file prefix) -> the statuses with --allow that are right although the manifest says `opaque`, with the reason.
# Without --allow such a file must be refused.
ACCEPTED = {
    ("containers-", "cloudpickle-lambda"): ((0, 3), "functions may be refused, says its note"),
    ("torch-", "torch-torchscript"): ((3,), "TorchScript is named and refused"),
    ("containers-", "dill-lambda"): ((0, 3), "functions may be refused, says its note"),
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


def numbers(values):
    return [complex(*map(float, v)) if isinstance(v, list) else complex(v) for v in values]


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
    elif t == "scipy_sparse" and "dense" in got and numbers(got["dense"]) != numbers(want["dense"]):
        yield "%s: elements of a sparse matrix: %.100s, expected %.100s" % (path, json.dumps(got["dense"], default=str), json.dumps(want["dense"]))
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
    if gt == wt == "object" and w.get("factory", [""])[0] == "?":
        return g["cls"][1] == w["factory"][1] and matches(g.get("args"), w.get("args"))
    if gt == wt == "object":
        return matches_object(g, w)
    # pyarrow 0.x named the only decimal type of its time so.
    if gt == wt == "arrow_type":
        return g["v"].replace("decimal128(", "decimal(") == w["v"].replace("decimal128(", "decimal(")
    if gt == wt == "maskedarray" and ("fill_value" in g) != ("fill_value" in w):
        return all(matches(g.get(k), w.get(k)) for k in set(g) | set(w) if k != "fill_value")
    if gt == wt == "nx_graph":
        g, w = edges(g), edges(w)
    # The text of a dtype is its library's; the class and the parameters decide.
    if gt == wt == "pd_dtype":
        return g["cls"] == w["cls"] and g.get("str", w["str"]) == w["str"]
    if gt == wt == "categorical_dtype" and w["categories"] is not None:
        return matches(g["categories"], w["categories"]) and g["ordered"] == w["ordered"]
    if gt == "dateoffset" and wt in ("object", "dateoffset"):
        state = w if wt == "dateoffset" else {text_of(k): v for k, v in w.get("state", {}).get("v", [])}
        n = state.get("n", {"v": "1"})
        return RENAMED.get(tail(g), tail(g)) == RENAMED.get(tail(w), tail(w)) and g["n"] == (n if isinstance(n, str) else n["v"]) and g["normalize"] == bool(state.get("normalize"))
    if wt == "sparse_series" and gt == "series":
        return all(matches(g[k], w[k]) for k in ("index", "name", "values"))
    if wt in ("sparse_dataframe", "panel") and gt in ("dataframe", "object"):
        return matches_old(g, w)
    if gt == wt == "tensor" and "layout" in w:
        short = lambda j: dict(j, layout=j.get("layout", "").replace("torch.", ""))
        g, w = short(g), short(w)
    # A storage by itself holds a stream of torch, which has its bytes.
    if gt == "torch_storage" and wt == "object":
        stream = w["args"][0]
        return g["hex"] in (stream.get("v") or stream["hex"])
    if gt == "list" and wt == "multi":
        return matches(g["v"], w["v"])
    if gt == "dict" and wt in ("npz", "archive"):
        return matches(sorted(g["v"], key=sorted_text), sorted([[{"t": "str", "v": k}, v] for k, v in w["v"]], key=sorted_text))
    if gt in ("bytes", "bytearray") and wt in ("buffer", "arrow_buffer"):
        return g["v"] == w["v"]
    if gt == "global" and wt == "torch_dtype":
        return "torch." + g["name"] == w["v"] and g["module"] == "torch"
    if gt == "object" and wt == "torch_device":
        return g["cls"] == ["torch", "device"] and [a["v"] for a in g["args"]] == w["v"].split(":")
    if wt == "joblib_memory":
        return matches(g, w["output"])
    if gt == "polars" and wt in ("polars_series", "polars_frame"):
        return g["cls"] == {"polars_series": "Series", "polars_frame": "DataFrame"}[wt]
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
        return tail(g) == tail(w) and graph_nodes(g) == [sorted_text(n) for n in sorted(w["nodes"], key=sorted_text)]
    return False


def matches_old(g, w):
    """Sparse frames and panels, which pandas has no more: their parts."""
    if g["t"] == "object":
        g = {text_of(k): v for k, v in g["state"]["v"]}
        if w["t"] == "panel":
            block = {text_of(k): v for k, v in g["blocks"]["v"][0]["v"]}
            return matches(g["axes"]["v"], [w["items"], w["major"], w["minor"]]) and matches(block["values"], w["values"])
        g["data"] = [v for _, v in g["data"]["v"]]
    values = lambda j: [c["values"] for c in j["data"]]
    # Before pandas 0.8 the axes were .npy files in strings.
    axes = [(g[k], w[k]) for k in ("columns", "index") if g[k]["t"] not in ("py2str", "bytes")]
    return all(matches(a, b) for a, b in axes) and values(g) == values(w)


def edges(j):
    """A graph with its nodes and edges in one order, the ends of an undirected edge too."""
    out = dict(j, nodes=sorted(j["nodes"], key=sorted_text))
    ends = [(e if j["directed"] else sorted(e[:2], key=sorted_text) + e[2:]) for e in j["edges"]]
    out["edges"] = sorted(ends, key=sorted_text)
    return out


# Offsets of pandas that have two names.
RENAMED = {"BDay": "BusinessDay", "BMonthEnd": "BusinessMonthEnd", "BMonthBegin": "BusinessMonthBegin"}


def tail(j):
    """The name of a class, without its module."""
    return j["cls"] if isinstance(j["cls"], str) else j["cls"][1]


def text_of(j):
    """Text of a canonical str, of either Python."""
    return j["v"] if j["t"] == "str" else bytes.fromhex(j["hex"]).decode("latin-1") if j["t"] == "py2str" else None


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
        self.types = collections.Counter()
        self.modules = {}

    def fail(self, count, st, r, kind, text):
        count[kind] += 1
        self.types[(st, r["type"])] += 1
        self.failures.append((kind, st + "/" + r["file"], text))

    def source(self, d, r):
        """The file to convert: of a folder that joblib wrote, the pickle in it."""
        if not os.path.isdir(os.path.join(d, r["file"])):
            return r["file"]
        found = [os.path.join(p, f) for p, _, files in os.walk(os.path.join(d, r["file"])) for f in files if f in ("o.pkl", "output.pkl")]
        return os.path.relpath(sorted(found)[0], d)

    def buffers(self, d, r):
        """The options that name the out-of-band buffers of a file."""
        out, i = [], 0
        while os.path.exists(os.path.join(d, "%s.buf%d" % (r["file"], i))):
            out += ["--buffer", "%s.buf%d" % (r["file"], i)]
            i += 1
        return out

    def convert_all(self, d, names, out, extra):
        """One run for many inputs; what converted stands in `out`."""
        for i in range(0, len(names), 500):
            run([self.args.depickle, "convert", "--quiet"] + names[i:i + 500] + ["--lossless", "--out-dir", out] + extra, cwd=d)

    def one(self, d, r, out, extra=()):
        """A run for one input -> status, messages, whether an output stood there (and is gone now)."""
        name = self.source(d, r)
        target = os.path.join(out, name.replace("/", "_") + ".single.json")
        code, err = run([self.args.depickle, "convert", name, "--lossless", "-o", target] + self.buffers(d, r) + list(extra), cwd=d)
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
            for r in [r for r in convert if self.buffers(d, r)]:
                self.convert_all(d, [r["file"]], out, self.buffers(d, r))
            self.convert_all(d, [self.source(d, r) for r in convert if not self.buffers(d, r)], out, [])
            there = lambda r: os.path.exists(os.path.join(out, self.source(d, r) + ".json"))
            rest = [r for r in convert if not there(r)]
            self.convert_all(d, [self.source(d, r) for r in rest], out, ["--allow", "*"])
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                # Why the first try failed must be a refusal, and it must have left nothing behind.
                allowed = [r for r in rest if there(r)]
                again = dict(zip([r["file"] for r in allowed], pool.map(lambda r: self.one(d, r, out), allowed)))
                others = [r for r in records if r not in convert]
                odd = list(pool.map(lambda r: self.one(d, r, out), others))
            for r in convert:
                self.check_value(st, d, out, r, count, again.get(r["file"]))
            for r, (code, err, left) in zip(others, odd):
                self.check_status(st, d, out, r, code, err, left, count)
        self.total.update(count)
        print("%-32s %s" % (st, ", ".join("%s %d" % kv for kv in sorted(count.items()))), flush=True)

    def in_stage(self, st, r):
        if self.args.types and r["type"] not in self.args.types.split(","):
            return False
        return not (st.startswith("containers-") and r["file"].startswith(STORES))

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
            code, err, there = self.one(d, r, out, ["--allow", "*"])
            if code not in acc[0] or there != (code == 0):
                return self.fail(count, st, r, "status", "exit %s with --allow, expected %s" % (code, acc[0]))
        count["failed as they must"] += 1

    def check_value(self, st, d, out, r, count, first):
        path = os.path.join(out, self.source(d, r) + ".json")
        if not os.path.exists(path):
            code, err, _ = self.one(d, r, out, ["--allow", "*"]) if count["not converted"] < self.args.explain else ("", "", 0)
            self.fail(count, st, r, "not converted", "exit %s with --allow '*': %s" % (code, err.strip()[:240]))
            return
        if first is not None:
            code, err, there = first
            if code != 3:
                self.fail(count, st, r, "not converted", "exit %s without --allow: %s" % (code, err.strip()[:240]))
                return
            if there:
                self.fail(count, st, r, "output left", "exit 3 but an output file stands there")
            count["needed --allow"] += 1
            self.judge_allow(st, d, r, count, first[1])
        try:
            with open(path, encoding="utf-8") as f:
                got = lossless.canonical(lossless.parse(f.read()))
        except (lossless.Bad, ValueError, KeyError, TypeError, AttributeError, IndexError, struct.error) as e:
            self.fail(count, st, r, "mapping", "not in the tagged mapping: %s: %s" % (type(e).__name__, e))
            return
        wants = []
        for k in ("expect", "expect_live"):
            if r.get(k):
                with open(os.path.join(d, r[k]), encoding="utf-8") as f:
                    wants.append(json.load(f))
        g = self.aliased(self.ref.norm(got))
        for want in wants:
            w = self.aliased(self.ref.norm(want))
            # `calls` is ours alone: the zoo has no word for a state setter.
            how = "equal" if g == w else "equivalent" if (matches(g, w) or matches(g, wire(w) if isinstance(w, dict) else w)) else None
            if how is None:
                continue
            lost = list(strict(got, want))
            if lost:
                self.fail(count, st, r, "strict", lost[0])
            else:
                count[how] += 1
                if how == "equivalent":
                    self.notes.append("equivalent: %s/%s (%s)" % (st, r["file"], r["must"]))
            return
        if r["must"] == "opaque":
            ref, why = self.reference(os.path.join(d, r["file"]), r)
            ref = self.aliased(self.ref.norm(ref))
            if why is None and (g == ref or matches(g, ref) or matches(ref, g)):
                count["as the reference"] += 1
                return
            if not wants or why:
                self.fail(count, st, r, "different", "from the reference: %s" % (why or diff(g, ref)))
                return
        self.fail(count, st, r, "different", diff(g, self.aliased(self.ref.norm(wants[0]))) or "?")

    def aliased(self, j):
        """Classes under one of the names that the registry gives to one kind: what was renamed stays the same."""
        if isinstance(j, list):
            return [self.aliased(v) for v in j]
        if not isinstance(j, dict):
            return j
        j = {k: self.aliased(v) for k, v in j.items()}
        if j.get("t") == "object":
            for k in ("cls", "factory"):
                if k in j:
                    j[k] = [self.module(*j[k]), j[k][1]]
        if j.get("t") == "global":
            j["module"] = self.module(j["module"], j["name"])
        return j

    def module(self, module, name):
        if (module, name) not in self.modules:
            kind = self.registry.get((module, name), (None,))[0]
            same = [m for (m, n), (k, _) in self.registry.items() if k == kind and n == name]
            self.modules[(module, name)] = min(same) if same else module
        return self.modules[(module, name)]

    def reference(self, path, r):
        """What the zoo's own decoder reads from the bytes, or why it reads nothing."""
        try:
            if r["group"] == "torch":
                return self.ref.torch_file(path), None
            if str(r.get("container", "")).startswith("joblib "):
                return self.ref.joblib_file(path), None
            with open(path, "rb") as f:
                return self.ref.decode(f.read())[0], None
        except Exception as e:
            return None, "the reference decoder: %s: %s" % (type(e).__name__, e)

    def judge_allow(self, st, d, r, count, err):
        """Whether --allow was needed although the registry knows every name of the file."""
        import symdis
        with open(os.path.join(d, self.source(d, r)), "rb") as f:
            s = symdis.Sym(f.read())
        try:
            s.load()
        except Exception as e:
            self.notes.append("symdis can't read %s/%s: %s" % (st, r["file"], e))
            return
        known = [self.registry.get(g) for g in s.globals]
        if not known or any(k is None or k[0] in LATER or g in EXTRA for k, g in zip(known, s.globals)):
            return
        self.fail(count, st, r, "needless --allow", "every name is known: %s: %s" % (s.globals, err.strip()[:160]))


def registry(path):
    """(module, name) -> (kind, status)."""
    out = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            c = line.rstrip("\n").split("\t")
            out[(c[1], c[2])] = (c[0], c[4])
    return out


def work(args, root, st):
    """One set, in a process of its own."""
    def check():
        sys.path.insert(0, os.path.join(args.shared, "zoo"))
        import refdecode
        c = Check(args, root, refdecode, registry(os.path.join(args.shared, "zoo", "registry.tsv")))
        c.check_set(st)
        return c.failures, c.notes, c.total, c.types
    return lossless.deep(check)


def main():
    p = argparse.ArgumentParser(description="type zoo against depickle convert --lossless")
    p.add_argument("--depickle", required=True)
    p.add_argument("--shared", default=os.environ.get("DEPICKLE_SHARED"))
    p.add_argument("--unpacked")
    p.add_argument("--sets", help="names of sets, or how they begin (`py311,torch-`)")
    p.add_argument("--types")
    p.add_argument("--explain", type=int, default=20, help="how many inputs that did not convert are tried again for their message, in each set")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("-v", "--verbose", action="store_true")
    args = p.parse_args()
    if not args.shared:
        print("skipped: no --shared and no DEPICKLE_SHARED")
        return 0
    args.depickle = os.path.abspath(args.depickle)
    failures, notes, total, types = [], [], collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as temp:
        root = args.unpacked or temp
        if not any(s.startswith("torch-") for s in (os.listdir(root) if os.path.isdir(root) else [])):
            os.makedirs(root, exist_ok=True)
            with tarfile.open(os.path.join(args.shared, "zoo", "zoo.tar.xz")) as t:
                t.extractall(root, filter="data")
        sets = [s for s in sorted(os.listdir(root)) if os.path.exists(os.path.join(root, s, "MANIFEST.json")) and (not args.sets or s.startswith(tuple(args.sets.split(","))))]
        with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
            for f, n, c, t in pool.map(work, [args] * len(sets), [root] * len(sets), sets):
                failures += f
                notes += n
                total.update(c)
                types.update(t)
    for kind, file, text in sorted(failures)[:None if args.verbose else 200]:
        print("FAIL %s  %s  %s" % (kind, file, text))
    by_type = collections.Counter()
    for (_, t), n in types.items():
        by_type[t] += n
    for t, n in by_type.most_common():
        print("failures of %s: %d (%s)" % (t, n, ", ".join("%s %d" % (s, m) for (s, u), m in sorted(types.items()) if u == t)[:400]))
    for n in notes if args.verbose else sorted(set(n.split("/")[0] for n in notes)):
        print("note: %s" % n)
    print("zoo: " + ", ".join("%s %d" % (k, total[k]) for k in ("equal", "equivalent", "as the reference", "failed as they must", "needed --allow")) + ", failures %d" % len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
