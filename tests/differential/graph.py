"""Equality of two tagged JSON documents as graphs, up to sharing: `$def` and `$ref` are followed, cycles included.

What CPython cannot keep is put aside on both sides: which of two equal texts was a Python 2 `str`, how an exception's state
arrived, how a SimpleNamespace was asked for, what class `OSError` becomes by its errno, and the argument that it drops.
"""
import base64
import json
import struct


class Node:
    """A label that must be equal and children that must be equal in order (or, for sets, in some order)."""

    __slots__ = ("label", "children", "ordered")

    def __init__(self, label=None, children=(), ordered=True):
        self.label, self.children, self.ordered = label, children, ordered


def parse(document):
    """The graph of a tagged JSON document."""
    return Reader().node(json.loads(document))


class Reader:
    def __init__(self):
        self.defined = {}

    def node(self, value):
        if isinstance(value, list):
            return Node("list", [self.node(item) for item in value])
        if isinstance(value, float):
            return Node(("float", struct.pack(">d", value)))
        if not isinstance(value, dict):
            return Node((type(value).__name__, value))
        if len(value) == 1:
            (key, inner), = value.items()
            if key.startswith("$"):
                return self.tagged(key[1:], inner)
        return Node("dict", [self.node(part) for pair in value.items() for part in pair])

    def tagged(self, tag, inner):
        if tag == "def":
            node = self.defined[inner[0]] = Node()
            found = self.node(inner[1])
            node.label, node.children, node.ordered = found.label, found.children, found.ordered
            return node
        if tag == "ref":
            return self.defined[inner]
        if tag in ("tuple", "set", "frozenset"):
            return Node(tag, [self.node(item) for item in inner], ordered=tag == "tuple")
        if tag == "py2str":
            return Node(("str", inner))
        if tag == "str":
            return Node(("str", base64.b64decode(inner).decode("utf-8", "surrogatepass")))
        if tag == "dict":
            return Node("dict", self.pairs(inner))
        if tag == "float" and inner.startswith("nan"):
            return Node(("float", inner))
        if tag in ("exception", "record"):
            return self.record(tag, inner)
        if tag == "array" and inner["typecode"] in "bhilqBHILQ":
            # CPython makes `q` of a byte-swapped `l`; the elements are the same.
            return Node(("array", "signed" if inner["typecode"].islower() else "unsigned"), [self.node(inner["values"])])
        if tag == "global":
            # Where CPython 3.13 defines its path classes.
            return Node(tag, [self.node([inner[0].replace("pathlib._local", "pathlib"), inner[1]])])
        return Node(tag, [self.node(inner)])

    def pairs(self, inner):
        return [self.node(part) for pair in inner for part in pair]

    def record(self, tag, inner):
        """An object: its states become one dict, later ones winning, as BUILD makes it."""
        state, other = {}, []
        for step in inner.get("then", []):
            (kind, detail), = step.items()
            node = self.node(detail)
            if kind == "state" and node.label == "dict":
                for key, item in zip(node.children[::2], node.children[1::2]):
                    state[key.label] = item
            elif kind != "state" or node.label != ("NoneType", None):
                other.append(Node(kind, [node]))
        name = error_class(inner["class"], inner["args"])
        how = inner["how"] if tag == "record" and name != ("types", "SimpleNamespace") else ""
        fields = [part for key in sorted(state, key=repr) for part in (Node(key), state[key])]
        return Node((tag, name, how),
                    [Node("args", [self.node(arg) for arg in kept(inner["class"], inner["args"])]), Node("state", fields)] + other)


def kept(name, args):
    """The arguments that an exception keeps: of five, OSError drops the fourth (`winerror`) where there is no Windows."""
    is_dropped = list(name) == ["builtins", "OSError"] and len(args) == 5
    return [*args[:3], None, args[4]] if is_dropped else args


def error_class(name, args):
    """OSError by errno, as its constructor chooses the class."""
    module, qualified = name
    if (module, qualified) == ("builtins", "OSError") and 2 <= len(args) <= 5 and type(args[0]) is int:
        try:
            qualified = type(OSError(args[0], "")).__name__
        except OverflowError:
            pass
    return module, qualified


SETS_WITHIN_SETS = 20


def difference(left, right, level=0):
    """None where both graphs mean the same value, else the place and what differs. A set's partners are tried in turn; where
    sets contain themselves (through an exception) it stops looking."""
    if level > SETS_WITHIN_SETS:
        return None
    met, stack = set(), [(left, right, "$")]
    while stack:
        one, two, path = stack.pop()
        if (id(one), id(two)) in met:
            continue
        met.add((id(one), id(two)))
        if one.label != two.label:
            return "%s: %.80r is not %.80r" % (path, one.label, two.label)
        if len(one.children) != len(two.children):
            return "%s: %d children are not %d" % (path, len(one.children), len(two.children))
        if one.ordered:
            stack.extend((a, b, "%s[%d]" % (path, index)) for index, (a, b) in enumerate(zip(one.children, two.children)))
            continue
        rest = list(two.children)
        for item in one.children:
            match = next((other for other in rest if difference(item, other, level + 1) is None), None)
            if match is None:
                return "%s: an item of the set has no partner: %.80r" % (path, item.label)
            rest.remove(match)
    return None
