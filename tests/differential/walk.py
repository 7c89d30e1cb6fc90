"""The random walk: opcodes with an abstract stack that knows which of them apply.

Deliberately absent: damage, which `generate.py` does to the finished bytes.
"""
import struct

from expressions import EXCEPTIONS, Call, Items, Name, Py2, constructor, literal

PYTHON_2 = {"builtins": "__builtin__", "copyreg": "copy_reg"}
UNHASHABLE = {"bytearray", "OrderedDict", "defaultdict", "Counter", "deque", "_array_reconstructor", "set", "slice", "array",
              "SimpleNamespace", "dict", "list"}


class Entry:
    """What the walk knows of a value: its kind, and whether it can be a key."""

    def __init__(self, kind, hashable=True):
        self.kind, self.hashable = kind, hashable


class Program:
    def __init__(self, rng):
        self.rng = rng
        self.protocol = rng.choice([0, 1, 2, 2, 3, 4, 4, 4, 5])
        self.any_opcode = rng.random() < 0.15
        self.ops, self.stack, self.memo = [], [], {}
        self.next_memo = 0

    def has(self, protocol):
        return self.any_opcode or self.protocol >= protocol

    def op(self, data):
        self.ops.append(data)

    def push(self, kind, hashable=True):
        self.stack.append(Entry(kind, hashable))

    # Leaves, in every opcode that can carry them.

    def integer(self, value):
        forms = [b"I%d\n" % value, b"L%dL\n" % value]
        if 0 <= value < 256:
            forms += [b"K" + struct.pack("<B", value)] * 3
        if 0 <= value < 65536:
            forms += [b"M" + struct.pack("<H", value)] * 2
        if -2 ** 31 <= value < 2 ** 31:
            forms += [b"J" + struct.pack("<i", value)] * 2
        if self.has(2):
            data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True) if value else b""
            if self.rng.random() < 0.2:
                data += (b"\xff" if value < 0 else b"\0") * self.rng.randint(1, 3)
            if len(data) < 256:
                forms.append(b"\x8a" + struct.pack("<B", len(data)) + data)
            forms.append(b"\x8b" + struct.pack("<i", len(data)) + data)
        self.op(self.rng.choice(forms))
        self.push("int")

    def odd_number(self):
        self.op(self.rng.choice([
            b"I01\n", b"I00\n", b"I1\n", b"I0\n", b"I-0\n", b"I+5\n", b"I 5\n", b"I5 \n", b"I007\n", b"I0x1F\n", b"I0o17\n",
            b"I0b11\n", b"I010\n", b"I1_000\n", b"I99999999999999999999\n", b"I\n", b"I5L\n", b"I\xd9\xa1\n", b"I5\r\n",
            b"L5\n", b"L5L\n", b"L-5L\n", b"L05L\n", b"L0x1fL\n", b"L1_0L\n", b"LL\n", b"L5LL\n", b"L 5L\n", b"L5l\n",
            b"F1\n", b"F1.5\n", b"F1e5\n", b"F 1.0\n", b"F1.0 \n", b"F1_0.0\n", b"Fnan\n", b"F-nan\n", b"Finf\n", b"F-inf\n",
            b"FInfinity\n", b"F1.\n", b"F.5\n", b"F+1.0\n", b"F1e400\n", b"F1e-400\n", b"F0x1p3\n", b"F-0\n", b"F\n",
            b"FNaN\n", b"FiNf\n", b"F1e5L\n"]))
        self.push("number")

    def text(self, value):
        data = value.encode("utf-8", "surrogatepass")
        escaped = value.replace("\\", "\\u005c").replace("\n", "\\u000a").encode("raw-unicode-escape")
        forms = [b"V" + escaped.replace(b"\0", b"\\u0000").replace(b"\r", b"\\u000d").replace(b"\x1a", b"\\u001a") + b"\n"]
        forms += [b"X" + struct.pack("<I", len(data)) + data] * 2
        if self.has(4):
            if len(data) < 256:
                forms += [b"\x8c" + struct.pack("<B", len(data)) + data] * 4
            forms.append(b"\x8d" + struct.pack("<Q", len(data)) + data)
        self.op(self.rng.choice(forms))
        self.push("str")

    def odd_text(self):
        self.op(self.rng.choice([
            b"Va\\u0041b\n", b"V\\U0001f600\n", b"V\\u12\n", b"V\\x41\n", b"V\\\\u0041\n", b"V\\\\\\u0041\n", b"V\xe9\n", b"V\\ud83d\\ude00\n",
            b"V\\ud800\n", b"V\\U00110000\n", b"Va\rb\n", b"V\\\n", b"V\n", b"S'a\\x41'\n", b"S'\\101\\n'\n", b"S\"q\"\n", b"S'q\"\n",
            b"Sabc\n", b"S'\\q'\n", b"S'\\x4'\n", b"S' a' \n", b"S''\n", b"S'\n", b"S'a'b'\n", b"S'\\'\n", b"S'\\400'\n", b"S'\xe9'\n",
            b"S'\\u0041'\n", b"S 'a'\n", b"S'a\\\n'\n", b"S'\\0'\n", b"S'a\0b'\n", b"S\n", b"S'a'\r\n",
            b"X\x02\0\0\0\xc3\x28", b"X\x03\0\0\0\xed\xa0\x80", b"X\x02\0\0\0\xc0\x80", b"X\x04\0\0\0\xf4\x90\x80\x80",
            b"X\x06\0\0\0\xed\xa0\xbd\xed\xb8\x80", b"\x8c\x01\xff", b"\x8d\x01\0\0\0\0\0\0\0a"]))
        self.push("str")

    def py2(self, data):
        quoted = data.decode("latin-1").encode("unicode_escape").replace(b"'", b"\\'")
        self.op(self.rng.choice([b"S'" + quoted + b"'\n", b"U" + struct.pack("<B", len(data)) + data,
                                 b"T" + struct.pack("<i", len(data)) + data]))
        self.push("str")

    def bytes_(self, data):
        if not self.has(3):
            self.call(Call(Name("_codecs", "encode"), (data.decode("latin-1"), self.rng.choice(["latin1", "latin-1"])))
                      if data else Call(Name("builtins", "bytes"), ()))
            return
        forms = [b"C" + struct.pack("<B", len(data)) + data] * 3 + [b"B" + struct.pack("<I", len(data)) + data]
        if self.has(4):
            forms.append(b"\x8e" + struct.pack("<Q", len(data)) + data)
        self.op(self.rng.choice(forms))
        self.push("bytes")

    def value(self, value):
        """Any expression: a Python literal, a Name, a Call, a Py2."""
        if isinstance(value, Name):
            self.name(value)
        elif isinstance(value, Call):
            self.call(value)
        elif isinstance(value, Py2):
            self.py2(value.data)
        elif isinstance(value, Items):
            self.set(value)
        elif value is None:
            self.op(b"N")
            self.push("none")
        elif isinstance(value, bool):
            binary = b"\x88" if value else b"\x89"
            self.op(binary if self.has(2) and self.rng.random() < 0.8 else b"I0%d\n" % value)
            self.push("bool")
        elif isinstance(value, int):
            self.integer(value)
        elif isinstance(value, float):
            text = self.rng.random() < 0.2
            self.op(b"F" + repr(value).encode() + b"\n" if text else b"G" + struct.pack(">d", value))
            self.push("float")
        elif isinstance(value, str):
            self.text(value)
        elif isinstance(value, bytearray):
            if self.has(5):
                self.op(b"\x96" + struct.pack("<Q", len(value)) + bytes(value))
                self.push("bytearray", False)
            else:
                self.call(Call(Name("builtins", "bytearray"), (bytes(value),)))
        elif isinstance(value, bytes):
            self.bytes_(value)
        elif isinstance(value, tuple):
            self.tuple(value)
        elif isinstance(value, list):
            self.list(value)
        elif isinstance(value, dict):
            self.dict(value)
        else:
            raise TypeError(type(value))
        self.maybe_memo()

    def maybe_memo(self, chance=0.12):
        if self.rng.random() < chance:
            self.put()

    def tuple(self, items):
        if not items and self.rng.random() < 0.9:
            self.op(b")")
        elif 1 <= len(items) <= 3 and self.has(2) and self.rng.random() < 0.7:
            for item in items:
                self.value(item)
            self.op((b"\x85", b"\x86", b"\x87")[len(items) - 1])
        else:
            self.op(b"(")
            for item in items:
                self.value(item)
            self.op(b"t")
        del self.stack[len(self.stack) - len(items):]
        self.push("tuple")

    def list(self, items):
        height = len(self.stack)
        if self.rng.random() < 0.2:
            self.op(b"(")
            for item in items:
                self.value(item)
            self.op(b"l")
        else:
            self.op(b"]")
            self.push("list", False)
            self.maybe_memo()
            self.fill(items)
        del self.stack[height:]
        self.push("list", False)

    def fill(self, items):
        if len(items) == 1 and self.rng.random() < 0.5:
            self.value(items[0])
            self.op(b"a")
        elif items or self.rng.random() < 0.1:
            self.op(b"(")
            for item in items:
                self.value(item)
            self.op(b"e")

    def set(self, value):
        if not self.has(4):
            self.call(Call(Name("builtins", "frozenset" if value.frozen else "set"), (value.items,)))
            return
        height = len(self.stack)
        if not value.frozen:
            self.op(b"\x8f")
        for batch in (value.items[:2], value.items[2:]) if not value.frozen else (value.items,):
            if batch or value.frozen:
                self.op(b"(")
                for item in batch:
                    self.value(item)
                self.op(b"\x91" if value.frozen else b"\x90")
        del self.stack[height:]
        self.push("frozenset" if value.frozen else "set", value.frozen)

    def deep(self):
        """Nesting by the hundred, as tuples or lists."""
        depth = self.rng.choice([20, 100, 300, 900, 1100])
        if self.has(2) and self.rng.random() < 0.5:
            self.op(b"N" + b"\x85" * depth)
            self.push("tuple")
        else:
            self.op(b"(" * depth + b"l" * depth)
            self.push("list", False)

    def dict(self, items):
        height = len(self.stack)
        pairs = list(items.items())
        if self.rng.random() < 0.15:
            self.op(b"(")
            for key, item in pairs:
                self.value(key)
                self.value(item)
            self.op(b"d")
        else:
            self.op(b"}")
            self.push("dict", False)
            self.maybe_memo()
            self.fill_dict(pairs)
        del self.stack[height:]
        self.push("dict", False)

    def fill_dict(self, pairs):
        if len(pairs) == 1 and self.rng.random() < 0.5:
            self.value(pairs[0][0])
            self.value(pairs[0][1])
            self.op(b"s")
        elif pairs or self.rng.random() < 0.1:
            self.op(b"(")
            for key, item in pairs:
                self.value(key)
                self.value(item)
            self.op(b"u")

    def name(self, name):
        module, qualified = name.module, name.name
        if self.protocol <= 2 and self.rng.random() < 0.8:
            module = PYTHON_2.get(module, module)
            if module == "__builtin__" and qualified in EXCEPTIONS:
                module = "exceptions"
            elif module == "__builtin__":
                qualified = {"range": "xrange", "int": "long", "str": "unicode"}.get(qualified, qualified)
        if self.has(4) and self.rng.random() < 0.8:
            self.text(module)
            self.maybe_memo(0.1)
            self.text(qualified)
            self.maybe_memo(0.1)
            self.op(b"\x93")
            del self.stack[-2:]
        else:
            self.op(b"c" + module.encode() + b"\n" + qualified.encode() + b"\n")
        self.push("global")

    def call(self, call):
        height = len(self.stack)
        if call.how == "i":
            self.op(b"(")
            for arg in call.args:
                self.value(arg)
            self.op(b"i" + call.name.module.encode() + b"\n" + call.name.name.encode() + b"\n")
        elif call.how == "o":
            self.op(b"(")
            self.name(call.name)
            for arg in call.args:
                self.value(arg)
            self.op(b"o")
        else:
            self.name(call.name)
            self.maybe_memo()
            self.value(tuple(call.args))
            if call.how == "X":
                self.value({})
            self.op({"R": b"R", "N": b"\x81", "X": b"\x92"}[call.how])
        del self.stack[height:]
        self.push("object", call.name.name not in UNHASHABLE)
        self.maybe_memo()
        if call.items is not None:
            self.fill(call.items)
        if call.dictitems is not None:
            self.fill_dict(list(call.dictitems.items()))
        if call.state is not None:
            self.value(call.state)
            self.op(b"b")
        del self.stack[height + 1:]

    # Memo and stack.

    def put(self):
        if not self.stack or self.stack[-1].kind == "mark":
            return
        index = self.next_memo
        if self.rng.random() < 0.03:
            index = self.rng.choice([0, 1, 255, 256, 70000, index + 3])
        if self.has(4) and self.rng.random() < 0.7 and index == len(self.memo):
            self.op(b"\x94")
        elif index < 256 and self.rng.random() < 0.7:
            self.op(b"q" + struct.pack("<B", index))
        elif self.rng.random() < 0.5:
            self.op(b"r" + struct.pack("<I", index))
        else:
            self.op(b"p" + self.spelled(index) + b"\n")
        self.memo[index] = self.stack[-1]
        self.next_memo = max(self.next_memo, index + 1)

    def spelled(self, index):
        if self.rng.random() < 0.03:
            return self.rng.choice([b"0%d", b"+%d", b" %d", b"%d ", b"%d_0", b"-%d", b"0x%x", b"%dL"]) % index
        return b"%d" % index

    def get(self, index):
        if index < 256 and self.rng.random() < 0.7:
            self.op(b"h" + struct.pack("<B", index))
        elif self.rng.random() < 0.5:
            self.op(b"j" + struct.pack("<I", index))
        else:
            self.op(b"g" + self.spelled(index) + b"\n")
        self.stack.append(self.memo[index])

    def marks(self):
        return sum(entry.kind == "mark" for entry in self.stack)

    def since_mark(self):
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index].kind == "mark":
                return self.stack[index + 1:], index
        return None, None

    def above(self):
        """Values that stand above the last mark."""
        items, _ = self.since_mark()
        return len(self.stack) if items is None else len(items)

    def step(self):
        """One move of the walk; what does not apply is another literal."""
        rng, above = self.rng, self.above()
        items, mark = self.since_mark()
        top = self.stack[-1] if above else None
        moves = [(22, self.literal), (14, lambda: self.value(constructor(rng))), (0.5, self.odd_number), (0.5, self.odd_text)]
        if rng.random() < 0.004:
            moves = [(1, self.deep)]
        if self.memo:
            moves.append((12, lambda: self.get(rng.choice(sorted(self.memo)))))
        if self.marks() < 6:
            moves.append((5, lambda: (self.op(b"("), self.push("mark"))))
        moves += [(3, lambda: (self.op(b"]"), self.push("list", False))), (3, lambda: (self.op(b"}"), self.push("dict", False)))]
        if self.has(4):
            moves.append((3, lambda: (self.op(b"\x8f"), self.push("set", False))))
        if above:
            moves += [(10, self.put), (2, self.dup), (2, self.pop)]
        if self.has(2):
            moves += [(4, lambda count=count: self.pack(count)) for count in (1, 2, 3) if above >= count]
        if above >= 2 and self.stack[-2].kind == "list":
            moves.append((25, lambda: self.consume(b"a", 1)))
        if above >= 3 and self.stack[-3].kind == "dict" and self.stack[-2].hashable:
            moves.append((25, lambda: self.consume(b"s", 2)))
        if items is not None:
            moves += [(4, lambda: self.close(b"t", mark, "tuple", all(entry.hashable for entry in items))),
                      (3, lambda: self.close(b"l", mark, "list", False)), (1, lambda: self.close(b"1", mark, None, False))]
            if len(items) % 2 == 0 and all(entry.hashable for entry in items[::2]):
                moves.append((4, lambda: self.close(b"d", mark, "dict", False)))
            if self.has(4) and all(entry.hashable for entry in items):
                moves.append((5, lambda: self.close(b"\x91", mark, "frozenset", True)))
            under = self.stack[mark - 1].kind if mark else None
            if under == "list":
                moves.append((25, lambda: self.close(b"e", mark, None, False)))
            if under == "dict" and len(items) % 2 == 0 and all(entry.hashable for entry in items[::2]):
                moves.append((25, lambda: self.close(b"u", mark, None, False)))
            if under == "set" and all(entry.hashable for entry in items):
                moves.append((25, lambda: self.close(b"\x90", mark, None, False)))
        if top is not None and top.kind == "bytearray":
            moves.append((1, lambda: self.op(b"\x98")))
        if top is not None and top.kind == "object":
            moves.append((1, lambda: (self.value(rng.choice([None, {}, {"a": 1}, ({}, {"b": 2}), 5])), self.op(b"b"),
                                      self.stack.pop())))
        if rng.random() < 0.006:
            moves = [(1, lambda: self.op(rng.choice([b"Q", b"Px\n", b"\x82\x01", b"\x83\x01\0", b"\x84\x01\0\0\0", b"\x97", b"\x98",
                                                     b"\x80\x04", b"\x80\x06", b"R", b"b", b"o", b"\x81", b"\x92", b"\x93", b"0", b"1"])))]
        weights = [weight for weight, _ in moves]
        rng.choices([move for _, move in moves], weights)[0]()

    def literal(self):
        self.value(literal(self.rng))

    def dup(self):
        self.op(b"2")
        self.stack.append(self.stack[-1])

    def pop(self):
        self.op(b"0")
        self.stack.pop()

    def pack(self, count):
        items = self.stack[len(self.stack) - count:]
        del self.stack[len(self.stack) - count:]
        self.op((b"\x85", b"\x86", b"\x87")[count - 1])
        self.push("tuple", all(entry.hashable for entry in items))

    def consume(self, code, count):
        self.op(code)
        del self.stack[len(self.stack) - count:]

    def close(self, code, mark, kind, hashable):
        self.op(code)
        del self.stack[mark:]
        if kind:
            self.push(kind, hashable)

    def finish(self):
        """Brings what is on the stack into one value, mostly."""
        while self.marks():
            items, mark = self.since_mark()
            self.close(b"t", mark, "tuple", True)
        if self.rng.random() < 0.96:
            while len(self.stack) > 1:
                if self.has(2):
                    self.pack(min(len(self.stack), self.rng.randint(2, 3)))
                else:
                    self.op(b"0")
                    self.stack.pop()
        if not self.stack:
            self.literal()

    def bytes(self):
        head = b"\x80" + struct.pack("<B", self.protocol) if self.protocol >= 2 or self.rng.random() < 0.05 else b""
        ops = self.ops + [b"."]
        if self.protocol >= 4 and self.rng.random() < 0.7:
            cuts = sorted({0, len(ops), self.rng.randrange(len(ops) + 1)})
            body = b""
            for start, end in zip(cuts, cuts[1:]):
                data = b"".join(ops[start:end])
                length = len(data)
                if self.rng.random() < 0.02:
                    length += self.rng.choice([-1, 1, 5])
                body += b"\x95" + struct.pack("<Q", max(length, 0)) + data
            return head + body
        return head + b"".join(ops)
