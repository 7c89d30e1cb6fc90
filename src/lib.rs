//! depickle gets data out of Python pickles, safely and without Python.

#[cfg_attr(not(test), expect(dead_code, reason = "nothing opens an input yet"))]
pub(crate) mod container;
pub mod error;
mod globals;
pub mod limits;
pub mod location;
mod machine;
mod model;
pub mod name;
pub mod opcode;
pub mod policy;
mod report;
mod source;
#[cfg(feature = "writers")]
mod writers;
