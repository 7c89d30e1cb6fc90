//! Inputs, outputs and the ledger are files of their own: nothing that is written replaces what is read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use depickle::error::Error;

use super::args::ConvertArgs;
use super::files::Input;

/// Checks that no output would replace an input, and the ledger neither of them.
///
/// # Errors
/// Misuse, with the name of what would be replaced.
pub(super) fn check(args: &ConvertArgs, inputs: &[Input], targets: &[Option<PathBuf>]) -> Result<(), Error> {
    let mut read = Read { inputs, by_key: None };
    for target in targets.iter().flatten() {
        if let Some(input) = read.find(target) {
            return Err(Error::misuse("expected an output that is not the input").in_file(&input.name()));
        }
    }
    let Some(ledger) = &args.ledger else { return Ok(()) };
    let (place, known) = (absolute(ledger), identity(ledger));
    let is_ledger = |target: &PathBuf| {
        target.file_name() == place.file_name() && absolute(target) == place
            || known.is_some() && identity(target) == known
    };
    if read.find(ledger).is_some() || targets.iter().flatten().any(is_ledger) {
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

/// What is read, by what it is, whatever it is called; looked at only once there is something to compare with.
struct Read<'a> {
    inputs: &'a [Input],
    /// Sorted.
    by_key: Option<Vec<(Key, &'a Input)>>,
}

impl<'a> Read<'a> {
    /// The input that stands at a path.
    #[allow(clippy::unnecessary_sort_by, reason = "not every system's keys are copied")]
    fn find(&mut self, path: &Path) -> Option<&'a Input> {
        let wanted = identity(path)?;
        let key = key(&wanted);
        let by_key = self.by_key.get_or_insert_with(|| {
            let keys = self.inputs.iter().filter_map(|input| Some((key_of(input)?, input)));
            let mut by_key: Vec<(Key, &Input)> = keys.collect();
            by_key.sort_by(|(a, _), (b, _)| a.cmp(b));
            by_key
        });
        let from = by_key.partition_point(|(other, _)| *other < key);
        let alike = by_key.iter().skip(from).take_while(|(other, _)| *other == key);
        alike.map(|(_, input)| *input).filter(|input| identity(&input.path()).as_ref() == Some(&wanted)).last()
    }
}

/// What tells a file from others: device and inode.
#[cfg(unix)]
type Identity = (u64, u64);

/// Of a file that is there.
#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((metadata.dev(), metadata.ino()))
}

/// What is compared first: folders name the inodes of their files, so that most files need not be looked at.
#[cfg(unix)]
type Key = u64;

#[cfg(unix)]
fn key((_, inode): &Identity) -> Key {
    *inode
}

/// The key of an input that is there.
#[cfg(unix)]
fn key_of(input: &Input) -> Option<Key> {
    input.inode().or_else(|| identity(&input.path()).map(|identity| key(&identity)))
}

/// What is compared first.
#[cfg(not(unix))]
type Key = Identity;

#[cfg(not(unix))]
fn key(identity: &Identity) -> Key {
    identity.clone()
}

/// The key of an input that is there.
#[cfg(not(unix))]
fn key_of(input: &Input) -> Option<Key> {
    identity(&input.path())
}

/// What tells a file from others: where it is in the end.
#[cfg(not(unix))]
type Identity = PathBuf;

/// Of a file that is there.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.is_file().then(|| path.canonicalize().ok()).flatten()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
