"""Makes `std/`, `records/`, `refused/` and `malformed/` anew; see README.md. The same versions give the same bytes.

Each interpreter writes its pickles with a golden each; the golden that most variants of a case share becomes
`<case>.json`, another becomes `<case>.<variant>.json`.
"""
import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent
VERSIONS = {
    "std": ["3.13.0", "2.7.18", "3.6.15", "3.7.16", "3.8.18", "3.9.18", "3.10.13", "3.12.1"],
    "records": ["3.13.0", "2.7.18"],
    "refused": ["3.13.0"],
}


def run(script, version, pythons, libraries, out):
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0", TZ="UTC", PYTHONWARNINGS="ignore",
                       PYTHONPATH=str(libraries), LC_ALL="C.UTF-8")
    python = pathlib.Path(pythons) / version / "bin" / "python"
    subprocess.run([python, HERE / (script + ".py"), "--out", out], check=True, env=environment)


def merge(source, target):
    """Moves the pickles and joins their goldens."""
    cases = collections.defaultdict(dict)
    for golden in sorted(source.glob("*.golden")):
        case, _, variant = golden.stem.partition(".")
        cases[case][variant] = golden.read_bytes()
        shutil.copy(source / (golden.stem + ".pkl"), target)
    for case, variants in cases.items():
        newest_first = sorted(variants, key=lambda variant: ("py313" not in variant, -len(variant), variant))
        counts = collections.Counter(variants.values())
        shared = max((variants[variant] for variant in newest_first), key=lambda text: counts[text])
        (target / (case + ".json")).write_bytes(shared)
        for variant, text in variants.items():
            if text != shared:
                (target / ("%s.%s.json" % (case, variant))).write_bytes(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pythons", required=True, help="folder with one installation per version, as pyenv makes it")
    parser.add_argument("--libraries", required=True, help="what `pip install --target` made of requirements.txt")
    args = parser.parse_args()
    for family, versions in VERSIONS.items():
        for folder in ("refused", "malformed") if family == "refused" else (family,):
            shutil.rmtree(DATA / folder, ignore_errors=True)
            (DATA / folder).mkdir()
        if family == "refused":
            run(family, versions[0], args.pythons, args.libraries, DATA)
            continue
        with tempfile.TemporaryDirectory() as scratch:
            for version in versions:
                run(family, version, args.pythons, args.libraries, scratch)
            merge(pathlib.Path(scratch), DATA / family)


if __name__ == "__main__":
    main()
