# -*- coding: utf-8 -*-
"""Live Python objects to depickle's tagged JSON (`--lossless`), as docs/mapping.md specifies it.

It is the independent half of the goldens: it never reads a pickle, it looks at what CPython made of one. Runs on Python
2.7 and 3.6 to 3.13. An instance's construction (`$record`) is asked of its own `__reduce_ex__`, so the text depends on
the protocol where the wire does.

Deliberately absent: memo fetches. `$def` stands here on every object that is met twice, which is the same thing for what
a Python pickler writes, but for a tuple that contains itself and for state setters; those goldens are written by hand.
"""
import array
import base64
import collections
import datetime
import decimal
import fractions
import json
import re
import struct
import sys
import types
import uuid

try:
    import copyreg
except ImportError:
    import copy_reg as copyreg

PY2 = sys.version_info[0] == 2

if PY2:
    TEXT, INTEGERS, OLD_STYLE = unicode, (int, long), types.InstanceType  # noqa: F821
    CHR = unichr  # noqa: F821
else:
    TEXT, INTEGERS, OLD_STYLE = str, (int,), None
    CHR = chr

# The part of Python 3's _compat_pickle that these goldens meet; Python 2 has no such table.
PY2_MODULES = {
    "__builtin__": "builtins", "exceptions": "builtins", "copy_reg": "copyreg", "UserList": "collections",
    "UserString": "collections", "urlparse": "urllib.parse",
}
PY2_NAMES = {
    ("__builtin__", "unicode"): ("builtins", "str"), ("__builtin__", "long"): ("builtins", "int"),
    ("__builtin__", "xrange"): ("builtins", "range"), ("exceptions", "StandardError"): ("builtins", "Exception"),
    ("UserDict", "UserDict"): ("collections", "UserDict"), ("UserDict", "IterableUserDict"): ("collections", "UserDict"),
}


#: Modules whose named tuples are data.
FIELDS = ("urllib.parse", "urlparse", "decimal")


class Raw(object):
    """JSON text."""

    def __init__(self, text):
        self.text = text


class Val(object):
    """A value that is still to be encoded."""

    def __init__(self, value):
        self.value = value


def tag(name, node):
    return {"$" + name: node}


def text(value):
    """A JSON string: only what must be escaped is."""
    out = [u'"']
    for char in value:
        code = ord(char)
        short = {8: u"\\b", 9: u"\\t", 10: u"\\n", 12: u"\\f", 13: u"\\r", 34: u'\\"', 92: u"\\\\"}.get(code)
        if short:
            out.append(short)
        elif code < 0x20:
            out.append(u"\\u%04x" % code)
        else:
            out.append(char)
    out.append(u'"')
    return Raw(u"".join(out))


def plain(value):
    """Text of a name or of a value's `str()`, whatever Python 2 calls it."""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return text(value)


def b64(data):
    return Raw(u'"' + base64.b64encode(bytes(data)).decode("ascii") + u'"')


def surrogatepass(value):
    return value.encode("utf-8") if PY2 else value.encode("utf-8", "surrogatepass")


def lone(value):
    return any(0xD800 <= ord(char) <= 0xDFFF for char in value)


def number(value):
    """Shortest digits that read back, spelled as Rust's writers do: 1e16, 0.00001, 1.5e-7."""
    sign, whole, part, power = re.match(r"(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$", repr(value)).groups()
    digits, exponent = whole + (part or ""), int(power or 0) - len(part or "")
    digits = digits.lstrip("0")
    if not digits:
        return Raw(sign + u"0.0")
    kept = digits.rstrip("0")
    exponent += len(digits) - len(kept)
    point = len(kept) + exponent
    if exponent >= 0 and point <= 16:
        out = kept + "0" * exponent + ".0"
    elif 0 < point <= 16:
        out = kept[:point] + "." + kept[point:]
    elif -5 < point <= 0:
        out = "0." + "0" * -point + kept
    else:
        out = kept[0] + ("." + kept[1:] if len(kept) > 1 else "") + "e%d" % (point - 1)
    return Raw(u"%s" % (sign + out))


def floating(value):
    if value != value:
        bits = struct.unpack(">Q", struct.pack(">d", value))[0]
        return tag("float", text(u"nan" if bits == 0x7FF8000000000000 else u"nan:%016x" % bits))
    if value in (float("inf"), float("-inf")):
        return tag("float", text(u"inf" if value > 0 else u"-inf"))
    return number(value)


def qualified(cls, protocol=4):
    """Module and name of a global as a reader of Python 3 sees it."""
    module = getattr(cls, "__module__", None) or "builtins"
    name = getattr(cls, "__qualname__", None) or cls.__name__
    if PY2:
        module, name = PY2_NAMES.get((module, name), (PY2_MODULES.get(module, module), name))
    elif protocol < 3:
        import _compat_pickle as compat
        module, name = compat.REVERSE_NAME_MAPPING.get(
            (module, name), (compat.REVERSE_IMPORT_MAPPING.get(module, module), name))
        module, name = compat.NAME_MAPPING.get((module, name), (compat.IMPORT_MAPPING.get(module, module), name))
    return module, name


def kinds():
    """Which of the optional libraries' types exist here."""
    found = {}
    try:
        import ipaddress
        found["ip"] = (ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network,
                       ipaddress.IPv4Interface, ipaddress.IPv6Interface)
    except ImportError:
        found["ip"] = ()
    try:
        import pathlib
        found["path"] = (pathlib.PurePath,)
    except ImportError:
        found["path"] = ()
    try:
        import zoneinfo
        found["zoneinfo"] = (zoneinfo.ZoneInfo,)
    except ImportError:
        found["zoneinfo"] = ()
    found["timezone"] = () if PY2 else (datetime.timezone,)
    return found


KINDS = kinds()
RANGE = xrange if PY2 else range  # noqa: F821
CLASSES = (type, types.ClassType) if PY2 else (type,)
CONTAINERS = (list, tuple, set, frozenset, collections.deque, dict, collections.OrderedDict, collections.defaultdict,
              collections.Counter, slice, array.array)


class Encoder(object):
    """One document. Everything that a temporary could share an `id` with is kept alive."""

    def __init__(self, protocol=4):
        self.protocol = protocol
        self.plans = {}
        self.kept = []

    def encode(self, root):
        """The tagged JSON of `root`, without a line end."""
        met = self.count(root)
        numbers, out, stack = {}, [], [Val(root)]
        while stack:
            node = stack.pop()
            if isinstance(node, Raw):
                out.append(node.text)
            elif isinstance(node, Val):
                value = node.value
                key = id(value)
                if not self.shareable(value) or met.get(key, 0) < 2:
                    stack.append(self.plan(value))
                elif key in numbers:
                    out.append(u'{"$ref":%d}' % numbers[key])
                else:
                    numbers[key] = len(numbers)
                    out.append(u'{"$def":[%d,' % numbers[key])
                    stack.extend([Raw(u"]}"), self.plan(value)])
            else:
                self.write(node, stack)
        return u"".join(out)

    @staticmethod
    def write(node, stack):
        """Pushes the pieces of an object (dict or list of pairs) or an array (tuple), last first."""
        if isinstance(node, tuple):
            pieces = [Raw(u"[")]
            for index, item in enumerate(node):
                pieces.extend([Raw(u",")] if index else [])
                pieces.append(item)
            pieces.append(Raw(u"]"))
        else:
            pieces = [Raw(u"{")]
            for index, (key, item) in enumerate(node.items() if isinstance(node, dict) else node):
                pieces.extend([Raw(u",")] if index else [])
                pieces.extend([plain(key), Raw(u":"), item])
            pieces.append(Raw(u"}"))
        stack.extend(reversed(pieces))

    def count(self, root):
        met, stack = {}, [Val(root)]
        while stack:
            node = stack.pop()
            if isinstance(node, Val):
                if self.shareable(node.value):
                    met[id(node.value)] = met.get(id(node.value), 0) + 1
                    if met[id(node.value)] > 1:
                        continue
                stack.append(self.plan(node.value))
            elif isinstance(node, dict):
                stack.extend(node.values())
            elif isinstance(node, list):
                stack.extend(item for _, item in node)
            elif isinstance(node, tuple):
                stack.extend(node)
        return met

    def shareable(self, value):
        kind = type(value)
        if kind in CONTAINERS:
            return kind is not tuple or len(value) > 0
        return kind not in LEAVES and not self.is_leaf(value)

    @staticmethod
    def is_leaf(value):
        """The types whose sharing is never marked, beside those of LEAVES."""
        if type(value) in (datetime.time, datetime.datetime):
            return True
        if isinstance(value, CLASSES) or isinstance(value, (types.BuiltinFunctionType, types.FunctionType)):
            return True
        if type(value) in KINDS["ip"] + KINDS["zoneinfo"] + KINDS["timezone"] or isinstance(value, KINDS["path"]):
            return True
        return is_pytz(value) or is_dateutil(value)

    def plan(self, value):
        if not self.shareable(value):
            return self.build(value)
        key = id(value)
        if key not in self.plans:
            self.plans[key] = self.build(value)
            self.kept.append(value)
        return self.plans[key]

    def build(self, value):
        kind = type(value)
        handler = LEAVES.get(kind)
        if handler is not None:
            return handler(value)
        if kind in CONTAINERS:
            return self.container(kind, value)
        if isinstance(value, CLASSES) or isinstance(value, (types.BuiltinFunctionType, types.FunctionType)):
            return tag("global", tuple(map(plain, qualified(value, self.protocol))))
        if kind in (datetime.time, datetime.datetime):
            return self.clock(kind.__name__, value)
        if kind in KINDS["timezone"]:
            args = value.__getinitargs__()
            micros = (args[0].days * 86400 + args[0].seconds) * 1000000 + args[0].microseconds
            return tag("timezone", [("offset_us", Raw(u"%d" % micros))] + [("name", text(name)) for name in args[1:]])
        if kind in KINDS["zoneinfo"]:
            return tag("zoneinfo", text(value.key))
        if kind in KINDS["ip"]:
            return tag("ip", [("class", plain(kind.__name__)), ("value", text(ip_text(value)))])
        if isinstance(value, KINDS["path"]):
            return tag("path", [("class", plain(kind.__name__)), ("path", self.build(str(value)))])
        if is_pytz(value):
            return pytz_zone(value)
        if is_dateutil(value):
            return dateutil_zone(value)
        return self.instance(value)

    def container(self, kind, value):
        if kind is list:
            return self.values(value)
        if kind in (tuple, set, frozenset):
            return tag(kind.__name__, self.values(value))
        if kind is collections.deque:
            limit = Raw(u"null" if value.maxlen is None else u"%d" % value.maxlen)
            return tag("deque", [("maxlen", limit), ("items", self.values(value))])
        if kind is dict:
            if all(type(key) is TEXT and not lone(key) and not key.startswith(u"$") for key in value):
                return [(key, Val(item)) for key, item in value.items()]
            return tag("dict", self.pairs(value))
        if kind is collections.OrderedDict:
            state = self.attributes(value)
            if state:
                return tag("ordereddict", [("items", self.pairs(value)), ("state", Val(state))])
            return tag("ordereddict", self.pairs(value))
        if kind is collections.defaultdict:
            return tag("defaultdict", [("factory", Val(value.default_factory)), ("items", self.pairs(value))])
        if kind is collections.Counter:
            return tag("counter", self.pairs(value))
        if kind is slice:
            return tag("slice", (Val(value.start), Val(value.stop), Val(value.step)))
        return tag("array", [("typecode", plain(value.typecode)), ("values", self.array(value))])

    def attributes(self, value):
        """An OrderedDict's own attributes, without what Python 2 keeps its order in."""
        state = value.__reduce__()[2:3]
        state = state[0] if state else None
        self.kept.append(state)
        return state

    @staticmethod
    def array(value):
        if value.typecode == "c":
            return tag("bytes", b64(value.tostring()))
        if value.typecode in "uw":
            return text(value.tounicode())
        return tuple(Val(item) for item in value.tolist())

    @staticmethod
    def values(items):
        return tuple(Val(item) for item in items)

    @staticmethod
    def pairs(mapping):
        return tuple((Val(key), Val(item)) for key, item in mapping.items())

    def clock(self, name, value):
        fold = getattr(value, "fold", 0)
        if value.tzinfo is None and not fold:
            return tag(name, plain(value.isoformat()))
        local = value.replace(tzinfo=None) if PY2 else value.replace(tzinfo=None, fold=0)
        node = [("local", plain(local.isoformat()))]
        if fold:
            node.append(("fold", Raw(u"1")))
        if value.tzinfo is not None:
            node.append(("tz", Val(value.tzinfo)))
        return tag(name, node)

    def instance(self, value):
        node = self.record(value)
        kind = type(value)
        data = isinstance(value, BaseException) and kind.__module__ in ("builtins", "exceptions")
        return tag("exception" if data else "record", node)

    def record(self, value):
        if PY2 and type(value) is OLD_STYLE:
            args = value.__getinitargs__() if hasattr(value, "__getinitargs__") else ()
            state = value.__getstate__() if hasattr(value, "__getstate__") else value.__dict__
            self.kept.extend([args, state])
            return self.form(value.__class__, "instance", args, [("state", Val(state))])
        special = copyreg.dispatch_table.get(type(value))
        reduced = special(value) if special else value.__reduce_ex__(self.protocol)
        self.kept.append(reduced)
        function, args, state, items, dictitems, setter = tuple(reduced) + (None,) * (6 - len(reduced))
        how, kwargs = "call", None
        name = getattr(function, "__name__", "")
        if name == "__newobj__":
            function, args, how = args[0], args[1:], "new"
        elif name == "__newobj_ex__":
            (function, args, kwargs), how = args, "new"
        elif function is copyreg._reconstructor:
            # A base value fills a list or dict as items do from protocol 2 on; another one is what `__new__` takes.
            (function, base, filling), args, how = args, (), "new"
            if base is list:
                items = filling
            elif base is dict:
                dictitems = filling.items()
            elif base is tuple and function.__module__ in FIELDS:
                # Data classes of the standard library: their fields, as from protocol 2 on.
                args = tuple(filling)
            elif base is not object:
                args = (filling,)
        if function is getattr(collections, "UserString", None):
            # `__new__` is given the text that the state holds.
            args = ()
        then = []
        items, dictitems = list(items or ()), list(dictitems or ())
        self.kept.extend([items, dictitems, args, kwargs])
        if items:
            then.append(("items", self.values(items)))
        if dictitems:
            then.append(("dictitems", tuple((Val(key), Val(item)) for key, item in dictitems)))
        if state is not None and setter is not None:
            then.append(("call", (Val(setter), Val(state))))
        elif state is not None:
            then.append(("state", Val(state)))
        return self.form(function, how, args, then, kwargs)

    def form(self, cls, how, args, then, kwargs=None):
        node = [("class", tuple(map(plain, qualified(cls, self.protocol)))), ("how", plain(how)),
                ("args", self.values(args))]
        if kwargs:
            node.append(("kwargs", self.pairs(kwargs)))
        if then:
            node.append(("then", tuple([step] for step in then)))
        return node


def ip_text(value):
    """`str()` of CPython 3.13, which writes the tail of an IPv4-mapped address in dots; older ones do not."""
    mapped = getattr(value, "ipv4_mapped", None)
    return "::ffff:%s" % mapped if mapped is not None and "/" not in str(value) else str(value)


def is_pytz(value):
    return isinstance(value, datetime.tzinfo) and type(value).__module__.split(".")[0] == "pytz"


def is_dateutil(value):
    return isinstance(value, datetime.tzinfo) and type(value).__module__.split(".")[0] == "dateutil"


def pytz_zone(zone):
    function, args = zone.__reduce__()
    if function.__name__ == "_UTC":
        return tag("pytz", text(u"UTC"))
    if function.__name__ == "FixedOffset":
        return tag("pytz", [("minutes", Raw(u"%d" % args[0]))])
    if len(args) == 1:
        return tag("pytz", plain(args[0]))
    return tag("pytz", [("zone", plain(args[0])), ("utcoffset", Raw(u"%d" % args[1])),
                        ("dst", Raw(u"%d" % args[2])), ("name", plain(args[3]))])


def dateutil_zone(zone):
    kind = type(zone).__name__
    node = [("class", plain(kind))]
    if kind == "tzoffset":
        name = zone._name
        offset = getattr(zone, "_offset")
        node += [("name", Raw(u"null") if name is None else plain(name)), ("offset", Val(offset))]
    elif kind == "tzlocal":
        node.append(("state", Val(zone.__dict__)))
    elif kind == "tzfile":
        function, args, state = zone.__reduce_ex__(2)
        node += [("name", Raw(u"null") if args[1] is None else plain(args[1])), ("state", Val(state))]
    elif kind != "tzutc":
        raise TypeError("no mapping for %r" % zone)
    return tag("dateutil", node)


def string(value):
    return tag("str", b64(surrogatepass(value))) if lone(value) else text(value)


def uuid_node(value):
    safe = getattr(value, "is_safe", None)
    safe = getattr(safe, "value", safe)
    if safe is None:
        return tag("uuid", text(u"%s" % value))
    return tag("uuid", [("value", text(u"%s" % value)), ("is_safe", Raw(u"%d" % safe))])


LEAVES = {
    type(None): lambda value: Raw(u"null"),
    bool: lambda value: Raw(u"true" if value else u"false"),
    float: floating,
    complex: lambda value: tag("complex", (Val(value.real), Val(value.imag))),
    TEXT: string,
    bytearray: lambda value: tag("bytearray", b64(value)),
    bytes: (lambda value: tag("py2str", text(value.decode("latin-1")))) if PY2
    else (lambda value: tag("bytes", b64(value))),
    # What READONLY_BUFFER makes of a bytearray.
    memoryview: lambda value: tag("bytes", b64(value)),
    datetime.date: lambda value: tag("date", plain(value.isoformat())),
    datetime.timedelta: lambda value: tag("timedelta", tuple(
        Raw(u"%d" % part) for part in (value.days, value.seconds, value.microseconds))),
    decimal.Decimal: lambda value: tag("decimal", plain(str(value))),
    fractions.Fraction: lambda value: tag("fraction", plain(str(value))),
    uuid.UUID: uuid_node,
    type(Ellipsis): lambda value: tag("singleton", text(u"Ellipsis")),
    type(NotImplemented): lambda value: tag("singleton", text(u"NotImplemented")),
    RANGE: lambda value: tag("range", tuple(
        Raw(u"%d" % part) for part in ((value.start, value.stop, value.step) if not PY2 else value.__reduce__()[1]))),
}
for integer in INTEGERS:
    LEAVES[integer] = lambda value: Raw(u"%d" % value)


def encode(value, protocol=4):
    """The tagged JSON of `value` as text."""
    return Encoder(protocol).encode(value)

