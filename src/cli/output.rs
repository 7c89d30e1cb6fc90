//! Where output goes: to a temporary file that is renamed at the end, so that a failure leaves what was there.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// An output that is not published yet.
pub(super) enum Pending {
    /// A file beside the target.
    File { file: NamedTempFile, target: PathBuf, overwrite: bool },
    /// Standard output, or a device or pipe named as output: bytes are gone as soon as they are written.
    Direct(Box<dyn Write>),
    /// Standard output after everything was written (`--strict`).
    Spooled(File),
}

/// The permissions a new file gets, before the process's umask.
#[cfg(unix)]
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
}

impl Pending {
    /// A file; folders on the way to it are made.
    pub fn file(target: &Path, overwrite: bool) -> io::Result<Pending> {
        // A link is followed, so that it stays one.
        let target = std::fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        match std::fs::metadata(&target) {
            Ok(meta) if meta.is_dir() => {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "expected a file, found a folder"));
            }
            Ok(_) if !overwrite => {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the output exists already"));
            }
            Ok(meta) if !meta.is_file() => {
                return Ok(Pending::Direct(Box::new(File::options().write(true).open(&target)?)));
            }
            Ok(_) | Err(_) => {}
        }
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".depickle-").suffix(".part");
        // What is replaced keeps who may read it.
        #[cfg(unix)]
        builder.permissions(std::fs::metadata(&target).map_or_else(|_| permissions(), |meta| meta.permissions()));
        let file = builder.tempfile_in(folder)?;
        Ok(Pending::File { file, target, overwrite })
    }

    /// Standard output; `spool` holds everything back until it is complete.
    pub fn stdout(spool: bool) -> io::Result<Pending> {
        if spool {
            Ok(Pending::Spooled(tempfile::tempfile()?))
        } else {
            Ok(Pending::Direct(Box::new(io::stdout().lock())))
        }
    }

    /// Publishes what was written.
    pub fn publish(self) -> io::Result<()> {
        match self {
            Pending::File { file, target, overwrite } => {
                if overwrite {
                    file.persist(&target)?;
                } else {
                    file.persist_noclobber(&target)?;
                }
                Ok(())
            }
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
            Pending::File { file, .. } => file.write(bytes),
            Pending::Direct(out) => out.write(bytes),
            Pending::Spooled(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Pending::File { file, .. } => file.flush(),
            Pending::Direct(out) => out.flush(),
            Pending::Spooled(file) => file.flush(),
        }
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

    /// Whether a hash is kept.
    pub fn is_wanted(&self) -> bool {
        self.hash.is_some()
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

impl<R: io::Read> io::Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        if let (Some(hash), Some(read)) = (&mut self.hash, buffer.get(..n)) {
            hash.update(read);
        }
        Ok(n)
    }
}
