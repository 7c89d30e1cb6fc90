"""Arrays, tensors and tables of the lossless mapping -> the canonical JSON of the type zoo.

The layouts are read from the table of docs/mapping.md; the bytes of arrays, Arrow buffers and strided tensors are decoded here,
with the standard library alone. `Science` is mixed into `lossless.Canon`. Absent on purpose: Arrow IPC (what polars writes).
"""
import datetime
import decimal
import json
import math
import os
import re
import struct


def layouts():
    """tag -> (whether it can be shared, [(field, optional, what it holds)]), from the documentation."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "mapping.md")
    with open(path, encoding="utf-8") as f:
        rows = f.read().split("| tag | Python | shared | fields |\n")[1].split("\n\n")[0].splitlines()[1:]
    out = {}
    for row in rows:
        tag, _, shared, fields = [c.strip() for c in row.strip("|").split("|")]
        out[tag] = (shared == "yes", [(n, o == "?", h) for n, o, h in re.findall(r"`(\w+)(\??): (\w+)`", fields)])
    return out


LAYOUTS = layouts()
NAT = -2**63


class Bad(Exception):
    """A structure that holds what it must not."""


def need(ok, what):
    if not ok:
        raise Bad(what)


def kind(x):
    return getattr(x, "kind", None)


def seq(x):
    """The values of a list."""
    need(kind(x) == "list", "expected a list, found %.80r" % (x,))
    return x.a


def ints(x):
    out = seq(x)
    need(all(isinstance(n, int) and not isinstance(n, bool) for n in out), "a list of ints holds something else")
    return out


def text(x):
    """Text of a str or a Python 2 str, else None."""
    return x if isinstance(x, str) else x.a.decode("latin-1") if kind(x) == "py2str" else None


def mapping(x):
    """A dict with text keys -> dict; None is empty."""
    if x is None:
        return {}
    need(kind(x) in ("dict", "ordereddict"), "expected a dict, found %s" % kind(x))
    pairs = x.a if x.kind == "dict" else x.a[0]
    return {(text(k) if text(k) is not None else k): v for k, v in pairs}


def prod(shape):
    n = 1
    for s in shape:
        n *= s
    return n


# ------------------------------------------------------------------------------------------------ numpy
INT = {1: "b", 2: "h", 4: "i", 8: "q"}
FLOAT = {2: "e", 4: "f", 8: "d"}


def extended(b):
    """An x86 long double as the nearest float."""
    m, se = struct.unpack("<QH", b[:10])
    sign, e = (-1.0 if se & 0x8000 else 1.0), se & 0x7FFF
    if e == 0x7FFF:
        return sign * float("inf") if (m << 1) & (2**64 - 1) == 0 else float("nan")
    try:
        return sign * math.ldexp(m, e - 16383 - 63)
    except OverflowError:
        return sign * float("inf")


class DType:
    """A dtype, from its fields in the mapping."""

    def __init__(self, d):
        self.fields = self.base = self.unit = None
        self.d, self.order, self.record = d, "<", d.get("record") is True
        if "str" in d:
            need(not {"fields", "base", "itemsize", "shape"} & set(d), "a dtype of two kinds: %s" % sorted(d))
            self.scalar(d["str"])
        elif "base" in d:
            need("fields" not in d, "a dtype of two kinds")
            self.kind, self.base, self.shape = "sub", DType(d["base"].a), ints(d["shape"])
            self.size = self.base.size * prod(self.shape)
        else:
            self.kind, self.size, self.fields = "struct", d["itemsize"], []
            for f in seq(d["fields"]):
                name, dtype, offset, *title = seq(f)
                dtype = DType(dtype.a)
                need(0 <= offset and offset + dtype.size <= self.size, "field %r outside of the item" % (name,))
                self.fields.append((text(name), dtype, offset, text(title[0]) if title else None))

    def scalar(self, s):
        if s == "T":
            self.kind, self.size = "T", 16
            return
        m = re.fullmatch(r"([<>|])([?biufcmMOSUV])(\d*)(?:\[(\d*)(\w+)\])?", s)
        need(m, "dtype %r" % s)
        self.order, self.kind = m.group(1), m.group(2)
        n = int(m.group(3) or (8 if self.kind in "OmM" else -1))
        need(n >= 0, "dtype %r has no size" % s)
        self.size = n * 4 if self.kind == "U" else n
        if self.kind in "mM":
            self.unit = (m.group(4) or "") + (m.group(5) or "generic")

    def objects(self):
        if self.fields is not None:
            return any(f[1].objects() for f in self.fields)
        return self.base.objects() if self.base else self.kind in "OT"

    def leaves(self):
        """How many bytes of mask an element has."""
        if self.fields is not None:
            return sum(f[1].leaves() for f in self.fields)
        return prod(self.shape) * self.base.leaves() if self.base else 1

    def item(self, b):
        """The bytes of one element -> bool, int, float, complex, bytes, str, or a list."""
        if self.fields is not None:
            return [f[1].item(b[f[2]:f[2] + f[1].size]) for f in self.fields]
        if self.base:
            w = self.base.size
            return [self.base.item(b[i * w:(i + 1) * w]) for i in range(prod(self.shape))]
        o = ">" if self.order == ">" else "<"
        if self.kind == "b":
            return bool(b[0])
        if self.kind in "iumM":
            return struct.unpack(o + (INT[self.size].upper() if self.kind == "u" else INT[self.size]), b)[0]
        if self.kind == "f":
            return extended(b if o == "<" else b[::-1]) if self.size > 8 else struct.unpack(o + FLOAT[self.size], b)[0]
        if self.kind == "c":
            half = DType({"str": "%sf%d" % (o, self.size // 2)})
            return complex(half.item(b[:half.size]), half.item(b[half.size:]))
        if self.kind == "S":
            return b.rstrip(b"\0")
        if self.kind == "U":
            return "".join(map(chr, struct.unpack("%s%dI" % (o, len(b) // 4), b))).rstrip("\0")
        need(self.kind == "V", "bytes of kind %s" % self.kind)
        return b


class Array:
    """An array: dtype, shape, elements in C order as Python values (those of the mapping where the dtype holds objects)."""

    def __init__(self, a):
        self.dtype, self.shape = DType(a["dtype"].a), ints(a["shape"])
        n, data = prod(self.shape), a["data"]
        if self.dtype.objects():
            self.items = seq(data)
            need(len(self.items) == n, "%d objects in an array of %d" % (len(self.items), n))
        else:
            w = self.dtype.size
            need(isinstance(data, bytes) and len(data) == n * w, "the data of an array of %d elements of %d bytes is %s" % (n, w, len(data) if isinstance(data, bytes) else "a list"))
            self.items = [self.dtype.item(data[i * w:(i + 1) * w]) for i in range(n)]


def flat(x):
    """An array of the mapping -> Array."""
    need(kind(x) == "ndarray", "expected an ndarray, found %s" % kind(x))
    return Array(x.a)


# ------------------------------------------------------------------------------------------------ pyarrow
ALIASES = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q", "float": "f", "double": "d", "halffloat": "e", "float16": "e", "float32": "f", "float64": "d"}
RENAMED = {"float16": "halffloat", "float32": "float", "float64": "double", "utf8": "string", "large_utf8": "large_string", "bool_": "bool", "date32": "date32[day]", "date64": "date64[ms]"}
UNITS = {"s": 10**6, "ms": 10**3, "us": 1}


def arrow_type(x):
    """A type -> (name, parameters)."""
    need(kind(x) == "arrow_type", "expected a type of Arrow, found %s" % kind(x))
    return x.a["name"], [] if x.a.get("params") is None else seq(x.a["params"])


def arrow_name(x):
    """A type as pyarrow prints it."""
    name, p = arrow_type(x)

    def field(f, named=True):
        if kind(f) == "arrow_type":
            return "item: " + arrow_name(f) if named else arrow_name(f)
        s = arrow_name(f.a["datatype"]) + ("" if f.a["nullable"] else " not null")
        return "%s: %s" % (text(f.a["name"]), s) if named else s
    base = name.rstrip("_")
    if not p:
        return RENAMED.get(name, name)
    if base in ("list", "large_list"):
        return "%s<%s>" % (base, field(p[0]))
    if base == "struct":
        return "struct<%s>" % ", ".join(field(f) for f in seq(p[0]))
    if base == "map":
        return "map<%s>" % ", ".join(field(f, False) for f in p[:2])
    if base == "dictionary":
        return "dictionary<values=%s, indices=%s, ordered=%d>" % (arrow_name(p[1]), arrow_name(p[0]), p[2])
    if base == "timestamp":
        zone = text(p[1]) if len(p) > 1 and p[1] is not None else None
        return "timestamp[%s%s]" % (text(p[0]), ", tz=" + zone if zone else "")
    if base in ("duration", "time32", "time64"):
        return "%s[%s]" % (base, text(p[0]))
    if base == "binary":
        return "fixed_size_binary[%d]" % p[0]
    return "%s(%s)" % (base, ", ".join(str(v) for v in p))


def bit(b, i):
    return bool((b[i >> 3] >> (i & 7)) & 1)


def raw(x):
    """A buffer -> bytes or None."""
    return None if x is None else x if isinstance(x, bytes) else x.a


# ------------------------------------------------------------------------------------------------ torch
TORCH = {
    "float32": "f", "float64": "d", "float16": "e", "bool": "?", "uint8": "B", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint16": "H", "uint32": "I",
    "uint64": "Q", "complex64": "2f", "complex128": "2d", "complex32": "2e", "quint8": "B", "qint8": "b", "qint32": "i",
}
# exponent bits, mantissa bits, bias, whether there is no infinity, whether there is no negative zero
SMALL = {"float8_e4m3fn": (4, 3, 7, True, False), "float8_e5m2": (5, 2, 15, False, False), "float8_e4m3fnuz": (4, 3, 8, True, True), "float8_e5m2fnuz": (5, 2, 16, True, True)}


def torch_width(dtype):
    if dtype in TORCH:
        return struct.calcsize("<" + TORCH[dtype])
    need(dtype == "bfloat16" or dtype in SMALL or dtype == "float8_e8m0fnu", "dtype of torch %r" % dtype)
    return 2 if dtype == "bfloat16" else 1


def torch_item(dtype, b):
    if dtype == "bfloat16":
        return struct.unpack("<f", b"\0\0" + b)[0]
    if dtype == "float8_e8m0fnu":
        return float("nan") if b[0] == 255 else math.ldexp(1.0, b[0] - 127)
    if dtype in SMALL:
        e, m, bias, finite, unsigned_zero = SMALL[dtype]
        sign, ex, ma, top = (-1.0 if b[0] & 0x80 else 1.0), (b[0] >> m) & ((1 << e) - 1), b[0] & ((1 << m) - 1), (1 << e) - 1
        if unsigned_zero and b[0] == 0x80 or not unsigned_zero and finite and ex == top and ma == (1 << m) - 1:
            return float("nan")
        if not finite and ex == top:
            return sign * float("inf") if ma == 0 else float("nan")
        return sign * (math.ldexp(ma, 1 - bias - m) if ex == 0 else math.ldexp((1 << m) + ma, ex - bias - m))
    v = struct.unpack("<" + TORCH[dtype], b)
    return complex(*v) if len(v) == 2 else v[0]


def c_strides(shape):
    out, n = [], 1
    for s in reversed(shape):
        out.insert(0, n)
        n *= max(s, 1)
    return out


def places(shape, stride, offset):
    """The places of a strided view's elements, in C order."""
    index = [0] * len(shape)
    for _ in range(prod(shape)):
        yield offset + sum(i * s for i, s in zip(index, stride))
        for axis in reversed(range(len(shape))):
            index[axis] += 1
            if index[axis] < shape[axis]:
                break
            index[axis] = 0


# ------------------------------------------------------------------------------------------------ pandas
FREQ = {
    "Day": "D", "Hour": "h", "Minute": "min", "Second": "s", "Milli": "ms", "Micro": "us", "Nano": "ns", "MonthEnd": "M", "BusinessMonthEnd": "BME", "BusinessDay": "B", "BDay": "B",
    "MonthBegin": "MS", "CustomBusinessDay": "C", "BusinessHour": "bh", "QuarterEnd": "Q", "YearEnd": "Y", "Week": "W",
}
MONTHS = ["", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]


def freq(x):
    """Text or an Offset -> text (`refdecode.norm` brings its spelling into one form)."""
    if x is None or text(x) is not None:
        t = text(x)
        return None if t is None else re.sub(r"^[Pp]eriod\[(.*)\]$", r"\1", t)
    need(kind(x) == "offset", "freq of %s" % kind(x))
    d, p = x.a, mapping(x.a.get("params"))
    base, n = FREQ.get(d["class"][1]), d.get("n")
    if base is None:
        return "?" + d["class"][1]
    month = p.get("month", p.get("startingMonth"))
    if base in ("Q", "Y") and isinstance(month, int):
        base += "-" + MONTHS[month]
    if base == "W":
        base += "-" + (DAYS[p["weekday"]] if isinstance(p.get("weekday"), int) else "SUN")
    return ("" if n in (None, 1) else "%d" % n) + base


def zone_name(z):
    """A zone -> the name pandas' dtypes print."""
    if z is None:
        return None
    k, a = kind(z), getattr(z, "a", None)
    if k == "zoneinfo":
        return a[0]
    if k == "pytz":
        return ("pytz.FixedOffset(%d)" % a["minutes"] if a["minutes"] else "UTC") if "minutes" in a else a["zone"]
    if k == "timezone":
        us = a["offset_us"]
        if us == 0 and "name" not in a:
            return "UTC"
        s = abs(us) // 10**6
        return "UTC%s%02d:%02d" % ("-" if us < 0 else "+", s // 3600, s % 3600 // 60)
    return "?"


class Science:
    """Canonical JSON of structures; `self.val` does all other values."""

    # -- numpy
    def dtype(self, d):
        if d.d.get("str") == "T":
            r = {"str": "StringDType", "coerce": d.d.get("coerce") is not False}
            if "na_object" in d.d:
                na = seq(d.d["na_object"])[0]
                r["na_object"] = repr(na)
            return r
        if d.base:
            return {"base": self.dtype(d.base), "shape": [str(n) for n in d.shape]}
        if d.fields is not None:
            out = []
            for name, dtype, offset, title in d.fields:
                out.append({"name": name, "dtype": self.dtype(dtype), "offset": str(offset)})
                if title is not None:
                    out[-1]["title"] = title
            return {"fields": out, "itemsize": str(d.size), "aligned": d.d.get("aligned") is True}
        r = {"str": d.d["str"]}
        if d.d.get("metadata") is not None:
            r["metadata"] = self.val(d.d["metadata"])
        return r

    def cell(self, d, v):
        """One element, as canonical JSON."""
        if d.base:
            return [self.cell(d.base, x) for x in (v if isinstance(v, list) else v.a)]
        if d.fields is not None:
            v = v if isinstance(v, list) else v.a
            need(len(v) == len(d.fields), "an element of %d fields has %d" % (len(d.fields), len(v)))
            return [self.cell(f[1], x) for f, x in zip(d.fields, v)]
        k = d.kind
        if k == "O":
            return self.val(v)
        if k == "T":
            return self.val(v) if isinstance(v, str) else {"t": "na", "repr": repr(v)}
        if k == "b":
            return bool(v)
        if k in "iu":
            return "%d" % v
        if k == "f":
            return repr(float(v))
        if k == "c":
            v = complex(*v.a) if kind(v) == "complex" else v
            return [repr(v.real), repr(v.imag)]
        if k in "mM":
            return None if v is None or v == NAT else "%d" % v if isinstance(v, int) else self.val(v)
        if k == "U":
            try:
                v.encode("utf-8")
                return v
            except UnicodeEncodeError:
                return v.encode("utf-8", "surrogatepass").hex()
        return (v if isinstance(v, bytes) else v.a).hex()

    def c_dtype(self, a):
        return {"t": "npdtype", "v": self.dtype(DType(a))}

    def c_ndarray(self, a):
        arr, cls = Array(a), a.get("class")
        r = {"t": "ndarray", "dtype": self.dtype(arr.dtype), "shape": [str(n) for n in arr.shape], "values": [self.cell(arr.dtype, v) for v in arr.items]}
        if "mask" in a:
            r["t"] = "maskedarray"
            n, mask = arr.dtype.leaves(), a["mask"]
            mask = [bool(b) for b in (mask if isinstance(mask, bytes) else seq(mask))]
            need(len(mask) == n * len(arr.items), "a mask of %d for %d elements" % (len(mask), len(arr.items)))
            r["mask"] = mask if arr.dtype.fields is None else [mask[i * n:(i + 1) * n] for i in range(len(arr.items))]
            r["fill_value"] = self.fill(a.get("fill_value"))
        elif cls and cls[0].split(".")[0] == "numpy" and cls[1] in ("matrix", "recarray", "chararray"):
            r["t"] = cls[1]
        elif cls and cls[0].split(".")[0] not in ("numpy", "pandas"):
            r["subclass"] = list(cls)
        return r

    def fill(self, v):
        if v is None:
            return "?"
        if kind(v) == "ndarray":
            arr = Array(v.a)
            need(len(arr.items) == 1, "a fill value of %d elements" % len(arr.items))
            return self.cell(arr.dtype, arr.items[0])
        return self.scalar(v.a)["v"] if kind(v) == "scalar" else self.val(v)

    def scalar(self, a):
        d = DType(a["dtype"].a)
        if isinstance(a["data"], bytes):
            need(len(a["data"]) == d.size, "a scalar of %d bytes, expected %d" % (len(a["data"]), d.size))
            v = d.item(a["data"])
        else:
            v = seq(a["data"])
            v = v if d.fields is not None or d.base else v[0]
        return {"t": "npscalar", "dtype": self.dtype(d), "v": self.cell(d, v), "record": d.record}

    def c_scalar(self, a):
        return self.scalar(a)

    # -- scipy
    def c_sparse(self, a):
        f = a["format"]
        r = {"t": "scipy_sparse", "format": f, "cls": a["class"][1], "shape": [str(n) for n in ints(a["shape"])]}
        for k in ("data", "indices", "indptr", "offsets", "rows"):
            if k in a:
                r[k] = self.val(a[k])
        if "coords" in a:
            c = [self.val(x) for x in seq(a["coords"])]
            r.update({"row": c[0], "col": c[1]} if len(c) == 2 else {"col": c[0]})
        d = self.dense(f, a)
        if d is not None:
            r["dense"] = d
        return r

    def dense(self, f, a):
        """All elements of a matrix in C order, for the formats whose parts the zoo's rules do not compare."""
        shape = ints(a["shape"])
        if len(shape) != 2:
            return None
        if f == "dok":
            found = []
            for k, v in (a["items"].a if kind(a.get("items")) == "dict" else []):
                found.append((tuple(self.number(i) for i in k.a), self.number(v)))
        elif f == "coo":
            row, col = [flat(x).items for x in seq(a["coords"])]
            found = list(zip(zip(row, col), flat(a["data"]).items))
        elif f == "lil":
            found = []
            for i, (cols, vals) in enumerate(zip(flat(a["rows"]).items, flat(a["data"]).items)):
                found += [((i, self.number(c)), self.number(v)) for c, v in zip(seq(cols), seq(vals))]
        else:
            return None
        out = [0] * prod(shape)
        for (r, c), v in found:
            out[r * shape[1] + c] += v
        return out

    def number(self, v):
        if kind(v) == "scalar":
            return DType(v.a["dtype"].a).item(v.a["data"])
        return complex(*v.a) if kind(v) == "complex" else v

    # -- torch
    def elements(self, a):
        dtype, shape, storage = a["dtype"], ints(a["shape"]), a["storage"]
        need(kind(storage) == "storage", "a tensor of no storage")
        w, data = torch_width(dtype), storage.a["data"]
        stride = ints(a["stride"]) if "stride" in a else c_strides(shape)
        need(len(stride) == len(shape), "%d strides for %d axes" % (len(stride), len(shape)))
        out = []
        for p in places(shape, stride, a.get("offset") or 0):
            need(0 <= p * w and (p + 1) * w <= len(data), "element %d outside of the storage" % p)
            v = torch_item(dtype, data[p * w:(p + 1) * w])
            v = v.conjugate() if a.get("conj") else v
            out.append(-v if a.get("neg") else v)
        return out

    @staticmethod
    def element(v):
        if isinstance(v, bool):
            return v
        return str(v) if isinstance(v, int) else [repr(v.real), repr(v.imag)] if isinstance(v, complex) else repr(v)

    def c_tensor(self, a):
        r = {
            "t": "tensor", "dtype": "torch." + a["dtype"], "shape": [str(n) for n in ints(a["shape"])], "requires_grad": a.get("requires_grad") is True,
            "parameter": bool(a.get("class")) and a["class"][1] == "Parameter", "values": [self.element(v) for v in self.elements(a)],
        }
        if a.get("quantized") is not None:
            q = mapping(a["quantized"])
            scheme = text(q["qscheme"])
            r["quantized"] = {"qscheme": scheme if scheme.startswith("torch.") else "torch." + scheme, "scale": self.several(q["scale"], "float"), "zero_point": self.several(q["zero_point"], "int")}
        return r

    def several(self, v, t):
        """A scale or zero point: one number, or one for each channel."""
        if kind(v) in ("tensor", "list"):
            v = self.elements(v.a) if kind(v) == "tensor" else seq(v)
            return {"t": "list", "v": [{"t": t, "v": repr(float(n)) if t == "float" else repr(float(n)) if isinstance(n, float) else str(n)} for n in v]}
        return repr(float(v)) if t == "float" else str(v)

    def c_sparse_tensor(self, a):
        values = self.val(a["values"])
        layout = a["layout"].replace("torch.", "")
        r = {"t": "tensor", "dtype": values["dtype"], "layout": layout, "shape": [str(n) for n in ints(a["shape"])], "tvalues": values, "requires_grad": a.get("requires_grad") is True, "parameter": False}
        for k in ("indices", "crow", "col", "ccol", "row"):
            if k in a:
                r[k] = self.val(a[k])
        return r

    def c_storage(self, a):
        return {"t": "torch_storage", "dtype": a.get("dtype"), "hex": a["data"].hex()}

    # -- pandas: columns
    def series_of(self, arr):
        d, values = arr.dtype, [self.cell(arr.dtype, v) for v in arr.items]
        if d.fields is not None or d.base:
            return {"dtype": "|V%d" % d.size, "values": values}
        if d.kind == "O":
            return {"dtype": "object", "values": values}
        if d.kind in "SUV":
            return {"dtype": d.d["str"], "values": values}
        if d.kind in "mM":
            return {"dtype": "%s[%s]" % ({"m": "timedelta64", "M": "datetime64"}[d.kind], d.unit), "values": values}
        return {"dtype": "bool" if d.kind == "b" else {"i": "int", "u": "uint", "f": "float", "c": "complex"}[d.kind] + str(d.size * 8), "values": values}

    def column(self, x):
        """An array -> the canonical column."""
        k = kind(x)
        if k == "ndarray":
            return self.series_of(Array(x.a))
        if k in ("index", "rangeindex", "multiindex"):
            return {f: v for f, v in self.val(x).items() if f not in ("t", "kind", "name", "freq")}
        read = getattr(self, "col_" + (k or "?"), None)
        need(read is not None, "a column of %s" % (k or type(x).__name__))
        return read(x.a)

    def moments(self, x):
        arr = flat(x)
        need(arr.dtype.kind in "mM" and len(arr.shape) == 1, "expected one axis of datetimes")
        return arr.dtype.unit, [None if v == NAT else str(v) for v in arr.items]

    def col_datetimearray(self, a):
        (unit, values), zone = self.moments(a["data"]), zone_name(a.get("tz"))
        return {"dtype": "datetime64[%s%s]" % (unit, ", " + zone if zone else ""), "unit": unit, "tz": zone, "values": values}

    def col_timedeltaarray(self, a):
        unit, values = self.moments(a["data"])
        return {"dtype": "timedelta64[%s]" % unit, "unit": unit, "values": values}

    def col_periodarray(self, a):
        f = freq(a["freq"])
        return {"dtype": "period[%s]" % f, "freq": f, "values": [None if v == NAT else str(v) for v in flat(a["data"]).items]}

    def col_intervalarray(self, a):
        def side(x):
            return self.val(x) if kind(x) in ("index", "rangeindex", "multiindex") else dict({"t": "index", "kind": "Index", "name": None}, **self.column(x))
        return {"dtype": "interval", "closed": a["closed"], "left": side(a["left"]), "right": side(a["right"])}

    def col_nullablearray(self, a):
        data, mask = flat(a["data"]), flat(a["mask"])
        need(len(data.items) == len(mask.items), "a mask of another length")
        name = self.series_of(data)["dtype"]
        name = {"bool": "boolean"}.get(name, name.replace("uint", "UInt") if name.startswith("u") else name.replace("int", "Int").replace("float", "Float"))
        return {"dtype": name, "values": [None if m else self.cell(data.dtype, v) for v, m in zip(data.items, mask.items)]}

    def col_stringarray(self, a):
        data = a["data"]
        values = [text(v) for v in flat(data).items] if kind(data) == "ndarray" else [None if v is None else v["v"] for v in self.arrow(data)]
        na = a["na_value"]
        return {"dtype": "string", "storage": a["storage"], "na_value": "<NA>" if kind(na) == "singleton" else "nan" if isinstance(na, float) else repr(na), "values": values}

    def col_arrowextension(self, a):
        return {"dtype": "arrow", "values": self.arrow(a["data"])}

    def col_sparsearray(self, a):
        data, at, n = flat(a["data"]), flat(a["indices"]).items, a["length"]
        if "lengths" in a:
            at = [p for first, count in zip(at, flat(a["lengths"]).items) for p in range(first, first + count)]
        need(len(at) == len(data.items) and all(0 <= p < n for p in at), "places of a sparse array")
        stored = self.series_of(data)
        fill = self.number(a["fill_value"])
        # A missing value stands for nothing of its own type.
        missing = kind(fill) == "singleton" and data.dtype.kind in "mM"
        values = [self.cell(data.dtype, NAT if missing else fill)] * n
        for p, v in zip(at, stored["values"]):
            values[p] = v
        return {
            "dtype": "Sparse[%s]" % stored["dtype"], "kind": "block" if "lengths" in a else "integer", "fill_value": self.val(a["fill_value"]), "npoints": str(len(at)), "length": str(n),
            "sp_values": stored["values"], "indices": [str(p) for p in at], "values": values,
        }

    def col_geometryarray(self, a):
        def wkb(v):
            return None if v is None or isinstance(v, float) else v.a["wkb"].hex() if kind(v) == "geometry" else v.a.hex()
        return {"dtype": "geometry", "values": [wkb(v) for v in flat(a["data"]).items]}

    def col_pandasarray(self, a):
        return self.series_of(flat(a["data"]))

    def col_categorical(self, a):
        return {"dtype": "category", "categories": self.val(a["categories"]) if "categories" in a else None, "codes": [str(c) for c in flat(a["codes"]).items], "ordered": a["ordered"]}

    def pd_array(self, x):
        return dict(self.column(x), t="pd_array")

    # -- pandas: axes and tables
    def c_index(self, a):
        cls, r = a["class"][1], {"t": "index", "kind": a["class"][1], "name": self.val(a.get("name"))}
        col = self.column(a["data"])
        if cls == "IntervalIndex":
            del col["dtype"]
        if cls == "PeriodIndex" and "freq" not in col and a.get("freq") is not None:
            f = freq(a["freq"])
            col.update({"dtype": "period[%s]" % f, "freq": f, "values": [None if v is None or int(v) == NAT else v for v in col["values"]]})
        r.update(col)
        return r

    def c_rangeindex(self, a):
        return {"t": "index", "kind": "RangeIndex", "name": self.val(a.get("name")), "start": str(a["start"]), "stop": str(a["stop"]), "step": str(a["step"])}

    def c_multiindex(self, a):
        codes = [[str(c) for c in flat(x).items] for x in seq(a["codes"])]
        need(len(codes) == len(seq(a["levels"])) == len(seq(a["names"])), "levels, codes and names differ in number")
        return {"t": "index", "kind": "MultiIndex", "names": [self.val(n) for n in seq(a["names"])], "levels": [self.val(x) for x in seq(a["levels"])], "codes": codes, "length": str(len(codes[0]) if codes else 0)}

    @staticmethod
    def axis_length(ix):
        if ix["kind"] == "RangeIndex":
            return len(range(int(ix["start"]), int(ix["stop"]), int(ix["step"])))
        if ix["kind"] == "MultiIndex":
            return int(ix["length"])
        return Science.axis_length(ix["left"]) if ix["kind"] == "IntervalIndex" else len(ix.get("values", ix.get("codes", [])))

    def shell(self, a, r):
        if a.get("attrs") is not None:
            need(a["attrs"].a, "empty attrs")
            r["attrs"] = self.val(a["attrs"])
        if mapping(a.get("flags")).get("allows_duplicate_labels") is False:
            r["allows_duplicate_labels"] = False
        if a.get("class") and a["class"][0].split(".")[0] == "geopandas":
            r["t"] = "geo" + r["t"]
        return r

    def c_dataframe(self, a):
        columns, index = self.val(a["columns"]), self.val(a["index"])
        data = [self.column(x) for x in seq(a["data"])]
        need(len(data) == self.axis_length(columns), "%d columns for %d labels" % (len(data), self.axis_length(columns)))
        return self.shell(a, {"t": "dataframe", "nrows": str(self.axis_length(index)), "columns": columns, "index": index, "data": data})

    def c_series(self, a):
        r = {"t": "series", "name": self.val(a.get("name")), "index": self.val(a["index"])}
        r.update(self.column(a["data"]))
        return self.shell(a, r)

    # -- pandas: scalars
    def c_timestamp(self, a):
        return {"t": "timestamp", "value": str(a["value"]), "unit": a["unit"], "tz": self.val(a.get("tz"))}

    def c_pd_timedelta(self, a):
        return {"t": "pd_timedelta", "value": str(a["value"]), "unit": a["unit"]}

    def c_period(self, a):
        return {"t": "period", "ordinal": str(a["ordinal"]), "freq": freq(a["freq"])}

    def c_interval(self, a):
        return {"t": "interval", "left": self.val(a["left"]), "right": self.val(a["right"]), "closed": a["closed"]}

    def c_pd_dtype(self, a):
        cls, p = a["class"][1], mapping(a.get("params"))
        if cls == "CategoricalDtype":
            return {"t": "categorical_dtype", "categories": self.val(p.get("categories")), "ordered": p.get("ordered")}
        if cls == "DatetimeTZDtype":
            return {"t": "datetimetz_dtype", "unit": text(p["unit"]), "tz": zone_name(p["tz"])}
        r = {"t": "pd_dtype", "cls": cls}
        if cls == "PeriodDtype":
            r["str"] = "period[%s]" % freq(p["freq"])
        return r

    def c_offset(self, a):
        n = a.get("n")
        return {"t": "dateoffset", "cls": a["class"][1], "n": "1" if n is None else str(n), "normalize": a.get("normalize") is True}

    # -- pyarrow
    def c_arrow_type(self, a):
        return {"t": "arrow_type", "v": arrow_name(type("", (), {"kind": "arrow_type", "a": a}))}

    def arrow_fields(self, a):
        return [text(a["name"]), arrow_name(a["datatype"]), a["nullable"]]

    def c_arrow_field(self, a):
        return {"t": "arrow_field", "v": self.arrow_fields(a)}

    def c_arrow_schema(self, a):
        m = a.get("metadata")
        pairs = None if m is None else [[(v if isinstance(v, str) else v.a.decode("latin-1")) for v in p] for p in m.a]
        return {"t": "arrow_schema", "fields": [self.arrow_fields(f.a) for f in seq(a["fields"])], "metadata": pairs}

    def c_arrow_array(self, a):
        return {"t": "arrow_array", "values": self.arrow_array(a)}

    def c_arrow_chunked(self, a):
        return {"t": "arrow_chunked", "values": self.chunks(a)}

    def c_arrow_table(self, a):
        columns = seq(a["columns"])
        batch = bool(columns) and all(kind(c) == "arrow_array" for c in columns)
        return {"t": "arrow_batch" if batch else "arrow_table", "data": [self.arrow(c) for c in columns]}

    def c_arrow_scalar(self, a):
        return {"t": "arrow_scalar", "v": self.val(a["value"])}

    def arrow(self, x):
        need(kind(x) in ("arrow_array", "arrow_chunked"), "expected an array of Arrow, found %s" % kind(x))
        return self.arrow_array(x.a) if x.kind == "arrow_array" else self.chunks(x.a)

    def chunks(self, a):
        return [v for c in seq(a["chunks"]) for v in self.arrow_array(c.a)]

    def arrow_array(self, a):
        name, p = arrow_type(a["datatype"])
        n, off, bufs = a["length"], a["offset"], [raw(b) for b in seq(a["buffers"])]
        children = [self.arrow_array(c.a) for c in seq(a["children"])] if a.get("children") is not None else []
        base, rows = name.rstrip("_").split("[")[0], range(off, off + n)
        if base == "null":
            return [None] * n
        good = [not bufs or bufs[0] is None or bit(bufs[0], i) for i in rows]
        data = bufs[1] if len(bufs) > 1 and bufs[1] is not None else b""

        def each(read):
            return [read(i) if ok else None for i, ok in zip(rows, good)]

        def fixed(fmt, i):
            return struct.unpack_from("<" + fmt, data, i * struct.calcsize("<" + fmt))[0]

        def span(i, fmt):
            return fixed(fmt, i), fixed(fmt, i + 1)
        if base in ALIASES:
            f = ALIASES[base]
            return each(lambda i: {"t": "float", "v": repr(fixed(f, i))} if f in "efd" else {"t": "int", "v": str(fixed(f, i))})
        if base == "bool":
            return each(lambda i: bit(data, i))
        if base == "binary" and p:
            return each(lambda i: {"t": "bytes", "v": data[i * p[0]:(i + 1) * p[0]].hex()})
        if base in ("string", "utf8", "large_string", "large_utf8", "binary", "large_binary"):
            def var(i):
                first, last = span(i, "q" if base.startswith("large") else "i")
                b = (bufs[2] or b"")[first:last]
                need(len(b) == last - first, "text beyond its buffer")
                return {"t": "bytes", "v": b.hex()} if "binary" in base else {"t": "str", "v": b.decode("utf-8")}
            return each(var)
        if base == "date32":
            return each(lambda i: {"t": "date", "v": (datetime.date(1970, 1, 1) + datetime.timedelta(fixed("i", i))).isoformat()})
        if base == "timestamp":
            unit, zone = (text(p[0]), p[1] if len(p) > 1 else None) if p else (name[10:-1].split(",")[0], None)

            def moment(i):
                v = fixed("q", i)
                us = v // 1000 if unit == "ns" else v * UNITS[unit]
                return {"t": "datetime", "v": (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=us)).isoformat(), "tz": None if zone is None else {"t": "arrowtz", "v": text(zone)}}
            return each(moment)
        if base == "decimal128":
            return each(lambda i: {"t": "decimal", "v": str(decimal.Decimal(int.from_bytes(data[i * 16:i * 16 + 16], "little", signed=True)).scaleb(-p[1]))})
        if base in ("list", "large_list", "map"):
            def items(i):
                first, last = span(i, "q" if base == "large_list" else "i")
                found = children[0][first:last]
                return {"t": "list", "v": [{"t": "tuple", "v": [q[1] for q in e["v"]]} for e in found] if base == "map" else found}
            return each(items)
        if base == "struct":
            names = [text(f.a["name"]) for f in seq(p[0])]
            return each(lambda i: {"t": "dict", "v": [[{"t": "str", "v": k}, c[i]] for k, c in zip(names, children)]})
        if base == "dictionary":
            values, f = self.arrow_array(a["dictionary"].a), ALIASES[arrow_type(p[0])[0]]
            return each(lambda i: values[fixed(f, i)])
        raise Bad("type of Arrow `%s`" % name)

    # -- others
    def c_polars(self, a):
        return {"t": "polars", "cls": a["class"][1]}

    def c_geometry(self, a):
        return {"t": "shapely", "wkb_hex": a["wkb"].hex()}

    def c_network(self, a):
        cls = a["class"][1]
        multi, directed = cls.startswith("Multi"), cls.endswith("DiGraph")
        edges, seen = [], set()
        for u, others in a["adjacency"].a:
            for v, attrs in others.a:
                u_, v_ = self.val(u), self.val(v)
                both = tuple(sorted(json.dumps(n, sort_keys=True) for n in (u_, v_)))
                if not directed and both in seen:
                    continue
                for key, data in (attrs.a if multi else [(None, attrs)]):
                    edges.append([u_, v_] + ([self.val(key)] if multi else []) + [self.val(data)])
            if not directed:
                seen.update(tuple(sorted(json.dumps(self.val(n), sort_keys=True) for n in (u, v))) for v, _ in others.a)
        return {"t": "nx_graph", "cls": cls, "directed": directed, "multigraph": multi, "graph": self.val(a["graph"]), "nodes": [[self.val(n), self.val(d)] for n, d in a["nodes"].a], "edges": edges}


for _k in ("datetimearray", "timedeltaarray", "periodarray", "intervalarray", "nullablearray", "stringarray", "arrowextension", "sparsearray", "geometryarray", "pandasarray", "categorical"):
    setattr(Science, "c_" + _k, lambda self, a, _k=_k: dict(getattr(self, "col_" + _k)(a), t="pd_array"))
