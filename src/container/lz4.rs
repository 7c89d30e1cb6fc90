//! lz4 frames, one after another.
//!
//! `lz4_flex` has no machine for frames apart from its reader, and that reader takes an input that ends between two blocks
//! for complete. So it reads through [`Watched`], which notes whether it asked for bytes that were not there. Deliberately
//! absent: legacy frames (`02 21 4c 18`), and dictionaries, which nobody pickles with.

use std::io::{self, Read};

use lz4_flex::frame::{Error as Lz4Error, FrameDecoder};

use super::Codec;
use super::compression::{Step, corrupt, trailing_bytes, truncated};
use super::input::Input;

pub(super) struct Lz4<'a> {
    frames: FrameDecoder<Watched<'a>>,
    /// The skippable frames before the first one are behind us.
    begun: bool,
}

struct Watched<'a> {
    input: Input<'a>,
    /// A read found nothing.
    dry: bool,
}

impl Read for Watched<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        self.dry |= n == 0 && !buf.is_empty();
        Ok(n)
    }
}

impl<'a> Lz4<'a> {
    pub(super) fn new(input: Input<'a>) -> Self {
        Lz4 { frames: FrameDecoder::new(Watched { input, dry: false }), begun: false }
    }

    pub(super) fn read(&mut self, output: &mut [u8]) -> Step {
        if !self.begun {
            self.begun = true;
            match next_frame(&mut self.frames.get_mut().input) {
                Ok(true) => {}
                Ok(false) => return Step { produced: 0, end: Ok(true) },
                Err(e) => return Step { produced: 0, end: Err(e) },
            }
        }
        loop {
            let read = self.frames.read(output);
            let Watched { input, dry } = self.frames.get_mut();
            let failed = |e| Step { produced: 0, end: Err(e) };
            match read {
                Ok(0) if *dry => return failed(truncated(Codec::Lz4, input.taken()).into_read()),
                Ok(0) => match next_frame(input) {
                    Ok(true) => {}
                    Ok(false) => return Step { produced: 0, end: Ok(true) },
                    Err(e) => return failed(e),
                },
                Ok(produced) => return Step { produced, end: Ok(false) },
                Err(e) if *dry && e.kind() == io::ErrorKind::UnexpectedEof => {
                    return failed(truncated(Codec::Lz4, input.taken()).into_read());
                }
                Err(e) => {
                    return failed(match e.downcast::<Lz4Error>() {
                        Ok(e) => corrupt(Codec::Lz4, &words(&e), input.taken()).into_read(),
                        Err(e) => e,
                    });
                }
            }
        }
    }
}

/// Goes on behind the end of a frame, over skippable frames; `false` where the input ends.
fn next_frame(input: &mut Input<'_>) -> io::Result<bool> {
    loop {
        match input.peek()? {
            [] => return Ok(false),
            [0x04, 0x22, 0x4d, 0x18, ..] => return Ok(true),
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] => {
                let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
                input.consume(8);
                if io::copy(&mut input.take(length), &mut io::sink())? < length {
                    return Err(truncated(Codec::Lz4, input.taken()).into_read());
                }
            }
            _ => return Err(trailing_bytes(Codec::Lz4, input.taken()).into_read()),
        }
    }
}

fn words(e: &Lz4Error) -> String {
    match e {
        Lz4Error::UnsupportedBlocksize(id) => format!("expected a block size of 4 to 7, found {id}"),
        Lz4Error::UnsupportedVersion(version) => format!("expected version 1, found {version}"),
        Lz4Error::WrongMagicNumber => "its magic number is wrong".to_owned(),
        Lz4Error::ReservedBitsSet => "reserved bits are set".to_owned(),
        Lz4Error::InvalidBlockInfo => "a block's header is invalid".to_owned(),
        Lz4Error::BlockTooBig => "a block is larger than its frame allows".to_owned(),
        Lz4Error::HeaderChecksumError => "incorrect header checksum".to_owned(),
        Lz4Error::BlockChecksumError => "incorrect block checksum".to_owned(),
        Lz4Error::ContentChecksumError => "incorrect content checksum".to_owned(),
        Lz4Error::DictionaryNotSupported => "it needs a dictionary, which pickles never have".to_owned(),
        Lz4Error::ContentLengthError { expected, actual } => {
            format!("its header says {expected} bytes of content, found {actual}")
        }
        // Non-exhaustive, and its `Display` prints Rust.
        _ => "invalid data".to_owned(),
    }
}
