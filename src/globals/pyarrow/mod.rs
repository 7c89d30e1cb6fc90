//! `pyarrow`: types, fields, schemas, arrays, tables, scalars, buffers.
//!
//! Source: pyarrow 0.17 to 26, `types.pxi`, `array.pxi`, `table.pxi` (`__reduce__`). A type may stand as a value; a function that
//! makes one may not. Extension types run code of their class and are refused with it.

mod arrays;
mod types;

use super::table::{Row, Use, module};
use super::{Class, Forms};

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "arrow",
        modules: &[module("pyarrow.lib")],
        names: &["_restore_array"],
        uses: Use::Data(&arrays::ARRAY),
        guard: "((type, length, null count, offset, [buffers], [children], dictionary)), checked as Arrow's `ValidateFull` does",
    },
    Row {
        kind: "arrow",
        modules: &[module("pyarrow.lib")],
        names: &["chunked_array"],
        uses: Use::Data(&arrays::CHUNKED),
        guard: "([arrays of the type], type)",
    },
    Row {
        kind: "arrow",
        modules: &[module("pyarrow.lib")],
        names: &["_reconstruct_table", "_reconstruct_record_batch"],
        uses: Use::Data(&arrays::TABLE),
        guard: "([columns of one length], schema)",
    },
    Row {
        kind: "arrow",
        modules: &[module("pyarrow.lib")],
        names: &["scalar"],
        uses: Use::Data(&arrays::SCALAR),
        guard: "(value, type)",
    },
    Row {
        kind: "arrow",
        modules: &[module("pyarrow.lib")],
        names: &["py_buffer"],
        uses: Use::Data(&arrays::BUFFER),
        guard: "(bytes)",
    },
    Row {
        kind: "arrow",
        modules: &[module("pyarrow.lib")],
        names: &["field"],
        uses: Use::Data(&types::FIELD),
        guard: "(name, type, bool, None or {bytes: bytes})",
    },
    Row {
        kind: "arrow",
        modules: &[module("pyarrow.lib")],
        names: &["schema"],
        uses: Use::Data(&types::SCHEMA),
        guard: "([fields], None or {bytes: bytes})",
    },
    Row {
        kind: "arrow-type",
        modules: &[module("pyarrow.lib")],
        names: types::NAMES,
        uses: Use::Part(&types::TYPE),
        guard: "the parameters of that type, nested at most 64 levels",
    },
];

const fn function(call: fn(&mut super::Ctx<'_>) -> Result<super::Value, super::Reject>) -> Class {
    Class { forms: Forms::REDUCE, call, build: None, bare: false }
}
