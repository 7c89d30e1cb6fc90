//! The opcodes that make up nearly all of a stream, read from the window of bytes at hand.
//!
//! What an opcode's bytes are and what it does to the stack comes from the one table, when this is compiled. Whatever is not
//! plain — a line, an argument that crosses the window — is left to the loop that reads any opcode.

use super::{Frame, Scan, entry};
use crate::opcode::lexer::Lexer;
use crate::opcode::{ArgKind, OPCODES, Opcode, OpcodeInfo, arg};

/// What an opcode does, as far as this pass is concerned.
#[derive(Clone, Copy)]
enum Act {
    /// It is not for this loop.
    Rare,
    /// Pushes a value of no interest.
    Leaf,
    /// Pushes one that is as long as its length says.
    Data,
    Int,
    Text,
    Empty(u8),
    Mark,
    Memoize,
    Put,
    Get,
    /// They have their slot in a line.
    PutLine,
    GetLine,
    /// Pushes a value that is a line.
    Line,
    /// Makes a list or dict of everything above the mark.
    Collect(u8),
    FillMany,
    FillOne(u8),
    /// Makes a value of so many.
    Make(u8, bool),
    /// Makes a tuple of everything above the mark.
    MakeMany,
}

#[derive(Clone, Copy)]
struct Row {
    act: Act,
    opcode: Opcode,
    /// Bytes of the opcode and its argument, or of the opcode and its length.
    head: u8,
    /// It leaves a value that picklers memoize.
    makes: bool,
}

const MEMOIZE: u8 = Opcode::Memoize as u8;

const fn row(info: &OpcodeInfo) -> Row {
    // Of a payload, the bytes of its length; of a line, none.
    let size = match info.arg {
        ArgKind::None => 0,
        ArgKind::Uint1 => 1,
        ArgKind::Uint2 => 2,
        ArgKind::Uint4 | ArgKind::Int4 => 4,
        ArgKind::Uint8 | ArgKind::Float8 => 8,
        ArgKind::String1 | ArgKind::Bytes1 | ArgKind::UnicodeString1 | ArgKind::Long1 => 1,
        ArgKind::Bytes4 | ArgKind::UnicodeString4 => 4,
        ArgKind::StringNl
        | ArgKind::UnicodeStringNl
        | ArgKind::DecimalNlShort
        | ArgKind::DecimalNlLong
        | ArgKind::FloatNl => 0,
        ArgKind::String4
        | ArgKind::Long4
        | ArgKind::Bytes8
        | ArgKind::ByteArray8
        | ArgKind::UnicodeString8
        | ArgKind::StringNlNoEscape
        | ArgKind::StringNlNoEscapePair => return RARE,
    };
    let act = match info.opcode {
        Opcode::Mark => Act::Mark,
        Opcode::Memoize => Act::Memoize,
        Opcode::Binput | Opcode::LongBinput => Act::Put,
        Opcode::Binget | Opcode::LongBinget => Act::Get,
        Opcode::Put => Act::PutLine,
        Opcode::Get => Act::GetLine,
        Opcode::Int | Opcode::Long | Opcode::Float | Opcode::Unicode | Opcode::String => Act::Line,
        Opcode::List => Act::Collect(entry::LIST as u8),
        Opcode::Dict => Act::Collect(entry::DICT as u8),
        Opcode::EmptyList => Act::Empty(entry::LIST as u8),
        Opcode::EmptyDict => Act::Empty(entry::DICT as u8),
        Opcode::EmptySet => Act::Empty(entry::SET as u8),
        Opcode::Binint1 | Opcode::Binint2 | Opcode::Binint => Act::Int,
        Opcode::ShortBinunicode | Opcode::Binunicode => Act::Text,
        Opcode::Appends | Opcode::Setitems | Opcode::Additems => Act::FillMany,
        Opcode::Append | Opcode::Setitem => Act::FillOne(info.above - 1),
        Opcode::Tuple => Act::MakeMany,
        Opcode::Reduce | Opcode::Newobj | Opcode::NewobjEx => Act::Make(info.above, true),
        Opcode::Tuple1 | Opcode::Tuple2 | Opcode::Tuple3 | Opcode::StackGlobal => Act::Make(info.above, false),
        Opcode::None | Opcode::Newtrue | Opcode::Newfalse | Opcode::EmptyTuple | Opcode::Binfloat => Act::Leaf,
        Opcode::Binbytes | Opcode::ShortBinbytes | Opcode::ShortBinstring => Act::Data,
        _ => return RARE,
    };
    let makes = matches!(act, Act::Data | Act::Text | Act::Empty(_) | Act::Make(..) | Act::MakeMany);
    Row { act, opcode: info.opcode, head: 1 + size, makes }
}

const RARE: Row = Row { act: Act::Rare, opcode: Opcode::Stop, head: 0, makes: false };

const ROWS_OF: [Row; 256] = {
    let mut rows = [RARE; 256];
    let mut i = 0;
    while i < OPCODES.len() {
        rows[OPCODES[i].byte as usize] = row(&OPCODES[i]);
        i += 1;
    }
    rows
};

static ROWS: [Row; 256] = ROWS_OF;

/// The longest opcode with its argument, without a payload.
const HEAD: usize = 9;

/// Does `$does` with the row of a byte: known when this is compiled for those bytes that make up nearly all of a stream, so that
/// where the next opcode lies is not read from a table, which would take longer than all else.
macro_rules! with_row {
    ($byte:expr, $does:expr) => {
        with_row!($byte, $does,
            Binget LongBinget Memoize ShortBinunicode Mark Setitems Appends EmptyDict EmptyList Binfloat Binint Binint1 Binint2
            None Newtrue Newfalse Tuple1 Tuple2 Tuple3 Tuple Reduce ShortBinbytes Binunicode Binput LongBinput Append Setitem
            Get Put Unicode Int Float List Dict)
    };
    ($byte:expr, $does:expr, $($opcode:ident)*) => {{
        $(
            const $opcode: u8 = Opcode::$opcode as u8;
        )*
        match $byte {
            $($opcode => {
                const ROW: Row = ROWS_OF[$opcode as usize];
                $does(ROW)
            })*
            other => $does(ROWS[usize::from(other)]),
        }
    }};
}

impl Scan {
    /// Reads as many opcodes as lie plainly in the window.
    #[allow(non_upper_case_globals, reason = "bytes are named as their opcodes are")]
    pub(super) fn window(&mut self, lexer: &mut Lexer<'_>) {
        if self.whole {
            pass(lexer);
            return;
        }
        let base = lexer.offset();
        let window = lexer.window();
        let (mut start, mut at) = (0, 0);
        while let Some(head) = window.get(at..).and_then(<[u8]>::first_chunk::<HEAD>) {
            let Some((end, plain)) = with_row!(head[0], |row| self.one(row, head, window, at, base)) else { break };
            (start, at) = (at, end);
            if !plain {
                self.whole = true;
                break;
            }
            if self.made {
                // What follows is looked at one by one.
                break;
            }
        }
        self.see(window);
        if at > 0 {
            lexer.advance(start, at);
        }
    }

    /// One opcode at `at`: where it ends, and whether the pickle may still be handed over in batches; `None` where it does not lie
    /// plainly in the window.
    #[inline(always)]
    fn one(&mut self, row: Row, head: &[u8; HEAD], window: &[u8], at: usize, base: u64) -> Option<(usize, bool)> {
        let mut end = at + usize::from(row.head);
        let plain = match row.act {
            Act::Rare => return None,
            Act::Leaf => {
                self.stack.push(entry::OTHER);
                end = self.leaves(row, head[0], window, end);
                true
            }
            Act::Data => {
                end = end.saturating_add(row.argument(head) as usize);
                if end > window.len() {
                    return None;
                }
                self.stack.push(entry::OTHER);
                true
            }
            Act::Get => self.get(u64::from(row.argument(head))),
            Act::PutLine | Act::GetLine => {
                let (slot, len) = arg::digits_line(window.get(end..)?)?;
                end += len;
                if matches!(row.act, Act::PutLine) { self.put(slot) } else { self.get(slot) }
            }
            Act::Line => {
                end += memchr::memchr(b'\n', window.get(end..)?)? + 1;
                self.stack.push(entry::OTHER);
                true
            }
            Act::Collect(made) => self.collect(u64::from(made)),
            Act::Memoize => self.memoize(),
            Act::Text => {
                let from = end;
                end = end.saturating_add(row.argument(head) as usize);
                self.text(window.get(from..end)?, Some(from))
            }
            Act::Int => {
                let entry = if self.at_key() { entry::int(row.int(head)) } else { entry::OTHER };
                self.stack.push(entry);
                end = self.leaves(row, head[0], window, end);
                true
            }
            Act::Empty(kind) => {
                self.stack.push(u64::from(kind));
                true
            }
            Act::Mark => {
                self.mark();
                true
            }
            Act::Put => self.put(u64::from(row.argument(head))),
            Act::FillMany => {
                let plain = self.fill_many(row.opcode, window);
                self.may_end(base + end as u64);
                plain
            }
            Act::FillOne(takes) => {
                let plain = self.fill_one(row.opcode, usize::from(takes), window);
                self.may_end(base + end as u64);
                plain
            }
            Act::Make(takes, object) => match self.stack.len().checked_sub(usize::from(takes)) {
                Some(base) if base >= self.fence() => {
                    if base == 0 {
                        self.see(window);
                    }
                    self.make(base, if object { entry::OBJECT } else { entry::OTHER }, row.opcode);
                    true
                }
                _ => false,
            },
            Act::MakeMany => match self.unmark() {
                Some(base) if base >= self.fence() => {
                    if base == 0 {
                        self.see(window);
                    }
                    self.make(base, entry::OTHER, row.opcode);
                    true
                }
                _ => false,
            },
        };
        // What can be shared is memoized at once.
        if row.makes && plain && !self.made && window.get(end) == Some(&MEMOIZE) {
            return Some((end + 1, self.memoize()));
        }
        Some((end, plain))
    }
}

impl Scan {
    /// Leaves from `at` on that follow another of their opcode as items of one container: in a long list of them there is nothing
    /// else to see. Returns where they end.
    #[inline(always)]
    fn leaves(&mut self, row: Row, opcode: u8, window: &[u8], at: usize) -> usize {
        let len = usize::from(row.head);
        let is_run = window.get(at) == Some(&opcode) && window.get(at + len) == Some(&opcode);
        if !is_run || self.frame != Frame::Items || self.stack.last() != Some(&entry::OTHER) {
            return at;
        }
        // The length is the same for all: where the next one lies needs no look at this one.
        let whole = window.len().saturating_sub(len - 1);
        let mut end = at;
        while end < whole && window[end] == opcode {
            end += len;
        }
        self.stack.resize(self.stack.len() + (end - at) / len, entry::OTHER);
        end
    }
}

impl Row {
    /// The argument, or the length of the payload.
    #[inline(always)]
    fn argument(self, head: &[u8; HEAD]) -> u32 {
        match self.head {
            2 => u32::from(head[1]),
            3 => u32::from(u16::from_le_bytes([head[1], head[2]])),
            _ => u32::from_le_bytes([head[1], head[2], head[3], head[4]]),
        }
    }

    /// The argument of BININT, BININT1, BININT2.
    #[inline(always)]
    fn int(self, head: &[u8; HEAD]) -> i64 {
        let argument = self.argument(head);
        if self.head == 5 { i64::from(argument.cast_signed()) } else { i64::from(argument) }
    }
}

/// Passes over opcodes.
#[allow(non_upper_case_globals, reason = "bytes are named as their opcodes are")]
fn pass(lexer: &mut Lexer<'_>) {
    let window = lexer.window();
    let (mut start, mut at) = (0, 0);
    while let Some(head) = window.get(at..).and_then(<[u8]>::first_chunk::<HEAD>) {
        let Some(end) = with_row!(head[0], |row| over(row, head, window, at)) else { break };
        (start, at) = (at, end);
    }
    if at > 0 {
        lexer.advance(start, at);
    }
}

/// Where an opcode ends, and the MEMOIZE behind it.
#[inline(always)]
fn over(row: Row, head: &[u8; HEAD], window: &[u8], at: usize) -> Option<usize> {
    let mut end = at + usize::from(row.head);
    match row.act {
        Act::Rare => return None,
        Act::Text | Act::Data => {
            end = end.saturating_add(row.argument(head) as usize);
            if end > window.len() {
                return None;
            }
        }
        Act::PutLine | Act::GetLine | Act::Line => end += memchr::memchr(b'\n', window.get(end..)?)? + 1,
        _ => {}
    }
    if row.makes && window.get(end) == Some(&MEMOIZE) {
        end += 1;
    }
    Some(end)
}
