"""Runs inside an environment with numpy and safetensors: makes pickles of dicts of arrays, and compares what our npy, npz and
safetensors hold, bit for bit, with the arrays of the pickles.

    tensors_worker.py make FOLDER PICKLE...      dicts of arrays -> dict-plain.pkl, dict-numbers.pkl
    tensors_worker.py check PICKLE FILE...       one JSON line for each pair: file, what differs or null
"""
import io
import json
import os
import pickle
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")

# What safetensors has a type for.
NUMBERS = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8"}


def load(path):
    with open(path, "rb") as f:
        return pickle.load(f)


def plain(value):
    """An array without a mask, a subclass or objects, which numpy itself can write."""
    if type(value) is not np.ndarray or value.dtype.hasobject or value.dtype.kind == "T":
        return False
    try:
        np.save(io.BytesIO(), value, allow_pickle=False)
        return True
    except ValueError:
        return False


def make(folder, paths):
    arrays = {}
    for path in paths:
        try:
            value = load(path)
        except Exception:
            continue
        if plain(value):
            arrays[os.path.basename(path).replace(".pkl", "")] = value
    numbers = {k: v for k, v in arrays.items() if v.dtype.kind + str(v.dtype.itemsize) in NUMBERS}
    for name, value in (("dict-plain", arrays), ("dict-numbers", numbers)):
        with open(os.path.join(folder, name + ".pkl"), "wb") as f:
            pickle.dump(value, f, protocol=5)


def differ(got, want):
    """What differs between two arrays, or None; numpy turns some big-endian arrays when it loads a pickle."""
    want = np.asarray(want)
    if got.shape != want.shape:
        return "shape %s, expected %s" % (got.shape, want.shape)
    if got.dtype.newbyteorder("<") != want.dtype.newbyteorder("<"):
        return "dtype %s, expected %s" % (got.dtype, want.dtype)
    if got.astype(want.dtype, copy=False).tobytes() != want.tobytes():
        # Bytes between the fields of an aligned struct are nobody's.
        if want.dtype.names and got.dtype == want.dtype and all(got[n].tobytes() == want[n].tobytes() for n in want.dtype.names):
            return None
        return "other bytes"
    return None


def several(got, want):
    if sorted(got) != sorted(want):
        return "names %s, expected %s" % (sorted(got), sorted(want))
    return next(("%s: %s" % (k, d) for k, d in ((k, differ(got[k], want[k])) for k in want) if d), None)


def named(want):
    """The names that `np.savez` gives."""
    if isinstance(want, dict):
        return want
    return {"arr_%d" % i: v for i, v in enumerate(want)} if isinstance(want, (list, tuple)) else {"arr_0": want}


def check(pickled, path):
    want = load(pickled)
    if path.endswith(".npy"):
        return differ(np.load(path, allow_pickle=False), want)
    if path.endswith(".npz"):
        with np.load(path, allow_pickle=False) as z:
            got = {k: z[k] for k in z.files}
        return several(got, named(want))
    import safetensors.numpy
    return several(safetensors.numpy.load_file(path), want)


def main():
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3:])
        return
    for pickled, path in json.load(sys.stdin):
        try:
            d = check(pickled, path)
        except Exception as e:
            d = "%s: %s" % (type(e).__name__, str(e)[:200])
        print(json.dumps([path, d]), flush=True)


if __name__ == "__main__":
    main()
