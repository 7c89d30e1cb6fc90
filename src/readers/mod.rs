//! The way back: what the lossless mappings wrote becomes the identical values again.
//!
//! Readers know a format and the model, nothing of opcodes or of the policy: no name is looked up, because a name here is data
//! and nothing more.

mod array;
mod fields;
mod frames;
mod leaf;
mod numbers;
mod source;
mod structures;
mod tagged_json;
mod temporal;
#[cfg(test)]
mod tests;
mod tokens;
mod zones;

pub use tagged_json::{Roots, read_lossless_json, read_lossless_json_roots};
