//! Placeholder of a family that is being written.
use super::table::Row;
pub(super) static ROWS: &[Row] = &[];
