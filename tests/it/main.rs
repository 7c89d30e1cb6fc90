//! The one crate of integration tests: what the public API promises, one module per topic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

// Tagged JSON read back: the test data, and files that are no tagged JSON.
mod lossless;
