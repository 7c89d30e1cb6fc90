# -*- coding: utf-8 -*-
"""Instances of user classes (`shop/models.py`), pickled by the interpreter that runs this, and some written by hand.

Output as `std.py`'s. The golden asks the live object's `__reduce_ex__` at the protocol of the file. Hand-written cases
have their golden beside them: they hold what no pickler writes, or what `lossless.py` cannot see.
"""
import argparse
import os
import pickle
import sys

import lossless
import ops
from shop import models

VERSION = sys.version_info[:2]
PY2 = VERSION[0] == 2


def filled(value, **fields):
    value.__dict__.update(fields)
    return value


def instances():
    """(name, value, protocols or None for all)."""
    slots_and_dict = models.SlotsAndDict(1, [2])
    slots_and_dict.z = u"in the dict"
    shared = models.Plain(a=1)
    cycle = models.Plain()
    cycle.me = cycle
    child = models.Plain(parent=[cycle])
    cycle.child = child
    yield "plain", models.Plain(x=1, y=[u"a", None]), None
    yield "plain_empty", models.Empty(), None
    yield "plain_shared", [shared, shared, {u"k": shared}], None
    yield "plain_cycle", cycle, None
    yield "plain_same_class", [models.Plain(n=1), models.Plain(n=2), models.Plain(n=3)], None
    yield "slots", models.Slots(1, u"b"), (2, 4)
    yield "slots_and_dict", slots_and_dict, (2, 4)
    yield "getstate_tuple", models.StateTuple(), None
    yield "getstate_list", models.StateList(), None
    yield "getstate_zero", models.StateFalsy(), None
    yield "newargs", models.NewArgs(), (2, 4)
    yield "dict_sub", filled(models.DictSub({u"a": [1]}), note=u"n"), None
    yield "list_sub", filled(models.ListSub([1, [2]]), note=u"n"), None
    yield "list_sub_empty", models.ListSub(), None
    yield "int_sub", models.IntSub(7), None
    yield "str_sub", models.StrSub(u"text"), None
    yield "float_sub", models.FloatSub(1.5), None
    yield "tuple_sub", models.TupleSub((1, 2)), None
    yield "set_sub", models.SetSub([1]), None
    yield "ordered_sub", models.OrderedSub([(u"b", 1), (u"a", 2)]), None
    yield "exception", models.Error(u"bad", 3), None
    yield "reduced", models.Reduced(1, u"a"), None
    yield "reduced_function", models.ReducedByFunction(), None
    yield "reduce_five", models.Five(), None
    yield "namedtuple", models.Point(1, u"b"), None
    yield "class_as_value", [models.Plain, {u"cls": models.Slots}], None
    if PY2:
        yield "old_style", models.OldStyle(), None
        yield "old_style_args", models.OldStyleArgs(), None
        return
    yield "newargs_ex", models.NewArgsEx(), (2, 4)
    yield "nested_class", models.Outer.Inner(), (2, 4)
    yield "enum", [models.Color.RED, models.Color.BLUE, models.Level.LOW], (2, 4)
    yield "enum_shared", [models.Color.RED, models.Color.RED], (2, 4)
    yield "flag", models.Permission.READ | models.Permission.WRITE, (2, 4)
    yield "dataclass", models.Item(1, u"n", [u"t"]), None
    yield "dataclass_frozen", models.FrozenItem(1, u"n", [u"t"]), (2, 4)
    yield "dataclass_slots", models.SlotsItem(1, u"n", [u"t"]), (2, 4)
    yield "dataclass_frozen_slots", models.FrozenSlotsItem(1, u"n", [u"t"]), (2, 4)


PLAIN = ops.stack_global("shop.models", "Plain")
HEAD = ops.proto(4)
STATE_A = ops.EMPTY_DICT + ops.uni("a") + ops.int1(1) + ops.SETITEM
STATE_B = ops.EMPTY_DICT + ops.uni("b") + ops.int1(2) + ops.SETITEM


def record(how, args, then=None):
    return '{"$record":{"class":["shop.models","Plain"],"how":"%s","args":%s%s}}' % (
        how, args, ',"then":%s' % then if then else "")


TWO_STATES = '[{"state":{"a":1}},{"state":{"b":2}}]'
CALLS = '[{"call":[{"$global":["shop.models","set_state"]},{"a":1}]}]'
# name: (pickle, golden). Every one is what the mapping says of the opcodes, not what CPython would make of them.
HAND = {
    "hand_two_builds": (
        HEAD + PLAIN + ops.EMPTY_TUPLE + ops.NEWOBJ + STATE_A + ops.BUILD + STATE_B + ops.BUILD + ops.STOP,
        record("new", "[]", TWO_STATES)),
    "hand_build_between_items": (
        HEAD + PLAIN + ops.EMPTY_TUPLE + ops.REDUCE + STATE_A + ops.BUILD + ops.int1(5) + ops.APPEND + STATE_B + ops.BUILD
        + ops.uni("k") + ops.NONE + ops.SETITEM + ops.STOP,
        record("call", "[]", '[{"state":{"a":1}},{"items":[5]},{"state":{"b":2}},{"dictitems":[["k",null]]}]')),
    "hand_inst": (ops.MARK + ops.int1(1) + ops.inst("shop.models", "Plain") + ops.STOP, record("instance", "[1]")),
    "hand_obj": (ops.proto(1) + ops.MARK + ops.glob("shop.models", "Plain") + ops.int1(1) + ops.int1(2) + ops.OBJ + ops.STOP,
                 record("instance", "[1,2]")),
    "hand_newobj_ex": (
        HEAD + PLAIN + ops.int1(1) + ops.TUPLE1 + STATE_A + ops.NEWOBJ_EX + ops.STOP,
        '{"$record":{"class":["shop.models","Plain"],"how":"new","args":[1],"kwargs":[["a",1]]}}'),
    "hand_dup": (
        HEAD + PLAIN + ops.EMPTY_TUPLE + ops.NEWOBJ + ops.DUP + ops.TUPLE2 + ops.STOP,
        '{"$tuple":[{"$def":[0,%s]},{"$ref":0}]}' % record("new", "[]")),
    "hand_build_after_fetch": (
        HEAD + ops.EMPTY_LIST + PLAIN + ops.EMPTY_TUPLE + ops.NEWOBJ + ops.MEMOIZE + ops.APPEND + ops.get(0) + STATE_A
        + ops.BUILD + ops.TUPLE2 + ops.STOP,
        '{"$tuple":[[{"$def":[0,%s]}],{"$ref":0}]}' % record("new", "[]", '[{"state":{"a":1}}]')),
    "hand_state_setter": (
        HEAD + PLAIN + ops.EMPTY_TUPLE + ops.NEWOBJ + ops.MEMOIZE + ops.stack_global("shop.models", "set_state") + ops.get(0)
        + STATE_A + ops.TUPLE2 + ops.REDUCE + ops.POP + ops.STOP,
        '{"$def":[0,%s]}' % record("new", "[]", CALLS)),
    "hand_uncalled_function": (
        HEAD + ops.stack_global("shop.models", "rebuild") + ops.int1(1) + ops.TUPLE1 + ops.REDUCE + ops.STOP,
        '{"$record":{"class":["shop.models","rebuild"],"how":"call","args":[1]}}'),
    "hand_reconstructor_list_base": (
        ops.proto(2) + ops.glob("copy_reg", "_reconstructor") + ops.MARK + ops.glob("shop.models", "ListSub")
        + ops.glob("__builtin__", "list") + ops.EMPTY_LIST + ops.int1(1) + ops.APPEND + ops.TUPLE + ops.REDUCE + ops.STOP,
        '{"$record":{"class":["shop.models","ListSub"],"how":"new","args":[],"then":[{"items":[1]}]}}'),
    "hand_newobj_by_reduce": (
        HEAD + ops.stack_global("copyreg", "__newobj__") + PLAIN + ops.int1(1) + ops.TUPLE2 + ops.REDUCE + ops.STOP,
        record("new", "[1]")),
    "hand_recursive_tuple": (
        pickle.dumps(None, 2)[:2] + ops.EMPTY_LIST + ops.put(0) + ops.get(0) + ops.TUPLE1 + ops.put(1) + ops.APPEND + ops.POP
        + ops.get(1) + ops.STOP,
        '{"$def":[0,{"$tuple":[{"$def":[1,[{"$ref":0}]]}]}]}'),
}


def write(out, stem, data, golden):
    with open(os.path.join(out, stem + ".pkl"), "wb") as file:
        file.write(data)
    with open(os.path.join(out, stem + ".golden"), "wb") as file:
        file.write(golden.encode("utf-8") + b"\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    for name, value, protocols in instances():
        for protocol in (0, 1, 2) if PY2 else (0, 2, 4):
            if protocols is None or protocol in protocols:
                stem = "%s.p%d.py%d%d" % ((name, protocol) + VERSION)
                write(out, stem, pickle.dumps(value, protocol), lossless.encode(value, protocol))
    if not PY2:
        for name, (data, golden) in HAND.items():
            write(out, name, data, golden)


if __name__ == "__main__":
    main()
