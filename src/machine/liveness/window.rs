//! The opcodes that make up nearly all of a stream, read from the window of bytes at hand.
//!
//! What an opcode's bytes are and what it does to the stack comes from the one table, when this is compiled. Whatever is not
//! plain — a line, an argument that crosses the window — is left to the loop that reads any opcode.

use super::{Scan, entry, is_fill};
use crate::opcode::lexer::Lexer;
use crate::opcode::{ArgKind, OPCODES, Opcode, OpcodeInfo};

/// What an opcode does, as far as this pass is concerned.
#[derive(Clone, Copy)]
enum Act {
    /// It is not for this loop.
    Rare,
    /// Pushes a value of no interest.
    Leaf,
    Int,
    Text,
    Empty(u8),
    Mark,
    Memoize,
    Put,
    Get,
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
    /// A payload follows, which is so long as the length says.
    counted: bool,
}

const fn row(info: &OpcodeInfo) -> Row {
    let (size, counted) = match info.arg {
        ArgKind::None => (0, false),
        ArgKind::Uint1 => (1, false),
        ArgKind::Uint2 => (2, false),
        ArgKind::Uint4 | ArgKind::Int4 => (4, false),
        ArgKind::Uint8 | ArgKind::Float8 => (8, false),
        ArgKind::String1 | ArgKind::Bytes1 | ArgKind::UnicodeString1 | ArgKind::Long1 => (1, true),
        ArgKind::Bytes4 | ArgKind::UnicodeString4 => (4, true),
        ArgKind::String4
        | ArgKind::Long4
        | ArgKind::Bytes8
        | ArgKind::ByteArray8
        | ArgKind::UnicodeString8
        | ArgKind::StringNl
        | ArgKind::StringNlNoEscape
        | ArgKind::StringNlNoEscapePair
        | ArgKind::UnicodeStringNl
        | ArgKind::DecimalNlShort
        | ArgKind::DecimalNlLong
        | ArgKind::FloatNl => return RARE,
    };
    let act = match info.opcode {
        Opcode::Mark => Act::Mark,
        Opcode::Memoize => Act::Memoize,
        Opcode::Binput | Opcode::LongBinput => Act::Put,
        Opcode::Binget | Opcode::LongBinget => Act::Get,
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
        Opcode::None
        | Opcode::Newtrue
        | Opcode::Newfalse
        | Opcode::EmptyTuple
        | Opcode::Binfloat
        | Opcode::Binbytes
        | Opcode::ShortBinbytes
        | Opcode::ShortBinstring => Act::Leaf,
        _ => return RARE,
    };
    Row { act, opcode: info.opcode, head: 1 + size, counted }
}

const RARE: Row = Row { act: Act::Rare, opcode: Opcode::Stop, head: 0, counted: false };

static ROWS: [Row; 256] = {
    let mut rows = [RARE; 256];
    let mut i = 0;
    while i < OPCODES.len() {
        rows[OPCODES[i].byte as usize] = row(&OPCODES[i]);
        i += 1;
    }
    rows
};

/// The longest opcode with its argument, without a payload.
const HEAD: usize = 9;

impl Scan {
    /// Reads as many opcodes as lie plainly in the window.
    pub(super) fn window(&mut self, lexer: &mut Lexer<'_>) {
        let base = lexer.offset();
        let window = lexer.window();
        let (mut start, mut at) = (0, 0);
        while let Some(head) = window.get(at..).and_then(<[u8]>::first_chunk::<HEAD>) {
            let row = ROWS[usize::from(head[0])];
            let four = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
            let argument = if row.head == 2 { u32::from(head[1]) } else { four };
            let mut end = at + usize::from(row.head);
            let mut payload: &[u8] = &[];
            if row.counted {
                let from = end;
                end = from.saturating_add(argument as usize);
                match window.get(from..end) {
                    Some(bytes) => payload = bytes,
                    None => break,
                }
            }
            if self.whole {
                if matches!(row.act, Act::Rare) {
                    break;
                }
                (start, at) = (at, end);
                continue;
            }
            let plain = match row.act {
                Act::Rare => break,
                Act::Leaf => {
                    self.push(entry::OTHER);
                    true
                }
                Act::Int => {
                    self.int(match row.head {
                        2 => i64::from(head[1]),
                        3 => i64::from(four & 0xffff),
                        _ => i64::from(four.cast_signed()),
                    });
                    true
                }
                Act::Text => self.text(payload),
                Act::Empty(kind) => {
                    self.push(u64::from(kind));
                    true
                }
                Act::Mark => {
                    self.mark();
                    true
                }
                Act::Memoize => !self.gaps && self.put(self.next),
                Act::Put => self.put(u64::from(argument)),
                Act::Get => self.get(u64::from(argument)),
                Act::FillMany => self.fill_many(row.opcode),
                Act::FillOne(takes) => self.fill_one(row.opcode, usize::from(takes)),
                Act::Make(takes, object) => match self.stack.len().checked_sub(usize::from(takes)) {
                    Some(base) if base >= self.fence() => {
                        self.make(base, if object { entry::OBJECT } else { entry::OTHER }, row.opcode);
                        true
                    }
                    _ => false,
                },
                Act::MakeMany => match self.unmark() {
                    Some(base) if base >= self.fence() => {
                        self.make(base, entry::OTHER, row.opcode);
                        true
                    }
                    _ => false,
                },
            };
            self.whole |= !plain;
            (start, at) = (at, end);
            if is_fill(row.opcode) {
                self.may_end(base + at as u64);
            }
        }
        if at > 0 {
            lexer.advance(start, at);
        }
    }
}
