//! depickle gets data out of Python pickles, safely and without Python: JSON, NDJSON, MessagePack, Protocol Buffers.
//!
//! A pickle is a program for a stack machine, and Python runs it with everything that is installed. This crate has a machine of
//! its own, which knows data and nothing else: it never executes, imports or calls anything, starts no process and opens no
//! connection. An input that names anything not known to be data is refused, with every such name listed.
//!
//! The types you meet: a [`Converter`] joins reading and writing and gives a [`Report`], whose [`Ledger`] counts every step that
//! was not exact; a [`Policy`] says which classes are admitted beside what is known to be data, [`Limits`] what an input may cost,
//! [`WriteOptions`] how values are written. A [`Reader`] gives a [`Document`] to look at instead, value by value
//! ([`ValueRef`]). What goes wrong is a [`Failure`](error::Failure): all findings of an input, each with its culprit and place.
//!
//! ```
//! use depickle::error::Category;
//! use depickle::{Converter, Fidelity, Format, Policy};
//!
//! // A list of one shop.models.Order, whose state is {"id": 7, "lines": ("tea", 2)}.
//! let pickle = b"\x80\x02]cshop.models\nOrder\n)\x81}(X\x02\0\0\0idK\x07X\x05\0\0\0linesX\x03\0\0\0teaK\x02\x86uba.";
//!
//! // The class is not known to be data: nothing is written.
//! let converter = Converter::new(Format::Json);
//! let mut output = Vec::new();
//! let failure = converter.convert(&pickle[..], &mut output).unwrap_err();
//! assert_eq!(failure.category(), Category::Refused);
//! assert_eq!(
//!     failure.to_string(),
//!     "refused global `shop.models.Order`, which is not known to be data (GLOBAL at offset 0x3)"
//! );
//! assert!(output.is_empty());
//!
//! // Admitted, its instances are read as records; the class is neither loaded nor needed.
//! let converter = converter.policy(Policy::new().allow("shop.models.*")?);
//! let report = converter.convert(&pickle[..], &mut output)?;
//! assert_eq!(output, b"[{\"id\":7,\"lines\":[\"tea\",2]}]\n");
//!
//! // The tuple is an array now, and the ledger knows.
//! assert_eq!(report.pickles, 1);
//! assert_eq!(report.ledger.total(Fidelity::Lossy), 0);
//! let (step, entry) = report.ledger.entries().next().expect("one kind of step");
//! assert_eq!((step.fidelity(), entry.count), (Fidelity::Retyped, 1));
//! assert_eq!(entry.places, ["$[0].lines"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! `default` has all. `json`, `msgpack` and `protobuf` are a format each, `compression` peels off gzip and the like, `serde` serialises
//! values, `cli` is the command. Without any the crate is the reader alone, with a small tree of dependencies.

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
#[cfg(feature = "json")]
mod gather;
mod globals;
pub mod limits;
pub mod location;
mod machine;
#[cfg(feature = "measure")]
#[doc(hidden)]
pub mod measure;
mod model;
pub mod name;
pub mod opcode;
#[cfg(feature = "json")]
mod output;
pub mod policy;
#[cfg(feature = "json")]
mod progress;
#[cfg(feature = "protobuf")]
pub mod proto;
#[cfg(feature = "json")]
mod readers;
mod report;
mod repr;
#[cfg(feature = "json")]
mod select;
mod source;
#[cfg(feature = "json")]
mod stream;
#[cfg(feature = "tables")]
mod tables;
#[cfg(feature = "tables")]
mod tabular;
pub mod view;
#[cfg(feature = "json")]
mod worker;
#[cfg(feature = "writers")]
mod writers;
mod wtf8;

#[cfg(feature = "json")]
pub use compare::Difference;
#[cfg(feature = "json")]
pub use convert::{Converter, Report};
pub use disassemble::disassemble;
pub use document::{Document, Reader};
#[cfg(feature = "json")]
pub use gather::Gather;
pub use globals::table::{RegistryRow, registry};
pub use limits::Limits;
pub use machine::Trailing;
#[cfg(feature = "json")]
pub use output::Output;
pub use policy::Policy;
#[cfg(feature = "json")]
pub use progress::{Progress, Stage};
#[cfg(feature = "json")]
pub use readers::{Roots, read_lossless_json, read_lossless_json_roots};
pub use report::ledger::{Entry, Fidelity, Ledger, Step};
#[cfg(feature = "json")]
pub use stream::Spooled;
pub use view::{ValueKind, ValueRef};
#[cfg(feature = "json")]
pub use worker::Worker;
#[cfg(feature = "writers")]
pub use writers::options::{
    Compression, DictAs, Format, Items, Loss, Mapping, NonFinite, Py2Str, SchemaFormat, Source, Surrogates,
    WriteOptions,
};
