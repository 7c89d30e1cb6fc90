//! From the graph to a format: the lowering decides what each value becomes, a writer spells the events.
//!
//! Writers know their format and nothing of opcodes, class names or containers; only the lowering says exact, retyped or
//! lossy.

#[cfg(feature = "arrow")]
pub(crate) mod arrow_ipc;
pub(crate) mod base64;
#[cfg(feature = "tables")]
pub(crate) mod batches;
pub(crate) mod check;
#[cfg(feature = "csv")]
pub(crate) mod csv;
pub(crate) mod event;
#[cfg(feature = "json")]
pub(crate) mod json;
pub(crate) mod keys;
#[cfg(all(feature = "protobuf", feature = "tables"))]
pub(crate) mod messages;
#[cfg(feature = "msgpack")]
pub(crate) mod msgpack;
pub(crate) mod natural;
pub(crate) mod options;
pub(crate) mod out;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
pub(crate) mod path;
#[cfg(feature = "tables")]
pub(crate) mod polars;
#[cfg(feature = "protobuf")]
pub(crate) mod protobuf;

pub(crate) mod records;
pub(crate) mod scalars;
#[cfg(feature = "tables")]
pub(crate) mod schema;
pub(crate) mod source;
pub(crate) mod tag;
pub(crate) mod tagged;
#[cfg(feature = "tensors")]
pub(crate) mod tensors;
pub(crate) mod text;
