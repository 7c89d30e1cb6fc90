//! Bytes: in order, through a cursor, or at any place of an input. The one place that indexes input.

pub(crate) mod cursor;
pub(crate) mod random;
