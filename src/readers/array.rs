//! `array.array`: elements back into the bytes of the typecode's machine format.
//!
//! The width of `i`, `I`, `l` and `L` is that of the system that wrote the pickle and is no part of the value; here it is that
//! of 64-bit Unix.

use std::io::Read;

use num_bigint::BigInt;

use super::leaf::malformed;
use super::tagged_json::{Parser, over};
use super::tokens::Token;
use crate::error::Error;
use crate::globals::array::native;
use crate::model::float32;
use crate::model::value::{NodeId, Value};

/// Machine format of UTF-32, little-endian.
const UTF32: i64 = 20;
/// Bytes that are charged at once for the elements.
const CHUNK: usize = 1 << 12;

impl<R: Read> Parser<R> {
    /// `{"typecode": text, "values": …}`
    pub(super) fn array(&mut self, id: NodeId) -> Result<(), Error> {
        self.tokens.begin_object()?;
        self.tokens.expect_name("typecode")?;
        let text = self.tokens.str()?;
        let mut chars = text.chars();
        let code = chars.next().filter(|_| chars.as_str().is_empty()).and_then(|c| Some((c, native(c)?)));
        let Some((code, format)) = code else {
            return malformed("a typecode of `bBuwhHiIlLqQfdc`", text);
        };
        self.tokens.expect_name("values")?;
        let bytes = match (code, format) {
            ('c', _) => {
                self.tokens.begin_object()?;
                self.tokens.expect_name("$bytes")?;
                let bytes = self.base64()?;
                self.end_tag()?;
                bytes
            }
            (_, UTF32) => {
                let text = self.any_text()?;
                self.graph.charge((text.len() as u64).saturating_mul(4)).map_err(over)?;
                code_points(&text)
            }
            _ => self.elements(code, format)?,
        };
        self.tokens.end_object()?;
        let bytes = self.graph.new_bytes(&bytes).map_err(over)?;
        let items = [Value::Int(i64::from(u32::from(code))), Value::Int(format), bytes];
        self.graph.append(id, &items).map_err(over)
    }

    fn elements(&mut self, code: char, format: i64) -> Result<Vec<u8>, Error> {
        self.tokens.begin_array()?;
        let mut out = Vec::new();
        let mut charged = 0;
        while self.tokens.has_next()? {
            if out.len() >= charged {
                let more = charged.max(CHUNK);
                self.graph.allow_memory(crate::limits::memory_for(self.max_memory, self.tokens.at()));
                self.graph.charge(more as u64).map_err(over)?;
                charged += more;
            }
            match format {
                14 => {
                    let value = self.float()?;
                    let Some(narrow) = float32::narrow(value) else {
                        return self.tokens.bad("expected a float that 32 bits hold exactly, found another");
                    };
                    out.extend(narrow.to_le_bytes());
                }
                16 => out.extend(self.float()?.to_le_bytes()),
                _ => self.element(code, format, &mut out)?,
            }
        }
        self.tokens.end_array()?;
        Ok(out)
    }

    fn element(&mut self, code: char, format: i64, out: &mut Vec<u8>) -> Result<(), Error> {
        let wide = match self.tokens.peek()? {
            Token::Number => match self.int()? {
                Value::Int(n) => Some(i128::from(n)),
                Value::Big { len, at } => i128::try_from(BigInt::from_signed_bytes_le(self.graph.bytes(len, at))).ok(),
                _ => None,
            },
            _ => return self.tokens.bad("expected an int, found something else"),
        };
        let fits = wide.and_then(|n| match format {
            0 => u8::try_from(n).ok().map(|n| out.push(n)),
            1 => i8::try_from(n).ok().map(|n| out.extend(n.to_le_bytes())),
            2 => u16::try_from(n).ok().map(|n| out.extend(n.to_le_bytes())),
            4 => i16::try_from(n).ok().map(|n| out.extend(n.to_le_bytes())),
            6 => u32::try_from(n).ok().map(|n| out.extend(n.to_le_bytes())),
            8 => i32::try_from(n).ok().map(|n| out.extend(n.to_le_bytes())),
            10 => u64::try_from(n).ok().map(|n| out.extend(n.to_le_bytes())),
            _ => i64::try_from(n).ok().map(|n| out.extend(n.to_le_bytes())),
        });
        match fits {
            Some(()) => Ok(()),
            None => self.tokens.bad(format!("expected an int in the range of typecode `{code}`, found another")),
        }
    }
}

/// UTF-8 with `surrogatepass` as UTF-32, little-endian.
fn code_points(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
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
    out
}
