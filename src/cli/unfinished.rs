//! What is on disk before a run is done: temporary files, and folders that were made for them. A failure takes its own file
//! away, Ctrl-C and the end of the run take all that is left.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use tempfile::NamedTempFile;

use super::exit::Status;
use super::progress;

/// What there is to take away.
struct Traces {
    files: BTreeSet<PathBuf>,
    /// Folders that this run made, outermost first.
    made: Vec<PathBuf>,
    /// Folders that are known to be there.
    known: BTreeSet<PathBuf>,
}

static TRACES: Mutex<Traces> = Mutex::new(Traces { files: BTreeSet::new(), made: Vec::new(), known: BTreeSet::new() });

/// Held for reading while a file is made or renamed, for writing by who ends the process: nothing appears behind its back.
static GATE: RwLock<()> = RwLock::new(());

fn traces() -> MutexGuard<'static, Traces> {
    TRACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file beside the file that it is to become.
pub(super) struct Unfinished {
    /// `None` once it has been published.
    file: Option<NamedTempFile>,
}

/// The permissions a new file gets, before the process's umask.
#[cfg(unix)]
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
}

impl Unfinished {
    /// A file in the folder of `target`, which is made if need be. What is replaced, `known` of it, keeps who may read it.
    pub fn beside(target: &Path, known: Option<&std::fs::Metadata>) -> io::Result<Self> {
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let _gate = GATE.read().unwrap_or_else(PoisonError::into_inner);
        make(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".depickle-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(known.map_or_else(permissions, std::fs::Metadata::permissions));
        #[cfg(not(unix))]
        let _ = known;
        let file = builder.tempfile_in(folder)?;
        traces().files.insert(file.path().to_owned());
        Ok(Unfinished { file: Some(file) })
    }

    /// Gives it its name.
    pub fn publish(mut self, target: &Path, overwrite: bool) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let _gate = GATE.read().unwrap_or_else(PoisonError::into_inner);
        let path = file.path().to_owned();
        let result = if overwrite { file.persist(target) } else { file.persist_noclobber(target) };
        traces().files.remove(&path);
        result.map(drop).map_err(io::Error::from)
    }

    pub fn file(&mut self) -> io::Result<&mut std::fs::File> {
        self.file.as_mut().map(NamedTempFile::as_file_mut).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            traces().files.remove(file.path());
        }
    }
}

/// Makes a folder and those on the way to it, and notes which are new.
fn make(folder: &Path) -> io::Result<()> {
    // Held throughout: outer folders are noted before inner ones.
    let mut traces = traces();
    if traces.known.contains(folder) {
        return Ok(());
    }
    let missing: Vec<&Path> = folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists()).collect();
    for folder in missing.iter().rev() {
        match std::fs::create_dir(folder) {
            Ok(()) => traces.made.push(folder.to_path_buf()),
            // Someone else was faster, or it is `folder/..`.
            Err(_) if folder.is_dir() => {}
            Err(e) => return Err(e),
        }
    }
    traces.known.insert(folder.to_owned());
    Ok(())
}

/// Removes the folders that this run made and that are empty.
pub(super) fn sweep() {
    let mut traces = traces();
    while let Some(folder) = traces.made.pop() {
        // One that holds something stays.
        let _ = std::fs::remove_dir(folder);
    }
    traces.known.clear();
}

/// Has SIGINT and SIGTERM end the process without a trace of what is unfinished. Where another disposition was inherited
/// (`nohup`), it stays.
pub(super) fn catch_signals() {
    let _ = ctrlc::try_set_handler(|| {
        // Never given back: nothing is made or renamed any more.
        let _gate = GATE.write().unwrap_or_else(PoisonError::into_inner);
        for file in std::mem::take(&mut traces().files) {
            let _ = std::fs::remove_file(file);
        }
        sweep();
        progress::clear();
        let _ = io::Write::write_all(&mut io::stderr(), b"error: interrupted\n");
        std::process::exit(Status::Interrupted as i32);
    });
}
