//! Which files the inputs name: files, folders (recursive), globs, standard input.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::Range;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
#[cfg(unix)]
use std::sync::OnceLock;

/// One input to convert.
#[derive(Clone, Debug)]
pub(super) struct Input(Place);

#[derive(Clone, Debug)]
enum Place {
    /// The user named it; `-` is standard input.
    Named(PathBuf),
    /// It was met in a folder that the user named.
    Met { path: PathBuf, tree: Arc<Tree> },
    /// The same, where its name is text: it lies beside those before and after it. The folder says which inode it is; 0 where it
    /// does not.
    Listed { folder: Arc<Folder>, name: Range<u32>, inode: u64 },
}

/// A folder that was named.
#[derive(Debug)]
struct Tree {
    root: PathBuf,
    /// Its own name, which is part of the tree that is mirrored, unless it is only a way to say "here".
    top: PathBuf,
}

/// Some files of one folder, in their order.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// What stands before each name.
    prefix: String,
    /// One behind another.
    names: String,
    tree: Arc<Tree>,
    /// Whether an inode that it told is the file's.
    #[cfg(unix)]
    tells_inodes: OnceLock<bool>,
}

impl Folder {
    fn name(&self, name: &Range<u32>) -> &str {
        self.names.get(name.start as usize..name.end as usize).unwrap_or_default()
    }
}

impl Input {
    /// What to open.
    pub fn path(&self) -> Cow<'_, Path> {
        match &self.0 {
            Place::Named(path) | Place::Met { path, .. } => path.into(),
            Place::Listed { folder, name, .. } => {
                PathBuf::from(format!("{}{}", folder.prefix, folder.name(name))).into()
            }
        }
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        self.path().to_string_lossy().into_owned()
    }

    /// Whether it was met in a folder, not named by the user.
    pub fn is_met(&self) -> bool {
        self.tree().is_some()
    }

    /// The folder in which it was met.
    fn tree(&self) -> Option<&Tree> {
        match &self.0 {
            Place::Named(_) => None,
            Place::Met { tree, .. } => Some(tree),
            Place::Listed { folder, .. } => Some(&folder.tree),
        }
    }

    /// Where its output lies below `--out-dir`, without the format's extension.
    pub fn relative(&self) -> PathBuf {
        let path = self.path();
        match self.tree() {
            Some(tree) => tree.top.join(path.strip_prefix(&tree.root).unwrap_or(&path)),
            None if self.is_stdin() => PathBuf::from("stdin"),
            None => below(&path),
        }
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        match &self.0 {
            Place::Named(path) | Place::Met { path, .. } => folder_of(path),
            Place::Listed { folder, .. } => &folder.path,
        }
    }

    /// Its inode, where it is known without a look at the file.
    #[cfg(unix)]
    pub fn inode(&self) -> Option<u64> {
        use std::os::unix::fs::MetadataExt;
        let Place::Listed { folder, inode: inode @ 1.., .. } = &self.0 else { return None };
        // Some file systems in user space have no inodes to tell.
        let look = || std::fs::metadata(self.path()).is_ok_and(|metadata| metadata.ino() == *inode);
        folder.tells_inodes.get_or_init(look).then_some(*inode)
    }

    pub fn is_stdin(&self) -> bool {
        matches!(&self.0, Place::Named(path) if path.as_os_str() == "-")
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens inputs: those that were met in one folder from there, so that the system does not look for the folder each time.
#[derive(Default)]
pub(super) struct Opener {
    /// The folder of the input before, and the folder itself once another input lies in it.
    #[cfg(unix)]
    last: Option<(Arc<Folder>, Option<OwnedFd>)>,
}

impl Opener {
    /// Opens an input that is no standard input.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(&mut self, input: &Input) -> io::Result<File> {
        #[cfg(unix)]
        if let Place::Listed { folder, name, .. } = &input.0 {
            use rustix::fs::{CWD, Mode, OFlags, openat};
            use rustix::io::retry_on_intr;
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            match &mut self.last {
                Some((last, opened)) if Arc::ptr_eq(last, folder) => {
                    if opened.is_none() {
                        let flags = flags | OFlags::DIRECTORY;
                        *opened = retry_on_intr(|| openat(CWD, &folder.path, flags, Mode::empty())).ok();
                    }
                    if let Some(opened) = opened {
                        let name = folder.name(name);
                        return Ok(retry_on_intr(|| openat(&*opened, name, flags, Mode::empty()))?.into());
                    }
                }
                last => *last = Some((Arc::clone(folder), None)),
            }
        }
        File::open(input.path())
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
            found.push(Input(Place::Named(input.clone())));
            continue;
        }
        match std::fs::metadata(input) {
            Ok(meta) if meta.is_dir() => folder(input, input, &mut found, &mut missing),
            Ok(_) => found.push(Input(Place::Named(input.clone()))),
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

/// Bytes of names in one list; a file name is no longer than what is left to 32 bits.
const MOST_NAMES: usize = 1 << 30;

/// Finds the files of a folder; `false` where a link to something else than a file would have to be followed.
fn walk(root: &Path, tree: &Arc<Tree>, follow: bool, found: &mut Vec<Input>, missing: &mut Vec<Missing>) -> bool {
    // Entries of one folder have its path before their name.
    let mut list = List::default();
    let by_name = |a: &walkdir::DirEntry, b: &walkdir::DirEntry| a.path().as_os_str().cmp(b.path().as_os_str());
    for entry in walkdir::WalkDir::new(root).follow_links(follow).follow_root_links(true).sort_by(by_name) {
        match entry {
            Ok(entry) if !follow && entry.depth() > 0 && entry.path_is_symlink() => {
                if !std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file()) {
                    return false;
                }
                list.add(&entry, tree, found);
            }
            Ok(entry) if entry.file_type().is_file() => {
                list.add(&entry, tree, found);
            }
            Ok(_) => {}
            Err(e) => {
                let name = e.path().unwrap_or(root).to_string_lossy().into_owned();
                missing.push(Missing { name, why: e.into() });
            }
        }
    }
    list.end(tree, found);
    true
}

/// Files of one folder that were met one after another.
#[derive(Default)]
struct List {
    path: PathBuf,
    prefix: String,
    names: String,
    files: Vec<(Range<u32>, u64)>,
}

impl List {
    fn add(&mut self, entry: &walkdir::DirEntry, tree: &Arc<Tree>, found: &mut Vec<Input>) {
        let path = entry.path();
        let parts =
            path.to_str().and_then(|path| path.split_at_checked(path.len().checked_sub(entry.file_name().len())?));
        let Some((prefix, name)) = parts.filter(|_| self.names.len() < MOST_NAMES) else {
            self.end(tree, found);
            found.push(Input(Place::Met { path: path.to_owned(), tree: Arc::clone(tree) }));
            return;
        };
        if self.prefix != prefix {
            self.end(tree, found);
            prefix.clone_into(&mut self.prefix);
            folder_of(path).clone_into(&mut self.path);
        }
        let start = self.names.len() as u32;
        self.names.push_str(name);
        self.files.push((start..self.names.len() as u32, inode(entry)));
    }

    fn end(&mut self, tree: &Arc<Tree>, found: &mut Vec<Input>) {
        let List { path, prefix, names, files } = std::mem::take(self);
        if !files.is_empty() {
            let folder = Arc::new(Folder {
                path,
                prefix,
                names,
                tree: Arc::clone(tree),
                #[cfg(unix)]
                tells_inodes: OnceLock::new(),
            });
            let listed = |(name, inode)| Input(Place::Listed { folder: Arc::clone(&folder), name, inode });
            found.extend(files.into_iter().map(listed));
        }
    }
}

/// The inode that a folder says an entry is; 0 for a link, which is not the file that it leads to.
#[cfg(unix)]
fn inode(entry: &walkdir::DirEntry) -> u64 {
    use walkdir::DirEntryExt;
    if entry.path_is_symlink() { 0 } else { entry.ino() }
}

/// There is no such thing elsewhere.
#[cfg(not(unix))]
fn inode(_entry: &walkdir::DirEntry) -> u64 {
    0
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
            found.push(Input(Place::Named(path.to_owned())));
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
