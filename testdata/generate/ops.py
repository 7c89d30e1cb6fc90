"""Opcodes by name, to write pickles by hand: each takes its argument and gives bytes.

Only what the hand-made cases need; nothing is checked, since some of them are to be wrong.
"""
import struct

MARK, STOP, POP, POP_MARK, DUP = b"(", b".", b"0", b"1", b"2"
REDUCE, BUILD, NEWOBJ, NEWOBJ_EX, OBJ = b"R", b"b", b"\x81", b"\x92", b"o"
NONE, TRUE, FALSE = b"N", b"\x88", b"\x89"
EMPTY_LIST, APPEND, APPENDS, LIST = b"]", b"a", b"e", b"l"
EMPTY_DICT, SETITEM, SETITEMS, DICT = b"}", b"s", b"u", b"d"
EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3 = b")", b"t", b"\x85", b"\x86", b"\x87"
EMPTY_SET, ADDITEMS, FROZENSET = b"\x8f", b"\x90", b"\x91"
STACK_GLOBAL, MEMOIZE = b"\x93", b"\x94"
NEXT_BUFFER, READONLY_BUFFER = b"\x97", b"\x98"


def proto(version):
    return b"\x80" + struct.pack("<B", version)


def frame(data):
    return b"\x95" + struct.pack("<Q", len(data)) + data


def byte(value):
    return struct.pack("<B", value)


def glob(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def inst(module, name):
    return b"i" + module.encode() + b"\n" + name.encode() + b"\n"


def uni(value):
    data = value.encode("utf-8")
    return b"\x8c" + struct.pack("<B", len(data)) + data


def binunicode(value):
    data = value.encode("utf-8")
    return b"X" + struct.pack("<I", len(data)) + data


def stack_global(module, name):
    return uni(module) + uni(name) + STACK_GLOBAL


def string(value):
    """SHORT_BINSTRING: a Python 2 str."""
    return b"U" + struct.pack("<B", len(value)) + value


def raw(value):
    """SHORT_BINBYTES."""
    return b"C" + struct.pack("<B", len(value)) + value


def int1(value):
    return b"K" + struct.pack("<B", value)


def binint(value):
    return b"J" + struct.pack("<i", value)


def long1(value):
    return b"\x8a" + struct.pack("<B", len(value)) + value


def binfloat(value):
    return b"G" + struct.pack(">d", value)


def line(code, value):
    """An opcode with one line of text: INT, LONG, FLOAT, STRING, UNICODE, PUT, GET, PERSID."""
    return code + value + b"\n"


def put(index):
    return b"q" + struct.pack("<B", index)


def get(index):
    return b"h" + struct.pack("<B", index)
