//! depickle gets data out of Python pickles, safely and without Python.

pub mod error;
pub mod limits;
pub mod location;
pub mod name;
