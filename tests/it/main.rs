//! The integration tests, one crate. Each module says what belongs into it.
//!
//! They see the public API and the built command, nothing private.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests start the command, read files and the environment, and fail by panicking"
)]

mod archives;
mod arrays;
mod batches;
mod cli;
mod columns;
mod command;
mod docs;
mod goldens;
mod guesses;
mod limits;
mod lossless;
mod many;
mod mapping;
mod messages;
mod open;
mod payloads;
mod shared;
mod tables;
mod tidy;
mod torch;
