//! The one crate of integration tests: what the public API promises, one module per topic.

// Tagged JSON read back: the test data, and files that are no tagged JSON.
mod lossless;
