//! depickle gets data out of Python pickles, safely and without Python.

pub mod error;
mod globals;
pub mod limits;
pub mod location;
mod machine;
mod model;
pub mod name;
pub mod opcode;
pub mod policy;
mod source;
