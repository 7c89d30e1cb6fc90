//! numpy's names that have no value of their own here: scalar classes, random states, polynomials, ufuncs by name.

use super::super::table::{Row, Use, module};

macro_rules! inert {
    ($($kind:literal: [$($module:literal),+] $names:expr, $guard:literal;)*) => {
        &[$(Row { kind: $kind, modules: &[$(module($module)),+], names: $names, uses: Use::Inert, guard: $guard },)*]
    };
}

/// Classes of bit generators; each module exports them all.
const BIT_GENERATORS: &[&str] = &["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"];
const SEED_SEQUENCE: &[&str] = &["SeedSequence", "__pyx_unpickle_SeedSequence"];

pub(super) static ROWS: &[Row] = inert![
    "npscalar-class": ["numpy", "numpy.core.numerictypes"] &[
        "bool", "bool_", "bytes_", "clongdouble", "complex128", "complex256", "complex64", "complex_", "datetime64",
        "float128", "float16", "float32", "float64", "float96", "float_", "floating", "generic", "int16", "int32", "int64",
        "int8", "int_", "intc", "integer", "intp", "longdouble", "longlong", "number", "object_", "str_", "string_",
        "timedelta64", "uint", "uint16", "uint32", "uint64", "uint8", "ulonglong", "unicode_", "void",
    ], "a type as a value";
    // Both a scalar and what the elements of a recarray are.
    "npscalar-class": [
        "numpy", "numpy.core.numerictypes", "numpy.rec", "numpy.char", "numpy.matrixlib.defmatrix", "numpy.core.records",
        "numpy.core.defchararray", "numpy.core.defmatrix", "numpy.core.memmap", "numpy._core.records",
        "numpy._core.defchararray", "numpy._core.memmap"
    ] &["record"], "a type as a value, or as the code of a dtype";
    // Records keep the name as it was written.
    "npufunc": ["numpy._core"] &["_ufunc_reconstruct"], "a record: (module, name); never called";
    "npufunc": ["numpy.core"] &["_ufunc_reconstruct"], "a record: (module, name); never called";
    "nppoly": ["numpy"] &["poly1d"], "a record";
    "nppoly": ["numpy.lib._polynomial_impl"] &["poly1d"], "a record";
    "nppoly": ["numpy.lib.polynomial"] &["poly1d"], "a record";
    "nppoly": [
        "numpy.polynomial.polynomial", "numpy.polynomial.chebyshev", "numpy.polynomial.hermite",
        "numpy.polynomial.laguerre", "numpy.polynomial.legendre"
    ] &["Polynomial"], "a record";
    "nppoly": [
        "numpy.polynomial.chebyshev", "numpy.polynomial.polynomial", "numpy.polynomial.hermite",
        "numpy.polynomial.laguerre", "numpy.polynomial.legendre"
    ] &["Chebyshev"], "a record";
    "nppoly": [
        "numpy.polynomial.hermite", "numpy.polynomial.polynomial", "numpy.polynomial.chebyshev",
        "numpy.polynomial.laguerre", "numpy.polynomial.legendre"
    ] &["Hermite"], "a record";
    "nppoly": [
        "numpy.polynomial.laguerre", "numpy.polynomial.polynomial", "numpy.polynomial.chebyshev",
        "numpy.polynomial.hermite", "numpy.polynomial.legendre"
    ] &["Laguerre"], "a record";
    "nppoly": [
        "numpy.polynomial.legendre", "numpy.polynomial.polynomial", "numpy.polynomial.chebyshev",
        "numpy.polynomial.hermite", "numpy.polynomial.laguerre"
    ] &["Legendre"], "a record";
    "nprandom": ["numpy.random", "mtrand"] &["__RandomState_ctor"], "a record; its state as it is";
    "nprandom": ["numpy.random._pickle"] &[
        "__bit_generator_ctor",
        "__generator_ctor",
        "__randomstate_ctor",
    ], "a record; its state as it is";
    "nprandom": ["numpy.random.bit_generator"] SEED_SEQUENCE, "a record; its state as it is";
    "nprandom": ["numpy.random._bit_generator"] SEED_SEQUENCE, "a record; its state as it is";
    "nprandom": ["numpy.random._mt19937"] BIT_GENERATORS, "a type as a value";
    "nprandom": ["numpy.random._pcg64"] BIT_GENERATORS, "a type as a value";
    "nprandom": ["numpy.random._philox"] BIT_GENERATORS, "a type as a value";
    "nprandom": ["numpy.random._sfc64"] BIT_GENERATORS, "a type as a value";
];
