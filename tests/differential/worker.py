"""Loads pickles with CPython and prints, for each file, a line of JSON: `[index, verdict, document or reason]`.

Only names that are data can be loaded, whatever a damaged file says. `check.py` runs this in a process of its own, with an
alarm and a memory limit for every file, and starts another where one died.
"""
import argparse
import faulthandler
import io
import json
import pathlib
import pickle
import resource
import signal
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testdata" / "generate"))
import lossless  # noqa: E402

ALLOWED = {
    "builtins": {"set", "frozenset", "bytearray", "bytes", "complex", "range", "slice", "list", "int", "dict", "str", "float", "tuple",
                 "bool", "object", "Ellipsis", "NotImplemented"},
    "collections": {"OrderedDict", "defaultdict", "Counter", "deque"},
    "datetime": {"date", "time", "datetime", "timedelta", "timezone"},
    "decimal": {"Decimal"}, "fractions": {"Fraction"}, "uuid": {"UUID"},
    "pathlib": {"PurePosixPath", "PureWindowsPath"}, "pathlib._local": {"PurePosixPath", "PureWindowsPath"},
    "ipaddress": {"IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network", "IPv4Interface", "IPv6Interface"},
    "array": {"array", "_array_reconstructor"}, "_codecs": {"encode"}, "copyreg": {"_reconstructor"}, "types": {"SimpleNamespace"},
}
ALARM_SECONDS = 5
MEMORY = 1 << 30


class NotData(Exception):
    """A name that only a damaged file can hold."""


class Reader(pickle.Unpickler):
    """CPython's C reader. Python 2 text becomes str by latin-1, which keeps every byte."""

    def find_class(self, module, name):
        mapped = self.python_3_name(module, name)
        if mapped[1] not in ALLOWED.get(mapped[0], ()) and not self.is_error(*mapped):
            raise NotData("%s.%s" % (module, name))
        return super().find_class(module, name)

    @staticmethod
    def python_3_name(module, name):
        import _compat_pickle as compat
        return compat.NAME_MAPPING.get((module, name), (compat.IMPORT_MAPPING.get(module, module), name))

    @staticmethod
    def is_error(module, name):
        found = getattr(__import__("builtins"), name, None) if module == "builtins" else None
        return isinstance(found, type) and issubclass(found, BaseException)


def load(data):
    """All pickles of a file, as a list. One line end after the last is no data: tools that print a pickle leave it."""
    file, values = io.BytesIO(data), []
    while not values or data[file.tell():] not in (b"", b"\n"):
        try:
            values.append(Reader(file, encoding="latin-1").load())
        except MemoryError:
            raise
        except BaseException as error:
            if values:
                raise TrailingError(type(error).__name__, str(error)) from None
            raise
    return values


class TrailingError(Exception):
    """The first pickle loads, what follows does not."""


def judge(path):
    try:
        values = load(path.read_bytes())
    except TrailingError as error:
        return "trailing", ": ".join(map(str, error.args))
    except MemoryError:
        return "unjudged", "MemoryError"
    except NotData as error:
        return "error", "NotData: %s" % error
    except BaseException as error:
        return "error", "%s: %s" % (type(error).__name__, error)
    try:
        documents = [lossless.encode(value) for value in values]
    except BaseException as error:
        return "unencodable", "%s: %s" % (type(error).__name__, error)
    return "ok", documents[0] if len(documents) == 1 else "[%s]" % ",".join(documents)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="start", type=int, required=True)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    args = parser.parse_args()
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.set_int_max_str_digits(0)
    files = sorted(args.dir.glob("*.pkl"))
    for index in range(args.start, min(args.to, len(files))):
        signal.alarm(ALARM_SECONDS)
        verdict, detail = judge(files[index])
        signal.alarm(0)
        print(json.dumps([index, verdict, detail]), flush=True)


if __name__ == "__main__":
    threading.stack_size(256 << 20)
    sys.setrecursionlimit(100_000)
    thread = threading.Thread(target=main)
    thread.start()
    thread.join()
