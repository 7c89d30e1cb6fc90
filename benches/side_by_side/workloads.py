#!/usr/bin/env python3
"""Writes the pickles that are converted side by side: the same at every run, made here, safe to load.

    workloads.py --out DIR [--scale 1.0] [--only records,ints] [--protocol N] [--list]

`--scale` multiplies how many items there are, never their size; at 1 the records are some 70 MB and all files together 700 MB. What is
there already is left as it is. Arrays need numpy, DataFrames pandas; the rest needs no more than Python.
"""
import argparse
import datetime
import gc
import os
import pickle
import random
import sys

WORDS = """anchor bramble cobalt drift easel fennel gravel hollow iris juniper kelp lantern marble nettle oak pebble quartz reed
saffron thistle umber violet willow yarrow zephyr acorn birch clover dahlia elder fern gorse heather ivy jasmine knot larch moss""".split()
RARE = ["crème", "Ærø", "Łódka", "дом", "山", "🌧", 'a "quote"', "tab\tnew\nline"]
TOWNS = ["Aarhus", "Genève", "Kraków", "Osaka", "Quito", "Tromsø"]
STATES = ["open", "packed", "sent", "returned"]
START = datetime.datetime(2010, 1, 1)


def words(r, least, most):
    """Some words; one text in four has a rare one."""
    out = r.choices(WORDS, k=r.randint(least, most))
    if r.random() < 0.25:
        out[r.randrange(len(out))] = r.choice(RARE)
    return " ".join(out)


def record(r, n, plain):
    at = START + datetime.timedelta(microseconds=r.randrange(10**15 // 2))
    return {
        "id": 20_000_000 + n,
        "code": "%08x-%03d" % (r.getrandbits(32), n % 1000),
        "title": words(r, 1, 4),
        "mail": "%s%d@example.net" % (r.choice(WORDS), n % 7919),
        "count": r.randrange(300) if r.random() < 0.9 else r.getrandbits(42),
        "rate": r.gauss(0, 50),
        "open": r.random() < 0.6,
        "parent": None if r.random() < 0.5 else 20_000_000 + r.randrange(n + 1),
        "at": at.isoformat() if plain else at,
        "labels": r.choices(WORDS, k=r.randrange(5)),
        "place": {
            "street": "%d %s lane" % (r.randrange(1, 400), r.choice(WORDS)),
            "town": r.choice(TOWNS),
            "state": r.choice(STATES),
            "point": [round(r.uniform(-90, 90), 6), round(r.uniform(-180, 180), 6)],
        },
        "text": words(r, 3, 20),
    }


def records(r, n, plain=False):
    return [record(r, i, plain) for i in range(n)]


def tree(r, depth, leaves):
    """About so many leaves; one node in four gives nearly all to its last child."""
    if depth == 0 or leaves <= 1:
        return r.choice([r.randrange(-1000, 10**6), r.random(), None, True, words(r, 1, 5)])
    width = min(leaves, r.randint(2, 12))
    shares = [max(1, leaves // width)] * width
    if r.random() < 0.25:
        shares = [1] * (width - 1) + [max(1, leaves - width)]
    children = [tree(r, depth - 1, share) for share in shares]
    return children if r.random() < 0.5 else {"%s_%d" % (r.choice(WORDS), i): c for i, c in enumerate(children)}


def columns(r, n):
    return {
        "id": list(range(n)),
        "price": [r.randrange(10**6) / 100 for _ in range(n)],
        "signal": [r.gauss(0, 1) for _ in range(n)],
        "town": r.choices(TOWNS, k=n),
        "title": ["%s %s" % (r.choice(WORDS), r.choice(WORDS)) for _ in range(n)],
        "flag": [r.random() < 0.5 for _ in range(n)],
        "maybe": [None if r.random() < 0.3 else r.randrange(10**6) for _ in range(n)],
    }


def shared(r, n):
    towns = [{"town": w, "near": r.choices(WORDS, k=3)} for w in WORDS]
    people = [{"user": "%s-%d" % (r.choice(WORDS), i), "home": r.choice(towns)} for i in range(10_000)]
    goods = [{"code": "%06x" % r.getrandbits(24), "price": r.randrange(10**4) / 100} for _ in range(2_000)]
    return [(r.choice(people), r.choice(goods), i % 128) for i in range(n)]


def cached(r, i):
    """What a cache of a web application holds: 150 bytes to some KB."""
    if i % 3 == 0:
        return {"user": str(r.randrange(10**6)), "token": "%064x" % r.getrandbits(256), "seen": START + datetime.timedelta(seconds=r.randrange(10**8)),
                "basket": [{"code": "%08x" % r.getrandbits(32), "count": r.randint(1, 5), "price": r.randrange(50000) / 100} for _ in range(r.randrange(1, 10))]}
    if i % 3 == 1:
        return {"task": "%032x" % r.getrandbits(128), "state": r.choice(STATES), "result": {w: r.random() for w in r.sample(WORDS, r.randrange(2, 30))},
                "done": START + datetime.timedelta(seconds=r.randrange(10**8))}
    return {"rows": records(r, int(20 ** r.random())), "page": r.randrange(100), "next": None}


def matrix(r, n):
    import numpy as np
    return np.random.default_rng(r.getrandbits(64)).standard_normal((n, 4096), dtype=np.float32)


def arrays(r, n):
    import numpy as np
    g = np.random.default_rng(r.getrandbits(64))
    kinds = (
        lambda: g.standard_normal((1024, 256), dtype=np.float32),
        lambda: g.integers(0, 10**6, 131_072, dtype=np.int64),
        lambda: g.integers(0, 256, (512, 512, 3), dtype=np.uint8),
    )
    return {"array_%03d" % i: kinds[i % 3]() for i in range(n)}


def numeric(r, n):
    import numpy as np
    import pandas as pd
    g = np.random.default_rng(r.getrandbits(64))
    gaps = g.standard_normal(n)
    gaps[g.random(n) < 0.1] = np.nan
    return pd.DataFrame({
        "f0": g.standard_normal(n), "f1": g.standard_normal(n).cumsum(), "f2": g.random(n), "f3": g.integers(0, 10**6, n) / 100, "f4": g.integers(0, 500, n) / 10, "f5": gaps,
        "i0": np.arange(n), "i1": g.integers(0, 100, n), "i2": g.integers(0, 10**6, n), "i3": 10**12 + g.integers(0, 2000, n).cumsum(), "i4": g.integers(-2**62, 2**62, n), "i5": g.integers(0, 2, n),
    })


def mixed(r, n):
    import numpy as np
    import pandas as pd
    g = np.random.default_rng(r.getrandbits(64))
    note = pd.Series(r.choices(RARE + WORDS, k=n), dtype=object)
    note[g.random(n) < 0.1] = None
    return pd.DataFrame({
        "id": np.arange(n),
        "code": pd.Series(["%08x" % v for v in g.integers(0, 2**32, n)], dtype=object),
        "name": pd.Series(["%s %s" % (r.choice(WORDS), r.choice(WORDS)) for _ in range(n)], dtype=object),
        "note": note,
        "town": pd.Categorical.from_codes(g.integers(-1, len(TOWNS), n), TOWNS),
        "at": pd.Timestamp("2015-01-01") + pd.to_timedelta(g.integers(0, 10**8, n), unit="s"),
        "zoned": pd.DatetimeIndex(pd.Timestamp("2020-01-01") + pd.to_timedelta(g.integers(0, 10**8, n), unit="s")).tz_localize("UTC"),
        "flag": g.random(n) < 0.5,
        "count": pd.Series(g.integers(0, 1000, n)).astype("Int64").mask(g.random(n) < 0.1),
        "price": g.integers(0, 10**6, n) / 100,
        "ratio": g.standard_normal(n).astype("float32"),
    })


def ints(r, n):
    return [r.getrandbits(b) * r.choice((1, 1, 1, 1, -1)) for b in r.choices((7, 15, 30, 31, 62), k=n)]


def floats(r, n):
    return [r.gauss(0, 1e3) if i % 2 else r.randrange(10**6) / 100 for i in range(n)]


# name: (items at scale 1, protocol, what is pickled: one object, an iterator of many pickles, or of files)
WORKLOADS = {
    "records": (240_000, 5, records),
    "records_plain": (120_000, 5, lambda r, n: records(r, n, True)),
    "records_p2": (60_000, 2, records),
    "records_p0": (30_000, 0, records),
    "strings": (1_000_000, 5, lambda r, n: ["%s_%x" % (r.choice(WORDS), r.getrandbits(28)) for _ in range(n)]),
    "ints": (3_000_000, 5, ints),
    "floats": (3_000_000, 5, floats),
    "columns": (300_000, 5, columns),
    "nested": (6_000, 5, lambda r, n: [tree(r, 60, 400) for _ in range(n)]),
    "blobs": (500, 5, lambda r, n: {"blob-%05d" % i: r.randbytes(65_536) for i in range(n)}),
    "shared": (600_000, 5, shared),
    "many": (60_000, 5, lambda r, n: (record(r, i, False) for i in range(n))),
    "files": (6_000, 5, lambda r, n: (cached(r, i) for i in range(n))),
    "numeric": (1_000_000, 5, numeric),
    "mixed": (200_000, 5, mixed),
    "matrix": (6_000, 5, matrix),
    "arrays": (60, 5, arrays),
}


def path(folder, name):
    return os.path.join(folder, name if name == "files" else name + ".pkl")


def write(folder, name, scale, protocol=None):
    """Writes one workload, if it is not there. Gives its path."""
    items, usual, make = WORKLOADS[name]
    protocol = usual if protocol is None else protocol
    target = path(folder, name)
    if os.path.exists(target):
        return target
    # Complete or not there: what is interrupted is made anew.
    part = target + ".part"
    r = random.Random("depickle " + name)
    made = make(r, max(1, round(items * scale)))
    if name == "files":
        for i, item in enumerate(made):
            below = os.path.join(part, "%02x" % (i * 37 % 256))
            os.makedirs(below, exist_ok=True)
            with open(os.path.join(below, "%06d.pkl" % i), "wb") as f:
                pickle.dump(item, f, protocol=protocol)
    else:
        with open(part, "wb", buffering=1 << 20) as f:
            for item in made if name == "many" else [made]:
                pickle.dump(item, f, protocol=protocol)
    os.rename(part, target)
    return target


def main():
    p = argparse.ArgumentParser(description="pickles to be converted side by side")
    p.add_argument("--out", required=True)
    p.add_argument("--scale", type=float, default=1.0)
    p.add_argument("--only", default=",".join(WORKLOADS))
    p.add_argument("--protocol", type=int, help="instead of each workload's own")
    p.add_argument("--list", action="store_true")
    args = p.parse_args()
    if args.list:
        for name, (items, protocol, _) in WORKLOADS.items():
            print("%-14s %9d items, protocol %d" % (name, round(items * args.scale), protocol))
        return
    gc.disable()
    os.makedirs(args.out, exist_ok=True)
    for name in args.only.split(","):
        print("%s" % write(args.out, name, args.scale, args.protocol), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
