//! The opcodes of a pickle as text, in the manner of CPython 3.13's `pickletools.dis`: offset, byte, name indented by the open
//! marks, argument as Python's `repr` prints it, the mark or memo slot that is meant.
//!
//! Of the stack it keeps heights only, because a POP may take a MARK. Like `pickletools` it knows no frames and no names, so it
//! prints what the machine refuses, too; it stops where `pickletools` stops.

use std::collections::HashMap;
use std::io::{self, Write};

use num_bigint::BigInt;

use crate::error::{Error, LimitExceeded};
use crate::limits::{Budget, Limit, Limits};
use crate::location::Location;
use crate::opcode::arg::{self, BadText};
use crate::opcode::lexer::{Arg, Lexer};
use crate::opcode::{ArgKind, Opcode, OpcodeInfo};
use crate::repr;

/// Decimal digits that 1,000 bytes of a binary integer have at most: 1000 × log₁₀ 256.
const DIGITS_PER_1000_BYTES: u64 = 2_409;
/// Width of a name, from which arguments are aligned.
const NAME_WIDTH: usize = 10;
/// Blanks per open mark.
const INDENT: usize = 4;
/// Memory for 64 neighbouring memo slots: the entry of the hash map, and its share of free room.
const PAGE_BYTES: u64 = 48;

/// Prints every pickle of a stream, one after another, up to the first break.
///
/// # Errors
/// `Malformed` at the break, `Limit`, and what `out` fails with. What stands before it is printed.
pub(crate) fn dis(lexer: &mut Lexer<'_>, out: &mut dyn Write, limits: &Limits) -> Result<(), Error> {
    let mut out = Counted { inner: out, written: 0 };
    let mut budget = Budget::new(limits.max_memory);
    let mut scratch = Vec::new();
    loop {
        let mut stack = Heights::default();
        let mut highest = 0;
        loop {
            let at = lexer.offset();
            let (info, arg) = lexer.next()?;
            let place = || Location::opcode(at, info.name);
            highest = highest.max(info.protocol);
            scratch.clear();
            let shown = Shown::of(info, arg, &mut scratch, limits).map_err(|stop| stop.into_error(place()))?;
            let depth = stack.marks.len();
            let effect = stack.step(info, at, shown.index(), limits, &mut budget);
            line(&mut out, at, info, depth, &shown, &effect).map_err(|e| Error::io(e, Location::default()))?;
            effect.stop.map_or(Ok(()), |stop| Err(stop.into_error(place())))?;
            let allowed = limits.output_for(lexer.offset());
            if out.written > allowed {
                return Err(Limit::Output.exceeded(out.written, allowed, place()));
            }
            if info.opcode == Opcode::Stop {
                writeln!(out, "highest protocol among opcodes = {highest}")
                    .map_err(|e| Error::io(e, Location::default()))?;
                stack.finished().map_err(|stop| stop.into_error(place()))?;
                break;
            }
        }
        match lexer.peek()? {
            None => return Ok(()),
            // A newline at the very end is left by tools that print pickles.
            Some(b'\n') => {
                let at = lexer.offset();
                lexer.skip_byte()?;
                if lexer.peek()?.is_none() {
                    return Ok(());
                }
                let what = "expected a pickle or the end of the stream after STOP, found `\\n`";
                return Err(Error::malformed(what, Location::offset(at)));
            }
            Some(_) => {}
        }
    }
}

/// One line, as `pickletools` aligns it.
fn line(
    out: &mut dyn Write,
    at: u64,
    info: &OpcodeInfo,
    depth: usize,
    shown: &Shown<'_>,
    effect: &Effect,
) -> io::Result<()> {
    // A byte of 0x80 and more stands as `\x80`, the others are letters and signs.
    let byte = char::from(info.byte);
    let code = if byte.is_ascii() { format!("{byte:<4}") } else { format!("\\x{:02x}", info.byte) };
    write!(out, "{at:5}: {code} {:1$}{2}", "", INDENT * depth, info.name)?;
    if !matches!(shown, Shown::Nothing) || !matches!(effect.note, Note::None) {
        write!(out, "{:1$}", "", NAME_WIDTH.saturating_sub(info.name.len()))?;
    }
    shown.write(out)?;
    match effect.note {
        Note::None => writeln!(out),
        Note::Mark(at) => writeln!(out, " (MARK at {at})"),
        Note::Slot(index) => writeln!(out, " (as {index})"),
        Note::NoMark => writeln!(out, " no MARK exists on stack"),
    }
}

/// What is printed goes through it, so that the output limit holds.
struct Counted<'o> {
    inner: &'o mut dyn Write,
    written: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.written = self.written.saturating_add(n as u64);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Why the printing stops.
enum Stop {
    Malformed(String, Option<&'static str>),
    Limit(LimitExceeded),
}

impl Stop {
    fn into_error(self, at: Location) -> Error {
        match self {
            Stop::Malformed(what, None) => Error::malformed(what, at),
            Stop::Malformed(what, Some(hint)) => Error::malformed(what, at).with_hint(hint),
            Stop::Limit(over) => Error::limit(over, at),
        }
    }
}

/// An argument that was read as its kind asks, to be printed.
enum Shown<'a> {
    Nothing,
    Uint(u64),
    /// Digits as they stand in the stream, or a number that was printed.
    Digits(String),
    Float(f64),
    Latin1(&'a [u8]),
    Wtf8(&'a [u8]),
    Bytes(&'a [u8]),
    ByteArray(&'a [u8]),
}

impl<'a> Shown<'a> {
    fn of(info: &OpcodeInfo, arg: Arg<'a>, scratch: &'a mut Vec<u8>, limits: &Limits) -> Result<Shown<'a>, Stop> {
        let text = |bad: BadText| match bad {
            BadText::Malformed(what, hint) => Stop::Malformed(what, hint),
            BadText::Digits(needed) => Stop::Limit(Limit::Digits.over(needed, u64::from(limits.max_digits))),
        };
        let digits = |line: &[u8]| Shown::Digits(String::from_utf8_lossy(line).into_owned());
        Ok(match (info.arg, arg) {
            // Nothing is passed over: this lexer was not told where its stream lies.
            (_, Arg::None | Arg::Range(_)) => Shown::Nothing,
            (_, Arg::Uint(n)) => Shown::Uint(n),
            (_, Arg::Int(n)) => Shown::Digits(n.to_string()),
            (_, Arg::Float(value)) => Shown::Float(value),
            (ArgKind::Long1 | ArgKind::Long4, Arg::Bytes(value)) => {
                let needed = (value.len() as u64).saturating_mul(DIGITS_PER_1000_BYTES) / 1000;
                if needed > u64::from(limits.max_digits).saturating_add(3) {
                    return Err(Stop::Limit(Limit::Digits.over(needed, u64::from(limits.max_digits))));
                }
                Shown::Digits(BigInt::from_signed_bytes_le(value).to_string())
            }
            (ArgKind::String1 | ArgKind::String4, Arg::Bytes(value)) => Shown::Latin1(value),
            (ArgKind::UnicodeString1 | ArgKind::UnicodeString4 | ArgKind::UnicodeString8, Arg::Bytes(value)) => {
                if let Some(bad) = crate::wtf8::error(value) {
                    let what = format!("expected UTF-8, found other bytes from byte {bad} of the text on");
                    return Err(Stop::Malformed(what, None));
                }
                Shown::Wtf8(value)
            }
            (ArgKind::ByteArray8, Arg::Bytes(value)) => Shown::ByteArray(value),
            (_, Arg::Bytes(value)) => Shown::Bytes(value),
            (ArgKind::DecimalNlShort, Arg::Line(line)) if info.opcode == Opcode::Int => {
                match arg::int(line, limits.max_digits).map_err(text)? {
                    arg::TextInt::Bool(true) => Shown::Digits("True".to_owned()),
                    arg::TextInt::Bool(false) => Shown::Digits("False".to_owned()),
                    arg::TextInt::Small(_) | arg::TextInt::Big(_) => digits(line),
                }
            }
            (ArgKind::DecimalNlShort, Arg::Line(line)) => Shown::Uint(arg::memo_index(line).map_err(text)?),
            (ArgKind::DecimalNlLong, Arg::Line(line)) => {
                arg::long(line, limits.max_digits).map_err(text)?;
                digits(line.strip_suffix(b"L").unwrap_or(line))
            }
            (ArgKind::FloatNl, Arg::Line(line)) => Shown::Float(arg::float(line, limits.max_digits).map_err(text)?),
            (ArgKind::UnicodeStringNl, Arg::Line(line)) => {
                arg::raw_unicode(line, scratch).map_err(text)?;
                Shown::Wtf8(scratch)
            }
            (ArgKind::StringNl, Arg::Line(line)) => {
                arg::quoted(line, scratch).map_err(text)?;
                Shown::Latin1(scratch)
            }
            (_, Arg::Line(line)) => {
                unescaped(line, scratch);
                Shown::name(scratch)
            }
            (_, Arg::Lines(module, name)) => {
                unescaped(module, scratch);
                scratch.push(b' ');
                unescaped(name, scratch);
                Shown::name(scratch)
            }
        })
    }

    /// A name: UTF-8, as pickles of Python 3 have it, or else one character per byte.
    fn name(bytes: &[u8]) -> Shown<'_> {
        if std::str::from_utf8(bytes).is_ok() { Shown::Wtf8(bytes) } else { Shown::Latin1(bytes) }
    }

    /// The memo slot that an opcode names.
    fn index(&self) -> Option<u64> {
        match self {
            Shown::Uint(n) => Some(*n),
            Shown::Nothing
            | Shown::Digits(_)
            | Shown::Float(_)
            | Shown::Latin1(_)
            | Shown::Wtf8(_)
            | Shown::Bytes(_)
            | Shown::ByteArray(_) => None,
        }
    }

    /// A blank and the argument; nothing without one.
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if !matches!(self, Shown::Nothing) {
            out.write_all(b" ")?;
        }
        match self {
            Shown::Nothing => Ok(()),
            Shown::Uint(n) => write!(out, "{n}"),
            Shown::Digits(digits) => out.write_all(digits.as_bytes()),
            Shown::Float(value) => {
                let mut text = String::new();
                repr::float(*value, &mut text);
                out.write_all(text.as_bytes())
            }
            Shown::Latin1(text) => repr::latin1(text, out),
            Shown::Wtf8(text) => repr::wtf8(text, out),
            Shown::Bytes(value) => repr::bytes(value, out),
            Shown::ByteArray(value) => repr::bytearray(value, out),
        }
    }
}

/// Appends a line with its escapes undone: `pickletools` undoes them in names and persistent ids, too, though the unpickler
/// does not. One that is no escape is printed as it stands.
fn unescaped(line: &[u8], out: &mut Vec<u8>) {
    if memchr::memchr(b'\\', line).is_none() {
        out.extend_from_slice(line);
        return;
    }
    let before = out.len();
    let quoted = [b"'", line, b"'"].concat();
    if arg::quoted(&quoted, out).is_err() {
        out.truncate(before);
        out.extend_from_slice(line);
    }
}

/// What stands behind an argument.
enum Note {
    None,
    Mark(u64),
    Slot(u64),
    NoMark,
}

/// What an opcode did: its note, and what is wrong with it. The line is printed all the same.
struct Effect {
    note: Note,
    stop: Option<Stop>,
}

/// The stack as heights, and which memo slots are filled.
#[derive(Default)]
struct Heights {
    /// Offset of each open mark, and the items between it and the mark before.
    marks: Vec<(u64, u64)>,
    /// Items above the topmost mark.
    above: u64,
    /// Filled memo slots, 64 to a page.
    slots: HashMap<u64, u64>,
    filled: u64,
}

impl Heights {
    fn step(&mut self, info: &OpcodeInfo, at: u64, index: Option<u64>, limits: &Limits, budget: &mut Budget) -> Effect {
        let mut note = Note::None;
        let stop = self.try_step(info, at, index, limits, budget, &mut note).err();
        Effect { note, stop }
    }

    fn try_step(
        &mut self,
        info: &OpcodeInfo,
        at: u64,
        index: Option<u64>,
        limits: &Limits,
        budget: &mut Budget,
        note: &mut Note,
    ) -> Result<(), Stop> {
        let pops_mark = info.opcode == Opcode::Pop && self.above == 0 && !self.marks.is_empty();
        let mut takes = u64::from(info.above);
        if info.to_mark || pops_mark {
            let Some((mark, below)) = self.marks.pop() else {
                *note = Note::NoMark;
                return Err(malformed(format!("expected a MARK for {}, found none", info.name)));
            };
            *note = Note::Mark(mark);
            if info.to_mark && self.above < takes {
                return Err(underflow(info, takes, self.above));
            }
            self.above = below;
            takes = if info.to_mark { u64::from(info.below) } else { 0 };
        }
        match info.opcode {
            Opcode::Put | Opcode::Binput | Opcode::LongBinput => self.put(index.unwrap_or_default(), limits, budget)?,
            Opcode::Memoize => {
                *note = Note::Slot(self.filled);
                self.put(self.filled, limits, budget)?;
            }
            Opcode::Get | Opcode::Binget | Opcode::LongBinget => {
                let index = index.unwrap_or_default();
                if !self.is_filled(index) {
                    return Err(malformed(format!("expected a memo slot that was filled, found {index} empty")));
                }
            }
            Opcode::Mark => {
                let depth = self.marks.len() as u64 + 1;
                if depth > u64::from(limits.max_depth) {
                    return Err(Stop::Limit(Limit::Depth.over(depth, u64::from(limits.max_depth))));
                }
                self.marks.push((at, self.above));
                self.above = 0;
                return Ok(());
            }
            _ => {}
        }
        let Some(left) = self.above.checked_sub(takes) else {
            return Err(underflow(info, takes, self.above));
        };
        self.above = left + info.after.len() as u64;
        Ok(())
    }

    fn is_filled(&self, index: u64) -> bool {
        self.slots.get(&(index / 64)).is_some_and(|page| page >> (index % 64) & 1 == 1)
    }

    fn put(&mut self, index: u64, limits: &Limits, budget: &mut Budget) -> Result<(), Stop> {
        if self.is_filled(index) {
            let what = format!("expected each memo slot to be filled once, found {index} filled again");
            return Err(malformed(what));
        }
        if self.above == 0 {
            return Err(malformed("expected a value to memoize, found none above the MARK"));
        }
        if self.filled >= limits.max_memo {
            return Err(Stop::Limit(Limit::Memo.over(self.filled + 1, limits.max_memo)));
        }
        match self.slots.get_mut(&(index / 64)) {
            Some(page) => *page |= 1 << (index % 64),
            None => {
                budget.charge(PAGE_BYTES).map_err(Stop::Limit)?;
                self.slots.insert(index / 64, 1 << (index % 64));
            }
        }
        self.filled += 1;
        Ok(())
    }

    /// After STOP nothing is left, neither item nor mark.
    fn finished(&self) -> Result<(), Stop> {
        if !self.marks.is_empty() {
            return Err(malformed("expected no open MARK at STOP"));
        }
        if self.above > 0 {
            return Err(malformed(format!("expected 1 item on the stack at STOP, found {}", self.above + 1)));
        }
        Ok(())
    }
}

fn malformed(what: impl Into<String>) -> Stop {
    Stop::Malformed(what.into(), None)
}

fn underflow(info: &OpcodeInfo, takes: u64, found: u64) -> Stop {
    let items = if takes == 1 { "item" } else { "items" };
    let place = if info.to_mark && takes == u64::from(info.below) { " below its MARK" } else { "" };
    malformed(format!("stack underflow: {} takes {takes} {items}{place}, found {found}", info.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(bytes: &'static [u8]) -> (String, Option<String>) {
        let limits = Limits::default();
        let mut out = Vec::new();
        let result = dis(&mut Lexer::new(Box::new(bytes), &limits), &mut out, &limits);
        (String::from_utf8(out).expect("text"), result.err().map(|e| e.to_string()))
    }

    /// What CPython 3.13 prints.
    #[test]
    fn marks_indent_and_are_named() {
        let (text, error) = printed(b"\x80\x04(K\x01K\x02l\x94(0.");
        let expected = "    \
    0: \\x80 PROTO      4
    2: (    MARK
    3: K        BININT1    1
    5: K        BININT1    2
    7: l        LIST       (MARK at 2)
    8: \\x94 MEMOIZE    (as 0)
    9: (    MARK
   10: 0        POP        (MARK at 9)
   11: .    STOP
highest protocol among opcodes = 4
";
        assert_eq!((text.as_str(), error), (expected, None));
    }

    #[test]
    fn a_break_comes_after_what_stands_before_it() {
        let (text, error) = printed(b"K\x01K\x02u.");
        assert!(text.ends_with("    4: u    SETITEMS   no MARK exists on stack\n"), "{text}");
        assert_eq!(error.as_deref(), Some("expected a MARK for SETITEMS, found none (SETITEMS at offset 0x4)"));
        let (text, error) = printed(b"K\x01X\x05\0\0\0ab");
        assert_eq!(text, "    0: K    BININT1    1\n");
        assert!(error.is_some_and(|e| e.starts_with("truncated: BINUNICODE takes 5 bytes, 2 are left")));
    }

    #[test]
    fn marks_and_memo_are_limited() {
        let limits = Limits { max_depth: 3, max_memo: 2, ..Limits::default() };
        let run = |bytes: &'static [u8]| {
            dis(&mut Lexer::new(Box::new(bytes), &limits), &mut io::sink(), &limits).map_err(|e| e.category())
        };
        use crate::error::Category;
        assert_eq!(run(b"(((lll."), Ok(()));
        assert_eq!(run(b"((((llll."), Err(Category::Limit));
        assert_eq!(run(b"Nq\0q\x01."), Ok(()));
        assert_eq!(run(b"Nq\0q\x01q\xff."), Err(Category::Limit));
    }
}
