//! The opcodes that make up nearly all of a stream, read from the window of bytes at hand: one jump for each.
//!
//! Nothing is decided here. Whatever is not plain (an argument that crosses the window, too few items on the stack, text that
//! is no UTF-8, a limit that is reached) is left to the loop that reads any opcode, before anything of it was done.

use super::{Form, Globals, Machine, Reject};
use crate::model::graph::stores::begins_ascii;
use crate::model::graph::{BLOCK, Graph, Kind};
use crate::model::value::Value;
use crate::opcode::lexer::Lexer;
use crate::opcode::{ArgKind, Opcode, arg};

/// Bytes of the longest opcode without a payload, and its argument.
const HEAD: usize = 9;

/// Names the byte of an opcode, whose argument is what the loop takes it to be.
macro_rules! bytes {
    ($($name:ident, $opcode:ident, $arg:ident;)*) => {
        $(
            const $name: u8 = Opcode::$opcode as u8;
            const _: () = assert!(matches!(Opcode::arg_of(Opcode::$opcode), ArgKind::$arg));
        )*
    };
}

bytes! {
    MARK, Mark, None;
    MEMOIZE, Memoize, None;
    BINGET, Binget, Uint1;
    LONG_BINGET, LongBinget, Uint4;
    BINPUT, Binput, Uint1;
    LONG_BINPUT, LongBinput, Uint4;
    NONE, None, None;
    NEWTRUE, Newtrue, None;
    NEWFALSE, Newfalse, None;
    BININT1, Binint1, Uint1;
    BININT2, Binint2, Uint2;
    BININT, Binint, Int4;
    LONG1, Long1, Long1;
    BINFLOAT, Binfloat, Float8;
    SHORT_BINUNICODE, ShortBinunicode, UnicodeString1;
    BINUNICODE, Binunicode, UnicodeString4;
    SHORT_BINBYTES, ShortBinbytes, Bytes1;
    EMPTY_LIST, EmptyList, None;
    EMPTY_DICT, EmptyDict, None;
    EMPTY_TUPLE, EmptyTuple, None;
    TUPLE1, Tuple1, None;
    TUPLE2, Tuple2, None;
    TUPLE3, Tuple3, None;
    TUPLE, Tuple, None;
    APPEND, Append, None;
    APPENDS, Appends, None;
    SETITEM, Setitem, None;
    SETITEMS, Setitems, None;
    GET, Get, DecimalNlShort;
    PUT, Put, DecimalNlShort;
    INT, Int, DecimalNlShort;
    LONG, Long, DecimalNlLong;
    FLOAT, Float, FloatNl;
    UNICODE, Unicode, UnicodeStringNl;
    LIST, List, None;
    DICT, Dict, None;
    STACK_GLOBAL, StackGlobal, None;
    REDUCE, Reduce, None;
    NEWOBJ, Newobj, None;
    BUILD, Build, None;
}

/// The opcode of one byte near the end of a window, where there is no room for others.
#[cold]
fn last(rest: &[u8]) -> Option<&'static [u8; HEAD]> {
    /// Those that stand there most: behind a value, and at the end of a pickle.
    const LAST: [[u8; HEAD]; 6] = [
        [MEMOIZE, 0, 0, 0, 0, 0, 0, 0, 0],
        [SETITEMS, 0, 0, 0, 0, 0, 0, 0, 0],
        [APPENDS, 0, 0, 0, 0, 0, 0, 0, 0],
        [BUILD, 0, 0, 0, 0, 0, 0, 0, 0],
        [REDUCE, 0, 0, 0, 0, 0, 0, 0, 0],
        [TUPLE, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    let byte = rest.first()?;
    LAST.iter().find(|head| head.first() == Some(byte))
}

/// The line that the argument of an opcode is, without its newline.
#[inline]
fn line(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.get(1..)?;
    rest.get(..memchr::memchr(b'\n', rest)?)
}

/// The argument of four bytes.
#[inline]
fn four(head: &[u8; HEAD]) -> u32 {
    let [_, a, b, c, d, ..] = *head;
    u32::from_le_bytes([a, b, c, d])
}

/// The number of BININT1, BININT2 or BININT, and the length of the opcode with it.
#[inline]
fn int(byte: u8, bytes: [u8; HEAD - 1]) -> (usize, i64) {
    let len = match byte {
        BININT1 => 1,
        BININT2 => 2,
        _ => 4,
    };
    let shift = 64 - 8 * len;
    let word = u64::from_le_bytes(bytes) << shift;
    // Only the longest has a sign.
    let value = if byte == BININT { word.cast_signed() >> shift } else { (word >> shift).cast_signed() };
    (1 + len, value)
}

/// A result that was rejected, after its opcode was read.
pub(super) struct Rejected {
    pub reject: Reject,
    pub opcode: Opcode,
}

impl<G: Globals> Machine<G> {
    /// Reads as many opcodes as lie plainly in the window.
    ///
    /// # Errors
    /// What the last of them was rejected for.
    pub(super) fn fast(&mut self, lexer: &mut Lexer<'_>) -> Result<(), Rejected> {
        let offset = lexer.offset();
        // Between two opcodes at the next stop there is something to do.
        let most = usize::try_from(self.next_stop.saturating_sub(offset)).unwrap_or(usize::MAX);
        let window = lexer.window();
        let window = window.get(..most).unwrap_or(window);
        let mut rest = window;
        let mut result = Ok(());
        loop {
            let head = match rest.first_chunk::<HEAD>() {
                Some(head) => head,
                None => match last(rest) {
                    Some(head) => head,
                    None => break,
                },
            };
            let [byte, a, ..] = *head;
            let (len, done) = match byte {
                BINGET => (2, self.fast_get(u64::from(a))),
                LONG_BINGET => (5, self.fast_get(u64::from(four(head)))),
                MEMOIZE => (1, self.fast_memoize()),
                BINPUT => (2, self.fast_put(u64::from(a))),
                LONG_BINPUT => (5, self.fast_put(u64::from(four(head)))),
                SHORT_BINUNICODE | BINUNICODE => {
                    let (head, len) = if byte == BINUNICODE { (5, four(head) as usize) } else { (2, usize::from(a)) };
                    let Some(text) = rest.get(head..) else { break };
                    match text.first_chunk::<BLOCK>() {
                        Some(block) if len <= BLOCK => {
                            let Some(value) = self.short_text(block, len) else { break };
                            // Most of what a file holds: texts that are memoized.
                            if let Some([MEMOIZE, after @ ..]) = text.get(len..)
                                && self.slots.is_none()
                                && self.memo.put_next(&value)
                            {
                                rest = after;
                                continue;
                            }
                            (head + len, true)
                        }
                        _ => {
                            let Some(text) = text.get(..len) else { break };
                            (head + len, self.fast_text(text))
                        }
                    }
                }
                SHORT_BINBYTES => {
                    let end = 2 + usize::from(a);
                    let Some(bytes) = rest.get(2..end) else { break };
                    (end, self.fast_bytes(bytes))
                }
                // One branch for all: which of them comes next is up to the numbers, and cannot be foreseen.
                BININT1 | BININT2 | BININT => {
                    let [_, bytes @ ..] = *head;
                    let (len, value) = int(byte, bytes);
                    (len, self.stack.push_free(Value::Int(value)))
                }
                LONG1 => {
                    let Some([_, _, bytes @ ..]) = rest.first_chunk::<{ HEAD + 1 }>() else { break };
                    let Some(shift) = 64_u32.checked_sub(8 * u32::from(a)).filter(|shift| *shift < 64) else { break };
                    let value = i64::from_le_bytes(*bytes) << shift >> shift;
                    (2 + usize::from(a), self.stack.push_free(Value::Int(value)))
                }
                BINFLOAT => {
                    let [_, bits @ ..] = *head;
                    let value = f64::from_be_bytes(bits);
                    if value.is_nan() {
                        break;
                    }
                    (9, self.stack.push_free(Value::Float { ident: 0, value }))
                }
                GET | PUT => {
                    let Some((index, len)) = arg::digits_line(rest.get(1..).unwrap_or_default()) else { break };
                    (1 + len, if byte == GET { self.fast_get(index) } else { self.fast_put(index) })
                }
                INT if let [_, b'0', digit @ (b'0' | b'1'), b'\n', ..] = *head => {
                    (4, self.stack.push_free(Value::Bool(digit == b'1')))
                }
                INT | LONG => {
                    let rest = rest.get(1..).unwrap_or_default();
                    let digits = rest.strip_prefix(b"-").unwrap_or(rest);
                    let is_negative = digits.len() < rest.len();
                    let Some((number, len)) = arg::digits(digits) else { break };
                    let end = len + usize::from(byte == LONG && digits.get(len) == Some(&b'L'));
                    let is_over = len as u64 > u64::from(self.max_digits);
                    if digits.get(end) != Some(&b'\n') || is_negative && number == 0 || is_over {
                        break;
                    }
                    let number = if is_negative { -number.cast_signed() } else { number.cast_signed() };
                    (2 + usize::from(is_negative) + end, self.stack.push_free(Value::Int(number)))
                }
                FLOAT => {
                    let Some(line) = line(rest) else { break };
                    match arg::float(line, self.max_digits) {
                        Ok(value) if !value.is_nan() => {
                            (line.len() + 2, self.stack.push_free(Value::Float { ident: 0, value }))
                        }
                        _ => break,
                    }
                }
                UNICODE => {
                    // What is written by escapes, or as Latin-1, is decoded elsewhere.
                    let text = rest.get(1..).unwrap_or_default();
                    let Some(len) = memchr::memchr2(b'\n', b'\\', text) else { break };
                    let Some((line, [b'\n', ..])) = text.split_at_checked(len) else { break };
                    (len + 2, self.ascii_line(line, text))
                }
                NONE | NEWTRUE | NEWFALSE => {
                    let value = if byte == NONE { Value::None } else { Value::Bool(byte == NEWTRUE) };
                    (1, self.stack.push_free(value))
                }
                MARK => (1, self.stack.mark(&mut self.graph).is_ok()),
                EMPTY_LIST | EMPTY_DICT | EMPTY_TUPLE => {
                    let kind = match byte {
                        EMPTY_LIST => Kind::List,
                        EMPTY_DICT => Kind::Dict,
                        _ => Kind::Tuple,
                    };
                    let Some(value) = self.fast_new(kind) else { break };
                    // From where it is known, not from the stack: what was stored in parts a moment ago is slow to load whole.
                    if let [_, MEMOIZE, after @ ..] = rest
                        && self.slots.is_none()
                        && self.memo.put_next(&value)
                    {
                        rest = after;
                        continue;
                    }
                    (1, true)
                }
                _ => {
                    if !self.takes(byte) {
                        break;
                    }
                    rest = rest.get(1..).unwrap_or_default();
                    if let Err(reject) = self.take_items(byte) {
                        result = Err((reject, byte));
                        break;
                    }
                    continue;
                }
            };
            if !done {
                break;
            }
            // Each of them has seen its argument.
            rest = rest.get(len..).unwrap_or_default();
            // What can be shared is memoized at once.
            match rest {
                [MEMOIZE, after @ ..] if self.fast_memoize() => rest = after,
                [LONG_BINPUT, index @ ..] => {
                    if let Some((index, after)) = index.split_first_chunk::<4>()
                        && self.fast_put(u64::from(u32::from_le_bytes(*index)))
                    {
                        rest = after;
                    }
                }
                _ => {}
            }
        }
        let at = window.len() - rest.len();
        if at > 0 {
            self.opcodes += 1;
            // What can be rejected is one byte.
            lexer.advance(at - 1, at);
        }
        result.map_err(|(reject, byte)| Rejected {
            reject,
            opcode: Opcode::of_byte(byte).map_or(Opcode::Stop, |info| info.opcode),
        })
    }

    /// Whether what an opcode that takes items from the stack needs is there.
    #[inline(always)]
    fn takes(&self, byte: u8) -> bool {
        match byte {
            TUPLE1 | TUPLE2 | TUPLE3 => self.stack.above() > usize::from(byte - TUPLE1),
            TUPLE | LIST => self.stack.has_mark(),
            // Picklers begin with an empty one.
            DICT => self.stack.has_mark() && self.stack.above() == 0,
            APPENDS | SETITEMS => self.stack.has_mark() && self.stack.below() > 0,
            APPEND | STACK_GLOBAL | REDUCE | NEWOBJ | BUILD => self.stack.above() >= 2,
            SETITEM => self.stack.above() >= 3,
            _ => false,
        }
    }

    /// Runs such an opcode.
    #[inline(always)]
    fn take_items(&mut self, byte: u8) -> Result<(), Reject> {
        match byte {
            TUPLE1 | TUPLE2 | TUPLE3 => self.tuple(usize::from(byte - TUPLE1) + 1),
            TUPLE | LIST => {
                let base = self.stack.unmark();
                self.collect(if byte == TUPLE { Kind::Tuple } else { Kind::List }, base)
            }
            DICT => {
                self.stack.unmark();
                self.push_new(Kind::Dict)
            }
            APPENDS => {
                let base = self.stack.unmark_items();
                self.append(base, false)
            }
            SETITEMS => {
                let base = self.stack.unmark();
                self.even(base).and_then(|()| self.set_items(base))
            }
            APPEND => self.append(self.stack.height() - 1, false),
            SETITEM => self.set_item(),
            STACK_GLOBAL => self.stack_global(),
            REDUCE => self.call_top(Form::Reduce),
            NEWOBJ => self.call_top(Form::NewObj),
            _ => self.build_top(),
        }
    }

    #[inline(always)]
    fn fast_new(&mut self, kind: Kind) -> Option<Value> {
        let slot = self.stack.slot()?;
        let value = Value::Object(self.graph.alloc(kind).ok()?);
        *slot = value;
        self.stack.keep_slot();
        Some(value)
    }

    #[inline]
    fn fast_text(&mut self, bytes: &[u8]) -> bool {
        let Some(slot) = self.stack.slot() else { return false };
        let Some((len, at)) = self.graph.stage_text(bytes) else { return false };
        *slot = Value::Str { len, at };
        self.stack.keep_slot();
        true
    }

    /// The text of UNICODE, and what follows it.
    #[inline(never)]
    fn ascii_line(&mut self, line: &[u8], behind: &[u8]) -> bool {
        match behind.first_chunk::<BLOCK>() {
            Some(block) if line.len() <= BLOCK => {
                begins_ascii(block, line.len()) && self.short_text(block, line.len()).is_some()
            }
            _ => line.is_ascii() && self.fast_text(line),
        }
    }

    #[inline(always)]
    fn short_text(&mut self, block: &[u8; BLOCK], len: usize) -> Option<Value> {
        let slot = self.stack.slot()?;
        let at = match self.foreseen.take(block, len) {
            Some(at) => at,
            None => self.graph.stage_short(block, len)?,
        };
        let value = Value::Str { len: len as u32, at };
        *slot = value;
        self.stack.keep_slot();
        Some(value)
    }

    #[inline]
    fn fast_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stack.is_free()
            && match self.graph.store_bytes(bytes) {
                Ok((len, at)) => self.stack.push_free(Value::Bytes { len, at }),
                Err(_) => false,
            }
    }

    #[inline(always)]
    fn fast_get(&mut self, index: u64) -> bool {
        match self.memo.value(index) {
            Some(value) => {
                if let Some(guess) = &mut self.guess {
                    guess.mark(index);
                }
                // What the first pass saw to be read was said to be shared when it was put there.
                if self.slots.is_none() {
                    share(&mut self.graph, value);
                }
                self.stack.copy_free(value)
            }
            None => false,
        }
    }

    #[inline(always)]
    fn fast_memoize(&mut self) -> bool {
        let Some(value) = self.stack.top() else { return false };
        if self.slots.is_some() {
            return self.put_planned(self.memo.count());
        }
        self.memo.put_next(value)
    }

    #[inline(always)]
    fn fast_put(&mut self, index: u64) -> bool {
        let Some(value) = self.stack.top() else { return false };
        if self.slots.is_some() {
            return self.put_planned(index);
        }
        self.memo.put_plain(index, value)
    }

    /// Puts the top where the first pass has seen which slots are read.
    #[inline]
    fn put_planned(&mut self, index: u64) -> bool {
        let (Some(value), Some(slots)) = (self.stack.top(), &self.slots) else { return false };
        if self.memo.count() >= self.max_memo {
            return false;
        }
        if !slots.is_read(index) {
            self.memo.skip();
            return true;
        }
        share(&mut self.graph, value);
        self.memo.put_plain(index, value)
    }
}

/// A value that stands in the memo for more than one place.
#[inline(always)]
fn share(graph: &mut Graph, value: &Value) {
    if let Value::Object(id) = value {
        graph.mark_shared(*id);
    }
}
