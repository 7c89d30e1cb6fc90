//! Stands in for `compression` in a build without that Cargo feature: a codec is still recognised, and named in the error.

use std::io::Read;

use super::{Codec, Peeked};
use crate::error::Error;
use crate::limits::Limits;

/// Measures nothing.
pub(super) struct Meter;

impl Meter {
    pub(super) fn new(_: &Limits) -> Self {
        Meter
    }

    pub(super) fn fetched(&self) -> u64 {
        0
    }

    pub(super) fn count<'a>(&self, source: Peeked<'a>) -> Box<dyn Read + Send + 'a> {
        Box::new(source)
    }
}

/// # Errors
/// Always: Misuse.
pub(super) fn decoder<'a>(
    codec: Codec,
    _: Box<dyn Read + Send + 'a>,
    _: &Meter,
) -> Result<Box<dyn Read + Send + 'a>, Error> {
    Err(Error::misuse(format!("the input is compressed with {codec}, and this build reads no compression"))
        .with_hint("build depickle with its Cargo feature `compression`, or decompress the input first"))
}
