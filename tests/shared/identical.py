#!/usr/bin/env python3
"""Checks that streaming and parallel work change nothing: every file of the corpus and the zoo is converted to every format with and
without `--whole`, with `--jobs 1` and `--jobs 2`, and the trees of outputs and the ledgers are held against each other byte for byte.

    identical.py --depickle BIN --shared DIR [--unpacked DIR] [--formats json,parquet] [--per-list 300] [-v]

DIR holds corpus/files and zoo/zoo.tar.xz; the default is the environment variable DEPICKLE_SHARED, and without it the check says so
and ends with 0. `--unpacked` names a folder with the unpacked zoo, or where to unpack it for the next run.

Few files are large enough to be converted in batches, so the zoo is also *grown*: the bodies of its pickles, memo indices moved, become
the items of lists, the values of dicts and the rows of lists of dicts, each again and again until the file has a few batches; and
pickles stand one after another in one file. What is one object in a file of the zoo is so shared over batches.

Exit status 1, with a list, where any two differ.
"""
import argparse
import hashlib
import json
import os
import pickletools
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

FORMATS = {
    "json": ["--to", "json"],
    "ndjson": ["--to", "ndjson"],
    "msgpack": ["--to", "msgpack"],
    "protobuf": ["--to", "protobuf"],
    "parquet": ["--to", "parquet"],
    "arrow": ["--to", "arrow"],
    "csv": ["--to", "csv"],
    "json-lossless": ["--to", "json", "--lossless"],
    "ndjson-lossless": ["--to", "ndjson", "--lossless"],
    "msgpack-lossless": ["--to", "msgpack", "--lossless"],
}
# The first is what the others are held against.
WAYS = {
    "whole": ["--whole", "--jobs", "1"],
    "streamed": ["--jobs", "1"],
    "two jobs": ["--jobs", "2"],
    "whole, two jobs": ["--whole", "--jobs", "2"],
}
# Bytes that a grown file has at least: several batches.
GROWN = 1 << 20
# Bodies larger than this are no building blocks.
BODY = 64 << 10
# What no pickler writes but for objects that contain themselves; such a body keeps the whole file from being streamed.
RARE = {"POP", "POP_MARK", "DUP"}
PUTS = {"PUT", "BINPUT", "LONG_BINPUT"}
GETS = {"GET", "BINGET", "LONG_BINGET"}


def unpack(shared, root):
    if not any(s.startswith("torch-") for s in (os.listdir(root) if os.path.isdir(root) else [])):
        os.makedirs(root, exist_ok=True)
        with tarfile.open(os.path.join(shared, "zoo", "zoo.tar.xz")) as t:
            t.extractall(root, filter="data")


class Body:
    """A pickle without its frame, its memo indices counted from 0: what can stand anywhere in another."""

    def __init__(self, data):
        """Raises ValueError where `data` is no single pickle, or holds what cannot be moved."""
        self.parts, self.slots, self.rare, self.modern = [], 0, False, True
        if b"joblib" in data:
            raise ValueError("may be followed by raw bytes")
        ops = list(pickletools.genops(data))
        ends = [pos for _, _, pos in ops[1:]] + [len(data)]
        if ops[-1][0].name != "STOP" or ops[-1][2] != len(data) - 1:
            raise ValueError("more than one pickle")
        count, seen = 0, set()
        for (op, arg, pos), end in zip(ops, ends):
            if op.name in ("PROTO", "FRAME", "STOP"):
                continue
            if op.name in ("PERSID", "BINPERSID", "NEXT_BUFFER"):
                raise ValueError("needs what is outside")
            self.rare |= op.name in RARE
            if op.name == "MEMOIZE":
                arg = count
            if op.name == "MEMOIZE" or op.name in PUTS:
                self.modern &= op.name == "MEMOIZE"
                seen.add(arg)
                count = len(seen)
                self.slots = max(self.slots, arg + 1)
                self.parts.append(("put", arg))
            elif op.name in GETS:
                self.parts.append(("get", arg))
            else:
                self.parts.append(("as is", data[pos:end]))

    def at(self, base):
        out = bytearray()
        for kind, what in self.parts:
            if kind == "as is":
                out += what
            elif kind == "get":
                out += b"j" + (base + what).to_bytes(4, "little")
            elif self.modern:
                out += b"\x94"
            else:
                out += b"r" + (base + what).to_bytes(4, "little")
        return bytes(out)


def text(s):
    return b"X" + len(s).to_bytes(4, "little") + s.encode()


def grow(bodies, form):
    """One pickle of the bodies in turn, until it is large enough."""
    modern = bodies[0].modern
    put = (lambda slot: b"\x94") if modern else (lambda slot: b"r" + slot.to_bytes(4, "little"))
    out, slots, n = bytearray(b"\x80\x05" if modern else b"\x80\x02"), 1, 0
    out += (b"}" if form == "dict" else b"]") + put(0)
    while len(out) < GROWN:
        out += b"("
        for body in bodies:
            if form == "dict":
                out += text("key %d" % n)
            if form == "rows":
                out += b"}(" + text("n") + b"J" + n.to_bytes(4, "little") + text("v")
            out += body.at(slots)
            slots += body.slots
            if form == "rows":
                out += b"u"
            n += 1
        out += b"u" if form == "dict" else b"e"
    return bytes(out) + b"."


def grown(zoo, converted, out, per_list):
    """Writes lists, dicts, rows and files of many pickles, made of the pickles of each set that convert."""
    made = 0
    for folder, _, files in sorted(os.walk(zoo)):
        kinds = {}
        for name in sorted(files):
            path = os.path.join(folder, name)
            if path not in converted or os.path.getsize(path) > BODY:
                continue
            with open(path, "rb") as f:
                data = f.read()
            try:
                body = Body(data)
            except (ValueError, KeyError, IndexError, TypeError):
                continue
            kinds.setdefault((body.modern, body.rare), []).append((body, data))
        for (modern, rare), found in kinds.items():
            for at in range(0, len(found), per_list):
                part = found[at:at + per_list]
                stem = os.path.join(out, "%s-%s%s-%d" % (os.path.basename(folder), "memoize" if modern else "put", "-rare" if rare else "", at))
                for form in ("list", "dict", "rows"):
                    with open("%s.%s.pkl" % (stem, form), "wb") as f:
                        f.write(grow([body for body, _ in part], form))
                    made += 1
                many = b"".join(data for _, data in part)
                with open(stem + ".many.pkl", "wb") as f:
                    f.write(many * (GROWN // len(many) + 1))
                made += 1
    return made


def convert(depickle, inputs, fmt, way, timeout):
    """Converts folders; what came out: path -> digest, and the ledger's entries by input."""
    with tempfile.TemporaryDirectory() as temp:
        argv = [depickle, "convert", *inputs, "--out-dir", "out", "--ledger", "ledger.json", "--allow", "*", *FORMATS[fmt], *WAYS[way]]
        started = time.monotonic()
        p = subprocess.run(argv, cwd=temp, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=timeout)
        tree = {}
        for folder, _, files in os.walk(os.path.join(temp, "out")):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    tree[os.path.relpath(path, temp)] = hashlib.file_digest(f, "sha256").hexdigest()
        try:
            with open(os.path.join(temp, "ledger.json"), encoding="utf-8") as f:
                ledger = {e["input"]: e for e in json.load(f)["inputs"]}
        except OSError:
            ledger = {}
        return p.returncode, tree, ledger, time.monotonic() - started


def compare(way, got, want, say):
    """Says what differs from the first way."""
    if got[0] != want[0]:
        say("exit status %s, %s when read whole" % (got[0], want[0]))
    for path in sorted(set(got[1]) | set(want[1])):
        if got[1].get(path) != want[1].get(path):
            say("%s: %s" % (path, "missing" if path not in got[1] else "only here" if path not in want[1] else "other bytes"))
    for name in sorted(set(got[2]) | set(want[2])):
        g, w = got[2].get(name, {}), want[2].get(name, {})
        for key in sorted(set(g) | set(w)):
            # What an output is made of stands in its hash; where a file is refused, the first finding may be another's.
            if g.get(key) != w.get(key):
                say("ledger of %s: `%s` is %.160s, %.160s when read whole" % (name, key, json.dumps(g.get(key)), json.dumps(w.get(key))))


def main():
    p = argparse.ArgumentParser(description="streamed against whole, one job against two")
    p.add_argument("--depickle", required=True)
    p.add_argument("--shared", default=os.environ.get("DEPICKLE_SHARED"))
    p.add_argument("--unpacked")
    p.add_argument("--formats", default=",".join(FORMATS))
    p.add_argument("--ways", default=",".join(w for w in WAYS if w != "whole, two jobs"), help="of %s" % ", ".join(WAYS))
    p.add_argument("--only", choices=("corpus", "zoo", "grown"), help="one part alone")
    p.add_argument("--per-list", type=int, default=300, help="pickles of the zoo in one grown file")
    p.add_argument("--keep", help="where the grown files are left")
    p.add_argument("--timeout", type=int, default=1800, help="seconds for one run over one part")
    p.add_argument("-v", "--verbose", action="store_true")
    args = p.parse_args()
    if not args.shared:
        print("skipped: no --shared and no DEPICKLE_SHARED")
        return 0
    args.depickle = os.path.abspath(args.depickle)
    failures, compared = [], 0
    with tempfile.TemporaryDirectory() as temp:
        zoo = os.path.abspath(args.unpacked or os.path.join(temp, "zoo"))
        unpack(args.shared, zoo)
        parts = {"corpus": os.path.join(os.path.abspath(args.shared), "corpus", "files"), "zoo": zoo}
        lists = os.path.abspath(args.keep) if args.keep else os.path.join(temp, "grown")
        if args.only in (None, "grown"):
            shutil.rmtree(lists, ignore_errors=True)
            # What converts alone: in natural JSON for all formats, and in the lossless one for the lossless ones.
            for kind in ("json", "json-lossless"):
                ledger = convert(args.depickle, [zoo], kind, "two jobs", args.timeout)[2]
                done = {name for name, e in ledger.items() if e["status"] == "converted"}
                where = os.path.join(lists, "lossless" if "lossless" in kind else "natural")
                os.makedirs(where)
                print("%d of the zoo convert to %s: %d grown files" % (len(done), kind, grown(zoo, done, where, args.per_list)), flush=True)
        for part in [args.only] if args.only else ["corpus", "zoo", "grown"]:
            for fmt in args.formats.split(","):
                folder = parts.get(part) or os.path.join(lists, "lossless" if "lossless" in fmt or fmt == "protobuf" else "natural")
                want = None
                for way in args.ways.split(","):
                    try:
                        got = convert(args.depickle, [folder], fmt, way, args.timeout)
                    except subprocess.TimeoutExpired:
                        failures.append("%s to %s, %s: not done after %d s" % (part, fmt, way, args.timeout))
                        print("FAIL %s" % failures[-1], flush=True)
                        continue
                    print("%-6s %-16s %-16s %6d outputs, status %d, %.1f s" % (part, fmt, way, len(got[1]), got[0], got[3]), flush=True)
                    if want is None:
                        want = got
                        continue
                    compared += len(got[1])
                    before = len(failures)
                    compare(way, got, want, lambda text: failures.append("%s to %s, %s: %s" % (part, fmt, way, text)))
                    for text in failures[before:None if args.verbose else before + 20]:
                        print("FAIL %s" % text, flush=True)
    print("identical: %d outputs compared, differences %d" % (compared, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
