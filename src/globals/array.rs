//! `array.array`: elements as little-endian bytes of a machine format.
//!
//! Source: CPython `Modules/arraymodule.c` (`array_array_reconstructor`, `mformat_descriptors`, 3.13). Below protocol 3, and in
//! Python 2, a pickle holds the elements one by one; a bytes argument is what Python 2.5 and 2.6 on a 64-bit little-endian system
//! wrote. From protocol 3 on the machine format rules over the typecode, whose width is the writer's (`l` has 4 or 8 bytes).

use super::args;
use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms};
use crate::machine::Reject;
use crate::model::graph::Kind;
use crate::model::value::Value;

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "array",
        modules: &[module("array")],
        names: &["array"],
        uses: Use::Data(&ARRAY),
        guard: "(typecode, list of numbers in its range or of characters), (typecode, bytes), ('u' or 'w', str)",
    },
    Row {
        kind: "array",
        modules: &[module("array")],
        names: &["_array_reconstructor"],
        uses: Use::Data(&RECONSTRUCTOR),
        guard: "(array.array, typecode, machine format 0 to 21 that fits it, bytes of whole elements)",
    },
];

static ARRAY: Class = Class { forms: Forms::REDUCE, call: array, build: None, bare: true };
static RECONSTRUCTOR: Class = Class { forms: Forms::REDUCE, call: reconstructor, build: None, bare: false };

/// What a machine format holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Unsigned,
    Signed,
    Float,
    Utf16,
    Utf32,
}

/// Machine format of UTF-32, little-endian: how every array of characters is kept.
const UTF32: i64 = 20;

/// What the formats 0 to 21 hold and how many bytes an element has; the higher of each pair from 2 on is big-endian.
fn format(code: i64) -> Option<(Element, usize)> {
    Some(match code {
        0 => (Element::Unsigned, 1),
        1 => (Element::Signed, 1),
        2 | 3 => (Element::Unsigned, 2),
        4 | 5 => (Element::Signed, 2),
        6 | 7 => (Element::Unsigned, 4),
        8 | 9 => (Element::Signed, 4),
        10 | 11 => (Element::Unsigned, 8),
        12 | 13 => (Element::Signed, 8),
        14 | 15 => (Element::Float, 4),
        16 | 17 => (Element::Float, 8),
        18 | 19 => (Element::Utf16, 2),
        20 | 21 => (Element::Utf32, 4),
        _ => return None,
    })
}

/// The machine format of a typecode on 64-bit Unix.
pub(crate) fn native(typecode: char) -> Option<i64> {
    Some(match typecode {
        'c' | 'B' => 0,
        'b' => 1,
        'H' => 2,
        'h' => 4,
        'I' => 6,
        'i' => 8,
        'L' | 'Q' => 10,
        'l' | 'q' => 12,
        'f' => 14,
        'd' => 16,
        'u' | 'w' => UTF32,
        _ => return None,
    })
}

/// Whether some system writes a typecode in that format.
fn fits(typecode: char, element: Element, width: usize) -> bool {
    match (typecode, element) {
        ('B', Element::Unsigned) | ('b', Element::Signed) => width == 1,
        ('H', Element::Unsigned) | ('h', Element::Signed) => width == 2,
        ('I', Element::Unsigned) | ('i', Element::Signed) => width == 2 || width == 4,
        ('L', Element::Unsigned) | ('l', Element::Signed) => width == 4 || width == 8,
        ('Q', Element::Unsigned) | ('q', Element::Signed) => width == 8,
        ('f', Element::Float) => width == 4,
        ('d', Element::Float) => width == 8,
        ('u', Element::Utf16 | Element::Utf32) | ('w', Element::Utf32) => true,
        _ => false,
    }
}

fn typecode(ctx: &Ctx<'_>, value: Value) -> Option<char> {
    let mut chars = args::text(ctx.graph, value)?.chars();
    chars.next().filter(|_| chars.as_str().is_empty())
}

fn make(ctx: &mut Ctx<'_>, typecode: char, format: i64, bytes: &[u8]) -> Result<Value, Reject> {
    let bytes = ctx.graph.new_bytes(bytes)?;
    let items = [Value::Int(i64::from(u32::from(typecode))), Value::Int(format), bytes];
    Ok(Value::Object(ctx.graph.object(Kind::Array, &items)?))
}

fn array(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [code, content] = *ctx.args else {
        return ctx.reject(format!("expected a typecode and its elements, found {} arguments", ctx.args.len()));
    };
    let Some((code, native)) = typecode(ctx, code).and_then(|code| Some((code, native(code)?))) else {
        return ctx.reject("expected a typecode of `bBuwhHiIlLqQfdc`");
    };
    if let Some(list) = args::sequence(ctx.graph, content) {
        let mut bytes = Vec::new();
        // Elements are at most 8 bytes; the list may be one that many arrays are made of.
        ctx.graph.charge(ctx.graph.count(list) as u64)?;
        for item in ctx.graph.items(list) {
            if !push(ctx, &mut bytes, code, native, item) {
                let found = args::type_name(ctx.graph, item);
                return ctx.reject(format!("expected elements in the range of typecode `{code}`, found {found}"));
            }
        }
        return make(ctx, code, native, &bytes);
    }
    let characters = matches!(code, 'u' | 'w');
    match content {
        Value::Str { len, .. } | Value::Wtf8 { len, .. } if characters => {
            ctx.graph.charge(u64::from(len).saturating_mul(4))?;
            let bytes = code_points(ctx, content).unwrap_or_default();
            make(ctx, code, native, &bytes)
        }
        Value::Bytes { len, at } | Value::Py2Str { len, at } if !characters => {
            ctx.graph.charge(ctx.graph.byte_len(len, at))?;
            let bytes = ctx.graph.bytes(len, at).to_vec();
            finish(ctx, code, native, bytes)
        }
        other => ctx.reject(format!(
            "expected a list or bytes as elements of typecode `{code}`, found {}",
            args::type_name(ctx.graph, other)
        )),
    }
}

/// Adds one element of a list; `false` where it is none of that typecode.
fn push(ctx: &Ctx<'_>, out: &mut Vec<u8>, code: char, native: i64, item: Value) -> bool {
    let Some((element, width)) = format(native) else { return false };
    match (code, element) {
        ('c', _) => match args::bytes(ctx.graph, item) {
            Some(&[byte]) => out.push(byte),
            _ => return false,
        },
        (_, Element::Unsigned | Element::Signed) => {
            let Some(number) = args::big_int(ctx.graph, item).and_then(|n| i128::try_from(n).ok()) else {
                return false;
            };
            let bits = 8 * width;
            let (low, high) = match element {
                Element::Signed => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
                _ => (0, (1_i128 << bits) - 1),
            };
            if number < low || number > high {
                return false;
            }
            out.extend(number.to_le_bytes().iter().take(width));
        }
        (_, Element::Float) => {
            let Some(number) = args::float(item) else { return false };
            if width == 8 {
                out.extend_from_slice(&number.to_le_bytes());
                return true;
            }
            let narrow = number as f32;
            // Python wrote the exact value of a float32; anything else would be rounded.
            if f64::from(narrow) != number && !number.is_nan() {
                return false;
            }
            out.extend_from_slice(&narrow.to_le_bytes());
        }
        (_, Element::Utf16 | Element::Utf32) => match code_points(ctx, item) {
            Some(one) if one.len() == 4 => out.extend(one),
            _ => return false,
        },
    }
    true
}

/// The code points of a str as UTF-32, little-endian.
fn code_points(ctx: &Ctx<'_>, value: Value) -> Option<Vec<u8>> {
    match value {
        Value::Str { len, at } => {
            Some(ctx.graph.text(len, at).chars().flat_map(|c| u32::from(c).to_le_bytes()).collect())
        }
        Value::Wtf8 { len, at } => {
            let mut out = Vec::new();
            let mut rest = ctx.graph.bytes(len, at);
            while let Some(chunk) = rest.utf8_chunks().next() {
                out.extend(chunk.valid().chars().flat_map(|c| u32::from(c).to_le_bytes()));
                rest = rest.get(chunk.valid().len()..).unwrap_or(&[]);
                // What is not UTF-8 here is a surrogate in three bytes.
                if let Some((&[lead, middle, last], after)) = rest.split_first_chunk::<3>() {
                    let code = u32::from(lead & 0xf) << 12 | u32::from(middle & 0x3f) << 6 | u32::from(last & 0x3f);
                    out.extend(code.to_le_bytes());
                    rest = after;
                }
            }
            Some(out)
        }
        _ => None,
    }
}

fn reconstructor(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [Value::Global(class), code, format_code, content] = *ctx.args else {
        return ctx.reject("expected array.array, a typecode, a machine format and bytes");
    };
    let name = ctx.graph.global(class);
    if name.module != "array" || name.name != "array" {
        let problem = format!("expected array.array, found `{name}`");
        return ctx.reject(problem);
    }
    let found = args::int(format_code).and_then(|code| format(code).map(|f| (code, f)));
    let (Some(code), Some((format_code, (element, width)))) = (typecode(ctx, code), found) else {
        return ctx.reject("expected a typecode and a machine format from 0 to 21");
    };
    if !fits(code, element, width) {
        return ctx.reject(format!("expected a machine format of typecode `{code}`, found {format_code}"));
    }
    let Some(bytes) = args::bytes(ctx.graph, content) else {
        return ctx.reject(format!("expected bytes, found {}", args::type_name(ctx.graph, content)));
    };
    let len = bytes.len();
    // A copy, and twice as much where UTF-16 becomes UTF-32.
    ctx.graph.charge(2 * len as u64)?;
    let mut bytes = args::bytes(ctx.graph, content).unwrap_or(&[]).to_vec();
    if !len.is_multiple_of(width) {
        return ctx.reject(format!("expected bytes of whole elements of {width}, found {len}"));
    }
    let big_endian = format_code > 1 && format_code % 2 == 1;
    if big_endian {
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
    if element == Element::Utf16 {
        let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
        let mut wide = Vec::with_capacity(2 * len);
        for c in char::decode_utf16(units) {
            let Ok(c) = c else { return ctx.reject("expected UTF-16, found a lone surrogate") };
            wide.extend(u32::from(c).to_le_bytes());
        }
        return make(ctx, code, UTF32, &wide);
    }
    finish(ctx, code, format_code - i64::from(big_endian), bytes)
}

/// The array of little-endian bytes, after a last look at them.
fn finish(ctx: &mut Ctx<'_>, code: char, native: i64, bytes: Vec<u8>) -> Result<Value, Reject> {
    let width = format(native).map_or(1, |(_, width)| width);
    if !bytes.len().is_multiple_of(width) {
        return ctx.reject(format!("expected bytes of whole elements of {width}, found {}", bytes.len()));
    }
    if native == UTF32 {
        let beyond = bytes.as_chunks::<4>().0.iter().find(|unit| u32::from_le_bytes(**unit) > 0x10_ffff);
        if beyond.is_some() {
            return ctx.reject("expected code points up to U+10FFFF");
        }
    }
    make(ctx, code, native, &bytes)
}
