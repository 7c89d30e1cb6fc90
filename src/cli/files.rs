//! Which files the inputs name: files, folders (recursive), globs, standard input.

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One input to convert.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// What to open; `-` is standard input.
    pub path: PathBuf,
    /// The folder in which it was met, if the user did not name it.
    met: Option<Arc<Tree>>,
}

/// A folder that was named.
#[derive(Debug)]
struct Tree {
    root: PathBuf,
    /// Its own name, which is part of the tree that is mirrored, unless it is only a way to say "here".
    top: PathBuf,
}

impl Input {
    /// What messages call it.
    pub fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// Whether it was met in a folder, not named by the user.
    pub fn is_met(&self) -> bool {
        self.met.is_some()
    }

    /// Where its output lies below `--out-dir`, without the format's extension.
    pub fn relative(&self) -> PathBuf {
        match &self.met {
            Some(tree) => tree.top.join(self.path.strip_prefix(&tree.root).unwrap_or(&self.path)),
            None if self.is_stdin() => PathBuf::from("stdin"),
            None => below(&self.path),
        }
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        if let Some((folder, _)) = self.place() {
            return folder;
        }
        self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// The folder in which it was met, and its name there, which was put behind the path of the folder.
    fn place(&self) -> Option<(&Path, &Path)> {
        #[cfg(unix)]
        if self.is_met() {
            use std::ffi::OsStr;
            use std::os::unix::ffi::OsStrExt;
            let whole = self.path.as_os_str().as_bytes();
            let end = memchr::memrchr(b'/', whole).filter(|end| *end > 0)?;
            let path = |bytes| Path::new(OsStr::from_bytes(bytes));
            return Some((path(whole.get(..end)?), path(whole.get(end + 1..)?)));
        }
        None
    }

    pub fn is_stdin(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

/// Opens inputs: those that were met in one folder from there, so that the system does not look for the folder each time.
#[derive(Default)]
pub(super) struct Opener {
    /// The folder of the input before, and the folder itself once another input lies in it.
    #[cfg(unix)]
    last: Option<(PathBuf, Option<OwnedFd>)>,
}

impl Opener {
    /// Opens an input that is no standard input.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(&mut self, input: &Input) -> io::Result<File> {
        #[cfg(unix)]
        if let Some((folder, name)) = input.place() {
            use rustix::fs::{CWD, Mode, OFlags, openat};
            use rustix::io::retry_on_intr;
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            match &mut self.last {
                // Byte for byte.
                Some((last, opened)) if last.as_os_str() == folder.as_os_str() => {
                    if opened.is_none() {
                        let flags = flags | OFlags::DIRECTORY;
                        *opened = retry_on_intr(|| openat(CWD, folder, flags, Mode::empty())).ok();
                    }
                    if let Some(folder) = opened {
                        return Ok(retry_on_intr(|| openat(&*folder, name, flags, Mode::empty()))?.into());
                    }
                }
                last => *last = Some((folder.to_owned(), None)),
            }
        }
        File::open(&input.path)
    }
}

/// An input that names nothing, and why.
pub(super) struct Missing {
    pub name: String,
    pub why: std::io::Error,
}

/// Expands the inputs in the order given; files of a folder by name.
pub(super) fn expand(inputs: &[PathBuf]) -> (Vec<Input>, Vec<Missing>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for input in inputs {
        if input.as_os_str() == "-" {
            found.push(Input { path: input.clone(), met: None });
            continue;
        }
        match std::fs::metadata(input) {
            Ok(meta) if meta.is_dir() => folder(input, input, &mut found, &mut missing),
            Ok(_) => found.push(Input { path: input.clone(), met: None }),
            Err(why) => {
                let before = found.len();
                pattern(input, &mut found, &mut missing);
                if found.len() == before {
                    missing.push(Missing { name: input.to_string_lossy().into_owned(), why });
                }
            }
        }
    }
    (found, missing)
}

fn folder(root: &Path, input: &Path, found: &mut Vec<Input>, missing: &mut Vec<Missing>) {
    let top = input.file_name().map(PathBuf::from).unwrap_or_default();
    let tree = Arc::new(Tree { root: root.to_owned(), top });
    let (files, failures) = (found.len(), missing.len());
    // Following links asks the system about every file; most folders have none.
    for follow in [false, true] {
        found.truncate(files);
        missing.truncate(failures);
        if walk(root, &tree, follow, found, missing) {
            return;
        }
    }
}

/// Finds the files of a folder; `false` where a link to something else than a file would have to be followed.
fn walk(root: &Path, tree: &Arc<Tree>, follow: bool, found: &mut Vec<Input>, missing: &mut Vec<Missing>) -> bool {
    // Entries of one folder have its path before their name.
    let by_name = |a: &walkdir::DirEntry, b: &walkdir::DirEntry| a.path().as_os_str().cmp(b.path().as_os_str());
    for entry in walkdir::WalkDir::new(root).follow_links(follow).follow_root_links(true).sort_by(by_name) {
        match entry {
            Ok(entry) if !follow && entry.depth() > 0 && entry.path_is_symlink() => {
                if !std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file()) {
                    return false;
                }
                found.push(Input { path: entry.into_path(), met: Some(Arc::clone(tree)) });
            }
            Ok(entry) if entry.file_type().is_file() => {
                found.push(Input { path: entry.into_path(), met: Some(Arc::clone(tree)) });
            }
            Ok(_) => {}
            Err(e) => {
                let name = e.path().unwrap_or(root).to_string_lossy().into_owned();
                missing.push(Missing { name, why: e.into() });
            }
        }
    }
    true
}

/// A glob that the shell did not expand.
fn pattern(input: &Path, found: &mut Vec<Input>, missing: &mut Vec<Missing>) {
    let text = input.to_string_lossy();
    if !text.contains(['*', '?', '[', '{']) {
        return;
    }
    let Ok(glob) = globset::GlobBuilder::new(&text).literal_separator(true).build() else { return };
    let matcher = glob.compile_matcher();
    // The longest part without a pattern is where the walk begins.
    let root: PathBuf =
        input.components().take_while(|c| !c.as_os_str().to_string_lossy().contains(['*', '?', '[', '{'])).collect();
    let start = if root.as_os_str().is_empty() { Path::new(".") } else { &root };
    for entry in walkdir::WalkDir::new(start).sort_by_file_name() {
        let Ok(entry) = entry else { continue };
        let path = entry.path().strip_prefix(".").unwrap_or(entry.path());
        if !matcher.is_match(path) {
            continue;
        }
        if entry.file_type().is_dir() {
            folder(entry.path(), entry.path(), found, missing);
        } else {
            found.push(Input { path: path.to_owned(), met: None });
        }
    }
}

/// Where a named file lies below an output folder: its own relative path, never outside.
fn below(path: &Path) -> PathBuf {
    let normal: PathBuf =
        path.components().filter(|c| matches!(c, std::path::Component::Normal(_))).map(|c| c.as_os_str()).collect();
    let leaves =
        path.components().any(|c| !matches!(c, std::path::Component::Normal(_) | std::path::Component::CurDir));
    if leaves { path.file_name().map(PathBuf::from).unwrap_or(normal) } else { normal }
}
