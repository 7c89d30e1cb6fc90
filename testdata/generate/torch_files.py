#!/usr/bin/env python3
"""Files in the containers of torch and joblib, written without either: torch_files.py ../torch ../joblib

Classes and functions of the libraries are stood in for by empty ones of the same names, so that Python's own pickler spells the
references; what stands around the pickles is written here. The goldens beside the files are written by hand.
"""
import collections
import io
import os
import pickle
import struct
import sys
import tarfile
import types
import zipfile

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


def stand_in(name, *members):
    module = sys.modules.setdefault(name, types.ModuleType(name))
    for member in members:
        made = type(member, (), {"__module__": name})
        if member[0] == "_":
            def made(*args):
                return None
            made.__module__, made.__qualname__ = name, member
        setattr(module, member, made)
    return module


torch = stand_in("torch", "FloatStorage", "IntStorage", "BFloat16Storage", "ComplexFloatStorage", "QInt8Storage", "LongStorage", "Size")
for value in ("per_tensor_affine",):
    setattr(torch, value, type(value, (), {"__module__": "torch"}))
storage_module = stand_in("torch.storage", "UntypedStorage", "_load_from_bytes")
utils = stand_in("torch._utils", "_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_qtensor", "_rebuild_sparse_tensor")
serialization = stand_in("torch.serialization", "_get_layout")
os_like = stand_in("os_like", "getcwd")


class Call:
    """An object that is pickled as the call of a function."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


class Storage:
    def __init__(self, cls, key, data, size, view=None):
        self.cls, self.key, self.data, self.size, self.view = cls, key, data, size, view

    @property
    def count(self):
        return len(self.data) // self.size


def tensor(storage, shape, stride, offset=0, grad=False, hooks=None, **flags):
    args = [storage, offset, shape, stride, grad, hooks or collections.OrderedDict()]
    return Call(utils._rebuild_tensor_v2, *args + ([flags] if flags else []))


def floats(key, *values):
    return Storage(torch.FloatStorage, key, struct.pack("<%df" % len(values), *values), 4)


class Pickler(pickle._Pickler):
    """Storages as persistent ids; `legacy` adds the view."""

    def __init__(self, file, protocol, legacy=False, text=False):
        super().__init__(file, protocol)
        self.legacy, self.text, self.storages = legacy, text, {}

    def persistent_id(self, obj):
        if isinstance(obj, Tarred):
            return obj.key
        if not isinstance(obj, Storage):
            return None
        self.storages[obj.key] = obj
        return ("storage", obj.cls, obj.key, "cpu", obj.count) + ((obj.view,) if self.legacy else ())


class Tarred:
    def __init__(self, key):
        self.key = key


def dumps(obj, protocol=2, legacy=False):
    out = io.BytesIO()
    pickler = Pickler(out, protocol, legacy)
    pickler.dump(obj)
    return out.getvalue(), pickler.storages


def archive(path, obj, root="archive", swap=False, extra=(), **packing):
    data, storages = dumps(obj)
    members = {"data.pkl": data, "version": b"3\n", "byteorder": b"big" if swap else b"little"}
    for key, s in storages.items():
        members["data/" + key] = b"".join(s.data[i:i + s.size][::-1] for i in range(0, len(s.data), s.size)) if swap else s.data
    members.update(extra)
    with zipfile.ZipFile(path, "w", **packing) as z:
        for name, content in members.items():
            name = name if name.startswith("/") else root + "/" + name
            z.writestr(zipfile.ZipInfo(name.lstrip("/")), content, **({"compress_type": packing["compression"]} if packing else {}))


def legacy(obj, protocol=2):
    data, storages = dumps(obj, protocol, True)
    out = [pickle.dumps(x, protocol) for x in (MAGIC, PROTOCOL, {"protocol_version": PROTOCOL, "little_endian": True})]
    out += [data, pickle.dumps(sorted(storages), protocol)]
    return b"".join(out) + b"".join(struct.pack("<q", storages[k].count) + storages[k].data for k in sorted(storages))


def tar(path):
    storages = pickle.dumps(1, 2) + pickle.dumps((7, "cpu", torch.FloatStorage), 2)
    storages += struct.pack("<q4f", 4, 1, 2, 3, 4) + pickle.dumps([], 2)
    tensors = pickle.dumps(1, 2) + pickle.dumps((9, 7, torch.FloatStorage), 2) + struct.pack("<2i5q", 2, 0, 2, 2, 1, 2, 0)
    members = {"sys_info": pickle.dumps({"protocol_version": 1000}, 2), "pickle": dumps({"w": Tarred("9")})[0], "tensors": tensors, "storages": storages}
    with tarfile.open(path, "w") as t:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))


def torch_files(folder):
    def at(name):
        return os.path.join(folder, name)
    shared = floats("0", 0, 1, 2, 3, 4, 5)
    state = {
        "whole": tensor(shared, (2, 3), (3, 1)), "transposed": tensor(shared, (3, 2), (1, 3)), "last": tensor(shared, (2,), (1,), 4),
        "repeated": tensor(shared, (2, 2), (0, 1), 1), "empty": tensor(floats("1"), (0, 3), (3, 1)), "scalar": tensor(floats("2", 3.5), (), ()),
        "half": tensor(Storage(torch.BFloat16Storage, "3", b"\xc0\x3f\x40\xc0", 2), (2,), (1,)),
        "conjugate": tensor(Storage(torch.ComplexFloatStorage, "4", struct.pack("<2f", 1, 2), 8), (1,), (1,), conj=True),
        "negative": tensor(floats("5", 1, -2), (2,), (1,), neg=True),
        "parameter": Call(utils._rebuild_parameter, tensor(floats("6", 1), (1,), (1,)), True, collections.OrderedDict()),
        "quantized": Call(utils._rebuild_qtensor, Storage(torch.QInt8Storage, "7", b"\x02\xff", 1), 0, (2,), (1,), (torch.per_tensor_affine, 0.5, 1), False, collections.OrderedDict()),
        "sparse": Call(utils._rebuild_sparse_tensor, Call(serialization._get_layout, "torch.sparse_coo"), (
            tensor(Storage(torch.LongStorage, "8", struct.pack("<2q", 0, 1), 8), (2, 1), (1, 1)), tensor(floats("9", 7), (1,), (1,)), Call(torch.Size, (2, 3)))),
    }
    archive(at("state.pt"), state)
    archive(at("deflated.pt"), {"w": tensor(shared, (6,), (1,))}, compression=zipfile.ZIP_DEFLATED)
    archive(at("big-endian.pt"), {"w": tensor(shared, (6,), (1,))}, swap=True)
    whole = Storage(torch.IntStorage, "a", struct.pack("<4i", 1, 2, 3, 4), 4)
    part = Storage(torch.IntStorage, "a", whole.data, 4, ("b", 1, 2))
    for protocol in (2, 4):
        with open(at("legacy.p%d.pt" % protocol), "wb") as f:
            f.write(legacy([tensor(whole, (4,), (1,)), tensor(part, (2,), (1,))], protocol))
    tar(at("tar.pt"))
    inner = legacy(floats("0", 1, 2))
    with open(at("plain.pkl"), "wb") as f:
        f.write(dumps([tensor(Call(storage_module._load_from_bytes, inner), (2,), (1,))], 4)[0])

    refused = os.path.join(folder, "refused")
    os.makedirs(refused, exist_ok=True)

    def bad(name):
        return os.path.join(refused, name)
    one = floats("0", 1, 2)
    archive(bad("beyond.pt"), tensor(one, (3,), (1,)))
    archive(bad("repeated.pt"), tensor(one, (10**12,), (0,)))
    archive(bad("product.pt"), tensor(one, (2**33, 2**33), (0, 0)))
    archive(bad("hooks.pt"), tensor(one, (2,), (1,), hooks=collections.OrderedDict(a=1)))
    archive(bad("short.pt"), tensor(one, (2,), (1,)), extra={"data/0": b"\0\0\0\0"})
    archive(bad("version.pt"), tensor(one, (2,), (1,)), extra={"version": b"99\n"})
    archive(bad("two-roots.pt"), tensor(one, (2,), (1,)), extra={"/other/data.pkl": pickle.dumps(1)})
    archive(bad("script.pt"), tensor(one, (2,), (1,)), extra={"constants.pkl": pickle.dumps(()), "code/__torch__.py": b""})
    archive(bad("second.pt"), tensor(one, (2,), (1,)), extra={"more.pkl": pickle.dumps(os_like.getcwd, 2)})
    with open(bad("sixth.pt"), "wb") as f:
        f.write(legacy([1]) + pickle.dumps(os_like.getcwd, 2))
    with open(bad("cut.pt"), "wb") as f:
        f.write(legacy(tensor(one, (2,), (1,)))[:-1])


numpy = stand_in("numpy", "ndarray", "dtype")
stand_in("joblib")
wrappers = stand_in("joblib.numpy_pickle", "NumpyArrayWrapper", "NDArrayWrapper")


class DType:
    def __init__(self, code, order="<"):
        self.code, self.order = code, order

    def __reduce__(self):
        return numpy.dtype, (self.code, False, True), (3, self.order, None, None, None, -1, -1, 0)


class Array:
    """An array whose bytes follow its wrapper; `padding` as joblib 1.2 and later write it."""

    def __init__(self, shape, data, code="i4", order="C", padding=None):
        self.data, self.padding = data, padding
        self.wrapper = wrappers.NumpyArrayWrapper()
        self.wrapper.__dict__.update(subclass=numpy.ndarray, shape=shape, order=order, dtype=DType(code), allow_mmap=True)
        if padding is not None:
            self.wrapper.numpy_array_alignment_bytes = 16


class ArrayPickler(pickle._Pickler):
    def save(self, obj, save_persistent_id=True):
        if not isinstance(obj, Array):
            return super().save(obj, save_persistent_id)
        super().save(obj.wrapper)
        if self.proto >= 4:
            self.framer.commit_frame(force=True)
        if obj.padding is not None:
            self._file_write(bytes([obj.padding]) + b"\xff" * obj.padding)
        self._file_write(obj.data)


def joblib_files(folder):
    def write(name, obj, protocol):
        with open(os.path.join(folder, name), "wb") as f:
            pickler = ArrayPickler(f, protocol)
            pickler._file_write = f.write
            pickler.dump(obj)
    data = struct.pack("<6i", 0, 1, 2, 3, 4, 5)
    for protocol in (2, 4):
        arrays = [Array((2, 3), data), Array((2, 3), data, order="F", padding=3), Array((0,), b"", padding=16), Array((), data[4:8])]
        write("arrays.p%d.joblib" % protocol, {"arrays": arrays, "after": "text"}, protocol)
    side = wrappers.NDArrayWrapper()
    side.__dict__.update(filename="side.joblib_01.npy", subclass=numpy.ndarray)
    write("side.joblib", [side], 2)
    header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }"
    header += b" " * (128 - 10 - len(header) - 1) + b"\n"
    with open(os.path.join(folder, "side.joblib_01.npy"), "wb") as f:
        f.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data)

    refused = os.path.join(folder, "refused")
    os.makedirs(refused, exist_ok=True)
    write("refused/cut.joblib", Array((2, 3), data), 2)
    with open(os.path.join(refused, "cut.joblib"), "r+b") as f:
        # Four bytes of the array are missing, and STOP.
        f.truncate(f.seek(0, os.SEEK_END) - 5)
    write("refused/after.joblib", [Array((2, 3), data), os_like.getcwd], 2)
    for name, filename in (("elsewhere", "../arrays.p2.joblib"), ("missing", "nothing.npy")):
        side = wrappers.NDArrayWrapper()
        side.__dict__.update(filename=filename, subclass=numpy.ndarray)
        write("refused/%s.joblib" % name, [side], 2)


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        os.makedirs(folder, exist_ok=True)
    torch_files(sys.argv[1])
    joblib_files(sys.argv[2])
