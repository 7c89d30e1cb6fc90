//! The typed data model: values with identity, in one arena.
//!
//! A [`value::Value`] is 16 bytes and `Copy`; scalars stand in it, text and bytes are ranges of the graph's stores, containers
//! and everything with parts are objects of the [`graph::Graph`]. Nothing here knows where values come from or go.

pub(crate) mod arrow;
pub(crate) mod column;
pub(crate) mod dtype;
pub(crate) mod extended;
#[cfg(feature = "writers")]
pub(crate) mod float32;
pub(crate) mod graph;
#[cfg(feature = "writers")]
pub(crate) mod instant;
pub(crate) mod key;
pub(crate) mod layout;
pub(crate) mod moment;
pub(crate) mod network;
pub(crate) mod number;
#[cfg(feature = "writers")]
pub(crate) mod period;
pub(crate) mod record;
#[cfg(feature = "json")]
pub(crate) mod same;
pub(crate) mod scalar;
pub(crate) mod sparse;
pub(crate) mod temporal;
pub(crate) mod tensor;
pub(crate) mod torch;
pub(crate) mod type_name;
pub(crate) mod value;
pub(crate) mod wkb;
#[cfg(feature = "writers")]
pub(crate) mod zones;
