//! depickle gets data out of Python pickles, safely and without Python.

#[cfg_attr(not(test), expect(dead_code, reason = "nothing opens an input yet"))]
pub(crate) mod container;
pub mod error;
pub mod limits;
pub mod location;
pub mod name;
