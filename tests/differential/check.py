"""The differential test: depickle against CPython on the programs of `generate.py`.

Where depickle converts, CPython must load the same value. Where CPython fails, depickle must fail. Where depickle alone
fails, its message must match a line of `stricter.tsv`, which says why it is stricter. Exit status 1 where any of it fails.
"""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import graph  # noqa: E402

SHOWN = 5


def cpython(python, folder, start, end):
    """The verdicts of CPython on files start to end; a worker that dies is a verdict too."""
    verdicts = {}
    while start < end:
        done = subprocess.run([python, HERE / "worker.py", "--from", str(start), "--to", str(end), "--dir", folder],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in done.stdout.splitlines():
            index, verdict, detail = json.loads(line)
            verdicts[index] = (verdict, detail)
            start = index + 1
        if start < end:
            verdicts[start] = ("unjudged", "killed: status %d" % done.returncode)
            start += 1
    return verdicts


def all_of_cpython(python, folder, count, jobs):
    size = max(1, -(-count // (jobs * 4)))
    verdicts = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        parts = [pool.submit(cpython, python, folder, start, min(start + size, count)) for start in range(0, count, size)]
        for part in parts:
            verdicts.update(part.result())
    return verdicts


def depickle(binary, folder, names, out):
    """(documents by name, messages by name)."""
    done = subprocess.run([binary, "convert", "--lossless", "--out-dir", out, folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    messages = collections.defaultdict(list)
    for line in done.stderr.decode("utf-8", "replace").splitlines():
        found = re.search(r"(\d{6})\.pkl", line)
        if found:
            messages[found.group(1) + ".pkl"].append(line)
    documents = {}
    for path in pathlib.Path(out).rglob("*.pkl.json"):
        documents[path.name[:-len(".json")]] = path.read_bytes()
    if not documents and not messages:
        raise SystemExit("depickle did nothing (status %d): %s" % (done.returncode, done.stderr[:2000]))
    return documents, messages, done.returncode


def normalised(message):
    """A message without its place and its numbers, to group by."""
    message = re.sub(r"\(?(\bat \S+, )?\bat offset 0x[0-9a-f]+.*$", "", message)
    message = re.sub(r"\S*\d{6}\.pkl\S*", "FILE", message)
    return re.sub(r"-?\b(0x[0-9a-f]+|\d+)\b", "N", message).strip()


def stricter():
    rules = []
    for line in (HERE / "stricter.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, why = line.split("\t")
            rules.append((re.compile(pattern), why))
    return rules


def compare(document, expected):
    try:
        ours = graph.parse(document)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        return "unreadable output: %s: %s" % (type(error).__name__, error)
    return graph.difference(ours, graph.parse(expected))


class Findings:
    """Violations by cause, with the first files of each."""

    def __init__(self):
        self.by_cause = collections.defaultdict(list)

    def add(self, cause, name, detail=""):
        self.by_cause[cause].append((name, detail))

    def print(self):
        for cause, found in sorted(self.by_cause.items(), key=lambda item: -len(item[1])):
            print("\nVIOLATION %s: %d" % (cause, len(found)))
            for name, detail in found[:SHOWN]:
                print("  %s  %s" % (name, detail[:300]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depickle", help="the binary; without it only CPython's side is counted")
    parser.add_argument("--python", required=True, help="CPython 3.13")
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    files = sorted(path.name for path in args.dir.glob("*.pkl"))
    verdicts = all_of_cpython(args.python, args.dir, len(files), args.jobs)
    counts = collections.Counter(verdict for verdict, _ in verdicts.values())
    print("CPython, of %d files: %s" % (len(files), ", ".join("%s %d" % pair for pair in counts.most_common())))
    if not args.depickle:
        reasons = collections.Counter(re.sub(r"'[^']*'|\d+", "N", detail)[:90] for verdict, detail in verdicts.values() if verdict != "ok")
        for reason, count in reasons.most_common(70):
            print("  %5d  %s" % (count, reason))
        return 0
    with tempfile.TemporaryDirectory() as out:
        documents, messages, status = depickle(args.depickle, args.dir, files, out)
    print("depickle: %d converted, %d with a message, status %d" % (len(documents), len(messages), status))
    findings, rules, reasons, tally = Findings(), stricter(), collections.Counter(), collections.Counter()
    for index, name in enumerate(files):
        verdict, detail = verdicts[index]
        message = next(iter(messages.get(name, [])), "(no message: skipped as no pickle)")
        if verdict == "unjudged":
            tally["CPython ran out of memory or time: not judged"] += 1
        elif name in documents:
            if name in messages and any("error" in line for line in messages[name]):
                findings.add("converted and reported an error", name, message)
            if verdict == "ok":
                wrong = compare(documents[name], detail)
                tally["both load, equal" if wrong is None else "both load, DIFFERENT"] += 1
                if wrong is not None:
                    findings.add("values differ: " + re.sub(r"\$\S*|\d+", "", wrong)[:60], name, wrong)
            elif verdict == "unencodable":
                tally["depickle converts, the mapping has no word for CPython's value"] += 1
                findings.add("no mapping for CPython's value", name, detail)
            else:
                tally["depickle converts, CPython fails"] += 1
                findings.add("converted, but CPython: " + re.sub(r"'[^']*'|\d+", "N", detail)[:60], name, detail)
        elif verdict == "ok":
            rule = next((why for pattern, why in rules if pattern.search(message)), None)
            tally["depickle alone fails"] += 1
            if rule is None:
                findings.add("stricter without a reason: " + normalised(message)[:110], name, message)
            else:
                reasons[rule] += 1
        else:
            tally["both fail"] += 1
    for label, count in tally.most_common():
        print("%6d  %s" % (count, label))
    print("\nStricter than CPython, by reason:")
    for why, count in reasons.most_common():
        print("%6d  %s" % (count, why))
    findings.print()
    return 1 if findings.by_cause else 0


def with_deep_stack():
    """Tagged documents nest deeper than the usual stack allows."""
    sys.setrecursionlimit(100_000)
    sys.set_int_max_str_digits(0)
    threading.stack_size(256 << 20)
    result = []
    thread = threading.Thread(target=lambda: result.append(main()))
    thread.start()
    thread.join()
    return result[0] if result else 2


if __name__ == "__main__":
    sys.exit(with_deep_stack())
