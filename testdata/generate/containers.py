"""Makes testdata/containers: one small pickle in every compression that Python's standard library writes.

Run from anywhere with Python 3.8 or later; the files come out the same but for what a newer zlib or liblzma compresses
otherwise.
"""

import bz2
import gzip
import io
import lzma
import struct
import zlib
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "containers"
PICKLE = b"\x80\x02]q\x00(" + b"".join(b"K" + bytes([n]) for n in range(100)) + b"e."


def gz(data, name=""):
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=out, mtime=0) as f:
        f.write(data)
    return out.getvalue()


def gz_with_fields(data):
    """FTEXT, FHCRC, FEXTRA, FNAME and FCOMMENT (RFC 1952 section 2.3.1), which Python does not write."""
    header = b"\x1f\x8b\x08\x1f" + struct.pack("<I", 0) + b"\x00\xff"
    header += struct.pack("<H", 6) + b"AB\x02\x00xy" + b"list.pkl\x00" + b"a comment\x00"
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    return header + body.compress(data) + body.flush() + struct.pack("<II", zlib.crc32(data), len(data))


def zf(data, width, suffix=""):
    """joblib.numpy_pickle_compat.write_zfile of joblib 0.8 and 0.9."""
    return b"ZF" + (hex(len(data)) + suffix).ljust(width).encode() + zlib.compress(data, 3)


FILES = {
    "list.gz": gz(PICKLE, "list.pkl"),
    "fields.gz": gz_with_fields(PICKLE),
    "members.gz": gz(PICKLE[:50]) + gz(b"") + gz(PICKLE[50:]),
    "padded.gz": gz(PICKLE) + bytes(512),
    "list.zlib": zlib.compress(PICKLE),
    "list.bz2": bz2.compress(PICKLE),
    "streams.bz2": bz2.compress(PICKLE[:50]) + bz2.compress(b"") + bz2.compress(PICKLE[50:], 1),
    "list.xz": lzma.compress(PICKLE, check=lzma.CHECK_SHA256),
    "streams.xz": lzma.compress(PICKLE[:50]) + bytes(8) + lzma.compress(PICKLE[50:], check=lzma.CHECK_CRC32) + bytes(4),
    "list.lzma": lzma.compress(PICKLE, lzma.FORMAT_ALONE),
    "list.zf": zf(PICKLE, 19),
    "list-py2.zf": zf(PICKLE, 20, "L"),
    "list.xz.gz": gz(lzma.compress(PICKLE)),
}

if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for name, data in FILES.items():
        (OUT / name).write_bytes(data)
