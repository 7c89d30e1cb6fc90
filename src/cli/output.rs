//! Where output goes: to a temporary file that is renamed at the end, so that a failure leaves what was there.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use depickle::Output;

use super::unfinished::Unfinished;
use sha2::{Digest, Sha256};

/// Bytes that are moved at a time.
const MOVED: usize = 1 << 20;

/// An output that is not published yet.
pub(super) enum Pending {
    /// A file beside the target.
    File { file: Unfinished, target: PathBuf, overwrite: bool },
    /// Standard output, or a device or pipe named as output: bytes are gone as soon as they are written.
    Direct(Box<dyn Write>),
    /// Standard output after everything was written (`--strict`).
    Spooled(File),
}

impl Pending {
    /// A file; folders on the way to it are made.
    pub fn file(target: &Path, overwrite: bool) -> io::Result<Pending> {
        let (target, found) = match std::fs::symlink_metadata(target) {
            // A link is followed, so that it stays one.
            Ok(link) if link.is_symlink() => match std::fs::canonicalize(target) {
                Ok(target) => {
                    let found = std::fs::metadata(&target);
                    (target, found.ok())
                }
                Err(_) => (target.to_owned(), None),
            },
            found => (target.to_owned(), found.ok()),
        };
        match &found {
            Some(meta) if meta.is_dir() => {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "expected a file, found a folder"));
            }
            Some(_) if !overwrite => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the output exists already"));
            }
            Some(meta) if !meta.is_file() => {
                return Ok(Pending::Direct(Box::new(File::options().write(true).open(&target)?)));
            }
            Some(_) | None => {}
        }
        Ok(Pending::File { file: Unfinished::beside(&target, found.as_ref())?, target, overwrite })
    }

    /// Standard output; `spool` holds everything back until it is complete, in a file of a folder, or of the system's for such files.
    pub fn stdout(spool: bool, folder: Option<&Path>) -> io::Result<Pending> {
        match folder {
            _ if !spool => Ok(Pending::Direct(Box::new(io::stdout().lock()))),
            Some(folder) => Ok(Pending::Spooled(tempfile::tempfile_in(folder)?)),
            None => Ok(Pending::Spooled(tempfile::tempfile()?)),
        }
    }

    /// The file that holds what nobody has seen yet.
    fn held(&mut self) -> io::Result<&mut File> {
        match self {
            Pending::File { file, .. } => file.file(),
            Pending::Spooled(file) => Ok(file),
            Pending::Direct(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Publishes what was written.
    pub fn publish(self) -> io::Result<()> {
        match self {
            Pending::File { file, target, overwrite } => file.publish(&target, overwrite),
            Pending::Direct(mut out) => out.flush(),
            Pending::Spooled(mut file) => {
                io::Seek::rewind(&mut file)?;
                let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
                io::copy(&mut file, &mut out)?;
                out.flush()
            }
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Pending::File { file, .. } => file.file()?.write(bytes),
            Pending::Direct(out) => out.write(bytes),
            Pending::Spooled(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Pending::File { file, .. } => file.file()?.flush(),
            Pending::Direct(out) => out.flush(),
            Pending::Spooled(file) => file.flush(),
        }
    }
}

impl Output for Pending {
    fn can_take_back(&self) -> bool {
        match self {
            Pending::File { .. } | Pending::Spooled(_) => true,
            Pending::Direct(_) => false,
        }
    }

    fn take_back(&mut self) -> io::Result<()> {
        let file = self.held()?;
        file.set_len(0)?;
        io::Seek::rewind(file)
    }

    fn can_begin_anew(&self) -> bool {
        self.can_take_back()
    }

    fn begin_anew(&mut self, replaced: u64, head: &[u8]) -> io::Result<()> {
        let file = self.held()?;
        let (mut from, mut to) = (replaced, head.len() as u64);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(head)?;
        let mut piece = if from > to { vec![0; MOVED] } else { Vec::new() };
        while from > to {
            file.seek(SeekFrom::Start(from))?;
            let n = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            file.seek(SeekFrom::Start(to))?;
            file.write_all(piece.get(..n).unwrap_or_default())?;
            (from, to) = (from + n as u64, to + n as u64);
        }
        if from > to {
            file.set_len(to)?;
        }
        file.seek(SeekFrom::End(0)).map(drop)
    }
}

/// Passes bytes on, and remembers whether that failed: a message then names the output, not the input.
pub(super) struct Minding<'o> {
    pub output: &'o mut dyn Output,
    pub failed: bool,
}

impl Minding<'_> {
    fn mind<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.failed |= result.as_ref().is_err_and(|e| e.kind() != io::ErrorKind::Interrupted);
        result
    }
}

impl Write for Minding<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.output.write(bytes);
        self.mind(result)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let result = self.output.write_all(bytes);
        self.mind(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.output.flush();
        self.mind(result)
    }
}

impl Output for Minding<'_> {
    fn can_take_back(&self) -> bool {
        self.output.can_take_back()
    }

    fn take_back(&mut self) -> io::Result<()> {
        let result = self.output.take_back();
        self.mind(result)
    }

    fn can_begin_anew(&self) -> bool {
        self.output.can_begin_anew()
    }

    fn begin_anew(&mut self, replaced: u64, head: &[u8]) -> io::Result<()> {
        let result = self.output.begin_anew(replaced, head);
        self.mind(result)
    }
}

/// Passes bytes on and keeps their SHA-256, if one is wanted.
pub(super) struct Hashing<T> {
    inner: T,
    hash: Option<Sha256>,
}

impl<T> Hashing<T> {
    pub fn new(inner: T, wanted: bool) -> Self {
        Hashing { inner, hash: wanted.then(Sha256::new) }
    }

    /// The inner stream, and the hash in hexadecimal.
    pub fn finish(self) -> (T, Option<String>) {
        let hex = self.hash.map(|h| h.finalize().iter().map(|b| format!("{b:02x}")).collect());
        (self.inner, hex)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        if let (Some(hash), Some(written)) = (&mut self.hash, bytes.get(..n)) {
            hash.update(written);
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Output> Output for Hashing<W> {
    fn can_take_back(&self) -> bool {
        self.inner.can_take_back()
    }

    fn take_back(&mut self) -> io::Result<()> {
        self.hash = self.hash.take().map(|_| Sha256::new());
        self.inner.take_back()
    }

    /// What was hashed cannot be hashed anew.
    fn can_begin_anew(&self) -> bool {
        self.hash.is_none() && self.inner.can_begin_anew()
    }

    fn begin_anew(&mut self, replaced: u64, head: &[u8]) -> io::Result<()> {
        if self.hash.is_some() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.inner.begin_anew(replaced, head)
    }
}

impl<R: io::Read> io::Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        if let (Some(hash), Some(read)) = (&mut self.hash, buffer.get(..n)) {
            hash.update(read);
        }
        Ok(n)
    }
}
