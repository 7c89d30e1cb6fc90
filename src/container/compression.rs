//! Decompression as a [`Read`]: members one after another, limits before bytes are handed on, and the whole input accounted
//! for to its last byte.
//!
//! The codecs' own readers are not used, because they disagree on concatenated streams, trailing bytes and truncation; only
//! their in-memory machines are, and all of them by the same loop. lz4 has no such machine, so that it is driven
//! frame by frame through its reader. Deliberately absent: recognising a codec (`sniff`).

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::input::Input;
use super::lz4::Lz4;
use super::machine::{Fault, Machine};
use super::{Codec, Peeked, sniff};
use crate::error::Error;
use crate::limits::{Limit, Limits};
use crate::location::Location;

/// Output from which on the ratio counts: below, a header or a run of zeros decides it.
const RATIO_FROM: u64 = 1 << 20;
/// Output, and times what it took, from which on a stream is looked through before any of it is handed out.
const SUSPECT_FROM: u64 = 128 << 10;
const SUSPECT_RATIO: u64 = 200;
/// One decoder may take this part of the memory limit (512 MiB of 8 GiB), so that values have the rest.
const DECODER_SHARE: u64 = 16;
/// Decoders may take this much where the memory limit allows it at all: `xz -9` needs 65 MiB, `zstd --long` 128 MiB.
const DECODER_MIN: u64 = 160 << 20;

/// What the layers of one input measure themselves by.
pub(super) struct Meter {
    /// Bytes read from the outermost source.
    ///
    /// The ratio is to these and not to those decoded so far: they are as surely part of the input, and a file of up to one
    /// buffer is judged as a whole, wherever in it the zeros stand.
    fetched: Arc<AtomicU64>,
    max_decompressed: u64,
    max_ratio: u64,
    /// Memory for one decoder.
    max_memory: u64,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        let share = (limits.max_memory / DECODER_SHARE).max(DECODER_MIN);
        Meter {
            fetched: Arc::new(AtomicU64::new(0)),
            max_decompressed: limits.max_decompressed,
            max_ratio: limits.max_ratio,
            max_memory: share.min(limits.max_memory),
        }
    }

    /// Bytes read from the outermost source so far.
    pub(super) fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }

    /// Counts what is read from the outermost source.
    pub(super) fn count<'a>(&self, source: Peeked<'a>) -> Box<dyn Read + Send + 'a> {
        Box::new(Counted { source, fetched: Arc::clone(&self.fetched) })
    }
}

struct Counted<'a> {
    source: Peeked<'a>,
    fetched: Arc<AtomicU64>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buf)?;
        self.fetched.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// The content of `source`, which begins with a stream of `codec`.
///
/// # Errors
/// The source cannot be read (Io), or the codec's library has no memory for its state (Io).
pub(super) fn decoder<'a>(
    codec: Codec,
    source: Box<dyn Read + Send + 'a>,
    meter: &Meter,
) -> Result<Box<dyn Read + Send + 'a>, Error> {
    let mut input = Input::new(source);
    let mut declared = None;
    if codec == Codec::JoblibZf {
        let head = input.peek().map_err(|e| Error::from_read(e, Location::default()))?;
        if let Some((header, length)) = head.get(2..).and_then(sniff::zf_header) {
            declared = Some(length);
            input.consume(2 + header);
        }
    }
    let body = match codec {
        Codec::Lz4 => Body::Lz4(Box::new(Lz4::new(input))),
        Codec::Gzip | Codec::Zlib | Codec::Bzip2 | Codec::Xz | Codec::Lzma | Codec::Zstd | Codec::JoblibZf => {
            let machine = Machine::new(codec, meter.max_memory).map_err(|e| Error::io(e, Location::default()))?;
            let start = input.taken();
            let max_memory = meter.max_memory;
            Body::Members(Box::new(Members {
                codec,
                input,
                machine: Some(machine),
                max_memory,
                start,
                suspected: false,
            }))
        }
    };
    Ok(Box::new(Decoder {
        codec,
        body,
        declared,
        produced: 0,
        fetched: Arc::clone(&meter.fetched),
        max_decompressed: meter.max_decompressed,
        max_ratio: meter.max_ratio,
        fault: None,
        state: State::Running,
    }))
}

/// What happened when a body was asked for bytes.
pub(super) struct Step {
    /// Bytes written to the output's start.
    pub(super) produced: usize,
    /// What came after them; `Ok(true)` where nothing more comes.
    pub(super) end: Result<bool, io::Error>,
}

enum Body<'a> {
    Members(Box<Members<'a>>),
    Lz4(Box<Lz4<'a>>),
}

/// One layer: a body, and what it may produce.
struct Decoder<'a> {
    codec: Codec,
    body: Body<'a>,
    /// The content's length by the header of a joblib `ZF` file.
    declared: Option<u64>,
    produced: u64,
    fetched: Arc<AtomicU64>,
    max_decompressed: u64,
    max_ratio: u64,
    /// Comes with the next read, after the bytes that were good.
    fault: Option<io::Error>,
    state: State,
}

enum State {
    Running,
    /// Reads at the end find the end again.
    Ended,
    /// Nothing can be read after a fault, and it must not be taken for a good end.
    Failed,
}

impl Decoder<'_> {
    fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        self.produced = self.produced.saturating_add(bytes as u64);
        self.check(self.produced)?;
        let most = self.max_decompressed.min(self.fetched().saturating_mul(self.max_ratio).max(RATIO_FROM));
        match &mut self.body {
            Body::Members(members) if members.is_suspect(self.produced) => {
                members.suspected = true;
                let total = members.look_through(most);
                self.check(total)
            }
            Body::Members(_) | Body::Lz4(_) => Ok(()),
        }
    }

    fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed).max(1)
    }

    fn check(&self, produced: u64) -> Result<(), Error> {
        if produced > self.max_decompressed {
            return Err(Limit::Decompressed.exceeded(produced, self.max_decompressed, Location::default()));
        }
        let fetched = self.fetched();
        if produced > RATIO_FROM && produced > fetched.saturating_mul(self.max_ratio) {
            return Err(Limit::Ratio.exceeded(produced.div_ceil(fetched), self.max_ratio, Location::default()));
        }
        Ok(())
    }

    fn check_declared(&self) -> Result<(), Error> {
        match self.declared {
            Some(declared) if declared != self.produced => Err(Error::malformed(
                format!(
                    "corrupt {} stream: its header says {declared} bytes of content, found {}",
                    self.codec, self.produced
                ),
                Location::default(),
            )),
            _ => Ok(()),
        }
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(fault) = self.fault.take() {
            self.state = State::Failed;
            return Err(fault);
        }
        match self.state {
            State::Running if buf.is_empty() => return Ok(0),
            State::Running => {}
            State::Ended => return Ok(0),
            State::Failed => {
                let what = format!("corrupt {} stream: nothing can be read after an error", self.codec);
                return Err(Error::malformed(what, Location::default()).into_read());
            }
        }
        let step = match &mut self.body {
            Body::Members(members) => members.read(buf),
            Body::Lz4(lz4) => lz4.read(buf),
        };
        let checked = match (self.charge(step.produced), step.end) {
            (Err(e), _) => Err(e.into_read()),
            (Ok(()), Ok(true)) => {
                self.state = State::Ended;
                self.check_declared().map_err(Error::into_read)
            }
            (Ok(()), end) => end.map(|_| ()),
        };
        match checked {
            Ok(()) => Ok(step.produced),
            // A limit holds back the bytes that passed it; bytes before damage are good.
            Err(e) if step.produced == 0 || is_limit(&e) => {
                self.state = State::Failed;
                Err(e)
            }
            Err(e) => {
                self.fault = Some(e);
                Ok(step.produced)
            }
        }
    }
}

fn is_limit(e: &io::Error) -> bool {
    let ours = e.get_ref().and_then(|e| e.downcast_ref::<Error>());
    ours.is_some_and(|e| matches!(e.kind(), crate::error::ErrorKind::Limit(_)))
}

/// Streams of one codec back to back, each run by a machine of its own.
struct Members<'a> {
    codec: Codec,
    input: Input<'a>,
    /// `None` between two streams and after the last.
    machine: Option<Machine>,
    max_memory: u64,
    /// Bytes of the input before its first stream.
    start: u64,
    /// It was looked through.
    suspected: bool,
}

impl Members<'_> {
    /// Whether it may be a bomb: what it produced so far is out of all proportion.
    fn is_suspect(&self, produced: u64) -> bool {
        !self.suspected
            && produced > SUSPECT_FROM
            && produced / SUSPECT_RATIO > self.input.taken().saturating_sub(self.start)
    }

    /// How much the first stream holds, as far as it can be told and until it is more than `most`. A bomb is small, so that one
    /// buffer has all of it: it is found before whoever reads it has made values of its beginning.
    fn look_through(&self, most: u64) -> u64 {
        let Some(mut rest) = usize::try_from(self.start).ok().and_then(|start| self.input.whole()?.get(start..)) else {
            return 0;
        };
        let Ok(mut machine) = Machine::new(self.codec, self.max_memory) else { return 0 };
        let (mut scratch, mut total) = (vec![0; 64 << 10], 0_u64);
        loop {
            let turn = machine.step(rest, &mut scratch);
            total = total.saturating_add(turn.produced as u64);
            rest = rest.get(turn.consumed..).unwrap_or_default();
            let stalls = turn.produced == 0 && turn.consumed == 0;
            if total > most || stalls || !matches!(turn.done, Ok(false)) {
                return total;
            }
        }
    }

    /// Runs until there is output, the end, or a fault.
    fn read(&mut self, output: &mut [u8]) -> Step {
        let failed = |e| Step { produced: 0, end: Err(e) };
        // liblzma says `OK` once where it can do nothing, so that one step without progress is no fault yet.
        let mut stalls = 0;
        loop {
            let Some(machine) = &mut self.machine else {
                match self.next_member() {
                    Ok(true) => continue,
                    Ok(false) => return Step { produced: 0, end: Ok(true) },
                    Err(e) => return failed(e),
                }
            };
            let input = match self.input.fill() {
                Ok(input) => input,
                Err(e) => return failed(e),
            };
            let at_end = input.is_empty();
            let step = machine.step(input, output);
            self.input.consume(step.consumed);
            let produced = step.produced;
            match step.done {
                Err(fault) => return Step { produced, end: Err(self.fault(fault).into_read()) },
                Ok(true) => self.machine = None,
                Ok(false) if step.consumed == 0 && produced == 0 => {
                    stalls += 1;
                    if stalls > 2 && at_end {
                        return failed(truncated(self.codec, self.input.taken()).into_read());
                    }
                    if stalls > 2 {
                        return failed(self.fault(Fault::Corrupt("it goes nowhere".to_owned())).into_read());
                    }
                }
                Ok(false) => stalls = 0,
            }
            if produced > 0 {
                return Step { produced, end: Ok(false) };
            }
        }
    }

    /// Goes on to the stream behind the one that has ended; `false` where the input ends.
    fn next_member(&mut self) -> io::Result<bool> {
        let before = self.input.taken();
        if matches!(self.codec, Codec::Gzip | Codec::Xz) {
            self.input.skip_zeros()?;
        }
        let padded = self.codec != Codec::Xz || (self.input.taken() - before).is_multiple_of(4);
        let head = self.input.peek()?;
        if head.is_empty() && padded {
            return Ok(false);
        }
        let again = match self.codec {
            Codec::Gzip => head.starts_with(&[0x1f, 0x8b]),
            Codec::Bzip2 => head.starts_with(b"BZh"),
            Codec::Xz => head.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0x00]),
            Codec::Zstd => matches!(head, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]),
            Codec::Zlib | Codec::Lzma | Codec::JoblibZf | Codec::Lz4 => false,
        };
        if !again || !padded {
            return Err(trailing_bytes(self.codec, before).into_read());
        }
        self.machine = Some(Machine::new(self.codec, self.max_memory)?);
        Ok(true)
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Corrupt(why) => corrupt(self.codec, &why, self.input.taken()),
            Fault::Memory(needed) => Limit::Memory.exceeded(needed, self.max_memory, Location::default()).with_hint(
                format!("the {} decoder may take 1/{DECODER_SHARE} of the memory limit for its window", self.codec),
            ),
        }
    }
}

/// The stream contradicts itself; `taken` bytes of it were read.
pub(super) fn corrupt(codec: Codec, why: &str, taken: u64) -> Error {
    Error::malformed(format!("corrupt {codec} stream: {why} (within its first {taken} bytes)"), Location::default())
}

/// The input ends within the stream, after `taken` bytes.
pub(super) fn truncated(codec: Codec, taken: u64) -> Error {
    let what = format!("truncated {codec} stream: the input ends after {taken} bytes, the stream does not");
    Error::malformed(what, Location::default()).with_hint("it may have been cut off while it was copied or written")
}

/// Something follows the stream, which has `taken` bytes.
pub(super) fn trailing_bytes(codec: Codec, taken: u64) -> Error {
    let what = format!("expected the end of the input after {taken} bytes of {codec} stream, found more bytes");
    Error::malformed(what, Location::default())
}

/// The CRC-32 of ZIP and gzip (APPNOTE 4.4.7).
pub(super) struct Crc(flate2::Crc);

impl Crc {
    pub(super) fn new() -> Self {
        Crc(flate2::Crc::new())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn sum(&self) -> u32 {
        self.0.sum()
    }
}

/// The content of one deflate stream without header (RFC 1951), which has all of `source`. What is wrong with it `read`
/// fails with.
pub(super) fn inflate(source: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    Box::new(Inflate { input: Input::new(source), machine: Machine::inflate(), ended: false })
}

struct Inflate {
    input: Input<'static>,
    machine: Machine,
    ended: bool,
}

impl Read for Inflate {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let malformed = |what: &str| Err(Error::malformed(what, Location::default()).into_read());
        loop {
            if self.ended || buf.is_empty() {
                return Ok(0);
            }
            let input = self.input.fill()?;
            let at_end = input.is_empty();
            let turn = self.machine.step(input, buf);
            self.input.consume(turn.consumed);
            match turn.done {
                Ok(true) => {
                    self.ended = true;
                    if !self.input.fill()?.is_empty() {
                        return malformed("corrupt deflate stream: bytes follow its end");
                    }
                    return Ok(turn.produced);
                }
                Ok(false) if turn.produced > 0 => return Ok(turn.produced),
                Ok(false) if at_end => return malformed("truncated deflate stream"),
                Ok(false) => {}
                Err(Fault::Corrupt(why)) => return malformed(&format!("corrupt deflate stream: {why}")),
                Err(Fault::Memory(_)) => return malformed("corrupt deflate stream: no memory to decode it"),
            }
        }
    }
}
