//! The messages of Protocol Buffers output, to read it back with [`prost`].
//!
//! A file is a sequence of [`v1::Frame`]s, each preceded by its length: a header, then for each pickle its definitions and
//! its value. The writer does not use these types; it writes from the graph.
//!
//! ```
//! use depickle::proto::prost::Message;
//! use depickle::proto::v1::{Frame, frame, value};
//!
//! # let pickle = b"]K\x01a.";
//! let mut file = Vec::new();
//! depickle::Converter::new(depickle::Format::Protobuf).convert(&pickle[..], &mut file)?;
//!
//! let mut rest = &file[..];
//! while !rest.is_empty() {
//!     match Frame::decode_length_delimited(&mut rest)?.frame {
//!         Some(frame::Frame::Header(header)) => assert_eq!(header.pickles, 1),
//!         Some(frame::Frame::Definition(_)) => unreachable!("nothing is shared here"),
//!         Some(frame::Frame::Value(value)) => match value.kind {
//!             Some(value::Kind::ListValue(list)) => {
//!                 assert_eq!(list.items[0].kind, Some(value::Kind::IntValue(1)));
//!             }
//!             other => panic!("{other:?}"),
//!         },
//!         None => {}
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use prost;

#[allow(clippy::all, clippy::pedantic, missing_docs, reason = "written by prost-build")]
pub mod v1;
