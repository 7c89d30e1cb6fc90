//! What a pickle comes wrapped in: finds compression by its content, peels it off layer by layer, and says in words what an
//! input is that holds no pickle. Archives are read by `zip` and `tar`, headers of numpy's array files by `npy`.
//!
//! Deliberately absent: file names (an extension never decides), and any knowledge of opcodes beyond the first one. Damage
//! inside a stream is an error of the reader that [`open`] hands out, so that whoever wants the bytes before it gets them.

pub(crate) mod archive;
#[cfg(feature = "compression")]
mod compression;
#[cfg(not(feature = "compression"))]
#[path = "without_compression.rs"]
mod compression;
mod foreign;
#[cfg(feature = "compression")]
mod input;
#[cfg(feature = "compression")]
mod lz4;
#[cfg(feature = "compression")]
mod machine;
pub(crate) mod npy;
mod sniff;
pub(crate) mod tar;
#[cfg(feature = "compression")]
pub(crate) mod zip;

use std::fmt;
use std::io::{self, Read};

use archive::Archive;

use crate::error::Error;
use crate::limits::{Limit, Limits};
use crate::location::Location;
use crate::source::random::Section;

pub(crate) use foreign::not_a_pickle;

/// Bytes at the start of every layer that are looked at. A tar header, the longest thing recognised, has 512.
pub(crate) const HEAD: usize = 512;

/// A compression that is recognised by its first bytes. Each takes several of its streams back to back, unless it says
/// otherwise; anything else behind a stream is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// `1f 8b 08` (RFC 1952 §2.3.1). Zero bytes behind the last member are padding, as for CPython's `Lib/gzip.py`.
    Gzip,
    /// `78`, and with the second byte a multiple of 31 (RFC 1950 §2.2). One stream: neither `zlib.decompress` nor joblib's
    /// `BinaryZlibFile` goes on to a second.
    Zlib,
    /// `BZh1`–`BZh9` and the 48-bit magic of a block (`31 41 59 26 53 59`) or of the end (`17 72 45 38 50 90`); bzip2
    /// 1.0.8, `compress.c`. A protocol 3 pickle without `PROTO` may also begin with `B`, but then with a bytes object of
    /// 825,845,850 or more bytes.
    Bzip2,
    /// `fd 37 7a 58 5a 00` (The .xz File Format 1.2.1, §2.1.1.1). Zero bytes behind a stream are padding, four by four (§2.2).
    Xz,
    /// The LZMA_Alone format: `5d` (lc 3, lp 0, pb 2, what every preset has), the dictionary size and the uncompressed size,
    /// both little-endian (xz, `doc/lzma-file-format.txt`). Only the sizes that liblzma's `lzma_alone_decoder` takes when it
    /// guesses the format: 2^n or 2^n + 2^(n−1), below 256 GiB or unknown. One stream.
    Lzma,
    /// `28 b5 2f fd`, also behind skippable frames `5? 2a 4d 18` (RFC 8878 §3.1). Skippable frames that begin with `S`, `T`,
    /// `U`, `V` or `X` are no sign of it, because pickles of one string begin so.
    Zstd,
    /// `04 22 4d 18` (LZ4 Frame Format 1.6.4), also behind skippable frames, as for zstd.
    Lz4,
    /// `ZF`, the length of the content as hexadecimal text (`0x1f`, Python 2 with an `L`), padded with blanks to 19 characters
    /// (20 for joblib up to 0.8.4 on Python 2), then one zlib stream (joblib 0.8–0.9, `numpy_pickle_compat.py`, `read_zfile`).
    JoblibZf,
}

impl Codec {
    /// What reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Gzip => "gzip",
            Codec::Zlib => "zlib",
            Codec::Bzip2 => "bzip2",
            Codec::Xz => "xz",
            Codec::Lzma => "lzma",
            Codec::Zstd => "zstd",
            Codec::Lz4 => "lz4",
            Codec::JoblibZf => "joblib-zf",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An input without its compression.
pub(crate) struct Opened<'a> {
    /// Its bytes from the first on. What its `read` fails with is for [`Error::from_read`].
    pub(crate) reader: Box<dyn Read + Send + 'a>,
    /// The layers that were peeled off, outermost first.
    pub(crate) codecs: Vec<Codec>,
    /// The first bytes, [`HEAD`] at most; `reader` delivers them, too.
    pub(crate) head: Vec<u8>,
    /// Whether `head` is all there is: [`not_a_pickle`] asks.
    pub(crate) head_is_all: bool,
    meter: compression::Meter,
}

/// What an input without its compression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Pickles, or nothing that is known.
    Pickles,
    /// One array of numpy (`.npy`).
    Array,
    /// `PK`: the first member's header, or the end record of an archive without members (APPNOTE 4.3.6). A pickle that begins so
    /// asks for a persistent id.
    Zip,
    Tar,
}

impl Form {
    /// What begins so; `head` has [`HEAD`] bytes, or all there are.
    fn of(head: &[u8]) -> Form {
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            Form::Zip
        } else if head.starts_with(npy::MAGIC) {
            Form::Array
        } else if tar::is_tar(head) {
            Form::Tar
        } else {
            Form::Pickles
        }
    }

    /// What reports call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Pickles => "pickle",
            Form::Array => "npy",
            Form::Zip => "zip",
            Form::Tar => "tar",
        }
    }
}

impl Opened<'_> {
    /// What it is, by its first bytes.
    pub(crate) fn form(&self) -> Form {
        Form::of(&self.head)
    }

    /// Bytes of the compressed input that were read so far; `None` where it is not compressed.
    pub(crate) fn fetched(&self) -> Option<u64> {
        if self.codecs.is_empty() { None } else { Some(self.meter.fetched()) }
    }
}

/// Whether what begins so comes wrapped in nothing, and is no array file: pickles, or nothing that is known.
pub(crate) fn is_bare(head: &[u8]) -> bool {
    sniff::codec(head).is_none() && Form::of(head) == Form::Pickles
}

/// Opens an archive; `input` is the length of the input it came from, by which what it becomes is measured.
///
/// # Errors
/// Malformed for whatever two readers could see differently; Limit; Misuse where this build lacks the format.
pub(crate) fn open_archive(form: Form, source: Section, input: u64, limits: &Limits) -> Result<Archive, Error> {
    match form {
        Form::Tar => tar::open(source, limits),
        #[cfg(feature = "compression")]
        Form::Zip => zip::open(source, input, limits),
        #[cfg(not(feature = "compression"))]
        Form::Zip => {
            let _ = input;
            Err(Error::misuse("the input is a ZIP archive, and this build reads none")
                .with_hint("build depickle with its Cargo feature `compression`, or unpack it first"))
        }
        Form::Pickles | Form::Array => Err(Error::malformed("expected an archive", Location::default())),
    }
}

/// Opens an input: peels off compression by content, never by file name, until the first bytes are no codec's.
///
/// # Errors
/// The input cannot be read at all (Io, or Malformed from its first byte on), has more than [`Limits::max_layers`] layers
/// (Limit), or needs a codec that this build lacks (Misuse). What goes wrong later, `Opened::reader` fails with: Malformed
/// for damage, truncation and trailing bytes, Limit for [`Limits::max_decompressed`], [`Limits::max_ratio`] and a decoder
/// that needs too large a share of [`Limits::max_memory`].
pub(crate) fn open<'a>(source: Box<dyn Read + Send + 'a>, limits: &Limits) -> Result<Opened<'a>, Error> {
    let mut layer = Peeked::new(source)?;
    let mut codecs = Vec::new();
    let meter = compression::Meter::new(limits);
    while let Some(codec) = sniff::codec(&layer.head) {
        let layers = codecs.len() as u64 + 1;
        if layers > u64::from(limits.max_layers) {
            return Err(Limit::Layers.exceeded(layers, u64::from(limits.max_layers), Location::default()));
        }
        let source: Box<dyn Read + Send + 'a> = if codecs.is_empty() { meter.count(layer) } else { Box::new(layer) };
        layer = Peeked::new(compression::decoder(codec, source, &meter)?)?;
        codecs.push(codec);
    }
    let head = layer.head.clone();
    let head_is_all = head.len() < HEAD && layer.failure.is_none();
    Ok(Opened { reader: Box::new(layer), codecs, head, head_is_all, meter })
}

/// A reader whose first bytes were looked at: it delivers them again, then only forwards.
struct Peeked<'a> {
    head: Vec<u8>,
    /// How much of `head` was delivered.
    delivered: usize,
    /// What the look ended with; it comes after the head.
    failure: Option<io::Error>,
    inner: Box<dyn Read + Send + 'a>,
}

impl<'a> Peeked<'a> {
    fn new(mut inner: Box<dyn Read + Send + 'a>) -> Result<Self, Error> {
        let mut head = Vec::with_capacity(HEAD);
        #[expect(clippy::disallowed_methods, reason = "`take` bounds it")]
        let failure = inner.by_ref().take(HEAD as u64).read_to_end(&mut head).err();
        match failure {
            Some(e) if head.is_empty() => Err(Error::from_read(e, Location::offset(0))),
            failure => Ok(Peeked { head, delivered: 0, failure, inner }),
        }
    }
}

impl Read for Peeked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(mut rest) = self.head.get(self.delivered..).filter(|rest| !rest.is_empty()) {
            let n = rest.read(buf)?;
            self.delivered += n;
            return Ok(n);
        }
        match self.failure.take() {
            Some(e) => Err(e),
            None => self.inner.read(buf),
        }
    }
}

#[cfg(test)]
mod tests;
