//! Inputs, outputs and the ledger are files of their own: nothing that is written replaces what is read.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use depickle::error::Error;

use super::args::ConvertArgs;
use super::files::Input;

/// Checks that no output would replace an input, and the ledger neither of them.
///
/// # Errors
/// Misuse, with the name of what would be replaced.
pub(super) fn check(args: &ConvertArgs, inputs: &[Input], targets: &[Option<PathBuf>]) -> Result<(), Error> {
    let mut read = Files { paths: inputs.iter().map(|input| input.path.as_path()).collect(), by_identity: None };
    // With one output for all, one look is enough.
    let mut looked_at: Option<&Path> = None;
    for target in targets.iter().flatten() {
        if looked_at.replace(target) != Some(target)
            && let Some(input) = read.find(target)
        {
            return Err(Error::misuse("expected an output that is not the input").in_file(&input.to_string_lossy()));
        }
    }
    let Some(ledger) = &args.ledger else { return Ok(()) };
    let place = absolute(ledger);
    let mut written = targets.iter().flatten();
    let target_dir = place.file_name();
    if read.find(ledger).is_some()
        || written.any(|target| target.file_name() == target_dir && absolute(target) == place || same(target, ledger))
    {
        return Err(Error::misuse("expected a ledger that is neither an input nor an output")
            .in_file(&ledger.to_string_lossy()));
    }
    Ok(())
}

/// Whether each target is the first of its name.
pub(super) fn first_of_each(targets: &[Option<PathBuf>]) -> Vec<bool> {
    let mut seen = HashSet::new();
    targets.iter().map(|target| target.as_deref().is_none_or(|target| seen.insert(target))).collect()
}

/// Files by what they are, whatever they are called; they are looked at only once there is something to compare with.
struct Files<'a> {
    paths: Vec<&'a Path>,
    by_identity: Option<HashMap<Identity, &'a Path>>,
}

impl<'a> Files<'a> {
    /// The file that stands at a path.
    fn find(&mut self, path: &Path) -> Option<&'a Path> {
        let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        let wanted = identity(path, &metadata)?;
        let by_identity = self.by_identity.get_or_insert_with(|| {
            let known = self.paths.iter().filter_map(|path| {
                let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
                Some((identity(path, &metadata)?, *path))
            });
            known.collect()
        });
        by_identity.get(&wanted).copied()
    }
}

fn same(a: &Path, b: &Path) -> bool {
    let of = |path: &Path| std::fs::metadata(path).ok().and_then(|metadata| identity(path, &metadata));
    matches!((of(a), of(b)), (Some(a), Some(b)) if a == b)
}

/// What tells a file from others: device and inode.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(_path: &Path, metadata: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// What tells a file from others: where it is in the end.
#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(not(unix))]
fn identity(path: &Path, _metadata: &Metadata) -> Option<Identity> {
    path.canonicalize().ok()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
