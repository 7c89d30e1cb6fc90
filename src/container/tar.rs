//! Tar archives, read strictly: regular files with a name, and nothing behind the end that another reader would see.
//!
//! Three dialects: ustar and pax (POSIX.1-2017, `pax`, "ustar Interchange Format" and "pax Extended Header"), and GNU's long
//! names (GNU tar manual, "Basic Tar Format"). Deliberately absent: links, devices, sparse files, archives one behind the
//! other, and headers without `ustar`, which cannot be told from noise.

use crate::container::archive::{Archive, Member, Packing};
use crate::error::Error;
use crate::limits::{Limit, Limits};
use crate::location::Location;
use crate::source::random::{RandomAccess, Section};

const BLOCK: u64 = 512;
/// Bytes of a pax header or a long name.
const MAX_EXTENDED: u64 = 1 << 20;

/// Whether `head` begins a tar archive: `ustar` at offset 257, and at 148 the octal sum of the header's bytes, its own eight as
/// blanks. Without the sum, any pickle with that word at that place would do.
pub(crate) fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.first_chunk::<{ BLOCK as usize }>() else { return false };
    field(header, 257, 5) == b"ustar" && number(field(header, 148, 8)) == Some(sum(header))
}

/// Reads all headers of an archive.
///
/// # Errors
/// Malformed for whatever two readers could see differently; Limit for [`Limits::max_members`]; the environment's.
pub(crate) fn open(source: Section, limits: &Limits) -> Result<Archive, Error> {
    let mut archive = Archive::new(source.clone());
    let mut extended = Extended::default();
    let (mut at, mut headers) = (0_u64, 0_u64);
    loop {
        let header: [u8; BLOCK as usize] = source.array(at).map_err(|e| io(e, at))?.ok_or_else(|| cut(at))?;
        if header.iter().all(|b| *b == 0) {
            if !extended.is_empty() {
                return malformed("expected a member behind its extended header, found the end of the archive", at);
            }
            expect_zeros(&source, at)?;
            return Ok(archive);
        }
        headers += 1;
        if headers > limits.max_members {
            return Err(Limit::Members.exceeded(headers, limits.max_members, Location::offset(at)));
        }
        let header = Header::read(&header, at)?;
        let data = at + BLOCK;
        let size = match (header.kind, extended.size) {
            (b'0' | 0, Some(size)) => size,
            _ => header.size,
        };
        let padded = size.checked_next_multiple_of(BLOCK).and_then(|padded| data.checked_add(padded));
        let Some(next) = padded.filter(|next| *next <= source.len()) else { return Err(cut(at)) };
        match header.kind {
            b'0' | 0 => {
                let Extended { long, path, .. } = std::mem::take(&mut extended);
                if long.is_some() && path.is_some() {
                    return malformed("expected one long name of a member, found one of GNU and one of pax", at);
                }
                let name = match long.or(path) {
                    Some(name) => name,
                    None => header.name(at)?,
                };
                if name.is_empty() || name.ends_with('/') {
                    return malformed("expected a file to have a name that does not end with `/`", at)
                        .map_err(|e: Error| e.in_member(&name));
                }
                let member = Member { name, size, at: data, packing: Packing::Plain };
                archive.add(member, limits).map_err(|e| e.at_offset(at))?;
            }
            b'5' => {
                // A directory has no content: it adds nothing to a map of names.
                if header.size != 0 {
                    return malformed("expected a directory to have no bytes", at);
                }
                extended = Extended::default();
            }
            b'x' => extended.pax(&whole(&source, data, size, at)?, at)?,
            b'g' => {
                let mut global = Extended::default();
                global.pax(&whole(&source, data, size, at)?, at)?;
                if !global.is_empty() {
                    return malformed("expected no path and no size for all members", at);
                }
            }
            b'L' => {
                let bytes = whole(&source, data, size, at)?;
                let name = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
                if extended.long.replace(text(name, at)?).is_some() {
                    return malformed("expected one long name of a member, found two", at);
                }
            }
            kind => {
                let found = match kind {
                    b'1' => "a hard link",
                    b'2' | b'K' => "a symbolic link",
                    b'3' | b'4' => "a device",
                    b'6' => "a pipe",
                    b'S' => "a sparse file",
                    b'M' | b'V' => "a part of a split archive",
                    _ => "something unknown",
                };
                return malformed(format!("expected a file, found {found}"), at)
                    .map_err(|e: Error| e.in_member(&header.name(at).unwrap_or_default()));
            }
        }
        at = next;
    }
}

fn malformed<T>(what: impl Into<String>, at: u64) -> Result<T, Error> {
    Err(Error::malformed(what, Location::offset(at)))
}

fn io(e: std::io::Error, at: u64) -> Error {
    Error::io(e, Location::offset(at))
}

fn cut(at: u64) -> Error {
    Error::malformed("truncated tar archive: it has no end", Location::offset(at))
        .with_hint("an interrupted download or a full disk leaves such files")
}

/// Two blocks of zeros at least, and nothing else behind them: a reader that goes on would find it.
fn expect_zeros(source: &Section, mut at: u64) -> Result<(), Error> {
    if source.len() - at < 2 * BLOCK {
        return Err(cut(at));
    }
    loop {
        let bytes = source.bytes(at, 64 << 10).map_err(|e| io(e, at))?;
        if bytes.is_empty() {
            return Ok(());
        }
        if let Some(place) = bytes.iter().position(|b| *b != 0) {
            return malformed("expected zeros behind the end of the tar archive", at + place as u64);
        }
        at += bytes.len() as u64;
    }
}

/// The content of a header that extends the next one.
fn whole(source: &Section, data: u64, size: u64, at: u64) -> Result<Vec<u8>, Error> {
    if size > MAX_EXTENDED {
        return malformed(format!("expected an extended header of up to {MAX_EXTENDED} bytes, found {size}"), at);
    }
    source.bytes(data, usize::try_from(size).unwrap_or(usize::MAX)).map_err(|e| io(e, data))
}

fn text(bytes: &[u8], at: u64) -> Result<String, Error> {
    match std::str::from_utf8(bytes) {
        Ok(name) if !name.contains('\0') => Ok(name.to_owned()),
        Ok(_) | Err(_) => malformed("expected UTF-8 without NUL in the name of a member", at),
    }
}

/// What extended headers say of the member that follows them.
#[derive(Default)]
struct Extended {
    /// GNU's long name.
    long: Option<String>,
    path: Option<String>,
    size: Option<u64>,
}

impl Extended {
    fn is_empty(&self) -> bool {
        self.long.is_none() && self.path.is_none() && self.size.is_none()
    }

    /// Records of a pax header: the record's own length, a blank, key, `=`, value, newline.
    fn pax(&mut self, mut rest: &[u8], at: u64) -> Result<(), Error> {
        let broken = || Error::malformed("expected records of a pax header: length, key, value", Location::offset(at));
        while !rest.is_empty() {
            let blank = rest.iter().take(9).position(|b| *b == b' ').ok_or_else(broken)?;
            let (digits, _) = rest.split_at_checked(blank).ok_or_else(broken)?;
            let len: usize = std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).ok_or_else(broken)?;
            let (record, after) = rest.split_at_checked(len).ok_or_else(broken)?;
            rest = after;
            let record = record.get(blank + 1..).and_then(|r| r.strip_suffix(b"\n")).ok_or_else(broken)?;
            let equals = memchr::memchr(b'=', record).ok_or_else(broken)?;
            let (key, value) = record.split_at_checked(equals).ok_or_else(broken)?;
            let value = value.get(1..).unwrap_or_default();
            let twice = match key {
                b"path" => self.path.replace(text(value, at)?).is_some(),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit()));
                    let size = size.and_then(|v| v.parse().ok()).ok_or_else(broken)?;
                    self.size.replace(size).is_some()
                }
                b"linkpath" => return malformed("expected a file, found a link", at),
                b"hdrcharset" if value != b"ISO-IR 10646 2000 UTF-8" => {
                    return malformed("expected names in UTF-8", at);
                }
                _ if key.starts_with(b"GNU.sparse.") => return malformed("expected a file, found a sparse file", at),
                _ => false,
            };
            if twice {
                return malformed("expected path and size of a member once", at);
            }
        }
        Ok(())
    }
}

/// One header block, its sum checked.
struct Header<'b> {
    block: &'b [u8; BLOCK as usize],
    kind: u8,
    size: u64,
}

impl<'b> Header<'b> {
    fn read(block: &'b [u8; BLOCK as usize], at: u64) -> Result<Self, Error> {
        // POSIX writes `ustar`, NUL, `00`; GNU `ustar`, two blanks, NUL.
        if !matches!(field(block, 257, 8), b"ustar\x0000" | b"ustar  \0") {
            return malformed("expected a header of the tar archive", at);
        }
        if number(field(block, 148, 8)) != Some(sum(block)) {
            return malformed("expected a header of the tar archive whose checksum is right", at);
        }
        let size = number(field(block, 124, 12));
        let Some(size) = size else { return malformed("expected the size of a member as octal digits", at) };
        Ok(Header { block, kind: field(block, 156, 1).first().copied().unwrap_or_default(), size })
    }

    /// The name in the header itself; ustar puts what does not fit before it. GNU has other things there.
    fn name(&self, at: u64) -> Result<String, Error> {
        let name = text(until_nul(field(self.block, 0, 100)), at)?;
        let prefix = until_nul(field(self.block, 345, 155));
        if prefix.is_empty() {
            return Ok(name);
        }
        if field(self.block, 263, 2) != b"00" {
            // CPython's `tarfile` takes it for a part of the name all the same, GNU tar does not.
            return malformed("expected a name of GNU's kind without a prefix", at);
        }
        Ok(format!("{}/{name}", text(prefix, at)?))
    }
}

fn field(block: &[u8; BLOCK as usize], at: usize, len: usize) -> &[u8] {
    block.get(at..at + len).unwrap_or_default()
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// The sum of the header's bytes, those of the sum itself as blanks.
fn sum(header: &[u8; BLOCK as usize]) -> u64 {
    header.iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u64::from(*b) }).sum()
}

/// Octal digits, blanks before and blanks or NULs behind them; or, as GNU writes what does not fit, a byte 0x80 and the number
/// in binary, big-endian.
fn number(bytes: &[u8]) -> Option<u64> {
    if let [0x80, rest @ ..] = bytes {
        return rest.iter().try_fold(0_u64, |n, b| n.checked_mul(256)?.checked_add(u64::from(*b)));
    }
    let text = bytes.trim_ascii_start();
    let digits = text.iter().take_while(|b| (b'0'..=b'7').contains(b)).count();
    let (digits, behind) = text.split_at_checked(digits)?;
    if digits.is_empty() || !behind.iter().all(|b| matches!(b, b' ' | 0)) {
        return None;
    }
    digits.iter().try_fold(0_u64, |n, b| n.checked_mul(8)?.checked_add(u64::from(b - b'0')))
}
