"""What the random programs are made of: Python values, and constructions of data types with right and slightly wrong arguments.

An expression is a Python literal or one of the classes below; `walk.py` chooses the opcodes for it.
"""


class Name:
    """A global left on the stack."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """A construction: how is `R` (REDUCE), `N` (NEWOBJ), `X` (NEWOBJ_EX), `i` (INST) or `o` (OBJ)."""

    def __init__(self, name, args, how="R", state=None, items=None, dictitems=None):
        self.name, self.args, self.how = name, args, how
        self.state, self.items, self.dictitems = state, items, dictitems


class Py2:
    """A Python 2 str."""

    def __init__(self, data):
        self.data = data


class Items:
    """A set or frozenset, in the opcodes of protocol 4."""

    def __init__(self, items, frozen):
        self.items, self.frozen = items, frozen


EXCEPTIONS = ["ValueError", "KeyError", "TypeError", "OSError", "RuntimeError", "StopIteration", "ZeroDivisionError", "Exception",
              "ImportError", "IndexError"]
TYPES = [("builtins", "list"), ("builtins", "int"), ("builtins", "dict"), ("builtins", "set"), ("builtins", "str"),
         ("datetime", "date"), ("decimal", "Decimal"), ("collections", "OrderedDict"), ("builtins", "bytes")]

SINGLETONS = [Name("builtins", "Ellipsis"), Name("builtins", "NotImplemented")]
NAN = float("nan")
LITERALS = [
    None, True, False, 0, 1, -1, 255, 256, 65536, 2 ** 31 - 1, -2 ** 31, 2 ** 63, -2 ** 63, 10 ** 30, 0.0, 1.0, -0.0, 1.5, 1e300,
    NAN, float("inf"), "", "a", "b", "key", "$def", "$", "h\u00e9", "\U0001f600", "\ud800", "x\ny\\z\0", b"", b"ab", b"\xff\n",
    bytearray(b"q"), (), (1,), (1, "a"), ((1, 2), 3), [], [1, [2]], {}, {"a": 1}, {1: 2, "x": [None]}, Py2(b"py2"),
    Py2(b"\xe9\n'\\"), {1: "int", 1.0: "float"}, {(1,): 1}, {NAN: 1}, {"$ref": 0}, [[], {}], (None, [(), []]),
    Items([], False), Items([1, "a", None], False), Items([(1, 2), 1.5, b"x"], False), Items([], True), Items([1, (2,)], True)]
KEYS = [1, 1.0, True, 0, False, 0.0, -0.0, "a", b"a", Py2(b"a"), None, (1,), (1.0,), (True,), NAN, 2 ** 53, 2.0 ** 53, 2 ** 53 + 1,
        Call(Name("decimal", "Decimal"), ("1",)), Call(Name("fractions", "Fraction"), (1, 1)), Call(Name("builtins", "complex"), (1.0, 0.0)),
        Call(Name("decimal", "Decimal"), ("1.0",)), Call(Name("decimal", "Decimal"), ("NaN",)), [1], {}, ([],), -1, -2, 10 ** 400,
        Call(Name("decimal", "Decimal"), ("0.5",)), 0.5, Call(Name("fractions", "Fraction"), (1, 2)), float("inf")]


class Keyed:
    """A dict whose keys are to meet: pairs, since Python would merge them here."""

    def __init__(self, pairs):
        self.pairs = pairs

    def items(self):
        return self.pairs

    def __iter__(self):
        return iter(self.pairs)


def literal(rng):
    if rng.random() < 0.05:
        return rng.randint(-2 ** rng.randint(1, 80), 2 ** rng.randint(1, 80))
    if rng.random() < 0.05:
        return rng.uniform(-1, 1) * 10.0 ** rng.randint(-20, 20)
    if rng.random() < 0.05:
        return "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0xA0, 0x800)])) for _ in range(rng.randrange(300)))
    return rng.choice(LITERALS)


def clock(rng):
    """Day, time and microseconds of a datetime's state."""
    year = rng.choice([1, 1970, 2024, 2570, 9999])
    day = [year >> 8, year & 255, rng.choice([1, 2, 10, 12]), rng.choice([1, 10, 28, 29, 31])]
    time = [rng.choice([0, 10, 23]), rng.choice([0, 10, 59]), rng.choice([0, 10, 59])] + list(
        rng.choice([0, 10, 999999]).to_bytes(3, "big"))
    return day, time


def fixed_zone(rng):
    delta = Call(Name("datetime", "timedelta"), (rng.choice([0, -1, 0, 1]), rng.choice([0, 3600, 86340, 5]), rng.choice([0, 0, 5])))
    return Call(Name("datetime", "timezone"), (delta,) + rng.choice([(), (), ("CET",)]))


def temporal(rng):
    day, time = clock(rng)
    zone = rng.choice([(), (), (fixed_zone(rng),)])
    kind = rng.randrange(5)
    if kind == 0:
        return Call(Name("datetime", "date"), (state_bytes(rng, day),))
    if kind == 1:
        time[0] |= rng.choice([0, 0, 0x80])
        return Call(Name("datetime", "time"), (state_bytes(rng, time),) + zone)
    if kind == 2:
        day[2] |= rng.choice([0, 0, 0x80])
        return Call(Name("datetime", "datetime"), (state_bytes(rng, day + time),) + zone)
    if kind == 3:
        return Call(Name("datetime", "timedelta"), tuple(
            rng.choice([0, 1, -1, 86400, 10 ** 6, 999999999, 10 ** 12]) for _ in range(rng.choice([3, 3, 3, 2, 1]))))
    return fixed_zone(rng)


def state_bytes(rng, data):
    if rng.random() < 0.06:
        data = list(data)
        data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.03:
        data = data[:-1]
    data = bytes(data)
    return rng.choice([data, data, data, Py2(data), data.decode("latin-1")])


def pick(rng, right, wrong):
    """Mostly what a pickler writes; sometimes what it never does, which Python may take or not."""
    return rng.choice(right if rng.random() < 0.85 else wrong)


def numbers(rng):
    kind = rng.randrange(6)
    if kind == 0:
        text = pick(rng, ["1.50", "-0", "1E+5", "NaN", "sNaN12", "-Infinity", "1E+1000", "0E+3", "1E-8", "123456789" * 4, "-NaN7"],
                    ["inf", " 1 ", "1_000", "1e999999", "", "abc", "1E5", "+1", "0x1", ".5", "5.", "\u0661", "000", "nan007", "-nan",
                     "1e1000000000000000000", "0.00000001", "1e-99999999", "snan", 5, 1.5])
        return Call(Name("decimal", "Decimal"), (text,), how=rng.choice(["R", "R", "R", "R", "R", "N"]))
    if kind == 1:
        return Call(Name("fractions", "Fraction"), pick(
            rng, [(1, 3), (-2, 7), (0, 1), ("-1/3",), ("3",), (10 ** 30, 7)],
            [(-2, 4), (0, 5), (1, 0), ("1.5",), ("1e3",), (" 1/2 ",), ("1/0",), (1.5,), (), (7,), (1, -3), ("1/-3",), ("1_0/3",), (True, 2), ("2/4",),
             ("+1/3",), ("-0",)]))
    if kind == 2:
        return Call(Name("builtins", "complex"), pick(rng, [(1.0, -2.0), (0.0, NAN), (-0.0, float("inf"))], [(1, 2), (1.5,), (), ("1+2j",), (True, 1.0)]))
    if kind == 3:
        return Call(Name("builtins", "range"), pick(
            rng, [(1, 10, 2), (0, 10 ** 25, 1), (5, 0, -1), (0, 0, 1)], [(1, 2, 0), (5,), (1, 5), (1.0, 2, 3), (True, 5, 1), (0, 1, 10 ** 30), ()]))
    if kind == 4:
        return Call(Name("builtins", "slice"), pick(
            rng, [(1, 2, 3), (None, None, None), ([1], {}, ()), ("a", 1.5, None)], [(1,), (1, 2), (), (1, 2, 3, 4)]))
    value = pick(rng, [0, 5, 2 ** 128 - 1, 2 ** 64, 0x12345678123456781234567812345678], [2 ** 128, -1, "x", True, 1.0, None])
    state = pick(rng, [{"int": value}, {"int": value, "is_safe": 0}], [{"int": value, "is_safe": None}, {"int": value, "x": 1}, {}, {"int": value, "is_safe": 5},
                                                                       {Py2(b"int"): value}])
    return Call(Name("uuid", "UUID"), (), "N", state=state)


ADDRESSES = {
    "IPv4Address": [0, 1, 2 ** 32 - 1, 3221225985], "IPv6Address": ["::1", "2001:db8::1", "fe80::1%eth0", "::", "::ffff:1.2.3.4"],
    "IPv4Network": ["192.0.2.0/24", "10.0.0.0/8", "1.2.3.4/32", "0.0.0.0/0"], "IPv6Network": ["2001:db8::/32", "::/0", "::1/128"],
    "IPv4Interface": ["192.0.2.5/24", "1.2.3.4/32"], "IPv6Interface": ["2001:db8::5/64", "fe80::1%eth0/64", "::1/128"],
}


def places(rng):
    if rng.randrange(2):
        flavour = rng.choice(["PurePosixPath", "PureWindowsPath"])
        module = rng.choice(["pathlib", "pathlib", "pathlib._local"])
        parts = rng.choice([
            ("/", "a", "b"), ("a//b/./c",), ("/a/b",), (), ("c:\\", "x"), ("c:/x/y",), ("//h/s/f",), ("..", "x"), ("a", "/b"), ("",), (".",), ("c:",),
            ("c:", "x"), ("\\\\h\\s\\", "f"), ("a/../b",), ("///x",), ("a", "c:b"), ("x\0y",), (5,), ("a/",), ("//",), ("h\u00e9",), ("c:a", "\\b"),
            ("\\\\?\\c:\\x",), ("a:b",), ("a", "b:c"), ("//h",), ("//h/s",), ("\\a", "b"), ("c:/", "d:/x"), ("c:/x", "C:y"), ("", "a"), ("a", ""),
            ("//h/s", "/x"), ("/", "//a/b"), ("\\\\.\\dev",), ("c:x", "c:\\y"), ("./c:x",), ("//?/UNC/h/s/x",)])
        return Call(Name(module, flavour), parts)
    kind = rng.choice(sorted(ADDRESSES))
    return Call(Name("ipaddress", kind), (pick(rng, ADDRESSES[kind], [
        0, 2 ** 32 - 1, 2 ** 32, 2 ** 128 - 1, -1, True, "192.0.2.1", "192.0.2.5/24", "1.2.3", "01.2.3.4", "1.2.3.4/255.255.255.0", "1.2.3.0/0.0.0.255",
        "1:2:3:4:5:6:7:8", "0::0/0", "1.2.3.4/33", "", "x", "2001:DB8::A", b"\1\2\3\4", "1::2::3", "::1.2.3.4", "2001:db8::%", "::1%a/64", " 1.2.3.4",
        "1.2.3.4/", "1.2.3.4/024", "::1/0128", "1:0:0:2::", "0:0:1:0:0:0:1:0", "1.2.3.4/0x8", "\u0661.2.3.4", "2001:db8::5/64", ("1.2.3.0", 24)]),))


def containers(rng):
    kind = rng.randrange(7)
    some = [literal(rng) for _ in range(rng.randrange(4))]
    pairs = Keyed([(rng.choice(KEYS[:20]), literal(rng)) for _ in range(rng.randrange(4))])
    if kind == 0:
        name = rng.choice(["set", "frozenset"])
        if rng.random() < 0.8:
            return Items([key for key in rng.choices(KEYS, k=rng.randrange(6)) if not isinstance(key, (list, dict)) and key != ([],)],
                         name == "frozenset")
        return Call(Name("builtins", name), (rng.choices(KEYS, k=rng.randrange(5)),))
    if kind == 1:
        if rng.random() < 0.3:
            return Call(Name("collections", "OrderedDict"), ([[rng.choice(KEYS[:20]), 1], ["b", 2]],))
        state = rng.choice([None, None, None, {"note": 1}, {}, {Py2(b"note"): 1}])
        return Call(Name("collections", "OrderedDict"), (), dictitems=pairs, state=state)
    if kind == 2:
        factory = rng.choice([Name(*rng.choice(TYPES)), None, Name("builtins", "list")])
        return Call(Name("collections", "defaultdict"), pick(rng, [(factory,), (factory, {"a": 1}), ()], [(5,), (factory, [])]), dictitems=pairs)
    if kind == 3:
        return Call(Name("collections", "Counter"), (pick(rng, [{"a": 3}, {}, {1: -1, (1,): 2.5}, {"x": "y"}], [[1, 2, 1], "abc", None]),))
    if kind == 4:
        return Call(Name("collections", "deque"), pick(
            rng, [(), ((), 2), ((), None), ([1, 2, 3], 2), ([1],), ((), 0)], [((), -1), ([], "x"), ("abc",), ((1, 2),), ((), True), ({1: 2},)]), items=some)
    if kind == 5:
        return Call(Name("types", "SimpleNamespace"), (), state=rng.choice([{"a": 1}, {}, {"b": [1], "a": 2}]))
    return Call(Name("builtins", "bytearray"), pick(rng, [(b"ab",), (), ("x\u00e9", "latin-1")], [("x", "utf-8"), (3,), ([1, 2],), ([256],), ("x",)]))


FORMATS = {"b": (1, 1), "B": (0, 1), "h": (4, 2), "H": (2, 2), "i": (8, 4), "I": (6, 4), "l": (12, 8), "L": (10, 8), "q": (12, 8), "Q": (10, 8),
           "f": (14, 4), "d": (16, 8)}
VALUES = {"b": [-128, 127], "B": [0, 255], "f": [1.5, 0.0], "d": [0.1, -0.0, 1e300], "h": [-5], "H": [65535], "i": [-70000], "I": [2 ** 32 - 1],
          "l": [-2 ** 63], "L": [2 ** 64 - 1], "q": [2 ** 40], "Q": [0]}


def arrays(rng):
    code = rng.choice(sorted(FORMATS))
    if rng.random() < 0.4:
        values = [pick(rng, VALUES[code], [0, 1, -1, 127, 255, 70000, 2 ** 40, 1.5, True]) for _ in range(rng.randrange(3))]
        return Call(Name("array", "array"), (rng.choice([code, Py2(code.encode())]), values))
    machine_format, width = FORMATS[code]
    if rng.random() < 0.3 and width > 1:
        machine_format += 1
    if rng.random() < 0.1:
        machine_format = rng.randrange(23)
    data = bytes(rng.randrange(256) for _ in range(width * rng.randrange(4) + (rng.random() < 0.03)))
    return Call(Name("array", "_array_reconstructor"), (Name("array", "array"), code, machine_format, data))


def errors(rng):
    name = rng.choice(EXCEPTIONS)
    state = rng.choice([None, None, None, {"code": 1}, {"__notes__": ["n"]}, {}])
    args = rng.choice([(), ("bad",), (1, "two"), (2, "No such file", "f"), ([1],), (None, {}), ("a", "b", "c", "d", "e", "f")])
    return Call(Name("builtins", name), args, how=rng.choice(["R"] * 10 + ["N", "i", "o"]), state=state)


def bases(rng):
    base, value = rng.choice([("object", None), ("dict", {"a": 1}), ("list", [1]), ("int", 5), ("tuple", (1,)), ("str", "x"), ("float", 1.5)])
    return Call(Name("copyreg", "_reconstructor"), (Name(*rng.choice(TYPES + [("uuid", "UUID")])), Name("builtins", base), value))


def constructor(rng):
    make = rng.choices([temporal, numbers, places, containers, arrays, errors, keyed, lambda rng: rng.choice(SINGLETONS + [Name(*name) for name in TYPES]), bases, codec],
                       [8, 8, 6, 8, 4, 4, 6, 2, 0.7, 1])[0]
    value = make(rng)
    if isinstance(value, Call) and rng.random() < 0.06:
        wrong = rng.choice([lambda args: args[:-1], lambda args: args + (None,), lambda args: tuple(map(lambda _: rng.choice(LITERALS), args))])
        value.args = wrong(tuple(value.args))
    if isinstance(value, Call) and rng.random() < 0.03:
        value.how = rng.choice("RNXio")
    return value


def codec(rng):
    return Call(Name("_codecs", "encode"), pick(
        rng, [("a\u00e9", "latin1"), ("abc", "latin-1")], [("\u20ac", "latin1"), ("x", "utf-8"), ("x", "ascii"), ("x", "Latin-1"), ("", "latin1"), ("x",)]))


def keyed(rng):
    pairs = [(rng.choice(KEYS), rng.choice([1, "v", None, [1]])) for _ in range(rng.randrange(1, 6))]
    if rng.random() < 0.9:
        pairs = [pair for pair in pairs if not isinstance(pair[0], (list, dict)) and pair[0] != ([],)]
    return Pairs(pairs)


class Pairs(dict):
    """A dict literal that keeps keys Python would merge."""

    def __init__(self, pairs):
        super().__init__()
        self.pairs = pairs

    def items(self):
        return self.pairs
