"""Makes `dis/`: what `pickletools.dis` of CPython 3.13 prints of pickles of `std/`.

Run by itself, after `make.py`: `python3.13 dis.py`. What CPython cannot print (8-bit strings that are no ASCII) is left out.
"""
import io
import pathlib
import pickletools

DATA = pathlib.Path(__file__).resolve().parent.parent
CASES = ["bytearrays", "bytes", "counter", "datetime_zoneinfo", "defaultdict", "dicts", "exceptions", "floats", "floats_not_finite",
         "int_big", "ints", "nested_deep", "none_and_bools", "recursive_list", "shared", "singletons", "text", "text_surrogates",
         "tuples"]


def printed(data):
    out, stream = io.StringIO(), io.BytesIO(data)
    while stream.tell() < len(data):
        pickletools.dis(stream, out)
    return out.getvalue()


def main():
    folder = DATA / "dis"
    folder.mkdir(exist_ok=True)
    for case in CASES:
        for pickle in sorted((DATA / "std").glob(case + ".p*.pkl")):
            try:
                text = printed(pickle.read_bytes())
            except UnicodeDecodeError:
                continue
            (folder / (pickle.stem + ".txt")).write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
