//! depickle gets data out of Python pickles, safely and without Python.

#![cfg_attr(
    not(all(feature = "json", feature = "msgpack", feature = "protobuf")),
    allow(dead_code, reason = "what only some formats need")
)]

#[cfg(feature = "json")]
mod compare;
mod container;
#[cfg(feature = "json")]
mod convert;
mod disassemble;
mod document;
pub mod error;
mod globals;
pub mod limits;
pub mod location;
mod machine;
mod model;
pub mod name;
pub mod opcode;
pub mod policy;
#[cfg(feature = "protobuf")]
pub mod proto;
#[cfg(feature = "json")]
mod readers;
mod report;
mod repr;
#[cfg(feature = "json")]
mod select;
mod source;
pub mod view;
#[cfg(feature = "writers")]
mod writers;
mod wtf8;

#[cfg(feature = "json")]
pub use compare::Difference;
#[cfg(feature = "json")]
pub use convert::{Converter, Report};
pub use disassemble::disassemble;
pub use document::{Document, Reader};
pub use globals::table::{RegistryRow, registry};
pub use limits::Limits;
pub use machine::Trailing;
pub use policy::Policy;
#[cfg(feature = "json")]
pub use readers::{Roots, read_lossless_json, read_lossless_json_roots};
pub use report::ledger::{Entry, Fidelity, Ledger, Step};
pub use view::{ValueKind, ValueRef};
#[cfg(feature = "writers")]
pub use writers::options::{Format, Loss, Mapping, NonFinite, Py2Str, Surrogates, WriteOptions};
