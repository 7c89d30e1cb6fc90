#!/usr/bin/env python3
"""Checks `depickle convert` against the hostile and edge cases: status, complete report, no output, time and memory.

    hostile.py --depickle BIN --shared DIR [--groups ABCDEFLNTZ] [--only A01,B02] [-v]

DIR holds hostile/cases.tsv and hostile/files; the default is the environment variable DEPICKLE_SHARED, and without it the
check says so and ends with 0. Where the table says `policy`, the decisions of hostile/README.md are written out in POLICY,
each with its reason. Absent on purpose: the other commands, `scan` among them.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time

import lossless

TIMEOUT = 10.0
WALL, RSS = 1.0, 256 << 10
# Cases that must be settled before any work is done: seconds and KiB.
EARLY_WALL, EARLY_RSS = 0.050, 32 << 10
EARLY = {
    "L01", "L02", "L03", "L04", "L06", "L08", "E73", "E75", "N08", "N09", "N12", "N13", "N30", "N31", "T05", "T06", "T09", "T10", "T11", "T42", "T43", "T44", "T50", "Z04", "Z06",
    "Z07",
}

EXPECT = {"ok": (0,), "ok-lossless": (6,), "global": (3,), "value": (3,), "op": (3,), "corrupt": (4,), "limit": (5,)}
# Converted with --lossless, whatever the natural mapping says.
LOSSLESS = {"ok": (0,), "ok-lossless": (0,)}

# id -> (statuses, statuses with --lossless or None, reason)
POLICY = {
    "A39": ((0, 3), None, "undecided: an alias of Python 2 in a protocol that no Python 2 wrote"),
    "A41": ((0,), (0,), "a data class left as a value is a type name"),
    "B24": ((0,), (0,), "a huge memo index is accepted, O(1)"),
    "B25": ((0,), (0,), "a huge memo index is accepted, O(1)"),
    "B28": ((4,), None, "a text number that no pickler writes"),
    "B30": ((4,), None, "a text number that no pickler writes"),
    "C17": ((0,), (0,), "PROTO 0 or 1 written out is accepted"),
    "C24": ((0,), (0,), "opcodes and PROTO need not agree"),
    "C36": ((4,), None, "FRAME under protocol < 4"),
    "C41": ((0,), (0,), "a second pickle: the file is one of many"),
    "D06": ((4,), None, "a text number that no pickler writes"),
    "D08": ((4,), None, "a text number that no pickler writes"),
    "D10": ((4,), None, "a text number that no pickler writes"),
    "D11": ((4,), None, "a text number that no pickler writes"),
    "D12": ((4,), None, "a text number that no pickler writes"),
    "D16": ((4,), None, "a text number that no pickler writes (line ends translated)"),
    "D27": ((4,), None, "a text number that no pickler writes"),
    "D28": ((0, 4), None, "undecided: -0"),
    "D30": ((4,), None, "a text number that no pickler writes"),
    "D34": ((0, 4), None, "undecided: repr of infinity on other platforms"),
    "D36": ((0, 4), None, "undecided: repr of a negative NaN before Python 2.6"),
    "D37": ((4,), None, "a text number that no pickler writes"),
    "D38": ((0, 4), None, "undecided: a number that overflows to infinity"),
    "D62": ((6,), (0,), "a lone surrogate: natural 6, lossless 0"),
    "D74": ((0,), (0,), "an unknown escape in STRING stays, as in Python"),
    "D75": ((4,), None, "an octal escape over \\377"),
    "D76": ((0,), (0,), "an inner quote in STRING, as in Python"),
    "D78": ((0,), (0,), "8-bit strings: by --py2-str, whose default reads them all"),
    "D88": ((6,), (0,), "two surrogates, not one emoji: natural 6, lossless 0"),
    "E02": ((0,), (0,), "POP may take a mark"),
    "E17": ((4,), None, "SETITEM on a list"),
    "E40": ((3,), None, "BUILD on None is an impossible value"),
    "E48": ((3,), None, "BUILD twice on a data type is an impossible value"),
    "E57": ((0,), (0,), "a data class left as a value is a type name"),
    "E58": ((0, 6), (0,), "a type name as a key: what natural JSON does with it is undecided"),
    "F11": ((0,), (0,), "a range is kept as three numbers"),
    "F44": ((0,), (0,), "Decimal sNaN is text"),
    "F46": ((3,), None, "Decimal with underscores or blanks"),
    "F50": ((0, 3), None, "undecided: _reconstructor of a data class over object"),
    "N28": ((0, 3), None, "undecided: a scalar of objects"),
    "T03": ((3,), None, "storage bytes that do not match"),
    "T17": ((3,), None, "a bool as a size"),
    "T19": ((0, 3), None, "undecided: backward hooks"),
    "T20": ((0, 3), None, "undecided: quantized tensors"),
    "T22": ((0, 3), None, "undecided: an unreferenced pickle member"),
    "T23": ((0,), None, "bytes stay bytes"),
    "T38": ((3,), None, "TorchScript is named and refused"),
    "T46": ((0, 4), None, "undecided: a version of the future"),
}
# What an accepted case must become in the tagged mapping.
VALUES = {
    "B32": {"$dict": [[{"$py2str": "a"}, {"$def": [0, [7]]}]]},
    "B33": {"$tuple": [{"$def": [0, [1]]}, {"$ref": 0}]},
    "D01": True, "D02": False, "D03": 1, "D18": 99999999999999999999, "D31": 1.5, "D33": {"$float": "inf"}, "D44": 5.0,
    "D48": 0, "D50": -1, "D71": {"$py2str": ""}, "D82": "A", "D84": "\u00e9", "D85": "\U0010ffff", "D91": "a\r",
    "D62": {"$str": "7aCA"},
    "E27": {"$dict": [[{"$py2str": "a"}, 3], [{"$py2str": "b"}, 2]]},
    "E75": [{"$def": [0, [{"$tuple": [{"$ref": 0}]}]]}],
    "E31": {"$dict": [[{"$float": "nan"}, 2]]},
    "E36": {"$set": [1]},
    "E37": {"$dict": [[{"$tuple": [1]}, 2]]},
    "E57": [{"$global": ["collections", "OrderedDict"]}],
    "E73": {"$def": [0, [{"$ref": 0}]]},
    "F11": {"$range": [0, 10**18, 1]},
    "F26": {"$deque": {"maxlen": 10**18, "items": []}},
    "F43": {"$decimal": "1E+999999999"}, "F44": {"$decimal": "sNaN123"},
    "A41": {"$global": ["collections", "UserDict"]},
}
MARKER = b"what stood here before\n"


class Result:
    def __init__(self, code, seconds, rss, err):
        self.code, self.seconds, self.rss, self.err = code, seconds, rss, err


def run(args):
    """Runs a command -> status (negative: a signal; None: timed out), wall time, peak RSS in KiB, stderr."""
    with tempfile.TemporaryFile() as err:
        start = time.monotonic()
        p = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        status = usage = None
        while True:
            pid, status, usage = os.wait4(p.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - start > TIMEOUT:
                p.kill()
                os.wait4(p.pid, 0)
                p.returncode = -9
                return Result(None, TIMEOUT, 0, "")
            time.sleep(0.0005)
        seconds = time.monotonic() - start
        p.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        return Result(p.returncode, seconds, usage.ru_maxrss, err.read(1 << 22).decode("utf-8", "replace"))


def reported(name, err):
    """Whether the report has the name in backticks, spelled as Python's ascii() does. The table writes some backslashes
    twice."""
    return any("`%s`" % n in err for n in {name, name.replace("\\\\", "\\")})


class Check:
    def __init__(self, args):
        self.args, self.failures = args, []
        self.slowest, self.largest = (0, ""), (0, "")

    def case(self, r, temp):
        before = len(self.failures)
        path = os.path.join(self.args.shared, "hostile", "files", r["file"])
        out = os.path.join(temp, "x.json")
        say = lambda text: self.failures.append("%s %s: %s" % (r["id"], r["title"], text))
        right, right_lossless, why = self.expected(r)
        natural = self.convert(r, path, out, (), right, say, why)
        self.same_output(path, temp, natural, say)
        if right_lossless is not None:
            self.convert(r, path, out, ("--lossless",), right_lossless, say, why)
        return len(self.failures) == before

    def expected(self, r):
        if r["expect"] == "policy":
            if r["id"] not in POLICY:
                return (0, 3, 4, 5, 6), None, "no decision is written down"
            return POLICY[r["id"]]
        return EXPECT[r["expect"]], LOSSLESS.get(r["expect"]), "expect `%s`" % r["expect"]

    def convert(self, r, path, out, extra, right, say, why):
        early = r["id"] in EARLY
        wall, most = (EARLY_WALL, EARLY_RSS) if early else (WALL, RSS)
        label = " ".join(("convert",) + extra)
        got = None
        # The machine may be busy: the best of three counts.
        for _ in range(3):
            if os.path.exists(out):
                os.unlink(out)
            one = run([self.args.depickle, "convert", path, "-o", out, *extra])
            if got is None or one.seconds < got.seconds:
                got = one
            if got.code is None or got.seconds < wall:
                break
        if got.code is None:
            say("%s: not done after %d s" % (label, TIMEOUT))
            return got
        if got.code < 0 or got.code == 101:
            say("%s: crashed with %d: %s" % (label, got.code, got.err.strip()[:200]))
        elif got.code not in right:
            say("%s: exit %d, expected %s (%s): %s" % (label, got.code, "/".join(map(str, right)), why, got.err.strip()[:200]))
        if os.path.exists(out) != (got.code == 0):
            say("%s: exit %d, and the output file %s" % (label, got.code, "stands there" if os.path.exists(out) else "is missing"))
        if got.code != 0:
            for name in filter(None, r["scan_globals"].split(";")):
                # What stands past bytes that are no pickle, or in an archive that is not sound, is for `scan` to find.
                if r["id"] != "C43" and not (r["group"] in "TZ" and r["expect"] == "corrupt") and not reported(name, got.err):
                    say("%s: `%s` is not in the report: %s" % (label, name, got.err.strip()[:200]))
        elif os.path.exists(out):
            self.value(r, out, extra, say)
        if any(ord(c) < 32 and c not in "\n\t" or 0x7f <= ord(c) < 0xa0 or 0x202a <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069 for c in got.err):
            say("%s: raw control characters in the report" % label)
        if len(got.err) > 65536:
            say("%s: a report of %d bytes" % (label, len(got.err)))
        if got.seconds >= wall:
            say("%s: %.3f s, allowed %.3f" % (label, got.seconds, wall))
        if got.rss >= most:
            say("%s: %.1f MiB, allowed %.0f" % (label, got.rss / 1024, most / 1024))
        self.slowest = max(self.slowest, (got.seconds, r["id"]))
        self.largest = max(self.largest, (got.rss, r["id"]))
        return got

    def value(self, r, out, extra, say):
        with open(out, encoding="utf-8") as f:
            text = f.read()
        try:
            got = json.loads(text)
        except ValueError as e:
            return say("the output is no JSON: %s" % e)
        if extra:
            if r["id"] in VALUES and json.dumps(got) != json.dumps(VALUES[r["id"]]):
                say("value %.120s, expected %.120s" % (json.dumps(got), json.dumps(VALUES[r["id"]])))
            # A file of two pickles is an array of two documents, which counts anew in each.
            if r["id"] != "C41":
                try:
                    lossless.parse(text)
                except lossless.Bad as e:
                    say("not in the tagged mapping: %s" % e)

    def same_output(self, path, temp, natural, say):
        """A conversion that fails leaves an existing output as it was, and nothing beside it."""
        if natural.code in (0, None):
            return
        folder = tempfile.mkdtemp(dir=temp)
        out = os.path.join(folder, "kept.json")
        with open(out, "wb") as f:
            f.write(MARKER)
        again = run([self.args.depickle, "convert", path, "-o", out])
        with open(out, "rb") as f:
            kept = f.read()
        if kept != MARKER:
            say("exit %s, and the existing output was changed" % again.code)
        if os.listdir(folder) != ["kept.json"]:
            say("exit %s, and left behind: %s" % (again.code, sorted(os.listdir(folder))))


def main():
    p = argparse.ArgumentParser(description="hostile cases against depickle convert")
    p.add_argument("--depickle", required=True)
    p.add_argument("--shared", default=os.environ.get("DEPICKLE_SHARED"))
    p.add_argument("--groups", default="ABCDEFLNTZ")
    p.add_argument("--only")
    p.add_argument("-v", "--verbose", action="store_true")
    args = p.parse_args()
    if not args.shared:
        print("skipped: no --shared and no DEPICKLE_SHARED")
        return 0
    args.depickle = os.path.abspath(args.depickle)
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    with open(os.path.join(args.shared, "hostile", "cases.tsv"), encoding="utf-8") as f:
        head, *lines = [l.rstrip("\n").split("\t") for l in f]
    rows = [dict(zip(head, l)) for l in lines]
    check, count = Check(args), collections.Counter()
    with tempfile.TemporaryDirectory() as temp:
        for r in rows:
            if r["group"] not in args.groups or args.only and r["id"] not in args.only.split(","):
                continue
            good = check.case(r, temp)
            count[(r["group"], good)] += 1
            if args.verbose:
                print("%s %s" % (r["id"], "ok" if good else "FAIL"), flush=True)
    for g in sorted({g for g, _ in count}):
        print("%s: passed %d, failed %d" % (g, count[(g, True)], count[(g, False)]))
    for text in check.failures:
        print("FAIL %s" % text)
    print("hostile: passed %d, failed %d; slowest %.3f s (%s), largest %.1f MiB (%s)" % (
        sum(n for (_, ok), n in count.items() if ok), sum(n for (_, ok), n in count.items() if not ok),
        check.slowest[0], check.slowest[1], check.largest[0] / 1024, check.largest[1]))
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
