#!/usr/bin/env python3
"""What one writes in Python, one conversion per process: peers.py TASK IN OUT.

`tuned` is what somebody arrives at who measures: no cycle collector, the fastest library of the format. `plain` is what everybody
writes first. Digests for the comparison of outputs: peers.py digest FILE.
"""
import gc
import os
import pickle
import sys


def load(path):
    with open(path, "rb") as f:
        return pickle.load(f)


def text(x):
    """For what JSON has no type: bytes as base64, the rest as str() has it."""
    import base64
    return base64.b64encode(x).decode() if isinstance(x, (bytes, bytearray)) else str(x)


def put(out, data):
    with open(out, "wb") as f:
        f.write(data)


def json_tuned(src, out):
    import orjson
    put(out, orjson.dumps(load(src), default=text))


def json_plain(src, out):
    import json
    with open(out, "w") as f:
        json.dump(load(src), f, default=text)


def lines(rows, out):
    import orjson
    with open(out, "wb", 1 << 20) as f:
        for row in rows:
            f.write(orjson.dumps(row, default=text, option=orjson.OPT_APPEND_NEWLINE))


def ndjson_tuned(src, out):
    lines(load(src), out)


def plain_lines(rows, out):
    import json
    with open(out, "w") as f:
        for row in rows:
            f.write(json.dumps(row, default=text) + "\n")


def ndjson_plain(src, out):
    plain_lines(load(src), out)


def each(src):
    """The pickles of a file of many."""
    with open(src, "rb") as f:
        while True:
            try:
                yield pickle.load(f)
            except EOFError:
                return


def below(src):
    for folder, _, names in os.walk(src):
        for name in names:
            yield load(os.path.join(folder, name))


def msgpack_tuned(src, out):
    import ormsgpack
    put(out, ormsgpack.packb(load(src), default=text))


def table(value):
    import pyarrow as pa
    if isinstance(value, dict):
        return pa.table(value)
    return pa.Table.from_pylist(value) if isinstance(value[0], dict) else pa.table({"value": value})


def parquet_tuned(src, out):
    import pyarrow.parquet as pq
    pq.write_table(table(load(src)), out, compression="zstd")


def frame(src):
    import pandas as pd
    return pd.read_pickle(src)


def frame_zstd(src, out):
    frame(src).to_parquet(out, engine="pyarrow", compression="zstd")


def frame_snappy(src, out):
    frame(src).to_parquet(out, engine="pyarrow", compression="snappy", use_dictionary=False)


def frame_arrow(src, out):
    import pyarrow as pa
    made = pa.Table.from_pandas(frame(src))
    with pa.OSFile(out, "wb") as f, pa.ipc.new_file(f, made.schema) as w:
        w.write_table(made)


def npy(src, out):
    import numpy as np
    np.save(out, load(src))


def safetensors(src, out):
    from safetensors.numpy import save_file
    save_file(load(src), out)


TASKS = {
    "json-tuned": json_tuned,
    "json-plain": json_plain,
    "ndjson-tuned": ndjson_tuned,
    "ndjson-plain": ndjson_plain,
    "many-tuned": lambda src, out: lines(each(src), out),
    "many-plain": lambda src, out: plain_lines(each(src), out),
    "files-tuned": lambda src, out: lines(below(src), out),
    "files-plain": lambda src, out: plain_lines(below(src), out),
    "msgpack-tuned": msgpack_tuned,
    "parquet-tuned": parquet_tuned,
    "frame-zstd": frame_zstd,
    "frame-snappy": frame_snappy,
    "frame-arrow": frame_arrow,
    "npy": npy,
    "safetensors": safetensors,
}


def held(path):
    """What a reader of the format finds, as something that has one repr."""
    kind = path.rsplit(".", 1)[1]
    if kind in ("json", "ndjson"):
        import orjson
        with open(path, "rb") as f:
            data = f.read()
        if kind == "json":
            return orjson.dumps(orjson.loads(data), option=orjson.OPT_SORT_KEYS)
        return sorted(orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS) for line in data.splitlines())
    if kind == "msgpack":
        import ormsgpack
        with open(path, "rb") as f:
            return ormsgpack.unpackb(f.read())
    if kind in ("parquet", "arrow"):
        import pyarrow as pa
        import pyarrow.parquet as pq
        made = pq.read_table(path) if kind == "parquet" else pa.ipc.open_file(path).read_all()
        some = [0, made.num_rows // 3, made.num_rows - 1]
        return made.num_rows, made.column_names, [[str(c[i]) for i in some] for c in made.columns if pa.types.is_integer(c.type) or pa.types.is_floating(c.type)]
    import numpy as np
    if kind == "npy":
        a = np.load(path)
        return a.shape, str(a.dtype), a.tobytes()
    from safetensors.numpy import load_file
    return sorted((k, a.shape, str(a.dtype), a.tobytes()) for k, a in load_file(path).items())


def main():
    task = sys.argv[1]
    if task == "digest":
        import hashlib
        print(hashlib.sha256(repr(held(sys.argv[2])).encode()).hexdigest())
        return
    if not task.endswith("-plain"):
        gc.disable()
    TASKS[task](*sys.argv[2:4])


if __name__ == "__main__":
    main()
