//! Archives that torch wrote: recognised by their members, whatever their file is called.

use std::collections::HashSet;

use super::reading::{Reading, limit};
use crate::container::archive::{Archive, Member};
use crate::error::{Error, Refused};
use crate::globals::torch::{Part, Wanted};
use crate::location::Location;
use crate::model::graph::payloads::STAYS_FROM;
use crate::model::value::Value;
use crate::name::{Escaped, GlobalName};
use crate::opcode::lexer::Lexer;
use crate::source::random::{RandomAccess, hold};

/// Where the members of a torch archive stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// What stands before `data.pkl`: nothing, or the name of a folder with its `/`.
    Zip(String),
    /// More than one `data.pkl`.
    Several,
    /// A program with its weights.
    TorchScript,
    /// torch before 0.1.10: a tar of `sys_info`, `pickle`, `tensors`, `storages`.
    Tar,
}

/// Whether an archive is one of torch.
pub(super) fn recognise(archive: &Archive) -> Option<Found> {
    let has = |name: &str| archive.find(name).is_some();
    if has("pickle") && has("storages") && (has("tensors") || has("sys_info")) {
        return Some(Found::Tar);
    }
    // TorchScript of torch 1.0 to 1.3 has no `data.pkl`.
    let program = archive.members().iter().filter_map(|member| member.name.strip_suffix("model.json"));
    if program.filter(|root| root.ends_with('/')).any(|root| archive.find(&format!("{root}version")).is_some()) {
        return Some(Found::TorchScript);
    }
    let beside: HashSet<&str> = archive.members().iter().filter_map(|member| before_data(&member.name)).collect();
    let mut roots = archive.members().iter().filter_map(|member| {
        let root = member.name.strip_suffix("data.pkl").filter(|root| root.is_empty() || root.ends_with('/'))?;
        let torch = archive.find(&format!("{root}version")).is_some() || beside.contains(root);
        torch.then_some(root)
    });
    let root = roots.next()?;
    if archive.members().iter().any(|member| member.name != format!("{root}data.pkl") && is_root(&member.name)) {
        return Some(Found::Several);
    }
    let code = format!("{root}code/");
    if archive.find(&format!("{root}constants.pkl")).is_some()
        || archive.members().iter().any(|member| member.name.starts_with(&code))
    {
        return Some(Found::TorchScript);
    }
    Some(Found::Zip(root.to_owned()))
}

/// What stands before the folder `data` of a storage.
fn before_data(name: &str) -> Option<&str> {
    let at = if name.starts_with("data/") { 0 } else { name.find("/data/")? + 1 };
    name.get(..at)
}

fn is_root(name: &str) -> bool {
    name == "data.pkl" || name.ends_with("/data.pkl")
}

/// Whether a stream is a torch file of before 1.6: its first pickle is the magic number.
pub(crate) fn is_legacy(head: &[u8]) -> bool {
    const NUMBER: &[u8] = &[0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.'];
    let rest = match head {
        [0x80, 2..=5, rest @ ..] => rest,
        // Protocols 0 and 1 have neither a header nor binary numbers of that size.
        rest => return rest.starts_with(b"L119547037146038801333356L\n."),
    };
    let rest = match rest {
        [0x95, _, _, _, _, _, _, _, _, rest @ ..] => rest,
        rest => rest,
    };
    rest.starts_with(NUMBER)
}

/// The roots of a torch archive.
///
/// # Errors
/// What a whole archive cannot have; findings of its members are kept with the others.
pub(super) fn read(reading: &mut Reading<'_>, archive: &Archive, found: &Found) -> Result<Vec<Value>, Error> {
    reading.codecs.push("torch");
    let roots = match found {
        Found::Zip(root) => zip(reading, archive, root),
        Found::Tar => Ok(tar(reading, archive)),
        Found::Several => {
            // The names in all of them are told.
            for member in archive.members().iter().filter(|member| member.name.ends_with(".pkl")) {
                part(reading, archive, member, Part::Archive);
            }
            let what = "expected one `data.pkl` in a torch archive, found two: readers differ in which one they take";
            Err(Error::malformed(what, Location::default()))
        }
        Found::TorchScript => {
            // The names in all its pickles are told.
            for member in archive.members().iter().filter(|member| member.name.ends_with(".pkl")) {
                part(reading, archive, member, Part::Archive);
            }
            let what = "refused a TorchScript archive: it is a program with its weights, and only torch runs it";
            let hint = "`torch.jit.load(FILE).state_dict()`, saved with `torch.save`, is data";
            Err(Error::refused(Refused::Opcode(what.to_owned()), Location::default()).with_hint(hint))
        }
    };
    reading.machine.globals().0.torch().end();
    roots
}

fn zip(reading: &mut Reading<'_>, archive: &Archive, root: &str) -> Result<Vec<Value>, Error> {
    let version = facts(archive, root, "version")?;
    if !matches!(version.as_deref(), Some("2" | "3")) {
        let found = version.unwrap_or_else(|| "none".to_owned());
        let what = format!("expected a torch archive of version 2 or 3, found {}", Escaped(&found));
        return Err(Error::malformed(what, Location::default()));
    }
    let big = match facts(archive, root, "byteorder")?.as_deref() {
        None | Some("little") => false,
        Some("big") => true,
        Some(other) => {
            let what =
                format!("expected `little` or `big` as byte order of a torch archive, found `{}`", Escaped(other));
            return Err(Error::malformed(what, Location::default()));
        }
    };
    let Some(data) = archive.find(&format!("{root}data.pkl")) else {
        return Err(Error::malformed("expected a member `data.pkl` in a torch archive", Location::default()));
    };
    let roots = part(reading, archive, data, Part::Archive);
    let mut used: HashSet<String> = KNOWN.iter().map(|name| format!("{root}{name}")).collect();
    storages(reading, archive, root, big, &mut used);
    beside(reading, archive, &used);
    Ok(roots)
}

/// Members that are no storages.
const KNOWN: &[&str] = &[
    "data.pkl",
    "version",
    "byteorder",
    ".format_version",
    ".storage_alignment",
    ".data/serialization_id",
    ".data/version",
];
/// Bytes of the longest member that is a fact about the archive.
const MAX_FACT: u64 = 256;

/// The text of a small member, without blanks at its ends; `None` where it is not there.
fn facts(archive: &Archive, root: &str, name: &str) -> Result<Option<String>, Error> {
    let Some(member) = archive.find(&format!("{root}{name}")) else { return Ok(None) };
    let wrong =
        || Error::malformed(format!("expected a short text as `{name}`"), Location::default()).in_member(&member.name);
    if member.size > MAX_FACT {
        return Err(wrong());
    }
    let bytes = hold(&mut archive.reader(member), MAX_FACT).map_err(|e| e.in_member(&member.name))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    Ok(Some(text.trim().to_owned()))
}

/// One stream of the container.
fn part(reading: &mut Reading<'_>, archive: &Archive, member: &Member, part: Part) -> Vec<Value> {
    reading.machine.globals().0.torch().begin(part);
    stream(reading, archive, member)
}

/// The pickles of a member, and what follows them.
fn stream(reading: &mut Reading<'_>, archive: &Archive, member: &Member) -> Vec<Value> {
    let mut lexer = Lexer::new(archive.reader(member), &reading.reader.limits);
    let roots = reading.machine.stream(&mut lexer, reading.reader.trailing, Some(&member.name));
    reading.pickles += 1;
    // Checksums stand at the end.
    if let Err(error) = lexer.drain() {
        reading.machine.findings().push(error.in_member(&member.name));
    }
    roots
}

/// Gives the storages that `data.pkl` names their bytes.
fn storages(reading: &mut Reading<'_>, archive: &Archive, root: &str, big: bool, used: &mut HashSet<String>) {
    for wanted in reading.machine.globals().0.torch().wanted() {
        let name = format!("{root}data/{}", wanted.key);
        // What is refused already is not read; the names of its storages are all the same no strangers.
        if reading.machine.findings().errors.is_empty()
            && let Err(error) = storage(reading, archive, &wanted, &name, big)
        {
            reading.machine.findings().push(error);
        }
        used.insert(name);
    }
}

fn storage(reading: &mut Reading<'_>, archive: &Archive, wanted: &Wanted, name: &str, big: bool) -> Result<(), Error> {
    let refused = |problem: String| {
        let callee = GlobalName::new("torch.serialization", "persistent_load");
        Error::refused(Refused::Value { name: callee, problem }, Location::default())
    };
    let Some(member) = archive.find(name) else {
        return Err(refused(format!("expected a member `{}` with the bytes of a storage", Escaped(name))));
    };
    if member.size != wanted.bytes {
        let what = format!("expected {} bytes in a storage, found {}", wanted.bytes, member.size);
        return Err(refused(what).in_member(name));
    }
    if big && wanted.swapped == 0 {
        let what = "expected tensors of one dtype on an untyped storage of a big-endian file: which bytes to swap cannot be told";
        return Err(refused(what.to_owned()).in_member(name));
    }
    let bytes = match archive.section(member).filter(|place| place.len() >= STAYS_FROM) {
        Some(place) => {
            archive.check(member)?;
            reading.machine.count(place.len());
            let (len, at) = reading.machine.graph().outside(place).map_err(limit)?;
            Value::Bytes { len, at }
        }
        None => reading.machine.whole(&mut archive.reader(member), wanted.bytes).map_err(|e| e.in_member(name))?,
    };
    let (registry, graph) = reading.machine.globals();
    if big {
        graph.reverse_words(bytes, usize::try_from(wanted.swapped).unwrap_or(1));
    }
    registry.torch().fill(graph, wanted.id, bytes).map_err(|_| refused("expected the bytes of a storage".to_owned()))
}

/// Members that torch does not read: pickles are read for the names in them, the rest is noted.
fn beside(reading: &mut Reading<'_>, archive: &Archive, used: &HashSet<String>) {
    let (mut left_out, mut first) = (0_u64, None);
    for member in archive.members().iter().filter(|member| !used.contains(&member.name)) {
        reading.machine.globals().0.torch().end();
        if member.name.ends_with(".pkl") {
            stream(reading, archive, member);
        }
        left_out += 1;
        first = first.or(Some(&member.name));
    }
    if let Some(first) = first {
        let note = format!(
            "{left_out} members that `data.pkl` does not refer to were left out, the first is {}",
            Escaped(first)
        );
        reading.machine.findings().notes.push(note);
    }
}

/// The roots of a tar archive.
fn tar(reading: &mut Reading<'_>, archive: &Archive) -> Vec<Value> {
    let mut roots = Vec::new();
    if let Some(member) = archive.find("sys_info") {
        stream(reading, archive, member);
    }
    for (name, step) in [("storages", Part::TarStorages), ("tensors", Part::TarTensors), ("pickle", Part::TarPickle)] {
        if let Some(member) = archive.find(name) {
            roots = part(reading, archive, member, step);
        }
    }
    let used = ["sys_info", "storages", "tensors", "pickle"].into_iter().map(str::to_owned).collect();
    beside(reading, archive, &used);
    roots
}
