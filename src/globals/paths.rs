//! `pathlib`: the four concrete classes. A path's value is the text that `str()` prints.
//!
//! Source: CPython `Lib/pathlib.py` (3.12: `PurePath._load_parts`, `_parse_path`, `_format_parsed_parts`), `Lib/ntpath.py` and
//! `Lib/posixpath.py` (`splitroot`, `join`); 3.13 and later normalise alike. Up to 3.12 a pickle holds one argument per part
//! (`parts`), from 3.13 on the text as it was given. Separators, colons and dots are ASCII, so everything works on UTF-8 with
//! `surrogatepass`, lone surrogates included. No file system is asked.

use super::args;
use super::table::{Module, Row, Use, module};
use super::{Class, Ctx, Forms};
use crate::machine::Reject;
use crate::model::value::{PathClass, Value};

const PATHLIB: &[Module] = &[module("pathlib"), module("pathlib._local"), module("pathlib2")];

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "path",
        modules: PATHLIB,
        names: &["PosixPath"],
        uses: Use::Data(&POSIX),
        guard: "any number of str parts",
    },
    Row {
        kind: "path",
        modules: PATHLIB,
        names: &["PurePosixPath"],
        uses: Use::Data(&PURE_POSIX),
        guard: "any number of str parts",
    },
    Row {
        kind: "path",
        modules: PATHLIB,
        names: &["WindowsPath"],
        uses: Use::Data(&WINDOWS),
        guard: "any number of str parts",
    },
    Row {
        kind: "path",
        modules: PATHLIB,
        names: &["PureWindowsPath"],
        uses: Use::Data(&PURE_WINDOWS),
        guard: "any number of str parts",
    },
    Row {
        kind: "path",
        modules: PATHLIB,
        names: &["Path", "PurePath"],
        uses: Use::Data(&ABSTRACT),
        guard: "a type as a value; never called, because the reader's system would decide which path it makes",
    },
];

const fn class(call: fn(&mut Ctx<'_>) -> Result<Value, Reject>) -> Class {
    Class { forms: Forms::REDUCE, call, build: None, bare: true }
}

static POSIX: Class = class(|ctx| path(ctx, PathClass::Posix));
static PURE_POSIX: Class = class(|ctx| path(ctx, PathClass::PurePosix));
static WINDOWS: Class = class(|ctx| path(ctx, PathClass::Windows));
static PURE_WINDOWS: Class = class(|ctx| path(ctx, PathClass::PureWindows));
/// `Path(…)` makes a `PosixPath` or a `WindowsPath`, whichever system reads it; a pickle names the concrete class.
static ABSTRACT: Class = class(|ctx| {
    ctx.reject("expected a concrete class, because what this one makes depends on the system that reads it")
});

fn path(ctx: &mut Ctx<'_>, class: PathClass) -> Result<Value, Reject> {
    // The parts may be one long text many times over: it is paid for before it is put together.
    let mut total = 0_u64;
    for part in ctx.args {
        match part_bytes(ctx, *part) {
            Some(part) => total = total.saturating_add(part.len() as u64 + 1),
            None => {
                return ctx
                    .reject(format!("expected a str for every part, found {}", args::type_name(ctx.graph, *part)));
            }
        }
    }
    ctx.graph.charge(total)?;
    let parts: Vec<&[u8]> = ctx.args.iter().filter_map(|part| part_bytes(ctx, *part)).collect();
    let text = match class {
        PathClass::PurePosix | PathClass::Posix => posix(&parts),
        PathClass::PureWindows | PathClass::Windows => windows(&parts),
    };
    let (len, at) = ctx.graph.store_bytes(&text)?;
    Ok(Value::Path { class, len, at })
}

/// A part: a str, or an ASCII-only 8-bit str.
fn part_bytes<'a>(ctx: &'a Ctx<'_>, part: Value) -> Option<&'a [u8]> {
    match part {
        Value::Wtf8 { len, at } => Some(ctx.graph.bytes(len, at)),
        part => args::text(ctx.graph, part).map(str::as_bytes),
    }
}

/// The parts between separators that count: neither empty nor `.`.
fn names(rest: &[u8], separator: u8) -> Vec<&[u8]> {
    rest.split(|&b| b == separator).filter(|name| !name.is_empty() && *name != b".").collect()
}

/// What `str(PurePosixPath(*parts))` prints.
pub(crate) fn posix(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::new();
    for part in parts {
        if part.starts_with(b"/") {
            joined.clear();
        } else if !joined.is_empty() && !joined.ends_with(b"/") {
            joined.push(b'/');
        }
        joined.extend_from_slice(part);
    }
    // Exactly two leading slashes mean something else than one (POSIX); three or more mean one.
    let root = joined.iter().take_while(|&&b| b == b'/').count();
    let mut text = vec![b'/'; if root > 2 { 1 } else { root }];
    text.extend_from_slice(&names(&joined, b'/').join(&b'/'));
    if text.is_empty() { b".".to_vec() } else { text }
}

/// Drive, root and rest of a Windows path (`ntpath.splitroot`).
fn split_root(path: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let is_separator = |at: usize| matches!(path.get(at), Some(b'\\' | b'/'));
    let find =
        |from: usize| path.iter().enumerate().skip(from).find(|(_, b)| matches!(b, b'\\' | b'/')).map(|(at, _)| at);
    let cut = |drive: usize, root: usize| {
        let (head, rest) = path.split_at_checked(drive + root).unwrap_or((path, b""));
        let (drive, root) = head.split_at_checked(drive).unwrap_or((head, b""));
        (drive, root, rest)
    };
    if is_separator(0) && is_separator(1) {
        // `\\server\share`, `\\?\UNC\server\share`, `\\.\device`.
        let start = if is_unc(path) { 8 } else { 2 };
        let share = find(start).and_then(|at| find(at + 1));
        return share.map_or((path, b"", b""), |end| cut(end, 1));
    }
    if is_separator(0) {
        return cut(0, 1);
    }
    // A drive is one character, of any alphabet, and a colon.
    let letter = match path.first() {
        Some(0..0x80) => 1,
        Some(0x80..0xe0) => 2,
        Some(0xe0..0xf0) => 3,
        Some(0xf0..) => 4,
        None => 0,
    };
    match path.get(letter) {
        Some(b':') if letter > 0 => cut(letter + 1, usize::from(is_separator(letter + 1))),
        _ => (b"", b"", path),
    }
}

/// Whether a path begins with `\\?\UNC\`, in either case and with either separator.
fn is_unc(path: &[u8]) -> bool {
    path.get(..8).is_some_and(|head| {
        head.iter().zip(b"\\\\?\\UNC\\").all(|(b, &expected)| match b {
            b'/' => expected == b'\\',
            b => b.to_ascii_uppercase() == expected,
        })
    })
}

/// `str.lower` of UTF-8 with `surrogatepass`.
fn lower(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        out.extend_from_slice(chunk.valid().to_lowercase().as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    out
}

/// `ntpath.join`.
fn join_windows(parts: &[&[u8]]) -> Vec<u8> {
    let Some((first, others)) = parts.split_first() else { return Vec::new() };
    let (drive, root, rest) = split_root(first);
    let (mut drive, mut root, mut rest) = (drive, root, rest.to_vec());
    for part in others {
        let (part_drive, part_root, part_rest) = split_root(part);
        if !part_root.is_empty() {
            if !part_drive.is_empty() || drive.is_empty() {
                drive = part_drive;
            }
            root = part_root;
            rest.clear();
        } else {
            if !part_drive.is_empty() && part_drive != drive {
                if lower(part_drive) != lower(drive) {
                    (root, drive) = (part_root, part_drive);
                    rest.clear();
                    rest.extend_from_slice(part_rest);
                    continue;
                }
                drive = part_drive;
            }
            if !matches!(rest.last(), None | Some(b'\\' | b'/')) {
                rest.push(b'\\');
            }
        }
        rest.extend_from_slice(part_rest);
    }
    let mut out = drive.to_vec();
    if !rest.is_empty() && root.is_empty() && !matches!(drive.last(), None | Some(b':' | b'\\' | b'/')) {
        out.push(b'\\');
    }
    out.extend_from_slice(root);
    out.extend_from_slice(&rest);
    out
}

/// What `str(PureWindowsPath(*parts))` prints.
pub(crate) fn windows(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = match parts {
        [one] => one.to_vec(),
        parts => join_windows(parts),
    };
    for b in &mut joined {
        if *b == b'/' {
            *b = b'\\';
        }
    }
    let (drive, mut root, rest) = split_root(&joined);
    if root.is_empty() && drive.starts_with(b"\\") && !drive.ends_with(b"\\") {
        let pieces: Vec<&[u8]> = drive.split(|&b| b == b'\\').take(7).collect();
        // `\\server\share` and `\\?\UNC\server\share` have a root even where none is written.
        let share = pieces.len() == 4 && !matches!(pieces.get(2), Some(&(b"" | b"?" | b"." | b"?.")));
        if share || pieces.len() == 6 {
            root = b"\\";
        }
    }
    let tail = names(rest, b'\\');
    let mut text = [drive, root].concat();
    if text.is_empty() && tail.first().is_some_and(|name| !split_root(name).0.is_empty()) {
        // A first name such as `c:` would be taken for a drive.
        text.extend_from_slice(b".\\");
    }
    text.extend_from_slice(&tail.join(&b'\\'));
    if text.is_empty() { b".".to_vec() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(join: fn(&[&[u8]]) -> Vec<u8>, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|p| p.as_bytes()).collect();
        String::from_utf8(join(&parts)).expect("text")
    }

    #[test]
    fn posix_paths_are_what_python_prints() {
        for (parts, text) in [
            (&[] as &[&str], "."),
            (&[""], "."),
            (&["/", "a", "b"], "/a/b"),
            (&["//a//b/./c/"], "//a/b/c"),
            (&["///a"], "/a"),
            (&["a", "/b", "../c"], "/b/../c"),
            (&[".", "."], "."),
        ] {
            assert_eq!(of(posix, parts), text, "{parts:?}");
        }
    }

    #[test]
    fn windows_paths_are_what_python_prints() {
        for (parts, text) in [
            (&[] as &[&str], "."),
            (&["c:\\", "x", "y"], "c:\\x\\y"),
            (&["c:/x/y"], "c:\\x\\y"),
            (&["\\\\srv\\share\\", "f"], "\\\\srv\\share\\f"),
            (&["//srv/share"], "\\\\srv\\share\\"),
            (&["//srv"], "\\\\srv"),
            (&["//?/UNC/srv/share"], "\\\\?\\UNC\\srv\\share\\"),
            (&["//./dev"], "\\\\.\\dev"),
            (&["c:a", "C:b"], "C:a\\b"),
            (&["c:a", "d:b"], "d:b"),
            (&["c:/a", "/b"], "c:\\b"),
            (&["./c:"], ".\\c:"),
            (&["é:/x"], "é:\\x"),
        ] {
            assert_eq!(of(windows, parts), text, "{parts:?}");
        }
    }
}
