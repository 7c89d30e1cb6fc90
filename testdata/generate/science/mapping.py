#!/usr/bin/env python3
"""Makes the pickles of testdata/mapping/ that hold values of numpy, pandas, scipy, pyarrow, shapely and networkx: one for each row of the
table in docs/mapping.md that the standard library cannot write.

    PYTHONHASHSEED=0 PYTHON mapping.py [NAME...]

with CPython 3.11, numpy 2.4.6, pandas 3.1.1, scipy 1.17.0, pyarrow 23.0.0, shapely 2.1.2 and networkx 3.6. The text of a row's second cell is the
expression beside its name here.
"""
import pathlib
import pickle
import sys

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse
import shapely

ROWS = {
    "ndarray": "np.array([[1, 2], [3, 4]], 'i2')",
    "ndarray-bool": "np.array([True, False])",
    "ndarray-bytes": "np.array([b'ab', b'c'])",
    "ndarray-complex": "np.array([1 + 2j])",
    "ndarray-datetime": "np.array(['2024-02-29', 'NaT'], 'M8[us]')",
    "ndarray-fields": "np.array([(1, 2.5)], [('a', 'i4'), ('b', 'f8')])",
    "ndarray-float32": "np.array([0.1, np.nan], 'f4')",
    "ndarray-fortran": "np.asfortranarray(np.array([[1, 2], [3, 4]], 'i2'))",
    "ndarray-objects": "np.array([1, 'a', None], object)",
    "ndarray-str": "np.array(['ab', 'c'])",
    "ndarray-timedelta": "np.array([90], 'm8[s]')",
    "masked-array": "np.ma.array([1, 2], mask=[False, True])",
    "numpy-dtype": "np.dtype('f4')",
    "numpy-dtype-fields": "np.dtype([('a', 'i4'), ('b', 'f8')])",
    "numpy-scalar": "np.float32(0.5)",
    "numpy-scalar-int": "np.int64(7)",
    "numpy-type": "np.float32",
    "dataframe": "pd.DataFrame({'a': [1, 2], 'b': [0.5, np.nan]})",
    "dataframe-index": "pd.DataFrame({'a': [1]}, index=pd.Index(['x'], name='k', dtype=object))",
    "series": "pd.Series([1, 2], name='a')",
    "categorical": "pd.Categorical(['x', 'y', None], categories=pd.Index(['x', 'y'], dtype=object))",
    "index": "pd.Index([1, 2])",
    "index-range": "pd.RangeIndex(3)",
    "nullable": "pd.array([1, None], dtype='Int64')",
    "timestamp": "pd.Timestamp('2024-02-29')",
    "timestamp-zone": "pd.Timestamp('2024-07-01 12:00', tz='Europe/Paris')",
    "pd-timedelta": "pd.Timedelta(90, 's')",
    "period": "pd.Period('2024-02', 'M')",
    "interval": "pd.Interval(0, 1)",
    "nat": "pd.NaT",
    "na": "pd.NA",
    "offset": "pd.offsets.Day(2)",
    "pd-dtype": "pd.PeriodDtype('M')",
    "sparse": "scipy.sparse.csr_array(np.array([[0, 1.5], [2.5, 0]]))",
    "arrow-array": "pa.array([1, None, 3])",
    "arrow-table": "pa.table({'a': [1, 2], 's': ['x', None]})",
    "geometry": "shapely.Point(1, 2)",
    "network": "nx.Graph([(1, 2, {'weight': 0.5})])",
}


def main():
    folder = pathlib.Path(__file__).parent.parent.parent / "mapping"
    space = {"np": np, "nx": nx, "pa": pa, "pd": pd, "scipy": scipy, "shapely": shapely}
    for name, expression in ROWS.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        (folder / (name + ".pkl")).write_bytes(pickle.dumps(eval(expression, space), 4))


if __name__ == "__main__":
    main()
