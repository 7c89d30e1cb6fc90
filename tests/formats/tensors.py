#!/usr/bin/env python3
"""npy, npz and safetensors against the libraries that define them: what we write loads there, and is bit-equal.

    tensors.py --depickle BIN --zoo DIR --venvs DIR [-v]

Arrays come from the type zoo's set of the newest numpy, torch files from its torch sets. numpy and safetensors load the outputs of
arrays (tensors_worker.py, in the environment `readers`); tensors of torch are compared with the lossless mapping, whose views are
gathered here. Status 1 where anything differs, and where an array of numbers does not convert.
"""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

import venvs

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "shared"))
import lossless  # noqa: E402
import science  # noqa: E402

WORKER = os.path.join(HERE, "tensors_worker.py")
# Types of safetensors by their names in torch.
NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL", "uint16": "U16",
    "uint32": "U32", "uint64": "U64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "complex64": "C64", "float8_e8m0fnu": "F8_E8M0", "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
}


def convert(args, files, cwd, out, fmt):
    subprocess.run([args.depickle, "convert", *files, "--to", fmt, "--out-dir", out, "--quiet"], cwd=cwd, capture_output=True, stdin=subprocess.DEVNULL)
    return [f for f in files if os.path.exists(os.path.join(out, f + "." + fmt))]


def why(args, file, cwd, fmt):
    with tempfile.TemporaryDirectory() as out:
        p = subprocess.run([args.depickle, "convert", file, "-o", os.path.join(out, "x." + fmt)], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return p.returncode, p.stderr.strip()[:200]


def arrays(args, python, out, say):
    st = sorted((s for s in os.listdir(args.zoo) if re.search(r"-np2\.4-", s)), reverse=True)[0]
    d = os.path.join(args.zoo, st)
    files = sorted(f for f in os.listdir(d) if re.match(r"(ndarray|recarray|chararray|matrix)-.*-p5\.pkl$", f))
    pairs, count = [], {}
    subprocess.run([python, WORKER, "make", out] + [os.path.join(d, f) for f in files], check=True)
    for folder, inputs, fmt in ((d, files, "npy"), (d, files, "npz"), (out, ["dict-plain.pkl", "dict-numbers.pkl"], "npz"), (out, ["dict-numbers.pkl"], "safetensors")):
        done = convert(args, inputs, folder, out, fmt)
        count[fmt] = count.get(fmt, 0) + len(done)
        for f in inputs:
            if f in done:
                pairs.append((os.path.join(folder, f), os.path.join(out, f + "." + fmt)))
                continue
            code, err = why(args, f, folder, fmt)
            # Objects, and what is no array, are for other formats; the status says so.
            if code != 6 or f.startswith("dict-"):
                say("%s to %s: exit %s: %s" % (f, fmt, code, err))
    p = subprocess.run([python, WORKER, "check"], input=json.dumps(pairs), capture_output=True, text=True)
    if p.returncode:
        say("the worker: %s" % p.stderr[-300:])
    for line in p.stdout.splitlines():
        path, d = json.loads(line)
        # What stands in the pickle beside plain numbers is not in the file, and says so in the ledger.
        if d:
            say("%s: %s" % (os.path.basename(path), d))
    return count


def header(path):
    """The table of a safetensors file and its bytes."""
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        return json.loads(f.read(n)), f.read()


def views(value):
    """name -> (dtype, shape, bytes in C order) of a tensor or a dict of tensors."""
    if science.kind(value) == "tensor":
        return {None: view(value.a)}
    if science.kind(value) not in ("dict", "ordereddict"):
        return None
    pairs = value.a if value.kind == "dict" else value.a[0]
    if not all(science.kind(v) == "tensor" for _, v in pairs):
        return None
    return {science.text(k): view(v.a) for k, v in pairs}


def view(a):
    shape, w = science.ints(a["shape"]), science.torch_width(a["dtype"])
    stride = science.ints(a["stride"]) if "stride" in a else science.c_strides(shape)
    data = a["storage"].a["data"]
    if a.get("conj") or a.get("neg") or a.get("quantized") is not None:
        return None
    return a["dtype"], shape, b"".join(data[p * w:(p + 1) * w] for p in science.places(shape, stride, a.get("offset") or 0))


def tensors(args, out, say):
    compared = 0
    for st in sorted(s for s in os.listdir(args.zoo) if s.startswith("torch-")):
        d = os.path.join(args.zoo, st)
        files = sorted(f for f in os.listdir(d) if f.endswith(".pt"))
        folder = os.path.join(out, st)
        subprocess.run([args.depickle, "convert", *files, "--lossless", "--out-dir", folder, "--quiet"], cwd=d, capture_output=True, stdin=subprocess.DEVNULL)
        done = convert(args, files, d, folder, "safetensors")
        for f in files:
            try:
                with open(os.path.join(folder, f + ".json"), encoding="utf-8") as fh:
                    want = views(lossless.parse(fh.read()))
            except FileNotFoundError:
                continue
            if want is None or None in want.values() or any(v[0] not in NAMES for v in want.values()):
                continue
            if f not in done:
                # A tensor without a name is for npy.
                if None not in want:
                    say("%s/%s to safetensors: exit %s: %s" % ((st, f) + why(args, f, d, "safetensors")))
                continue
            table, data = header(os.path.join(folder, f + ".safetensors"))
            table.pop("__metadata__", None)
            if None in want:
                want = {next(iter(table)): want[None]}
            if sorted(table) != sorted(want):
                say("%s/%s: names %s, expected %s" % (st, f, sorted(table), sorted(want)))
                continue
            for name, (dtype, shape, raw) in want.items():
                first, last = table[name]["data_offsets"]
                if (table[name]["dtype"], table[name]["shape"], data[first:last]) != (NAMES[dtype], shape, raw):
                    say("%s/%s: `%s` differs" % (st, f, name))
            compared += 1
    return compared


def main():
    p = argparse.ArgumentParser(description="npy, npz and safetensors against their own libraries")
    p.add_argument("--depickle", required=True)
    p.add_argument("--zoo", required=True)
    p.add_argument("--venvs", required=True)
    args = p.parse_args()
    args.depickle, args.zoo, args.venvs = [os.path.abspath(x) for x in (args.depickle, args.zoo, args.venvs)]
    python = venvs.make(args.venvs, "readers")
    failures = []
    with tempfile.TemporaryDirectory() as out:
        count = arrays(args, python, out, failures.append)
        compared = tensors(args, out, failures.append)
    for text in failures:
        print("FAIL %s" % text)
    print("tensors: %s, torch files %d; failures %d" % (", ".join("%s %d" % kv for kv in sorted(count.items())), compared, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(lossless.deep(main))
