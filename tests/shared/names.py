#!/usr/bin/env python3
"""Every global that a pickle references, found by a lexer and an abstract stack of strings.

Written from the opcode table alone, so that the list which depickle reports can be compared with an independent one. It
knows no values: all but text is one placeholder. It goes on past STOP, as `scan` must. Absent on purpose: persistent ids,
extension codes and recovery from damage; a file that it can't read is a `Broken`.

    names.py FILE...               print the names of each
"""
import codecs
import struct
import sys

MARK, VALUE = object(), object()
SIZES = {"1": "<B", "4": "<I", "8": "<Q", "s": "<i"}
# opcode -> (argument, pops, what it pushes). Arguments: a number of bytes, `1 4 8 s` a counted payload, `l` a line,
# `ll` two lines. Pops: a number, or `m` for everything down to the mark.
TABLE = {
    "(": (0, 0, "mark"), ".": (0, 1, None), "0": (0, "pop", None), "1": (0, "m", None), "2": (0, 0, "dup"),
    "F": ("l", 0, "v"), "I": ("l", 0, "v"), "J": (4, 0, "v"), "K": (1, 0, "v"), "L": ("l", 0, "v"), "M": (2, 0, "v"),
    "N": (0, 0, "v"), "P": ("l", 0, "v"), "Q": (0, 1, "v"), "R": (0, 2, "v"), "S": ("l", 0, "str"), "T": ("s", 0, "bytes"),
    "U": ("1", 0, "bytes"), "V": ("l", 0, "uni"), "X": ("4", 0, "text"), "a": (0, 1, None), "b": (0, 1, None),
    "c": ("ll", 0, "global"), "d": (0, "m", "v"), "}": (0, 0, "v"), "e": (0, "m", None), "g": ("l", 0, "get"),
    "h": (1, 0, "get"), "i": ("ll", "m", "inst"), "j": (4, 0, "get"), "l": (0, "m", "v"), "]": (0, 0, "v"),
    "o": (0, "m", "v"), "p": ("l", 0, "put"), "q": (1, 0, "put"), "r": (4, 0, "put"), "s": (0, 2, None), "t": (0, "m", "v"),
    ")": (0, 0, "v"), "u": (0, "m", None), "G": (8, 0, "v"), "B": ("4", 0, "v"), "C": ("1", 0, "v"),
    "\x80": (1, 0, None), "\x81": (0, 2, "v"), "\x82": (1, 0, "v"), "\x83": (2, 0, "v"), "\x84": (4, 0, "v"),
    "\x85": (0, 1, "v"), "\x86": (0, 2, "v"), "\x87": (0, 3, "v"), "\x88": (0, 0, "v"), "\x89": (0, 0, "v"),
    "\x8a": ("1", 0, "v"), "\x8b": ("s", 0, "v"), "\x8c": ("1", 0, "text"), "\x8d": ("8", 0, "text"), "\x8e": ("8", 0, "v"),
    "\x8f": (0, 0, "v"), "\x90": (0, "m", None), "\x91": (0, "m", "v"), "\x92": (0, 3, "v"), "\x93": (0, 2, "stack_global"),
    "\x94": (0, 0, "memoize"), "\x95": (8, 0, None), "\x96": ("8", 0, "v"), "\x97": (0, 0, "v"), "\x98": (0, 1, "v"),
}


class Broken(Exception):
    """The bytes are no sequence of pickles."""


def names(data):
    """bytes -> {(module, name)}; a name that the stream computes is (None, None)."""
    found, pos = set(), 0
    while pos < len(data):
        if pos and data[pos:].strip(b"\r\n") == b"":
            break
        pos = one(data, pos, found)
    return found


def one(data, pos, found):
    stack, memo = [], {}

    def take(n):
        nonlocal pos
        if n < 0 or pos + n > len(data):
            raise Broken("cut off at %d" % pos)
        pos += n
        return data[pos - n:pos]

    def line():
        end = data.find(b"\n", pos)
        if end < 0:
            raise Broken("a line without an end at %d" % pos)
        return take(end + 1 - pos)[:-1]

    def to_mark():
        while stack:
            if stack.pop() is MARK:
                return
        raise Broken("no mark at %d" % pos)
    while True:
        op = chr(take(1)[0])
        if op not in TABLE:
            raise Broken("no opcode at %d" % (pos - 1))
        arg, pops, push = TABLE[op]
        if isinstance(arg, int):
            raw = take(arg)
        elif arg in SIZES:
            raw = take(struct.unpack(SIZES[arg], take(struct.calcsize(SIZES[arg])))[0])
        else:
            raw = line()
        # The operands of STACK_GLOBAL go before its pops are done.
        operands = stack[-2:]
        second = line() if arg == "ll" else None
        if pops == "m":
            to_mark()
        elif pops == "pop":
            stack and stack.pop()
        elif pops:
            if len(stack) < pops:
                raise Broken("stack underflow at %d" % pos)
            del stack[-pops:]
        if push == "v":
            stack.append(VALUE)
        elif push == "mark":
            stack.append(MARK)
        elif push == "dup":
            stack.append(stack[-1])
        elif push == "text":
            stack.append(raw.decode("utf-8", "surrogatepass"))
        elif push == "uni":
            stack.append(raw.decode("raw-unicode-escape"))
        elif push == "bytes":
            stack.append(raw.decode("latin-1"))
        elif push == "str":
            stack.append(codecs.escape_decode(raw[1:-1])[0].decode("latin-1"))
        elif push == "get":
            key = int(raw) if arg == "l" else int.from_bytes(raw, "little")
            stack.append(memo.get(key, VALUE))
        elif push == "put":
            memo[int(raw) if arg == "l" else int.from_bytes(raw, "little")] = stack[-1]
        elif push == "memoize":
            memo[len(memo)] = stack[-1]
        elif push in ("global", "inst"):
            found.add((raw.decode("utf-8"), second.decode("utf-8")))
            stack.append(VALUE)
        elif push == "stack_global":
            found.add(tuple(operands) if all(isinstance(o, str) for o in operands) else (None, None))
            stack.append(VALUE)
        if op == ".":
            return pos


if __name__ == "__main__":
    for f in sys.argv[1:]:
        with open(f, "rb") as fh:
            print(f, " ".join(sorted("%s.%s" % n for n in names(fh.read()))))
