#!/usr/bin/env python3
"""Reads the tagged JSON of `depickle convert --lossless` (docs/mapping.md) and translates it to the canonical JSON of the
type zoo, so that the two can be compared.

Written from the mapping table alone, sharing nothing with the Rust code: a second reader of the same specification. It is
strict: an unknown tag, a second key beside a `$` key, a missing or surplus field, a number out of range or a `$def` where
none may stand is a `Bad`. Arrays, tensors and tables are translated by science.py. Absent on purpose: writing.

    lossless.py FILE...            print the canonical JSON of each
"""
import base64
import binascii
import datetime
import json
import re
import struct
import sys
import threading

from science import Bad, LAYOUTS, Science


class Node:
    """A value that JSON alone cannot carry, or a container. `kind` is the tag without `$`, `list`, or `dict`."""

    __slots__ = ("kind", "a", "shared")

    def __init__(self, kind=None, a=None):
        self.kind, self.a, self.shared = kind, a, False


class Obj(list):
    """A JSON object as its list of pairs, so that order and repeated keys are seen."""


# What may stand under `$def`.
SHAREABLE = {
    "list", "dict", "tuple", "set", "frozenset", "deque", "ordereddict", "defaultdict", "counter", "slice", "array",
    "exception", "record",
} | {tag for tag, (shared, _) in LAYOUTS.items() if shared}


def pairs(found):
    keys = [k for k, _ in found]
    if len(set(keys)) != len(keys):
        raise Bad("a key stands twice in one object: %r" % keys[:8])
    return Obj(found)


def parse(text):
    """The text of one document -> value: None, bool, int, float, str or `Node`."""
    def constant(name):
        raise Bad("`%s` is no JSON" % name)
    try:
        raw = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except ValueError as e:
        raise Bad("no JSON: %s" % e)
    return Reader().value(raw)


def is_int(x):
    return isinstance(x, int) and not isinstance(x, bool)


def need(ok, what):
    if not ok:
        raise Bad(what)


def fields(raw, required, optional=()):
    """Object with exactly these keys -> dict."""
    need(isinstance(raw, Obj), "expected an object with %s" % (required,))
    d = dict(raw)
    need(set(required) <= set(d) <= set(required) | set(optional), "fields %s, expected %s and perhaps %s" % (sorted(d), required, optional))
    return d


def unbase64(raw):
    need(isinstance(raw, str), "base64 must be a string")
    try:
        b = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError) as e:
        raise Bad("base64: %s" % e)
    need(base64.b64encode(b).decode() == raw, "base64 not in its standard form")
    return b


def text(raw):
    need(isinstance(raw, str), "expected text, found %.60r" % (raw,))
    return raw


def integer(raw):
    need(is_int(raw), "expected an integer, found %.60r" % (raw,))
    return raw


def array(raw, n=None):
    need(type(raw) is list and (n is None or len(raw) == n), "expected an array%s, found %.60r" % ("" if n is None else " of %d" % n, raw))
    return raw


class Reader:
    def __init__(self):
        self.defs = {}

    def value(self, raw, into=None):
        if raw is None or isinstance(raw, (bool, int, float)):
            need(into is None, "$def on a scalar")
            return raw
        if isinstance(raw, str):
            need(into is None, "$def on a string")
            try:
                raw.encode("utf-8")
            except UnicodeEncodeError:
                raise Bad("a lone surrogate in a plain string")
            return raw
        node = into or Node()
        if not isinstance(raw, Obj):
            node.kind, node.a = "list", self.values(raw)
            return node
        if not any(k.startswith("$") for k, _ in raw):
            node.kind, node.a = "dict", [(self.value(k), self.value(v)) for k, v in raw]
            return node
        need(len(raw) == 1, "an object with a `$` key has other keys: %r" % [k for k, _ in raw][:6])
        key, body = raw[0]
        tag = key[1:]
        if tag == "ref":
            need(into is None, "$def on a $ref")
            need(is_int(body) and body in self.defs, "$ref %r before its $def" % (body,))
            return self.defs[body]
        if tag == "def":
            need(into is None, "$def on a $def")
            n, v = array(body, 2)
            need(is_int(n) and n == len(self.defs), "$def %r, expected %d: numbers count from 0 in output order" % (n, len(self.defs)))
            node = Node()
            node.shared = True
            self.defs[n] = node
            self.value(v, node)
            need(node.kind in SHAREABLE, "$def on `%s`" % node.kind)
            return node
        read = getattr(self, "t_" + tag, None)
        if tag in LAYOUTS:
            node.kind, node.a = tag, self.structure(tag, body)
            return node
        need(read is not None, "unknown tag `$%s`" % tag)
        # A node that is defined must exist before its parts are read, which may refer to it.
        out = read(body)
        if isinstance(out, (str, float)):
            need(into is None, "$def on `$%s`" % tag)
            return out
        node.kind, node.a = ("dict" if tag == "dict" else tag), out
        return node

    def values(self, raw):
        return [self.value(v) for v in array(raw)]

    def items(self, raw):
        out = []
        for p in array(raw):
            k, v = array(p, 2)
            k = self.value(k)
            out.append((k, self.value(v)))
        return out

    # -- objects of named fields
    def structure(self, tag, raw):
        need(isinstance(raw, Obj), "$%s of no object" % tag)
        known, out = LAYOUTS[tag][1], {}
        names = [n for n, _, _ in known]
        need([k for k, _ in raw] == [n for n in names if n in dict(raw)], "$%s: fields %s, expected them among %s in this order" % (tag, [k for k, _ in raw], names))
        holds = {n: h for n, _, h in known}
        for k, v in raw:
            need(v is not None or not dict((n, o) for n, o, _ in known)[k], "$%s: `%s` is null and yet there" % (tag, k))
            out[k] = self.held(holds[k], v)
        need(all(o or n in out for n, o, _ in known), "$%s lacks one of %s" % (tag, [n for n, o, _ in known if not o]))
        return out

    def held(self, holds, raw):
        if holds == "CLASS":
            return [text(x) for x in array(raw, 2)]
        if holds == "DATA":
            return unbase64(raw) if isinstance(raw, str) else self.value(array(raw))
        if holds == "DTYPE":
            if isinstance(raw, str):
                return Node("dtype", {"str": raw})
            d = self.structure("dtype", raw)
            need(list(d) != ["str"], "a dtype as an object although its text says everything")
            return Node("dtype", d)
        return self.value(raw)

    # -- leaves
    def t_float(self, raw):
        named = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
        if raw in named:
            return named[raw]
        m = re.fullmatch(r"nan:([0-9a-f]{16})", text(raw))
        need(m and m.group(1) != "7ff8000000000000", "float %r" % raw)
        f = struct.unpack(">d", bytes.fromhex(m.group(1)))[0]
        need(f != f, "bits of no NaN: %r" % raw)
        return f

    def t_complex(self, raw):
        parts = [self.value(v) for v in array(raw, 2)]
        need(all(isinstance(p, float) for p in parts), "complex of no floats")
        return parts

    def t_str(self, raw):
        b = unbase64(raw)
        try:
            s = b.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as e:
            raise Bad("$str: %s" % e)
        need(any(0xD800 <= ord(c) < 0xE000 for c in s), "$str without a lone surrogate")
        return s

    def t_py2str(self, raw):
        try:
            return text(raw).encode("latin-1")
        except UnicodeEncodeError:
            raise Bad("$py2str with a character above U+00FF")

    def t_bytes(self, raw):
        return unbase64(raw)

    t_bytearray = t_bytes

    def t_date(self, raw):
        need(datetime.date.fromisoformat(text(raw)).isoformat() == raw, "date %r" % raw)
        return [raw]

    def moment(self, raw, cls):
        d = {"local": raw} if isinstance(raw, str) else fields(raw, ("local",), ("fold", "tz"))
        need(isinstance(raw, str) or len(d) > 1, "long form without fold or tz")
        need(d.get("fold", 1) == 1 and d.get("fold") is not True, "fold %r" % d.get("fold"))
        try:
            need(cls.fromisoformat(text(d["local"])).isoformat() == d["local"], "local %r" % d["local"])
        except ValueError as e:
            raise Bad(str(e))
        if "tz" in d:
            d["tz"] = self.value(d["tz"])
        return d

    def t_time(self, raw):
        return self.moment(raw, datetime.time)

    def t_datetime(self, raw):
        return self.moment(raw, datetime.datetime)

    def t_timedelta(self, raw):
        d, s, us = [integer(x) for x in array(raw, 3)]
        need(0 <= s < 86400 and 0 <= us < 10**6 and abs(d) <= 999999999, "timedelta %r" % raw)
        return [d, s, us]

    def t_timezone(self, raw):
        d = fields(raw, ("offset_us",), ("name",))
        need(abs(integer(d["offset_us"])) < 86400 * 10**6, "offset of a day or more")
        if "name" in d:
            d["name"] = self.value(d["name"])
        return d

    def t_zoneinfo(self, raw):
        return [text(raw)]

    def t_pytz(self, raw):
        if isinstance(raw, str):
            return {"zone": raw}
        if isinstance(raw, Obj) and dict(raw).keys() == {"minutes"}:
            return {"minutes": integer(raw[0][1])}
        d = fields(raw, ("zone", "utcoffset", "dst", "name"))
        integer(d["utcoffset"]), integer(d["dst"]), text(d["zone"]), text(d["name"])
        return d

    def t_dateutil(self, raw):
        forms = {"tzutc": (), "tzoffset": ("name", "offset"), "tzlocal": ("state",), "tzfile": ("name", "state")}
        cls = dict(raw).get("class") if isinstance(raw, Obj) else None
        need(cls in forms, "dateutil class %r" % (cls,))
        d = fields(raw, ("class",) + forms[cls])
        return {k: (v if k == "class" else self.value(v)) for k, v in d.items()}

    def t_decimal(self, raw):
        return [text(raw)]

    def t_fraction(self, raw):
        m = re.fullmatch(r"(-?\d+)(?:/(\d+))?", text(raw))
        need(m, "fraction %r" % raw)
        return [m.group(1), m.group(2) or "1"]

    def t_uuid(self, raw):
        d = {"value": raw} if isinstance(raw, str) else fields(raw, ("value", "is_safe"))
        need(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text(d["value"])), "uuid %r" % d["value"])
        need(d.get("is_safe", 0) in (0, -1) and d.get("is_safe") is not False, "is_safe %r" % d.get("is_safe"))
        return d

    def t_path(self, raw):
        d = fields(raw, ("class", "path"))
        p = self.value(d["path"])
        need(isinstance(p, str) and isinstance(d["class"], str), "path of no text")
        return [d["class"], p]

    def t_ip(self, raw):
        d = fields(raw, ("class", "value"))
        return [text(d["class"]), text(d["value"])]

    def t_range(self, raw):
        r = [integer(x) for x in array(raw, 3)]
        need(r[2] != 0, "range step 0")
        return r

    def t_singleton(self, raw):
        need(raw in ("Ellipsis", "NotImplemented", "NaT", "NA", "masked"), "singleton %r" % raw)
        return [raw]

    def t_global(self, raw):
        return [text(x) for x in array(raw, 2)]

    # -- containers
    def t_tuple(self, raw):
        return self.values(raw)

    t_set = t_frozenset = t_tuple

    def t_slice(self, raw):
        return self.values(array(raw, 3))

    def t_deque(self, raw):
        d = fields(raw, ("maxlen", "items"))
        need(d["maxlen"] is None or is_int(d["maxlen"]) and d["maxlen"] >= 0, "maxlen %r" % d["maxlen"])
        it = self.values(d["items"])
        need(d["maxlen"] is None or len(it) <= d["maxlen"], "more items than maxlen")
        return [d["maxlen"], it]

    def t_dict(self, raw):
        it = self.items(raw)
        plain = all(isinstance(k, str) and not k.startswith("$") and not any(0xD800 <= ord(c) < 0xE000 for c in k) for k, _ in it)
        need(not plain, "$dict although a plain object would do")
        return it

    def t_counter(self, raw):
        return self.items(raw)

    def t_ordereddict(self, raw):
        if not isinstance(raw, Obj):
            return [self.items(raw), None]
        d = fields(raw, ("items", "state"))
        it = self.items(d["items"])
        return [it, [self.value(d["state"])]]

    def t_defaultdict(self, raw):
        d = fields(raw, ("factory", "items"))
        f = self.value(d["factory"])
        return [f, self.items(d["items"])]

    def t_array(self, raw):
        d = fields(raw, ("typecode", "values"))
        tc = text(d["typecode"])
        need(len(tc) == 1 and tc in "bBuwhHiIlLqQfdc", "typecode %r" % tc)
        vals = self.values(d["values"]) if isinstance(d["values"], list) and not isinstance(d["values"], Obj) else self.value(d["values"])
        if tc in "uw":
            need(isinstance(vals, str), "array of `%s`: values must be a string" % tc)
        elif tc == "c":
            need(isinstance(vals, Node) and vals.kind == "bytes", "array of `c`: values must be $bytes")
        else:
            need(isinstance(vals, list) and all(isinstance(v, float) if tc in "fd" else is_int(v) for v in vals), "array of `%s`: wrong values" % tc)
        return [tc, vals]

    def t_record(self, raw):
        d = dict(raw) if isinstance(raw, Obj) else {}
        # The order in the text is the order of the numbers of $def.
        out, then = {}, []
        fields(raw, ("class", "how", "args"), ("kwargs", "then"))
        need([k for k, _ in raw] == [k for k in ("class", "how", "args", "kwargs", "then") if k in d], "order of the record's fields: %s" % [k for k, _ in raw])
        out["class"] = [text(x) for x in array(d["class"], 2)]
        need(d["how"] in ("new", "call", "instance"), "how %r" % d["how"])
        out["how"] = d["how"]
        out["args"] = self.values(d["args"])
        if "kwargs" in d:
            out["kwargs"] = self.items(d["kwargs"])
            need(out["kwargs"], "empty kwargs")
        for step in array(d.get("then", [])):
            need(isinstance(step, Obj) and len(step) == 1, "a step of `then` has one key")
            k, v = step[0]
            need(k in ("state", "items", "dictitems", "call"), "step `%s`" % k)
            then.append((k, self.value(v) if k == "state" else self.items(v) if k == "dictitems" else self.values(v)))
        need(then or "then" not in d, "empty then")
        out["then"] = then
        return out

    t_exception = t_record


# ------------------------------------------------------------------------------------------------ canonical JSON
FACTORIES = {
    # A call whose result has another class: the zoo names the class of the result.
    ("re", "_compile"): ("re", "Pattern"), ("builtins", "iter"): ("builtins", "list_iterator"),
    ("builtins", "getattr"): ("builtins", "builtin_function_or_method"),
    ("torch.nn.backends.thnn", "_get_thnn_function_backend"): ("torch.nn.backends.thnn", "THNNFunctionBackend"),
}
OBJECTID = {("bson", "ObjectId"), ("bson.objectid", "ObjectId"), ("pymongo.objectid", "ObjectId")}


def sort_key(j):
    return json.dumps(j, sort_keys=True)


def canonical(root):
    """The zoo's canonical JSON: sharing written out, a cycle as the number of open containers up to its start."""
    return Canon().val(root)


def state_dict(then):
    """Text keys of the last state that is a dict, else None."""
    states = [v for k, v in then if k == "state"]
    if not states or not isinstance(states[-1], Node) or states[-1].kind != "dict":
        return None
    return {(k.a.decode("latin-1") if isinstance(k, Node) and k.kind == "py2str" else k): v for k, v in states[-1].a
            if isinstance(k, str) or isinstance(k, Node) and k.kind == "py2str"}


class Canon(Science):
    def __init__(self):
        self.open = []

    def val(self, x):
        if x is None or isinstance(x, bool):
            return x
        if isinstance(x, int):
            return {"t": "int", "v": str(x)}
        if isinstance(x, float):
            return {"t": "float", "v": repr(x)}
        if isinstance(x, str):
            try:
                x.encode("utf-8")
                return {"t": "str", "v": x}
            except UnicodeEncodeError:
                return {"t": "str", "utf8_surrogatepass_hex": x.encode("utf-8", "surrogatepass").hex()}
        for i, y in enumerate(reversed(self.open)):
            if y is x:
                return {"t": "cycle", "up": i + 1}
        self.open.append(x)
        try:
            return getattr(self, "c_" + x.kind)(x.a)
        finally:
            self.open.pop()

    def vals(self, xs):
        return [self.val(x) for x in xs]

    def items(self, ps):
        return [[self.val(k), self.val(v)] for k, v in ps]

    def c_list(self, a): return {"t": "list", "v": self.vals(a)}
    def c_tuple(self, a): return {"t": "tuple", "v": self.vals(a)}
    def c_set(self, a): return {"t": "set", "v": sorted(self.vals(a), key=sort_key)}
    def c_frozenset(self, a): return {"t": "frozenset", "v": sorted(self.vals(a), key=sort_key)}
    def c_dict(self, a): return {"t": "dict", "v": self.items(a)}
    def c_counter(self, a): return {"t": "counter", "v": self.items(a)}
    def c_defaultdict(self, a): return {"t": "defaultdict", "factory": self.val(a[0]), "v": self.items(a[1])}
    def c_deque(self, a): return {"t": "deque", "maxlen": None if a[0] is None else str(a[0]), "v": self.vals(a[1])}
    def c_slice(self, a): return {"t": "slice", "start": self.val(a[0]), "stop": self.val(a[1]), "step": self.val(a[2])}
    def c_complex(self, a): return {"t": "complex", "re": repr(a[0]), "im": repr(a[1])}
    def c_py2str(self, a): return {"t": "py2str", "hex": a.hex()}
    def c_bytes(self, a): return {"t": "bytes", "v": a.hex()}
    def c_bytearray(self, a): return {"t": "bytearray", "v": a.hex()}
    def c_date(self, a): return {"t": "date", "v": a[0]}
    def c_timedelta(self, a): return {"t": "timedelta", "days": str(a[0]), "seconds": str(a[1]), "us": str(a[2])}
    def c_zoneinfo(self, a): return {"t": "zoneinfo", "key": a[0]}
    def c_decimal(self, a): return {"t": "decimal", "v": a[0]}
    def c_fraction(self, a): return {"t": "fraction", "n": a[0], "d": a[1]}
    def c_path(self, a): return {"t": "path", "cls": a[0], "v": self.val(a[1])}
    def c_ip(self, a): return {"t": "ip", "cls": a[0], "v": a[1]}
    def c_range(self, a): return {"t": "range", "start": str(a[0]), "stop": str(a[1]), "step": str(a[2])}
    def c_singleton(self, a): return {"t": {"NaT": "NaT", "NA": "NA", "masked": "np_masked_constant"}.get(a[0], a[0].lower())}
    def c_global(self, a): return {"t": "global", "module": a[0], "name": a[1]}

    def c_ordereddict(self, a):
        r = {"t": "ordereddict", "v": self.items(a[0])}
        if a[1] is not None:
            r["state"] = self.val(a[1][0])
        return r

    def moment(self, t, a):
        r = {"t": t, "v": a["local"], "tz": self.val(a["tz"]) if "tz" in a else None}
        if "fold" in a:
            r["fold"] = 1
        return r

    def c_time(self, a): return self.moment("time", a)
    def c_datetime(self, a): return self.moment("datetime", a)

    def c_timezone(self, a):
        n = a.get("name")
        return {"t": "timezone", "offset_us": str(a["offset_us"]), "name": n.a.decode("latin-1") if isinstance(n, Node) and n.kind == "py2str" else n}

    def c_pytz(self, a):
        if "minutes" in a:
            return {"t": "pytz_fixed", "minutes": str(a["minutes"])} if a["minutes"] else {"t": "pytz", "zone": "UTC"}
        r = {"t": "pytz", "zone": a["zone"]}
        if "name" in a:
            r.update({"utcoffset_s": str(a["utcoffset"]), "dst_s": str(a["dst"]), "tzname": a["name"]})
        return r

    def c_dateutil(self, a):
        r = {"t": "dateutil_tz", "cls": a["class"]}
        name = a.get("name")
        if isinstance(name, Node) and name.kind == "py2str":
            name = name.a.decode("latin-1")
        if a["class"] == "tzoffset":
            off = a["offset"]
            need(isinstance(off, Node) and off.kind == "timedelta", "tzoffset without a $timedelta")
            r.update({"name": name, "offset_s": str(off.a[0] * 86400 + off.a[1])})
        if a["class"] == "tzfile":
            # dateutil 4 writes the path beside the name.
            state = a["state"].a if isinstance(a["state"], Node) and a["state"].kind == "tuple" else [None]
            r["filename"] = state[0] if isinstance(state[0], str) else state[0].a.decode("latin-1") if isinstance(state[0], Node) and state[0].kind == "py2str" else name
        return r

    def c_uuid(self, a):
        return {"t": "uuid", "v": a["value"], "is_safe": {0: "safe", -1: "unsafe", None: "unknown"}[a.get("is_safe")]}

    def c_array(self, a):
        tc, v = a
        if tc == "c":
            v = ["%02x" % b for b in v.a]
        else:
            v = list(v) if tc in "uw" else [repr(x) if tc in "fd" else str(x) for x in v]
        return {"t": "array", "typecode": tc, "v": v}

    def c_exception(self, a):
        r = self.plain(a)
        if a["how"] == "instance":
            return {"t": "exception_state", "cls": r["cls"], "args": r.get("args", []), "state": r.get("state")}
        out = {"t": "exception", "cls": r["cls"], "args": r.get("args", []), "state": r.get("state")}
        for k in ("items", "dictitems", "calls", "kwargs"):
            if k in r:
                out[k] = r[k]
        return out

    def c_record(self, a):
        cls, d = tuple(a["class"]), state_dict(a["then"])
        if d is not None and len(a["then"]) == 1:
            if cls == ("collections", "ChainMap") and set(d) == {"maps"} and isinstance(d["maps"], Node) and d["maps"].kind == "list":
                return {"t": "chainmap", "maps": self.vals(d["maps"].a)}
            name = cls[1].replace("Iterable", "").lower()
            if cls[0] in ("collections", "UserDict", "UserList", "UserString") and name in ("userdict", "userlist", "userstring") and set(d) == {"data"}:
                return {"t": name, "data": self.val(d["data"])}
            if cls == ("types", "SimpleNamespace") and not a["args"]:
                return {"t": "simplenamespace", "v": self.items(a["then"][0][1].a)}
        if cls == ("decimal", "Context") and len(a["args"]) == 8 and not a["then"]:
            prec, rounding, emin, emax, capitals, clamp, flags, traps = a["args"]
            names = lambda l: sorted(g.a[1] for g in l.a)
            return {"t": "decimal_context", "prec": str(prec), "rounding": self.val(rounding)["v"], "Emin": str(emin), "Emax": str(emax), "capitals": str(capitals), "clamp": str(clamp), "flags": names(flags), "traps": names(traps)}
        if cls in OBJECTID and len(a["then"]) == 1 and a["then"][0][0] == "state":
            s = d.get("_ObjectId__id") if d is not None else a["then"][0][1]
            if isinstance(s, Node) and s.kind in ("bytes", "py2str"):
                return {"t": "bson_objectid", "v": s.a.hex()}
        r = self.plain(a)
        if a["how"] == "instance":
            r["oldstyle"] = True
        if a["how"] == "call" and cls in FACTORIES:
            r["factory"], r["cls"] = r["cls"], list(FACTORIES[cls])
        return r

    def plain(self, a):
        r = {"t": "object", "cls": list(a["class"])}
        if a["args"]:
            r["args"] = self.vals(a["args"])
        if "kwargs" in a:
            # The dict of keyword arguments is a container of its own in the zoo's counting of cycles.
            self.open.append(None)
            r["kwargs"] = {"t": "dict", "v": self.items(a["kwargs"])}
            self.open.pop()
        for k, v in a["then"]:
            if k == "state":
                r["state"] = self.val(v)
            elif k == "items":
                r.setdefault("items", []).extend(self.vals(v))
            elif k == "dictitems":
                r.setdefault("dictitems", []).extend(self.items(v))
            else:
                r.setdefault("calls", []).append(self.vals(v))
        return r


def is_cyclic(root):
    """Whether a value contains itself."""
    state, stack = {}, [(root, False)]
    while stack:
        x, leaving = stack.pop()
        if not isinstance(x, Node):
            continue
        if leaving:
            state[id(x)] = 2
            continue
        if id(x) in state:
            if state[id(x)] == 1:
                return True
            continue
        state[id(x)] = 1
        stack.append((x, True))
        stack.extend((c, False) for c in kids(x.a))
    return False


def kids(a):
    """The values directly inside the payload of a node, through the lists, tuples and dicts that hold its fields."""
    stack, out = [a], []
    while stack:
        x = stack.pop()
        if isinstance(x, (list, tuple)):
            stack.extend(x)
        elif isinstance(x, dict):
            stack.extend(x.values())
        else:
            out.append(x)
    return out


def deep(work):
    """Runs `work()` on a stack that is large enough for the deepest document that depickle writes."""
    result = []
    sys.setrecursionlimit(100000)
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    threading.stack_size(512 << 20)

    def run():
        try:
            result.append((True, work()))
        except BaseException as e:
            result.append((False, e))
    t = threading.Thread(target=run)
    t.start()
    t.join()
    ok, value = result[0]
    if not ok:
        raise value
    return value


if __name__ == "__main__":
    def show():
        for f in sys.argv[1:]:
            with open(f, encoding="utf-8") as fh:
                print(json.dumps(canonical(parse(fh.read())), sort_keys=True))
    deep(show)
