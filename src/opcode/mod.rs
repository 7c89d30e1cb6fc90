//! The one opcode table: every opcode of protocols 0–5, its argument and its effect on the stack.
//!
//! The enum, the lexer, the disassembler and the machine's arity check derive from it; a test compares it with a dump
//! of `pickletools.opcodes`. It knows bytes and arguments, never a stack's content.

pub(crate) mod arg;
pub(crate) mod dis;
pub(crate) mod lexer;

/// How an opcode's argument is written, by `pickletools`' names for argument kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// No argument.
    None,
    /// `uint1`: one byte.
    Uint1,
    /// `uint2`: two bytes, little-endian.
    Uint2,
    /// `uint4`: four bytes, little-endian.
    Uint4,
    /// `uint8`: eight bytes, little-endian.
    Uint8,
    /// `int4`: four bytes, little-endian, signed.
    Int4,
    /// `stringnl`: a quoted string with Python 2 escapes, up to a newline.
    StringNl,
    /// `stringnl_noescape`: a line.
    StringNlNoEscape,
    /// `stringnl_noescape_pair`: two lines.
    StringNlNoEscapePair,
    /// `string1`: one length byte, then 8-bit characters.
    String1,
    /// `string4`: a signed four-byte length, then 8-bit characters.
    String4,
    /// `bytes1`: one length byte, then bytes.
    Bytes1,
    /// `bytes4`: four length bytes, then bytes.
    Bytes4,
    /// `bytes8`: eight length bytes, then bytes.
    Bytes8,
    /// `bytearray8`: eight length bytes, then bytes.
    ByteArray8,
    /// `unicodestringnl`: raw-unicode-escape text up to a newline.
    UnicodeStringNl,
    /// `unicodestring1`: one length byte, then UTF-8 with `surrogatepass`.
    UnicodeString1,
    /// `unicodestring4`: four length bytes, then UTF-8 with `surrogatepass`.
    UnicodeString4,
    /// `unicodestring8`: eight length bytes, then UTF-8 with `surrogatepass`.
    UnicodeString8,
    /// `decimalnl_short`: a decimal integer up to a newline; `00` and `01` are bools where INT says so.
    DecimalNlShort,
    /// `decimalnl_long`: a decimal integer with an optional `L` up to a newline.
    DecimalNlLong,
    /// `floatnl`: a float's `repr` up to a newline.
    FloatNl,
    /// `float8`: eight bytes, big-endian IEEE 754.
    Float8,
    /// `long1`: one length byte, then a little-endian two's complement integer.
    Long1,
    /// `long4`: a signed four-byte length, then a little-endian two's complement integer.
    Long4,
}

impl ArgKind {
    /// `pickletools`' name; empty where there is no argument.
    pub fn name(self) -> &'static str {
        match self {
            ArgKind::None => "",
            ArgKind::Uint1 => "uint1",
            ArgKind::Uint2 => "uint2",
            ArgKind::Uint4 => "uint4",
            ArgKind::Uint8 => "uint8",
            ArgKind::Int4 => "int4",
            ArgKind::StringNl => "stringnl",
            ArgKind::StringNlNoEscape => "stringnl_noescape",
            ArgKind::StringNlNoEscapePair => "stringnl_noescape_pair",
            ArgKind::String1 => "string1",
            ArgKind::String4 => "string4",
            ArgKind::Bytes1 => "bytes1",
            ArgKind::Bytes4 => "bytes4",
            ArgKind::Bytes8 => "bytes8",
            ArgKind::ByteArray8 => "bytearray8",
            ArgKind::UnicodeStringNl => "unicodestringnl",
            ArgKind::UnicodeString1 => "unicodestring1",
            ArgKind::UnicodeString4 => "unicodestring4",
            ArgKind::UnicodeString8 => "unicodestring8",
            ArgKind::DecimalNlShort => "decimalnl_short",
            ArgKind::DecimalNlLong => "decimalnl_long",
            ArgKind::FloatNl => "floatnl",
            ArgKind::Float8 => "float8",
            ArgKind::Long1 => "long1",
            ArgKind::Long4 => "long4",
        }
    }
}

/// What stands on the stack before or after an opcode, top last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Anything.
    Any,
    /// An int.
    Int,
    /// An int or a bool (INT).
    IntOrBool,
    /// A bool.
    Bool,
    /// A float.
    Float,
    /// None.
    None,
    /// A str.
    Str,
    /// Python 2 str.
    BytesOrStr,
    /// Bytes.
    Bytes,
    /// A bytearray.
    ByteArray,
    /// An out-of-band buffer.
    Buffer,
    /// A tuple.
    Tuple,
    /// A list.
    List,
    /// A dict.
    Dict,
    /// A set.
    Set,
    /// A frozenset.
    FrozenSet,
    /// The topmost mark.
    Mark,
    /// Everything above the topmost mark.
    StackSlice,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OpcodeInfo {
    /// The opcode.
    pub opcode: Opcode,
    /// Its byte.
    pub byte: u8,
    /// `pickletools`' name.
    pub name: &'static str,
    /// The protocol that introduced it.
    pub protocol: u8,
    /// Its argument.
    pub arg: ArgKind,
    /// What it takes, top last.
    pub before: &'static [Slot],
    /// What it leaves, top last.
    pub after: &'static [Slot],
    /// Items taken above the topmost mark (or, without a mark, above the fence).
    pub above: u8,
    /// Whether it takes everything down to the topmost mark.
    pub to_mark: bool,
    /// Items taken below that mark.
    pub below: u8,
}

const fn count_below(before: &[Slot]) -> (u8, bool, u8) {
    let (mut above, mut to_mark, mut below, mut i) = (0, false, 0, 0);
    while i < before.len() {
        match before[i] {
            Slot::Mark => {
                to_mark = true;
                below = above;
                above = 0;
            }
            Slot::StackSlice => {}
            Slot::Any
            | Slot::Int
            | Slot::IntOrBool
            | Slot::Bool
            | Slot::Float
            | Slot::None
            | Slot::Str
            | Slot::BytesOrStr
            | Slot::Bytes
            | Slot::ByteArray
            | Slot::Buffer
            | Slot::Tuple
            | Slot::List
            | Slot::Dict
            | Slot::Set
            | Slot::FrozenSet => above += 1,
        }
        i += 1;
    }
    (above, to_mark, below)
}

macro_rules! opcodes {
    ($($byte:literal, $variant:ident, $name:literal, $proto:literal, $arg:ident, [$($before:ident)*], [$($after:ident)*];)*) => {
        /// An opcode; the discriminant is its byte.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Opcode {
            $(#[doc = concat!("`", $name, "`, protocol ", stringify!($proto))] $variant = $byte,)*
        }

        /// All opcodes, by byte.
        pub static OPCODES: &[OpcodeInfo] = &[$({
            const EFFECT: (u8, bool, u8) = count_below(&[$(Slot::$before),*]);
            OpcodeInfo {
                opcode: Opcode::$variant,
                byte: $byte,
                name: $name,
                protocol: $proto,
                arg: ArgKind::$arg,
                before: &[$(Slot::$before),*],
                after: &[$(Slot::$after),*],
                above: EFFECT.0,
                to_mark: EFFECT.1,
                below: EFFECT.2,
            }
        },)*];
    };
}

opcodes! {
    0x28, Mark, "MARK", 0, None, [], [Mark];
    0x29, EmptyTuple, "EMPTY_TUPLE", 1, None, [], [Tuple];
    0x2e, Stop, "STOP", 0, None, [Any], [];
    0x30, Pop, "POP", 0, None, [Any], [];
    0x31, PopMark, "POP_MARK", 1, None, [Mark StackSlice], [];
    0x32, Dup, "DUP", 0, None, [Any], [Any Any];
    0x42, Binbytes, "BINBYTES", 3, Bytes4, [], [Bytes];
    0x43, ShortBinbytes, "SHORT_BINBYTES", 3, Bytes1, [], [Bytes];
    0x46, Float, "FLOAT", 0, FloatNl, [], [Float];
    0x47, Binfloat, "BINFLOAT", 1, Float8, [], [Float];
    0x49, Int, "INT", 0, DecimalNlShort, [], [IntOrBool];
    0x4a, Binint, "BININT", 1, Int4, [], [Int];
    0x4b, Binint1, "BININT1", 1, Uint1, [], [Int];
    0x4c, Long, "LONG", 0, DecimalNlLong, [], [Int];
    0x4d, Binint2, "BININT2", 1, Uint2, [], [Int];
    0x4e, None, "NONE", 0, None, [], [None];
    0x50, Persid, "PERSID", 0, StringNlNoEscape, [], [Any];
    0x51, Binpersid, "BINPERSID", 1, None, [Any], [Any];
    0x52, Reduce, "REDUCE", 0, None, [Any Any], [Any];
    0x53, String, "STRING", 0, StringNl, [], [BytesOrStr];
    0x54, Binstring, "BINSTRING", 1, String4, [], [BytesOrStr];
    0x55, ShortBinstring, "SHORT_BINSTRING", 1, String1, [], [BytesOrStr];
    0x56, Unicode, "UNICODE", 0, UnicodeStringNl, [], [Str];
    0x58, Binunicode, "BINUNICODE", 1, UnicodeString4, [], [Str];
    0x5d, EmptyList, "EMPTY_LIST", 1, None, [], [List];
    0x61, Append, "APPEND", 0, None, [List Any], [List];
    0x62, Build, "BUILD", 0, None, [Any Any], [Any];
    0x63, Global, "GLOBAL", 0, StringNlNoEscapePair, [], [Any];
    0x64, Dict, "DICT", 0, None, [Mark StackSlice], [Dict];
    0x65, Appends, "APPENDS", 1, None, [List Mark StackSlice], [List];
    0x67, Get, "GET", 0, DecimalNlShort, [], [Any];
    0x68, Binget, "BINGET", 1, Uint1, [], [Any];
    0x69, Inst, "INST", 0, StringNlNoEscapePair, [Mark StackSlice], [Any];
    0x6a, LongBinget, "LONG_BINGET", 1, Uint4, [], [Any];
    0x6c, List, "LIST", 0, None, [Mark StackSlice], [List];
    0x6f, Obj, "OBJ", 1, None, [Mark Any StackSlice], [Any];
    0x70, Put, "PUT", 0, DecimalNlShort, [], [];
    0x71, Binput, "BINPUT", 1, Uint1, [], [];
    0x72, LongBinput, "LONG_BINPUT", 1, Uint4, [], [];
    0x73, Setitem, "SETITEM", 0, None, [Dict Any Any], [Dict];
    0x74, Tuple, "TUPLE", 0, None, [Mark StackSlice], [Tuple];
    0x75, Setitems, "SETITEMS", 1, None, [Dict Mark StackSlice], [Dict];
    0x7d, EmptyDict, "EMPTY_DICT", 1, None, [], [Dict];
    0x80, Proto, "PROTO", 2, Uint1, [], [];
    0x81, Newobj, "NEWOBJ", 2, None, [Any Any], [Any];
    0x82, Ext1, "EXT1", 2, Uint1, [], [Any];
    0x83, Ext2, "EXT2", 2, Uint2, [], [Any];
    0x84, Ext4, "EXT4", 2, Int4, [], [Any];
    0x85, Tuple1, "TUPLE1", 2, None, [Any], [Tuple];
    0x86, Tuple2, "TUPLE2", 2, None, [Any Any], [Tuple];
    0x87, Tuple3, "TUPLE3", 2, None, [Any Any Any], [Tuple];
    0x88, Newtrue, "NEWTRUE", 2, None, [], [Bool];
    0x89, Newfalse, "NEWFALSE", 2, None, [], [Bool];
    0x8a, Long1, "LONG1", 2, Long1, [], [Int];
    0x8b, Long4, "LONG4", 2, Long4, [], [Int];
    0x8c, ShortBinunicode, "SHORT_BINUNICODE", 4, UnicodeString1, [], [Str];
    0x8d, Binunicode8, "BINUNICODE8", 4, UnicodeString8, [], [Str];
    0x8e, Binbytes8, "BINBYTES8", 4, Bytes8, [], [Bytes];
    0x8f, EmptySet, "EMPTY_SET", 4, None, [], [Set];
    0x90, Additems, "ADDITEMS", 4, None, [Set Mark StackSlice], [Set];
    0x91, Frozenset, "FROZENSET", 4, None, [Mark StackSlice], [FrozenSet];
    0x92, NewobjEx, "NEWOBJ_EX", 4, None, [Any Any Any], [Any];
    0x93, StackGlobal, "STACK_GLOBAL", 4, None, [Str Str], [Any];
    0x94, Memoize, "MEMOIZE", 4, None, [Any], [Any];
    0x95, Frame, "FRAME", 4, Uint8, [], [];
    0x96, Bytearray8, "BYTEARRAY8", 5, ByteArray8, [], [ByteArray];
    0x97, NextBuffer, "NEXT_BUFFER", 5, None, [], [Buffer];
    0x98, ReadonlyBuffer, "READONLY_BUFFER", 5, None, [Buffer], [Buffer];
}

/// The row of each byte, for the lexer.
static BY_BYTE: [Option<&OpcodeInfo>; 256] = {
    let mut table = [None; 256];
    let mut i = 0;
    while i < OPCODES.len() {
        table[OPCODES[i].byte as usize] = Some(&OPCODES[i]);
        i += 1;
    }
    table
};

impl Opcode {
    /// The row of a byte, if it is an opcode.
    #[inline]
    pub fn of_byte(byte: u8) -> Option<&'static OpcodeInfo> {
        BY_BYTE[usize::from(byte)]
    }

    /// How its argument is written.
    pub(crate) const fn arg_of(self) -> ArgKind {
        match BY_BYTE[self as usize] {
            Some(info) => info.arg,
            None => ArgKind::None,
        }
    }

    /// `pickletools`' name.
    pub fn name(self) -> &'static str {
        Opcode::of_byte(self as u8).map_or("", |info| info.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `testdata/opcodes.tsv` is a dump of `pickletools.opcodes` (`testdata/generate/opcodes.py`).
    #[test]
    fn the_table_is_pickletools_table() {
        let dump = include_str!("../../testdata/opcodes.tsv");
        let slot = |s: &Slot| match s {
            Slot::Any => "any",
            Slot::Int => "int",
            Slot::IntOrBool => "int_or_bool",
            Slot::Bool => "bool",
            Slot::Float => "float",
            Slot::None => "None",
            Slot::Str => "str",
            Slot::BytesOrStr => "bytes_or_str",
            Slot::Bytes => "bytes",
            Slot::ByteArray => "bytearray",
            Slot::Buffer => "buffer",
            Slot::Tuple => "tuple",
            Slot::List => "list",
            Slot::Dict => "dict",
            Slot::Set => "set",
            Slot::FrozenSet => "frozenset",
            Slot::Mark => "mark",
            Slot::StackSlice => "stackslice",
        };
        let slots = |s: &[Slot]| s.iter().map(slot).collect::<Vec<_>>().join(" ");
        let ours: Vec<String> = OPCODES
            .iter()
            .map(|o| {
                format!(
                    "{:02x}\t{}\t{}\t{}\t{}\t{}",
                    o.byte,
                    o.name,
                    o.protocol,
                    o.arg.name(),
                    slots(o.before),
                    slots(o.after)
                )
            })
            .collect();
        let theirs: Vec<&str> = dump.lines().skip(1).collect();
        assert_eq!(ours, theirs);
        assert_eq!(OPCODES.len(), 68);
    }
}
