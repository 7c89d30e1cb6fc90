# -*- coding: utf-8 -*-
"""Makes `numpy/`: arrays, scalars and dtypes as NumPy pickles them, with what NumPy itself says of them.

    PYTHONPATH=NUMPY PYTHONHASHSEED=0 PYTHON arrays.py --out ../../numpy

once for each of: Python 2.7.18 with numpy 1.16.6, 3.8.18 with 1.24.4, 3.13.0 with 2.4.1, the newest last: its goldens stay.
`CASE.json` is the lossless mapping, spelled from the live object and not from the pickle; `CASE.natural.json` the natural one;
`CASE.npy` what `numpy.save` writes. A golden of one interpreter alone has its variant in its name.
"""
import argparse
import base64
import collections
import io
import json
import os
import pickle
import pickletools
import sys

import numpy as np

PY2 = sys.version_info[0] == 2
NUMPY = tuple(int(n) for n in np.__version__.split(".")[:2])
TEXT = type(u"")


def structured():
    point = np.dtype([("x", ">f4"), ("tag", "S3")])
    dtype = np.dtype([("id", "<i4"), ("at", point), ("grid", "<u2", (2, 2)), (("Title", "n"), "<i8")])
    array = np.zeros(2, dtype)
    array["id"], array["at"]["x"], array["at"]["tag"], array["grid"], array["n"] = [1, -2], 1.5, b"ab", 7, [3, 4]
    return array


def objects():
    array = np.empty((2, 2), object)
    array[0, 0], array[0, 1], array[1, 0], array[1, 1] = 1, None, 2.5, [True]
    return array


def masked_fields():
    return np.ma.array([(1, 2.0), (3, 4.0)], mask=[(False, True), (True, False)], dtype=[("a", "<i4"), ("b", "<f8")])


CASES = [
    ("bool", lambda: np.array([True, False])),
    ("int_2d", lambda: np.arange(6, dtype="<i4").reshape(2, 3)),
    ("fortran", lambda: np.asfortranarray(np.arange(6, dtype="<f8").reshape(2, 3))),
    ("axes_3d", lambda: np.arange(24, dtype="<i2").reshape(2, 3, 4).transpose(1, 0, 2)),
    ("big_endian", lambda: np.array([1, -2], ">i8")),
    ("no_dimensions", lambda: np.array(5, "<u2")),
    ("empty", lambda: np.zeros((2, 0, 3), "<f4")),
    ("float16", lambda: np.array([0.5, 65504], "<f2")),
    ("complex", lambda: np.array([1 + 2j, complex(3, -0.5)], "<c8")),
    ("text", lambda: np.array([u"ab", u"\xe9\u20ac"], "<U2")),
    ("bytes", lambda: np.array([b"ab", b"\xff"], "S3")),
    ("void", lambda: np.array([b"abc", b"\x00d\x00"], "V3")),
    ("datetime", lambda: np.array(["2020-02-29T01:02:03.5", "NaT"], "<M8[ms]")),
    ("datetime_25s", lambda: np.array([0, 2], "<i8").view("<M8[25s]")),
    ("timedelta", lambda: np.array([90, -1], "<m8[m]")),
    ("structured", structured),
    ("aligned", lambda: np.zeros(1, np.dtype([("a", "i1"), ("b", "<f8")], align=True))),
    ("objects", objects),
    ("matrix", lambda: np.matrix([[1, 2]], "<i4")),
    ("record", lambda: np.array([(1, 2.5)], [("a", "<i4"), ("b", "<f8")]).view(np.recarray)),
    ("masked", lambda: np.ma.array([1, 2, 3], mask=[False, True, False], dtype="<i4")),
    ("masked_fields", masked_fields),
    ("scalar_int", lambda: np.int64(-3)),
    ("scalar_float", lambda: np.float32(0.1)),
    ("scalar_text", lambda: np.str_("ab") if not PY2 else np.unicode_(u"ab")),
    ("scalar_day", lambda: np.datetime64("2020-02-29")),
    ("dtype", lambda: np.dtype(">f8")),
    ("dtype_fields", lambda: structured().dtype),
    ("dtype_array", lambda: np.dtype(("<i4", (2, 3)))),
]
if NUMPY >= (2, 0):
    CASES.append(("string", lambda: np.array(["a", None], np.dtypes.StringDType(na_object=None))))

CLASSES = {"matrix": ["numpy", "matrix"], "recarray": ["numpy.rec", "recarray"], "MaskedArray": ["numpy.ma", "MaskedArray"]}


def b64(data):
    return base64.b64encode(data).decode("ascii")


def text(name):
    return name.decode("utf-8") if isinstance(name, bytes) else name


def node(*pairs):
    return collections.OrderedDict((k, v) for k, v in pairs if v is not None)


# ---- lossless

def dtype_node(dtype):
    record = True if dtype.type is np.record else None
    if dtype.subdtype:
        base, shape = dtype.subdtype
        return node(("base", dtype_text(base)), ("shape", list(shape)))
    if dtype.names is not None:
        fields = []
        for name in dtype.names:
            field = dtype.fields[name]
            title = [text(field[2])] if len(field) > 2 else []
            fields.append([text(name), {"$dtype": dtype_node(field[0])}, field[1]] + title)
        aligned = True if dtype.isalignedstruct else None
        return node(("fields", fields), ("itemsize", dtype.itemsize), ("aligned", aligned), ("record", record))
    if dtype.char == "T":
        return node(("str", "T"), ("coerce", True), ("na_object", [dtype.na_object]))
    return node(("str", dtype.str))


def dtype_text(dtype):
    found = dtype_node(dtype)
    return found["str"] if list(found) == ["str"] else found


def lossless(value):
    if isinstance(value, np.dtype):
        return {"$dtype": dtype_node(value)}
    if isinstance(value, np.generic):
        return {"$scalar": node(("dtype", dtype_text(value.dtype)), ("data", b64(value.tobytes())))}
    masked = isinstance(value, np.ma.MaskedArray)
    plain = value.data if masked else value
    plain = np.asarray(plain)
    held = plain.dtype.hasobject or plain.dtype.char == "T"
    data = plain.ravel().tolist() if held else b64(plain.tobytes())
    fortran = "F" if value.flags.fnc and not held else None
    name = type(value).__name__
    fill = value._fill_value if masked else None
    return {"$ndarray": node(
        ("dtype", dtype_text(value.dtype)), ("shape", list(value.shape)), ("data", data), ("order", fortran),
        ("class", CLASSES.get(name)), ("mask", b64(np.ma.getmaskarray(value).tobytes()) if masked else None),
        ("fill_value", None if fill is None else lossless(fill)))}


# ---- natural

def element(dtype, value):
    if value is np.ma.masked:
        return None
    if dtype.subdtype:
        return natural(np.asarray(value))
    if dtype.names is not None:
        return node(*[(text(name), Null if element(dtype[name], value[name]) is None else element(dtype[name], value[name]))
                      for name in dtype.names])
    kind = dtype.kind
    if kind in "SV":
        return b64(bytes(value) if kind == "S" else value.tobytes())
    if kind == "M":
        return None if np.isnat(value) else str(value)
    if kind == "m":
        # The minutes of the one case.
        minutes = int(value.astype("<i8"))
        sign, minutes = ("-", -minutes) if minutes < 0 else ("", minutes)
        hours = "%dH" % (minutes // 60) if minutes // 60 else ""
        return "%sPT%s%dM" % (sign, hours, minutes % 60)
    if kind == "c":
        return [float(value.real), float(value.imag)]
    if kind == "f":
        return float(value)
    if kind in "iu":
        return int(value)
    if kind == "b":
        return bool(value)
    if kind == "U":
        return TEXT(value)
    return value


class Null(object):
    """A field that is null, apart from one that is left out."""


def natural(value):
    if isinstance(value, np.dtype):
        return None
    if isinstance(value, np.generic):
        return element(value.dtype, value)
    if isinstance(value, np.matrix):
        value = np.asarray(value)
    if value.ndim == 0:
        return element(value.dtype, value[()])
    return [natural(value[n]) if value.ndim > 1 else element(value.dtype, value[n]) for n in range(len(value))]


def spelled(value):
    def default(found):
        if found is Null:
            return None
        raise TypeError(repr(found))
    return json.dumps(value, default=default, separators=(",", ":")) + "\n"


def shape(data):
    """The opcodes that carry meaning: two protocols with the same ones need only one file."""
    return [(op.name, arg) for op, arg, _ in pickletools.genops(data) if op.name not in ("PROTO", "FRAME")]


def write(path, content):
    with io.open(path, "wb") as file:
        file.write(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    for name, make in CASES:
        seen = []
        for protocol in (0, 2) if PY2 else (2, 4, 5):
            data = pickle.dumps(make(), protocol)
            if shape(data) in seen:
                continue
            seen.append(shape(data))
            write(os.path.join(out, "%s.p%d.py%d%d.pkl" % ((name, protocol) + sys.version_info[:2])), data)
        value = make()
        stem = os.path.join(out, name)
        goldens = [(".json", spelled(lossless(value)).encode("ascii"))]
        if not isinstance(value, np.dtype):
            goldens.append((".natural.json", spelled(natural(value)).encode("ascii")))
        held = isinstance(value, (np.dtype, np.generic, np.ma.MaskedArray)) or value.dtype.hasobject or value.dtype.char == "T"
        if not held and not PY2:
            saved = io.BytesIO()
            np.save(saved, value)
            goldens.append((".npy", saved.getvalue()))
        for suffix, golden in goldens:
            if os.path.exists(stem + suffix):
                with io.open(stem + suffix, "rb") as file:
                    before = file.read()
                # The spelling of floats is Python's own; what they mean is compared.
                if golden != before:
                    print("%s%s differs under Python %d.%d, numpy %s" % ((name, suffix) + sys.version_info[:2] + (np.__version__,)))
            write(stem + suffix, golden)


if __name__ == "__main__":
    main()
