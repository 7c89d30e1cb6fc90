"""Makes testdata/archives: pickles and arrays in ZIP and tar, array files of numpy, and what depickle makes of each.

Run from anywhere with `python3.11 -P` (`dis.py` beside it would stand in for the standard one) and numpy 2.2 or later; a golden is the file's name with `.json` behind it. Object arrays
are not among them: their body is a pickle.
"""

import base64
import gzip
import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent / "archives"
WHEN = (2020, 1, 2, 3, 4, 6)
ONE = [1, 2, {"a": None}]
P = pickle.dumps(ONE, 2)
Q = pickle.dumps("second", 4)


class Pipe(io.RawIOBase):
    """What cannot be rewound: zipfile then writes sizes behind the data."""

    def __init__(self):
        self.bytes = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.bytes += data
        return len(data)


def zipped(members, out=None, comment=b"", zip64=False, method=zipfile.ZIP_STORED):
    target = out or io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.comment = comment
        for name, data in members:
            info = zipfile.ZipInfo(name, WHEN)
            info.compress_type = method
            if name.endswith("/"):
                archive.writestr(info, b"")
                continue
            with archive.open(info, "w", force_zip64=zip64) as member:
                member.write(data)
    return bytes(out.bytes) if out else target.getvalue()


def tarred(members, format):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name.rstrip("/"))
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            info.size = len(data)
            info.mtime = 1577934246
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def npy(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    return out.getvalue()


def dtype(d):
    if d.subdtype:
        base, shape = d.subdtype
        return {"base": dtype(base), "shape": list(shape)}
    if d.names is None:
        return d.str
    fields = []
    for name in d.names:
        part, offset, *title = d.fields[name]
        inner = dtype(part)
        inner = inner if isinstance(inner, dict) else {"str": inner}
        fields.append([name, {"$dtype": inner}, offset, *title])
    return {"fields": fields, "itemsize": d.itemsize}


def tagged(array):
    data = base64.b64encode(array.tobytes()).decode()
    fields = {"dtype": dtype(array.dtype), "shape": list(array.shape), "data": data}
    if array.flags.f_contiguous and not array.flags.c_contiguous:
        fields["order"] = "F"
    return {"$ndarray": fields}


BOTH = [("a.pkl", P), ("b.pkl", Q)]
BOTH_JSON = {"a.pkl": ONE, "b.pkl": "second"}
LONG = "folder/" * 20 + "long.pkl"
ACCENTS = "données/été.pkl"

ARRAYS = {
    "ints": np.arange(6, dtype="<i4").reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6, dtype=">f8").reshape(2, 3)),
    "empty": np.zeros((0, 3), "<f4"),
    "scalar": np.array(7, "|u1"),
    "text": np.array(["ab", "é"], "<U2"),
    "bytes": np.array([b"ab", b"c"], "|S2"),
    "bools": np.array([True, False]),
    "times": np.array(["2020-01-02", "NaT"], "<M8[25s]"),
    "fields": np.array(
        [(1, [2, 3], (4,))], np.dtype([("a", "<i2"), ("b", "<f4", (2,)), (("title", "c"), [("d", "|u1")])])
    ),
    "aligned": np.array([(1, 2)], np.dtype([("a", "|u1"), ("b", "<i4")], align=True)),
}

FILES = {
    "one.zip": (zipped([("one.pkl", P)]), ONE),
    "two.zip": (zipped(BOTH), BOTH_JSON),
    "deflated.zip": (zipped(BOTH, method=zipfile.ZIP_DEFLATED), BOTH_JSON),
    "streamed.zip": (zipped(BOTH, Pipe(), method=zipfile.ZIP_DEFLATED), BOTH_JSON),
    "streamed64.zip": (zipped(BOTH, Pipe(), zip64=True), BOTH_JSON),
    "zip64.zip": (zipped(BOTH, zip64=True), BOTH_JSON),
    "comment.zip": (zipped(BOTH, comment=b"two pickles"), BOTH_JSON),
    "folders.zip": (zipped([("d/", b""), ("d/a.pkl", P), (ACCENTS, Q)]), {"d/a.pkl": ONE, ACCENTS: "second"}),
    "many.zip": (zipped([("a.pkl", P), ("b.pkl", Q + P)]), {"a.pkl": ONE, "b.pkl": ["second", ONE]}),
    "gzipped.zip": (zipped([("a.pkl.gz", gzip.compress(P, mtime=0)), ("b.pkl", Q)]), {"a.pkl.gz": ONE, "b.pkl": "second"}),
    "mixed.zip": (zipped([("a.pkl", P), ("x.npy", npy(ARRAYS["ints"]))]), {"a.pkl": ONE, "x.npy": tagged(ARRAYS["ints"])}),
    "two.zip.gz": (gzip.compress(zipped(BOTH), mtime=0), BOTH_JSON),
    "one.tar": (tarred([("one.pkl", P)], tarfile.USTAR_FORMAT), ONE),
    "ustar.tar": (tarred([("d/", b""), (LONG, P), ("b.pkl", Q)], tarfile.USTAR_FORMAT), {LONG: ONE, "b.pkl": "second"}),
    "gnu.tar": (tarred([(LONG, P), ("b.pkl", Q)], tarfile.GNU_FORMAT), {LONG: ONE, "b.pkl": "second"}),
    "pax.tar": (tarred([(LONG + "é", P), (ACCENTS, Q)], tarfile.PAX_FORMAT), {LONG + "é": ONE, ACCENTS: "second"}),
    "two.tar.gz": (gzip.compress(tarred(BOTH, tarfile.GNU_FORMAT), mtime=0), BOTH_JSON),
    **{f"{name}.npy": (npy(array), tagged(array)) for name, array in ARRAYS.items()},
    "version2.npy": (npy(ARRAYS["ints"], (2, 0)), tagged(ARRAYS["ints"])),
    "version3.npy": (npy(np.zeros(1, [("é", "<i2")])), tagged(np.zeros(1, [("é", "<i2")]))),
    "python2.npy": (npy(ARRAYS["ints"]).replace(b"(2, 3), } ", b"(2L, 3), }"), tagged(ARRAYS["ints"])),
}


def npz(save):
    out = io.BytesIO()
    save(out, **ARRAYS)
    return out.getvalue(), {name: tagged(array) for name, array in ARRAYS.items()}


FILES["stored.npz"] = npz(np.savez)
FILES["compressed.npz"] = npz(np.savez_compressed)

if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for name, (data, value) in FILES.items():
        (OUT / name).write_bytes(data)
        (OUT / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
