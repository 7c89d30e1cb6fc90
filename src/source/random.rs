//! Inputs of which any part can be read at any time: files, bytes in memory, and sections of either.
//!
//! Nothing here keeps a position, so that one input can be shared by all who read parts of it. Deliberately absent: memory
//! maps, which need `unsafe` and turn an input that shrinks into a crash.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;

/// Bytes asked of a stream at a time where all of it is held.
const CHUNK: usize = 1 << 20;

/// An input of known length.
pub(crate) trait RandomAccess: Send + Sync + fmt::Debug {
    /// How many bytes it has.
    fn len(&self) -> u64;

    /// Reads from `at` on, as many bytes as one call gives; 0 at or behind the end only.
    ///
    /// # Errors
    /// The environment's.
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Fills `buf` from `at` on; how many bytes there were. Fewer than `buf` has only at the end.
    ///
    /// # Errors
    /// The environment's.
    fn read_full(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(free) = buf.get_mut(filled..).filter(|free| !free.is_empty()) {
            match self.read_at(at.saturating_add(filled as u64), free) {
                Ok(0) => break,
                Ok(n) => filled = filled.saturating_add(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }
}

/// A regular file, as long as it was when it was opened.
#[derive(Debug)]
pub(crate) struct FileInput {
    file: File,
    len: u64,
}

impl FileInput {
    /// Takes a file; `None` where it is no regular one (a pipe, a device), which has no length.
    ///
    /// # Errors
    /// The system does not tell what it is.
    pub fn new(file: File) -> io::Result<Result<Self, File>> {
        let metadata = file.metadata()?;
        Ok(if metadata.is_file() { Ok(FileInput { file, len: metadata.len() }) } else { Err(file) })
    }
}

impl RandomAccess for FileInput {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX).min(buf.len());
        let Some(buf) = buf.get_mut(..room) else { return Ok(0) };
        if buf.is_empty() {
            return Ok(0);
        }
        #[cfg(unix)]
        let n = std::os::unix::fs::FileExt::read_at(&self.file, buf, at)?;
        #[cfg(windows)]
        let n = std::os::windows::fs::FileExt::seek_read(&self.file, buf, at)?;
        #[cfg(not(any(unix, windows)))]
        let n = {
            use std::io::Seek;
            let mut file = &self.file;
            file.seek(io::SeekFrom::Start(at))?;
            file.read(buf)?
        };
        if n == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read"));
        }
        Ok(n)
    }
}

/// An input that says how far it was read.
#[derive(Debug)]
pub(crate) struct Watched<T> {
    pub input: T,
    /// The end of what was read last.
    pub at: Arc<AtomicU64>,
}

impl<T: RandomAccess> RandomAccess for Watched<T> {
    fn len(&self) -> u64 {
        self.input.len()
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read_at(at, buf)?;
        self.at.store(at.saturating_add(n as u64), Ordering::Relaxed);
        Ok(n)
    }
}

impl RandomAccess for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        self.get(at..).unwrap_or_default().read(buf)
    }
}

/// A part of an input.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    source: Arc<dyn RandomAccess>,
    start: u64,
    len: u64,
}

impl Section {
    /// All of an input.
    pub fn all(source: Arc<dyn RandomAccess>) -> Self {
        let len = source.len();
        Section { source, start: 0, len }
    }

    /// `len` bytes from `start` on; fewer where the section ends.
    pub fn part(&self, start: u64, len: u64) -> Self {
        let start = start.min(self.len);
        let len = len.min(self.len - start);
        // Never beyond the end of the source, which is a u64.
        Section { source: Arc::clone(&self.source), start: self.start + start, len }
    }

    /// Its bytes in order.
    pub fn reader(&self) -> SectionReader {
        SectionReader { section: self.clone(), at: 0 }
    }

    /// `N` bytes from `at` on; `None` where it ends before.
    ///
    /// # Errors
    /// The environment's.
    pub fn array<const N: usize>(&self, at: u64) -> io::Result<Option<[u8; N]>> {
        let mut out = [0; N];
        Ok((self.read_full(at, &mut out)? == N).then_some(out))
    }

    /// `len` bytes from `at` on; fewer where it ends before. For lengths that are known to be small.
    ///
    /// # Errors
    /// The environment's.
    pub fn bytes(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let there = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut out = vec![0; len.min(there)];
        let n = self.read_full(at, &mut out)?;
        out.truncate(n);
        Ok(out)
    }
}

impl RandomAccess for Section {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX).min(buf.len());
        match buf.get_mut(..room) {
            Some(buf) if !buf.is_empty() => self.source.read_at(self.start + at, buf),
            Some(_) | None => Ok(0),
        }
    }
}

/// Reads a section in order.
#[derive(Debug)]
pub(crate) struct SectionReader {
    section: Section,
    at: u64,
}

impl Read for SectionReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.section.read_at(self.at, buf)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// Holds what is left of a stream in memory, `allowed` bytes at most.
///
/// # Errors
/// Limit where it has more; what the stream fails with.
pub(crate) fn hold(stream: &mut dyn Read, allowed: u64) -> Result<Vec<u8>, Error> {
    let (mut held, mut filled) = (Vec::new(), 0_usize);
    loop {
        let at = Location::offset(filled as u64);
        if filled as u64 > allowed {
            let error = Limit::Memory.exceeded(filled as u64, allowed, at);
            return Err(
                error.with_hint("an archive from a pipe or a compressed file is held in memory; a plain file is not")
            );
        }
        if filled == held.len() {
            held.resize(filled.saturating_add(filled.clamp(1 << 16, 64 * CHUNK)), 0);
        }
        match stream.read(held.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => {
                held.truncate(filled);
                return Ok(held);
            }
            Ok(n) => filled = filled.saturating_add(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::from_read(e, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_end_where_they_end() {
        let source: Arc<dyn RandomAccess> = Arc::new(b"0123456789".to_vec());
        let part = Section::all(source).part(2, 5).part(1, 100);
        assert_eq!(part.len(), 4);
        assert_eq!(part.bytes(1, 100).expect("memory"), b"456");
        assert_eq!(part.array::<4>(0).expect("memory"), Some(*b"3456"));
        assert_eq!(part.array::<4>(1).expect("memory"), None);
        assert_eq!(part.bytes(u64::MAX, 1).expect("memory"), b"");
        assert_eq!(part.part(u64::MAX, u64::MAX).len(), 0);
        assert_eq!(hold(&mut part.reader(), 4).expect("fits"), b"3456");
        assert!(hold(&mut part.reader(), 3).is_err());
    }
}
