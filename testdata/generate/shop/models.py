# -*- coding: utf-8 -*-
"""User classes in every form in which an instance is constructed on the wire. Imported only to write `records/`."""
import collections
import sys

PY2 = sys.version_info[0] == 2


class Plain(object):
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Empty(object):
    pass


class Slots(object):
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


class SlotsAndDict(Slots):
    pass


class StateTuple(object):
    def __getstate__(self):
        return (1, u"two")

    def __setstate__(self, state):
        pass


class StateList(StateTuple):
    def __getstate__(self):
        return [1, [2]]


class StateFalsy(StateTuple):
    def __getstate__(self):
        return 0


class NewArgs(object):
    def __new__(cls, *args):
        return object.__new__(cls)

    def __getnewargs__(self):
        return (1, u"a")


class NewArgsEx(object):
    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __getnewargs_ex__(self):
        return ((1,), {u"size": 2})


class DictSub(dict):
    pass


class ListSub(list):
    pass


class IntSub(int):
    pass


class StrSub(type(u"")):
    pass


class FloatSub(float):
    pass


class TupleSub(tuple):
    pass


class SetSub(set):
    pass


class OrderedSub(collections.OrderedDict):
    pass


class Error(Exception):
    pass


def rebuild(*args):
    return Reduced(*args)


def set_state(obj, state):
    obj.__dict__.update(state)


class Reduced(object):
    """REDUCE on the class itself."""

    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return (Reduced, self.args, {u"extra": 1})


class ReducedByFunction(object):
    def __reduce__(self):
        return (rebuild, (1, u"b"))


class Five(list):
    """Items, dict items and state, in that order on the wire."""

    def __setitem__(self, key, value):
        pass

    def __reduce__(self):
        return (Five, (), {u"state": True}, iter([1, 2]), iter([(u"k", [3])]))


class Six(object):
    """A state setter: a function called on the object, its result dropped."""

    def __reduce__(self):
        return (Six, (), {u"a": 1}, None, None, set_state)


class Outer(object):
    class Inner(object):
        def __init__(self):
            self.depth = 2


class OldStyle:
    def __init__(self):
        self.name = u"old"


class OldStyleArgs:
    def __init__(self, *args):
        pass

    def __getinitargs__(self):
        return (1, u"x")


Point = collections.namedtuple("Point", "x y")
Point.__module__ = __name__

if not PY2:
    import dataclasses
    import enum

    class Color(enum.Enum):
        RED = 1
        BLUE = "blue"

    class Level(enum.IntEnum):
        LOW = 1

    class Permission(enum.Flag):
        READ = 4
        WRITE = 2

    def dataclass(name, **options):
        made = dataclasses.make_dataclass(name, [("id", int), ("name", str), ("tags", list)], **options)
        made.__module__ = __name__
        return made

    Item = dataclass("Item")
    FrozenItem = dataclass("FrozenItem", frozen=True)
    if sys.version_info >= (3, 10):
        SlotsItem = dataclass("SlotsItem", slots=True)
        FrozenSlotsItem = dataclass("FrozenSlotsItem", slots=True, frozen=True)
