//! The in-memory decoders of the codecs' libraries under one face: bytes in, bytes out, whether the stream has ended.
//!
//! Deliberately absent: where bytes come from, limits on what is produced, and what follows a stream.

use std::io;

use bzip2::Status as BzStatus;
use flate2::{FlushDecompress, Status as FlateStatus};
use liblzma::stream::{Action, Error as LzmaError, Status as LzmaStatus, Stream};
use zstd::stream::raw::{DParameter, InBuffer, Operation, OutBuffer};

use super::Codec;

/// What one step did. Bytes count also where it failed.
pub(super) struct Turn {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    /// Whether the stream has ended.
    pub(super) done: Result<bool, Fault>,
}

/// Why a stream cannot be decoded further.
pub(super) enum Fault {
    /// What contradicts the format.
    Corrupt(String),
    /// It needs at least so many bytes of memory, which is too many.
    Memory(u64),
}

/// The decoder of one stream.
pub(super) enum Machine {
    Inflate(flate2::Decompress),
    Bzip2(bzip2::Decompress),
    Lzma { stream: Stream, max_memory: u64 },
    Zstd { decoder: zstd::stream::raw::Decoder<'static>, window_log: u32 },
}

impl Machine {
    /// # Errors
    /// The library could not allocate its state.
    pub(super) fn new(codec: Codec, max_memory: u64) -> io::Result<Self> {
        // A memory limit of 0 means to liblzma what 1 means.
        let max_memory = max_memory.max(1);
        Ok(match codec {
            Codec::Gzip => Machine::Inflate(flate2::Decompress::new_gzip(15)),
            Codec::Zlib | Codec::JoblibZf => Machine::Inflate(flate2::Decompress::new(true)),
            Codec::Bzip2 => Machine::Bzip2(bzip2::Decompress::new(false)),
            Codec::Xz => Machine::Lzma { stream: Stream::new_stream_decoder(max_memory, 0)?, max_memory },
            Codec::Lzma => Machine::Lzma { stream: Stream::new_lzma_decoder(max_memory)?, max_memory },
            // Its library has none; `lz4` reads it.
            Codec::Lz4 => return Err(io::ErrorKind::Unsupported.into()),
            Codec::Zstd => {
                let mut decoder = zstd::stream::raw::Decoder::new()?;
                // 10 and 31 are what zstd takes for a window (`ZSTD_WINDOWLOG_ABSOLUTEMIN`, `ZSTD_WINDOWLOG_MAX_64`); 30 where
                // pointers have 32 bits.
                let most = if cfg!(target_pointer_width = "64") { 31 } else { 30 };
                let window_log = max_memory.ilog2().clamp(10, most);
                decoder.set_parameter(DParameter::WindowLogMax(window_log))?;
                Machine::Zstd { decoder, window_log }
            }
        })
    }

    /// A deflate stream without a header.
    pub(super) fn inflate() -> Self {
        Machine::Inflate(flate2::Decompress::new(false))
    }

    /// Decodes as far as input and output reach.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Turn {
        match self {
            Machine::Inflate(machine) => {
                let before = (machine.total_in(), machine.total_out());
                let done = match machine.decompress(input, output, FlushDecompress::None) {
                    Ok(status) => Ok(matches!(status, FlateStatus::StreamEnd)),
                    Err(e) if e.needs_dictionary().is_some() => {
                        Err(Fault::Corrupt("it needs a preset dictionary, which pickles never have".to_owned()))
                    }
                    // zlib-rs may hand out the bytes before damage first, and has then forgotten what it was.
                    Err(e) => {
                        let why = e.message().filter(|why| !why.starts_with("repeated call"));
                        Err(Fault::Corrupt(why.unwrap_or("invalid data").to_owned()))
                    }
                };
                turn(before, (machine.total_in(), machine.total_out()), done)
            }
            Machine::Bzip2(machine) => {
                let before = (machine.total_in(), machine.total_out());
                let done = match machine.decompress(input, output) {
                    Ok(BzStatus::MemNeeded) => Err(Fault::Corrupt("no memory to decode it".to_owned())),
                    Ok(status) => Ok(matches!(status, BzStatus::StreamEnd)),
                    Err(bzip2::Error::DataMagic) => {
                        Err(Fault::Corrupt("a block has the wrong magic number".to_owned()))
                    }
                    Err(bzip2::Error::Data | bzip2::Error::Sequence | bzip2::Error::Param) => {
                        Err(Fault::Corrupt("invalid data or incorrect checksum".to_owned()))
                    }
                };
                turn(before, (machine.total_in(), machine.total_out()), done)
            }
            Machine::Lzma { stream, max_memory } => {
                let before = (stream.total_in(), stream.total_out());
                let done = match stream.process(input, output, Action::Run) {
                    Ok(status) => Ok(matches!(status, LzmaStatus::StreamEnd)),
                    // liblzma knows how much, its Rust face does not ask.
                    Err(LzmaError::MemLimit) => Err(Fault::Memory(max_memory.saturating_add(1))),
                    Err(LzmaError::Mem) => Err(Fault::Corrupt("no memory to decode it".to_owned())),
                    Err(LzmaError::Options | LzmaError::UnsupportedCheck | LzmaError::NoCheck) => {
                        Err(Fault::Corrupt("it uses a filter or check that liblzma does not know".to_owned()))
                    }
                    Err(LzmaError::Format) => Err(Fault::Corrupt("its header is none".to_owned())),
                    Err(LzmaError::Data | LzmaError::Program) => {
                        Err(Fault::Corrupt("invalid data or incorrect checksum".to_owned()))
                    }
                };
                turn(before, (stream.total_in(), stream.total_out()), done)
            }
            Machine::Zstd { decoder, window_log } => {
                let mut source = InBuffer::around(input);
                let mut sink = OutBuffer::around(output);
                let done = match decoder.run(&mut source, &mut sink) {
                    // A hint of 0 bytes means that the frame is decoded and handed out.
                    Ok(hint) => Ok(hint == 0),
                    // `ZSTD_error_frameParameter_windowTooLarge`, which is known by its words alone.
                    Err(e) if e.to_string() == "Frame requires too much memory for decoding" => {
                        Err(Fault::Memory((1 << *window_log) + 1))
                    }
                    Err(e) => Err(Fault::Corrupt(lower_first(&e.to_string()))),
                };
                Turn { consumed: source.pos(), produced: sink.pos(), done }
            }
        }
    }
}

fn turn(before: (u64, u64), after: (u64, u64), done: Result<bool, Fault>) -> Turn {
    // Neither difference can be more than the length of a slice.
    let moved = |before: u64, after: u64| usize::try_from(after.saturating_sub(before)).unwrap_or(0);
    Turn { consumed: moved(before.0, after.0), produced: moved(before.1, after.1), done }
}

/// zstd's own words, in the way of our messages.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
