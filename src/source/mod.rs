//! Bytes in order: the one place that indexes input.

pub(crate) mod cursor;
