#!/usr/bin/env python3
"""depickle beside what else reads pickles, workload by workload: CPU, wall, peak memory, and how they compare.

    run.py --depickle target/release/depickle [--scale 1] [--only records-json,ints-json] [--runs 5] [--markdown]
    run.py --depickle target/release/depickle --grow

It makes what is missing below `target/side_by_side`: a virtual environment with the Python peers (requirements.txt), the Rust peers
(peers/, with cargo), the workloads (workloads.py). `--python` names an interpreter that has the peers already, `--peers none`
leaves out all but tuned Python.

The commands of a row run in turn, each a process of its own, after one round that is not counted; its outputs are read back and
compared. Figures are medians: CPU is user + system time of the process and its threads, memory the peak resident size; both as wait4
tells them (it cannot show less than this script itself takes, some 15 MiB). Ratios are depickle's figure by the peer's: below 1
depickle needs less. Absolute figures of a shared machine mean little, ratios of one run do.
"""
import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RUST = ["serde-pickle", "deser-pickle"]
WAYS = ["value", "transcode"]

# row: (workload, output, depickle's arguments, tuned Python, plain Python, whether the Rust peers read it)
ROWS = {
    "records-json": ("records", "x.json", [], "json-tuned", "json-plain", False),
    "records-ndjson": ("records", "x.ndjson", [], "ndjson-tuned", "ndjson-plain", False),
    "records-msgpack": ("records", "x.msgpack", [], "msgpack-tuned", None, False),
    "records-parquet": ("records", "x.parquet", [], "parquet-tuned", None, False),
    "records-plain-json": ("records_plain", "x.json", [], "json-tuned", "json-plain", True),
    "records-p2-json": ("records_p2", "x.json", [], "json-tuned", "json-plain", False),
    "records-p0-json": ("records_p0", "x.json", [], "json-tuned", "json-plain", False),
    "strings-json": ("strings", "x.json", [], "json-tuned", "json-plain", True),
    "ints-json": ("ints", "x.json", [], "json-tuned", "json-plain", True),
    "floats-json": ("floats", "x.json", [], "json-tuned", "json-plain", True),
    "columns-json": ("columns", "x.json", [], "json-tuned", "json-plain", False),
    "columns-parquet": ("columns", "x.parquet", [], "parquet-tuned", None, False),
    "nested-json": ("nested", "x.json", [], "json-tuned", "json-plain", True),
    "blobs-json": ("blobs", "x.json", [], "json-tuned", "json-plain", False),
    "blobs-msgpack": ("blobs", "x.msgpack", [], "msgpack-tuned", None, False),
    "shared-json": ("shared", "x.json", [], "json-tuned", "json-plain", False),
    "many-ndjson": ("many", "x.ndjson", [], "many-tuned", "many-plain", False),
    "files-ndjson": ("files", "x.ndjson", ["--merge"], "files-tuned", "files-plain", False),
    "numeric-parquet": ("numeric", "x.parquet", ["--compression", "snappy"], "frame-snappy", None, False),
    "numeric-arrow": ("numeric", "x.arrow", [], "frame-arrow", None, False),
    "mixed-parquet": ("mixed", "x.parquet", [], "frame-zstd", None, False),
    "matrix-npy": ("matrix", "x.npy", [], "npy", None, False),
    "arrays-safetensors": ("arrays", "x.safetensors", [], "safetensors", None, False),
}
# What is measured at several sizes.
GROWN = {"json": [], "ndjson": [], "msgpack": [], "parquet": []}


class Failed(Exception):
    pass


def once(argv, limit=900):
    """CPU seconds, wall seconds, peak memory in MiB."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as err:
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        if p.returncode:
            err.seek(0)
            raise Failed("exit status %d: %s" % (p.returncode, err.read()[-300:].decode(errors="replace").strip()))
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


class Bench:
    def __init__(self, args):
        self.args = args
        self.made = os.path.join(ROOT, "target", "side_by_side")
        os.makedirs(self.made, exist_ok=True)
        self.python = args.python or self.environment()
        self.rust = None if args.peers == "none" else self.build()

    def environment(self):
        """An interpreter with the peers of requirements.txt."""
        python = os.path.join(self.made, "venv", "bin", "python")
        if not os.path.exists(python):
            print("making a virtual environment", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", os.path.join(self.made, "venv")], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", "-r", os.path.join(HERE, "requirements.txt")], check=True)
        return python

    def build(self):
        """The Rust peers."""
        target = os.path.join(self.made, "peers")
        subprocess.run(["cargo", "build", "-q", "--release", "--locked", "--manifest-path", os.path.join(HERE, "peers", "Cargo.toml"), "--target-dir", target], check=True)
        return os.path.join(target, "release", "depickle-peers")

    def workload(self, name, scale):
        folder = self.args.data or os.path.join(self.made, "data")
        folder = os.path.join(folder, "%g" % scale)
        target = os.path.join(folder, name if name == "files" else name + ".pkl")
        if not os.path.exists(target):
            subprocess.run([self.python, os.path.join(HERE, "workloads.py"), "--out", folder, "--scale", str(scale), "--only", name], check=True)
        return target

    def ours(self, src, dst, extra):
        return [os.path.abspath(self.args.depickle), "convert", src, "-o", dst, "--quiet", *extra]

    def run(self, argv_of, name):
        """One run into a folder that is gone afterwards; the figures, and what the output holds if `name` asks for it."""
        folder = tempfile.mkdtemp(dir=self.args.out)
        try:
            dst = os.path.join(folder, name.lstrip("?"))
            figures = once(argv_of(dst))
            digest = None
            if name.startswith("?"):
                p = subprocess.run([self.python, os.path.join(HERE, "peers.py"), "digest", dst], capture_output=True, text=True)
                if p.returncode:
                    raise Failed("the output cannot be read: %s" % p.stderr.strip()[-200:])
                digest = p.stdout
            return figures, digest
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def contenders(self, row):
        """Name -> command by output path, ours first; of a peer's ways the better one is still to be found."""
        workload, _, extra, tuned, plain, rust = ROWS[row]
        src = self.workload(workload, self.args.scale)
        script = os.path.join(HERE, "peers.py")
        found = {"depickle": [lambda dst: self.ours(src, dst, extra)], "Python, tuned": [lambda dst: [self.python, script, tuned, src, dst]]}
        if plain and self.args.peers == "all":
            found["Python"] = [lambda dst: [self.python, script, plain, src, dst]]
        if rust and self.rust:
            for crate in RUST:
                found[crate] = [lambda dst, crate=crate, way=way: [self.rust, crate, way, src, dst] for way in WAYS]
        return found

    def row(self, row):
        """Medians by contender, and what went wrong."""
        name = ROWS[row][1]
        found, best, seen, wrong = self.contenders(row), {}, {}, []
        for who, ways in found.items():
            tried = []
            # Plain Python spells dates in its own way.
            for way in ways:
                try:
                    figures, digest = self.run(way, name if who == "Python" else "?" + name)
                    tried.append((figures[0], way))
                    if digest:
                        seen.setdefault(who, digest)
                except Failed as e:
                    wrong.append("%s: %s" % (who, e))
            if tried:
                best[who] = min(tried, key=lambda t: t[0])[1]
        for who, digest in seen.items():
            if digest != seen.get("depickle"):
                wrong.append("%s: the output holds something else than depickle's" % who)
        figures = {who: [] for who in best}
        for _ in range(self.args.runs):
            for who, way in best.items():
                figures[who].append(self.run(way, name)[0])
        return {who: [statistics.median(x) for x in zip(*f)] for who, f in figures.items()}, wrong

    def compare(self):
        rows = list(filter(None, self.args.only.split(","))) or list(ROWS)
        status = 0
        if self.args.markdown:
            print("| row | peer | CPU, s | peer's | ratio | wall, s | peer's | ratio | peak, MiB | peer's | ratio |")
            print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
        else:
            print("%-20s %-14s %22s   %22s   %22s" % ("row", "peer", "CPU s, peer's, ratio", "wall s, peer's, ratio", "peak MiB, peer's, ratio"))
        for row in rows:
            medians, wrong = self.row(row)
            ours = medians.pop("depickle", None)
            for peer, theirs in medians.items() if ours else ():
                cells = []
                for n, digits in ((0, 2), (1, 2), (2, 0)):
                    cells += ["%.*f" % (digits, ours[n]), "%.*f" % (digits, theirs[n]), "%.2f" % (ours[n] / theirs[n])]
                if self.args.markdown:
                    print("| %s | %s | %s |" % (row, peer, " | ".join(cells)), flush=True)
                else:
                    print("%-20s %-14s %7s %7s %5sx   %7s %7s %5sx   %7s %7s %5sx" % (row, peer, *cells), flush=True)
            for text in wrong:
                status = 1
                print("%s: %s" % (row, text), file=sys.stderr, flush=True)
        return status

    def grow(self):
        """Time and memory of depickle at 0.1, 1 and 4 times the scale."""
        if self.args.markdown:
            print("| format | input, MB | CPU, ms per MB | wall, ms per MB | peak, MiB |\n|---|--:|--:|--:|--:|")
        else:
            print("%-10s %10s %14s %14s %10s" % ("format", "input MB", "CPU ms/MB", "wall ms/MB", "peak MiB"))
        for fmt, extra in GROWN.items():
            for factor in (0.1, 1, 4):
                src = self.workload("records", self.args.scale * factor)
                size = os.path.getsize(src) / 1e6
                runs = [self.run(lambda dst: self.ours(src, dst, extra), "x." + fmt)[0] for _ in range(self.args.runs + 1)][1:]
                cpu, wall, peak = (statistics.median(x) for x in zip(*runs))
                cells = fmt, "%.1f" % size, "%.2f" % (cpu * 1e3 / size), "%.2f" % (wall * 1e3 / size), "%.0f" % peak
                print("| %s |" % " | ".join(cells) if self.args.markdown else "%-10s %10s %14s %14s %10s" % cells, flush=True)
        return 0


def machine():
    """What it was measured on, in one line."""
    model, memory = platform.processor(), 0
    try:
        with open("/proc/cpuinfo") as f:
            model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), model)
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except OSError:
        pass
    return "%s, %d cores, %.0f GiB, %s %s, CPython %s" % (model, os.cpu_count(), memory, platform.system(), platform.release(), platform.python_version())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--depickle", required=True, help="the command, built with --release")
    p.add_argument("--scale", type=float, default=1.0, help="how many items the workloads have; at 1 some 700 MB in all")
    p.add_argument("--only", default="", help="rows: %s" % ", ".join(ROWS))
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--python", help="an interpreter that has the peers of requirements.txt")
    p.add_argument("--peers", choices=("all", "tuned", "none"), default="all", help="tuned: no plain Python; none: tuned Python alone")
    p.add_argument("--data", help="where the workloads are kept, in a folder for each scale")
    p.add_argument("--out", help="where outputs are written; a memory file system keeps the disk out of the figures")
    p.add_argument("--grow", action="store_true", help="depickle alone, over records of 0.1, 1 and 4 times the scale")
    p.add_argument("--markdown", action="store_true", help="print the table as docs/performance.md has it")
    args = p.parse_args()
    unknown = [row for row in args.only.split(",") if row and row not in ROWS]
    if unknown:
        p.error("no such row: %s (there are %s)" % (", ".join(unknown), ", ".join(ROWS)))
    if args.grow:
        args.peers = "none"
    bench = Bench(args)
    print("%s; scale %g, medians of %d" % (machine(), args.scale, args.runs), file=sys.stderr)
    return bench.grow() if args.grow else bench.compare()


if __name__ == "__main__":
    sys.exit(main())
