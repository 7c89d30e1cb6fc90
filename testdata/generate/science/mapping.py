"""Makes the rows of testdata/mapping that need a library: `PYTHONPATH=LIBRARIES python3.13 mapping.py`, with numpy 2.4.1."""
import pathlib
import pickle

import numpy

ROWS = {
    "ndarray": numpy.array([[1, 2], [3, 4]], "<i4"),
    "ndarray-nan": numpy.array([0.5, numpy.nan], "<f4"),
    "ndarray-datetime": numpy.array(["2020-02-29", "NaT"], "<M8[D]"),
    "ndarray-structured": numpy.array([(1, b"ab")], [("n", "<i4"), ("s", "S2")]),
    "ndarray-masked": numpy.ma.array([1, 2], mask=[False, True], dtype="<i4"),
    "npscalar": numpy.float32(0.1),
    "npdtype": numpy.dtype("<f8"),
}

if __name__ == "__main__":
    folder = pathlib.Path(__file__).parent.parent.parent / "mapping"
    for name, value in ROWS.items():
        (folder / (name + ".pkl")).write_bytes(pickle.dumps(value, 4))
