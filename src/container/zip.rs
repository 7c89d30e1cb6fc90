//! ZIP archives, read strictly: the directory at the end and the headers before the members must tell one story.
//!
//! Loaders disagree on archives that contradict themselves (which of two directories counts, whose name a member has, whether a
//! checksum matters), and what one of them sees is hidden from the next. So every byte of the file belongs to exactly one member,
//! the directory or the end record; whatever is said twice must be said alike. Facts: PKWARE's APPNOTE.TXT 6.3.10, whose
//! sections are cited. Deliberately absent: encryption, split archives, methods other than stored and deflate, links.

use crate::container::archive::{Archive, Member, Packing};
use crate::error::Error;
use crate::limits::{Limit, Limits};
use crate::location::Location;
use crate::source::random::{RandomAccess, Section};

/// Local file header (4.3.7), and its bytes before the name.
const LOCAL: u32 = 0x0403_4b50;
const LOCAL_SIZE: u64 = 30;
/// Data descriptor (4.3.9).
const DESCRIPTOR: u32 = 0x0807_4b50;
/// Central directory header (4.3.12), and its bytes before the name.
const CENTRAL: u32 = 0x0201_4b50;
const CENTRAL_SIZE: u64 = 46;
/// ZIP64 end of central directory record (4.3.14) without extensible data, and its locator (4.3.15).
const END64: u32 = 0x0606_4b50;
const END64_SIZE: u64 = 56;
const LOCATOR: u32 = 0x0706_4b50;
const LOCATOR_SIZE: u64 = 20;
/// End of central directory record (4.3.16), without its comment.
const END: u32 = 0x0605_4b50;
const END_SIZE: u64 = 22;

/// General purpose bits (4.4.4) that a member may have: 1 and 2, which say how hard the writer tried; 3, sizes stand behind the
/// data; 11, the name is UTF-8.
const BEHIND: u16 = 1 << 3;
const UTF8: u16 = 1 << 11;
const KNOWN: u16 = 0b110 | BEHIND | UTF8;
/// Bit 0 (encrypted), 6 (strongly), 13 (directory masked).
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// The highest version of the format that any reader knows (4.4.3.2); CPython's `zipfile.MAX_EXTRACT_VERSION`.
const MAX_VERSION: u8 = 63;
/// Members' content from which on its ratio counts.
const RATIO_FROM: u64 = 1 << 20;
/// ZIP64 (4.5.3) and Unicode path (4.6.9) extra fields.
const EXTRA_ZIP64: u16 = 0x0001;
const EXTRA_PATH: u16 = 0x7075;

/// Reads the directory of an archive. `input` is the length of the whole input, by which the ratio is measured.
///
/// # Errors
/// Malformed for whatever two readers could see differently; Limit for [`Limits::max_members`],
/// [`Limits::max_decompressed`], [`Limits::max_ratio`]; the environment's.
pub(crate) fn open(source: Section, input: u64, limits: &Limits) -> Result<Archive, Error> {
    let directory = Directory::find(&source)?;
    if directory.entries > limits.max_members {
        return Err(Limit::Members.exceeded(directory.entries, limits.max_members, Location::default()));
    }
    let entries = directory.read(&source, limits)?;
    let mut archive = Archive::new(source.clone());
    // 4.4.7: with none of them set they were never computed, as torch can be told to.
    let checked = entries.iter().any(|entry| entry.crc != 0);
    if !checked && entries.iter().any(|entry| entry.size > 0) {
        archive.note("the archive has no checksums".to_owned());
    }
    let (mut unpacked, mut order) = (0_u64, Vec::with_capacity(entries.len()));
    for (n, entry) in entries.iter().enumerate() {
        order.push((entry.local, n));
        if entry.method == 8 {
            unpacked = unpacked.saturating_add(entry.size);
        }
    }
    if unpacked > limits.max_decompressed {
        return Err(Limit::Decompressed.exceeded(unpacked, limits.max_decompressed, Location::default()));
    }
    let input = input.max(1);
    if unpacked > RATIO_FROM && unpacked > input.saturating_mul(limits.max_ratio) {
        return Err(Limit::Ratio.exceeded(unpacked.div_ceil(input), limits.max_ratio, Location::default()));
    }
    // Members lie one behind the other, from the first byte to the directory.
    order.sort_unstable();
    let mut starts = vec![0; entries.len()];
    let mut end = 0;
    for (place, (local, n)) in order.iter().enumerate() {
        let Some(entry) = entries.get(*n) else { continue };
        if *local != end {
            let found = if *local < end { "two that overlap" } else { "bytes between them" };
            let what = format!("expected members one behind the other, found {found} (at offset {end:#x})");
            return Err(Error::malformed(what, Location::default()).in_member(&entry.name));
        }
        let next = order.get(place + 1).map_or(directory.at, |(local, _)| *local);
        let start = entry.check_local(&source, next).map_err(|e| e.in_member(&entry.name))?;
        if let Some(slot) = starts.get_mut(*n) {
            *slot = start;
        }
        end = next;
    }
    if end != directory.at {
        let what = format!("expected the first member at the start of the archive, found {} other bytes", directory.at);
        return Err(Error::malformed(what, Location::offset(0)));
    }
    for (entry, at) in entries.into_iter().zip(starts) {
        if entry.name.ends_with('/') && entry.size == 0 {
            continue;
        }
        let crc = checked.then_some(entry.crc);
        let packing =
            if entry.method == 8 { Packing::Deflated { packed: entry.packed, crc } } else { Packing::Stored { crc } };
        archive.add(Member { name: entry.name, size: entry.size, at, packing }, limits)?;
    }
    Ok(archive)
}

fn malformed<T>(what: impl Into<String>, at: u64) -> Result<T, Error> {
    Err(Error::malformed(what, Location::offset(at)))
}

fn io(e: std::io::Error, at: u64) -> Error {
    Error::io(e, Location::offset(at))
}

/// Takes fields off the front, little-endian (4.4.1.1); the bytes were counted before.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn bytes(&mut self, len: usize) -> Option<&'b [u8]> {
        let (first, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(first)
    }
}

/// Where the central directory lies.
struct Directory {
    at: u64,
    len: u64,
    entries: u64,
}

impl Directory {
    /// Finds the end record: the last one in the file, whose comment ends the file, as all readers agree.
    fn find(source: &Section) -> Result<Directory, Error> {
        let len = source.len();
        let tail = END_SIZE + u64::from(u16::MAX);
        let from = len.saturating_sub(tail);
        let bytes = source.bytes(from, tail as usize).map_err(|e| io(e, from))?;
        let Some(place) = bytes.windows(4).rposition(|w| w == END.to_le_bytes()) else {
            let error = Error::malformed("truncated ZIP archive: it has no end record", Location::offset(len));
            return Err(error.with_hint("an interrupted download or a full disk leaves such files"));
        };
        let at = from + place as u64;
        let mut fields = Fields(bytes.get(place + 4..).unwrap_or_default());
        let Some((disk, first, here, entries, size, offset, comment)) = (|| {
            Some((
                fields.u16()?,
                fields.u16()?,
                fields.u16()?,
                fields.u16()?,
                fields.u32()?,
                fields.u32()?,
                fields.u16()?,
            ))
        })() else {
            return malformed("truncated ZIP archive: its end record is cut off", at);
        };
        if fields.0.len() != usize::from(comment) {
            let found = fields.0.len();
            let what = format!("expected a comment of {comment} bytes to end the ZIP archive, found {found} bytes");
            return malformed(what, at);
        }
        let small = Directory { at: u64::from(offset), len: u64::from(size), entries: u64::from(entries) };
        let locator = match at.checked_sub(LOCATOR_SIZE) {
            Some(place) => source.bytes(place, LOCATOR_SIZE as usize).map_err(|e| io(e, place))?,
            None => Vec::new(),
        };
        let mut fields = Fields(&locator);
        let large = fields.u32() == Some(LOCATOR);
        // 4.4.19, 4.4.20, 4.4.21, 4.4.22: a part that does not fit says so by all ones.
        let (directory, end) = if large {
            let place = at - LOCATOR_SIZE;
            let found = Directory::large(source, fields, place)?;
            let agrees = |small: u64, ones: u64, large: u64| small == ones || small == large;
            if !agrees(u64::from(entries), u64::from(u16::MAX), found.entries)
                || !agrees(u64::from(here), u64::from(u16::MAX), found.entries)
                || !agrees(small.len, u64::from(u32::MAX), found.len)
                || !agrees(small.at, u64::from(u32::MAX), found.at)
            {
                return malformed("expected both end records of the ZIP archive to agree", at);
            }
            (found, place - END64_SIZE)
        } else {
            (small, at)
        };
        let one_disk = |n: u16| n == 0 || (large && n == u16::MAX);
        if !one_disk(disk) || !one_disk(first) || (here != entries && !large) {
            return malformed("expected a ZIP archive of one part, found a part of a split one", at);
        }
        if directory.at.checked_add(directory.len) != Some(end) {
            let what = format!(
                "expected the directory of the ZIP archive to end at its end record: it has {} bytes from offset {:#x}",
                directory.len, directory.at
            );
            return malformed(what, at).map_err(|e: Error| {
                e.with_hint(
                    "bytes before or within the archive that belong to no member move it; readers disagree then",
                )
            });
        }
        Ok(directory)
    }

    /// The ZIP64 end record (4.3.14), which its locator at `place` points to; `fields` stand behind the locator's signature.
    fn large(source: &Section, mut fields: Fields<'_>, place: u64) -> Result<Directory, Error> {
        let wrong = || Error::malformed("expected a ZIP64 end record before its locator", Location::offset(place));
        let (disk, at, disks) = (|| Some((fields.u32()?, fields.u64()?, fields.u32()?)))().ok_or_else(wrong)?;
        if disk != 0 || disks > 1 || at.checked_add(END64_SIZE) != Some(place) {
            return Err(wrong());
        }
        let bytes = source.bytes(at, END64_SIZE as usize).map_err(|e| io(e, at))?;
        let mut fields = Fields(&bytes);
        let (signature, size) = (|| Some((fields.u32()?, fields.u64()?)))().ok_or_else(wrong)?;
        let (_versions, disk, first) = (|| Some((fields.u32()?, fields.u32()?, fields.u32()?)))().ok_or_else(wrong)?;
        let (here, entries, len, directory) =
            (|| Some((fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?)))().ok_or_else(wrong)?;
        if signature != END64 || size != END64_SIZE - 12 || disk != 0 || first != 0 || here != entries {
            return Err(wrong());
        }
        Ok(Directory { at: directory, len, entries })
    }

    /// Its entries; it must hold as many as the end record says, and nothing else.
    fn read(&self, source: &Section, limits: &Limits) -> Result<Vec<Entry>, Error> {
        let most = self.len / CENTRAL_SIZE;
        if self.entries > most {
            let what = format!(
                "expected {} members in the directory of the ZIP archive, its {} bytes hold {most} at most",
                self.entries, self.len
            );
            return malformed(what, self.at);
        }
        if self.len > limits.max_memory {
            return Err(Limit::Memory.exceeded(self.len, limits.max_memory, Location::offset(self.at)));
        }
        let bytes = source.bytes(self.at, usize::try_from(self.len).unwrap_or(usize::MAX));
        let bytes = bytes.map_err(|e| io(e, self.at))?;
        let mut fields = Fields(&bytes);
        let mut entries = Vec::new();
        while !fields.0.is_empty() {
            let at = self.at + (bytes.len() - fields.0.len()) as u64;
            if entries.len() as u64 == self.entries {
                let what = format!("expected {} members in the directory of the ZIP archive, found more", self.entries);
                return malformed(what, at);
            }
            entries.push(Entry::read(&mut fields, at)?);
        }
        if entries.len() as u64 != self.entries {
            let what = format!(
                "expected {} members in the directory of the ZIP archive, found {}",
                self.entries,
                entries.len()
            );
            return malformed(what, self.at);
        }
        Ok(entries)
    }
}

/// One entry of the central directory (4.3.12).
struct Entry {
    name: String,
    /// The name's bytes, which the local header repeats.
    raw: Vec<u8>,
    flags: u16,
    /// 0 stored, 8 deflated (4.4.5).
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    /// Offset of the local header.
    local: u64,
}

impl Entry {
    fn read(fields: &mut Fields<'_>, at: u64) -> Result<Entry, Error> {
        let cut = || Error::malformed("truncated entry in the directory of the ZIP archive", Location::offset(at));
        let signature = fields.u32().ok_or_else(cut)?;
        if signature != CENTRAL {
            let what = format!("expected an entry in the directory of the ZIP archive, found {signature:#010x}");
            return malformed(what, at);
        }
        let [_made_by, made_on, version, _] = fields.take().ok_or_else(cut)?;
        let (flags, method) = (|| Some((fields.u16()?, fields.u16()?)))().ok_or_else(cut)?;
        let _time_and_date = fields.u32().ok_or_else(cut)?;
        let (crc, packed, size) = (|| Some((fields.u32()?, fields.u32()?, fields.u32()?)))().ok_or_else(cut)?;
        let (name, extra, comment) = (|| Some((fields.u16()?, fields.u16()?, fields.u16()?)))().ok_or_else(cut)?;
        let (disk, _internal) = (|| Some((fields.u16()?, fields.u16()?)))().ok_or_else(cut)?;
        let (external, local) = (|| Some((fields.u32()?, fields.u32()?)))().ok_or_else(cut)?;
        let raw = fields.bytes(usize::from(name)).ok_or_else(cut)?;
        let extra = fields.bytes(usize::from(extra)).ok_or_else(cut)?;
        fields.bytes(usize::from(comment)).ok_or_else(cut)?;
        let name = decode(raw, flags & UTF8 != 0, at)?;
        let wrong = |what: String| Error::malformed(what, Location::offset(at)).in_member(&name);
        if flags & ENCRYPTED != 0 {
            return Err(wrong("expected a member that is not encrypted".to_owned()));
        }
        if flags & !KNOWN != 0 {
            return Err(wrong(format!("expected a member without unknown flags, found {flags:#06x}")));
        }
        if version > MAX_VERSION {
            return Err(wrong(format!("expected a version up to 6.3, found {}.{}", version / 10, version % 10)));
        }
        if method != 0 && method != 8 {
            let what = format!("expected a member that is stored or deflated, found {}", method_name(method));
            return Err(wrong(what).with_hint("pack the archive again with `zip` or Python's `zipfile`, which deflate"));
        }
        if disk != 0 && disk != u16::MAX {
            return Err(wrong("expected a member of this part of the archive, found a split one".to_owned()));
        }
        file_type(external, made_on, &name).map_err(wrong)?;
        let (size, packed, local) = (
            extended(size, extra, 0, [size, packed, local]),
            extended(packed, extra, 1, [size, packed, local]),
            extended(local, extra, 2, [size, packed, local]),
        );
        let (Some(size), Some(packed), Some(local)) = (size, packed, local) else {
            return Err(wrong("expected extra fields of the member's ZIP64 sizes, each once".to_owned()));
        };
        if let Some(path) =
            find_extra(extra, EXTRA_PATH).map_err(|()| wrong("expected whole extra fields".to_owned()))?
            && path.get(5..) != Some(name.as_bytes())
        {
            return Err(wrong("expected one name of the member, its Unicode path says another".to_owned()));
        }
        if method == 0 && packed != size {
            return Err(wrong(format!(
                "expected a stored member to have {size} bytes in the archive, too, found {packed}"
            )));
        }
        if name.ends_with('/') && size != 0 {
            return Err(wrong("expected a directory to have no bytes".to_owned()));
        }
        Ok(Entry { raw: raw.to_vec(), name, flags, method, crc, packed, size, local })
    }

    /// Holds the local header (4.3.7) against the entry; gives the offset of the data. `end` is where the next member, or
    /// the directory, begins.
    fn check_local(&self, source: &Section, end: u64) -> Result<u64, Error> {
        let at = self.local;
        let wrong = |what| {
            Error::malformed(format!("expected the member's two headers to agree: {what}"), Location::offset(at))
        };
        let header = source.array::<{ LOCAL_SIZE as usize }>(at).map_err(|e| io(e, at))?;
        let cut = || Error::malformed("truncated header of a member", Location::offset(at));
        let header = header.ok_or_else(cut)?;
        let mut fields = Fields(&header);
        if fields.u32() != Some(LOCAL) {
            return malformed("expected the header of a member", at);
        }
        let [version, _] = fields.take().ok_or_else(cut)?;
        let (flags, method) = (|| Some((fields.u16()?, fields.u16()?)))().ok_or_else(cut)?;
        let _time_and_date = fields.u32().ok_or_else(cut)?;
        let (crc, packed, size) = (|| Some((fields.u32()?, fields.u32()?, fields.u32()?)))().ok_or_else(cut)?;
        let (name, extra) = (|| Some((fields.u16()?, fields.u16()?)))().ok_or_else(cut)?;
        let (name, extra) = (usize::from(name), usize::from(extra));
        let rest = source.bytes(at + LOCAL_SIZE, name + extra).map_err(|e| io(e, at))?;
        let (Some(raw), Some(extra)) = (rest.get(..name), rest.get(name..name + extra)) else { return Err(cut()) };
        if version > MAX_VERSION {
            return Err(wrong("one needs a version of the format that does not exist"));
        }
        if raw != self.raw {
            return Err(wrong("they differ in the name"));
        }
        if flags != self.flags {
            return Err(wrong("they differ in the flags"));
        }
        if method != self.method {
            return Err(wrong("they differ in the method"));
        }
        let (Some(large_size), Some(large_packed)) =
            (extended(size, extra, 0, [size, packed, 0]), extended(packed, extra, 1, [size, packed, 0]))
        else {
            return Err(wrong("one lacks its ZIP64 sizes"));
        };
        // 4.4.4, bit 3: the fields are zero and stand behind the data. Writers that can seek fill them in all the same.
        let behind = self.flags & BEHIND != 0;
        let agrees = |local: u64, central: u64| local == central || (behind && local == 0);
        if !agrees(u64::from(crc), u64::from(self.crc)) {
            return Err(wrong("they differ in the CRC-32"));
        }
        if !agrees(large_size, self.size) || !agrees(large_packed, self.packed) {
            return Err(wrong("they differ in the sizes"));
        }
        if let Some(path) = find_extra(extra, EXTRA_PATH).map_err(|()| wrong("one has broken extra fields"))?
            && path.get(5..) != Some(self.name.as_bytes())
        {
            return Err(wrong("they differ in the Unicode path"));
        }
        let start = at + LOCAL_SIZE + rest.len() as u64;
        let data_end = start.checked_add(self.packed);
        let Some(left) = data_end.and_then(|data_end| end.checked_sub(data_end)) else {
            return malformed("expected members one behind the other, found two that overlap", at);
        };
        let data_end = end - left;
        if behind {
            self.check_descriptor(source, data_end, left)?
        } else {
            expect_end(left, data_end)?
        }
        Ok(start)
    }

    /// The data descriptor (4.3.9): with or without its signature, with sizes of 4 or 8 bytes.
    fn check_descriptor(&self, source: &Section, at: u64, len: u64) -> Result<(), Error> {
        let bytes = source.bytes(at, 24).map_err(|e| io(e, at))?;
        let mut fields = Fields(&bytes);
        let signed = matches!(len, 16 | 24);
        let found = (|| {
            if signed && fields.u32()? != DESCRIPTOR {
                return None;
            }
            let crc = fields.u32()?;
            Some(match len {
                12 | 16 => (crc, u64::from(fields.u32()?), u64::from(fields.u32()?)),
                20 | 24 => (crc, fields.u64()?, fields.u64()?),
                _ => return None,
            })
        })();
        if found == Some((self.crc, self.packed, self.size)) {
            return Ok(());
        }
        malformed("expected a data descriptor behind the member, which agrees with the directory", at)
    }
}

fn expect_end(left: u64, at: u64) -> Result<(), Error> {
    if left == 0 {
        return Ok(());
    }
    malformed(format!("expected members one behind the other, found {left} bytes that belong to none"), at)
}

/// What the mode of a member's file says (4.4.15: the host's own; for Unix the upper half is `st_mode`). Only files, and
/// directories, which have no content.
fn file_type(external: u32, made_on: u8, name: &str) -> Result<(), String> {
    let kind = match (external >> 16) & 0o170_000 {
        0 | 0o100_000 => return Ok(()),
        0o040_000 if name.ends_with('/') => return Ok(()),
        0o040_000 => "a directory whose name does not end with `/`",
        0o120_000 => "a symbolic link",
        // Hosts other than Unix and macOS may use the bits for what they like.
        _ if made_on != 3 && made_on != 19 => return Ok(()),
        _ => "a device, pipe or socket",
    };
    Err(format!("expected a file, found {kind}"))
}

/// A field of sizes or offsets, by its ZIP64 extra field (4.5.3) where it is all ones. `which` numbers it among `fields`: size,
/// packed size, offset.
fn extended(field: u32, extra: &[u8], which: usize, fields: [u32; 3]) -> Option<u64> {
    if field != u32::MAX {
        return Some(u64::from(field));
    }
    let large = find_extra(extra, EXTRA_ZIP64).ok()??;
    let before = fields.iter().take(which).filter(|field| **field == u32::MAX).count();
    let mut large = Fields(large.get(before * 8..)?);
    large.u64()
}

/// The extra field of an id (4.5.1). Bytes behind the last whole field are padding, as Android's `zipalign` writes it.
///
/// # Errors
/// A field is cut off, or the id stands twice.
fn find_extra(extra: &[u8], id: u16) -> Result<Option<&[u8]>, ()> {
    let (mut fields, mut found) = (Fields(extra), None);
    while fields.0.len() >= 4 {
        let (Some(this), Some(len)) = (fields.u16(), fields.u16()) else { return Err(()) };
        let body = fields.bytes(usize::from(len)).ok_or(())?;
        if this == id && found.replace(body).is_some() {
            return Err(());
        }
    }
    Ok(found)
}

/// A member's name: UTF-8 where its flag says so, else IBM code page 437 (appendix D).
fn decode(raw: &[u8], utf8: bool, at: u64) -> Result<String, Error> {
    let name = if utf8 {
        match std::str::from_utf8(raw) {
            Ok(name) => name.to_owned(),
            Err(_) => return malformed("expected UTF-8 in the name of a member", at),
        }
    } else {
        raw.iter().map(|b| if b.is_ascii() { char::from(*b) } else { code_page_437(*b) }).collect()
    };
    if name.is_empty() {
        return malformed("expected a member to have a name", at);
    }
    if name.contains('\0') {
        // CPython's `zipfile` takes what stands before it.
        return malformed("expected a member's name without NUL", at).map_err(|e: Error| e.in_member(&name));
    }
    Ok(name)
}

/// The upper half of IBM code page 437, from 0x80 on.
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

fn code_page_437(byte: u8) -> char {
    CODE_PAGE_437.chars().nth(usize::from(byte & 0x7f)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn method_name(method: u16) -> String {
    let name = match method {
        1 => "shrunk",
        6 => "imploded",
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        93 => "zstd",
        95 => "xz",
        99 => "AES encryption",
        _ => return format!("method {method}"),
    };
    format!("{name} (method {method})")
}
