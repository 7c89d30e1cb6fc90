//! Arrays of numpy and a DataFrame of pandas, as protocol 5 writes them in band.

use super::pickle::Pickle;
use super::random::Random;

/// `numpy.dtype(code)`, memoized.
fn dtype(p: &mut Pickle, code: &str) {
    let object = code == "O8";
    p.global("numpy", "dtype");
    p.tuple(3, |p| {
        p.name(code).bool(false).bool(true);
    });
    p.reduce();
    p.tuple(8, |p| {
        p.int(3).name(if object { "|" } else { "<" }).none().none().none();
        p.int(-1).int(-1).int(if object { 63 } else { 0 });
    });
    p.op(b"b", &[]);
}

/// `numpy._core.numeric._frombuffer(data, dtype, shape, "C")`.
fn array(p: &mut Pickle, code: &str, shape: &[usize], data: &[u8]) {
    p.global("numpy._core.numeric", "_frombuffer");
    p.tuple(4, |p| {
        p.bytearray(data);
        dtype(p, code);
        p.tuple(shape.len(), |p| {
            for len in shape {
                p.int(*len as i64);
            }
        });
        p.name("C");
    });
    p.reduce();
}

pub fn ndarray(rows: usize, columns: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(9));
    let data: Vec<u8> = (0..rows * columns).flat_map(|_| (r.unit() as f32).to_le_bytes()).collect();
    array(&mut p, "f4", &[rows, columns], &data);
    p.stop()
}

/// Columns that are one block.
fn block(p: &mut Pickle, code: &str, columns: (usize, usize), rows: usize, data: &[u8]) {
    p.global("pandas._libs.internals", "_unpickle_block");
    p.tuple(3, |p| {
        array(p, code, &[columns.1 - columns.0, rows], data);
        p.global("builtins", "slice");
        p.tuple(3, |p| {
            p.int(columns.0 as i64).int(columns.1 as i64).int(1);
        });
        p.reduce();
        p.int(2);
    });
    p.reduce();
}

/// Names of columns.
fn labels(p: &mut Pickle, names: &[&str]) {
    p.global("pandas.core.indexes.base", "_new_Index");
    p.tuple(2, |p| {
        p.global("pandas.core.indexes.base", "Index");
        p.dict(["data", "name"], |p, field| {
            p.name(field);
            if field == "name" {
                p.none();
                return;
            }
            p.global("numpy._core.multiarray", "_reconstruct");
            p.tuple(3, |p| {
                p.global("numpy", "ndarray");
                p.tuple(1, |p| {
                    p.int(0);
                });
                p.bytes(b"b");
            });
            p.reduce();
            p.tuple(5, |p| {
                p.int(1);
                p.tuple(1, |p| {
                    p.int(names.len() as i64);
                });
                dtype(p, "O8");
                p.bool(false);
                p.list(names, |p, name| {
                    p.name(name);
                });
            });
            p.op(b"b", &[]);
        });
    });
    p.reduce();
}

/// Four columns of floats, four of integers.
pub fn frame(rows: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(10));
    let floats: Vec<u8> = (0..4 * rows).flat_map(|_| r.unit().to_le_bytes()).collect();
    let ints: Vec<u8> = (0..4 * rows).flat_map(|n| r.below(1 + n as u64 % 100_000).to_le_bytes()).collect();
    p.global("pandas.core.frame", "DataFrame").op(b")", &[]).op(&[0x81], &[]);
    p.memoize();
    p.dict(["_mgr", "_typ", "_metadata", "attrs", "_flags"], |p, field| {
        p.name(field);
        match field {
            "_mgr" => {
                p.global("pandas.core.internals.managers", "BlockManager");
                p.tuple(2, |p| {
                    p.tuple(2, |p| {
                        block(p, "f8", (0, 4), rows, &floats);
                        block(p, "i8", (4, 8), rows, &ints);
                    });
                    p.list([0, 1], |p, axis| {
                        if axis == 0 {
                            return labels(p, &["f0", "f1", "f2", "f3", "i0", "i1", "i2", "i3"]);
                        }
                        p.global("pandas.core.indexes.base", "_new_Index");
                        p.tuple(2, |p| {
                            p.global("pandas.core.indexes.range", "RangeIndex");
                            p.dict(["name", "start", "stop", "step"], |p, field| {
                                p.name(field);
                                match field {
                                    "name" => p.none(),
                                    "start" => p.int(0),
                                    "stop" => p.int(rows as i64),
                                    _ => p.int(1),
                                };
                            });
                        });
                        p.reduce();
                    });
                });
                p.reduce();
            }
            "_typ" => {
                p.name("dataframe");
            }
            "_metadata" => {
                p.list([(); 0], |_, ()| {});
            }
            "attrs" => {
                p.dict([(); 0], |_, ()| {});
            }
            _ => {
                p.dict([()], |p, ()| {
                    p.name("allows_duplicate_labels").bool(true);
                });
            }
        }
    });
    p.op(b"b", &[]);
    p.stop()
}
