//! The header of an array file (`.npy`), as a tiny grammar of literals: nothing is evaluated.
//!
//! Facts: numpy, `numpy/lib/format.py` ("Format Version 1.0" to "3.0"). Deliberately absent: what dtypes mean, and the body.

use std::io::{self, Read};

use crate::error::Error;
use crate::location::Location;

/// What a file begins with.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";
/// Bytes of a header. numpy itself stops at 10,000 unless it is told to trust the file; dtypes of thousands of fields pass.
const MAX_HEADER: usize = 1 << 20;
/// Lists and tuples inside each other.
const MAX_DEPTH: u32 = 32;

/// What a header says.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) descr: Literal,
    pub(crate) fortran_order: bool,
    /// Any ints: whether they are sizes is not the grammar's matter.
    pub(crate) shape: Vec<i64>,
    /// Bytes before the body.
    pub(crate) len: u64,
}

/// A part of the description of a dtype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    Text(String),
    Int(i64),
    List(Vec<Literal>),
    Tuple(Vec<Literal>),
}

/// Reads a header, and leaves `source` at the body.
///
/// # Errors
/// Malformed for anything that numpy does not write; what `source` fails with.
pub(crate) fn read(source: &mut dyn Read) -> Result<Header, Error> {
    let [magic @ .., major, minor]: [u8; 8] = array(source, 0)?;
    if magic != *MAGIC {
        return Err(Error::malformed("expected an array file (.npy)", Location::offset(0)));
    }
    let (len, before) = match (major, minor) {
        (1, 0) => (usize::from(u16::from_le_bytes(array(source, 8)?)), 10),
        (2 | 3, 0) => (usize::try_from(u32::from_le_bytes(array(source, 8)?)).unwrap_or(usize::MAX), 12),
        _ => {
            let what = format!("expected an array file of version 1.0, 2.0 or 3.0, found {major}.{minor}");
            return Err(Error::malformed(what, Location::offset(6)));
        }
    };
    if len > MAX_HEADER {
        let what = format!("expected a header of up to {MAX_HEADER} bytes, found {len}");
        return Err(Error::malformed(what, Location::offset(8)));
    }
    let mut bytes = vec![0; len];
    fill(source, &mut bytes, before)?;
    let text = if major == 3 {
        let valid = String::from_utf8(bytes);
        valid.map_err(|_| Error::malformed("expected UTF-8 in the header", Location::offset(before)))?
    } else {
        bytes.into_iter().map(char::from).collect()
    };
    let (descr, fortran_order, shape) = Parser { rest: &text, len: text.len(), before, depth: 0 }.header()?;
    Ok(Header { descr, fortran_order, shape, len: before + len as u64 })
}

fn array<const N: usize>(source: &mut dyn Read, at: u64) -> Result<[u8; N], Error> {
    let mut out = [0; N];
    fill(source, &mut out, at)?;
    Ok(out)
}

fn fill(source: &mut dyn Read, buf: &mut [u8], at: u64) -> Result<(), Error> {
    source.read_exact(buf).map_err(|e| {
        if e.kind() == io::ErrorKind::UnexpectedEof {
            return Error::malformed("truncated: the header of an array file ends early", Location::offset(at));
        }
        Error::from_read(e, Location::offset(at))
    })
}

/// Reads literals as Python writes them with `repr`.
struct Parser<'t> {
    rest: &'t str,
    /// Length of the whole text, and bytes before it.
    len: usize,
    before: u64,
    depth: u32,
}

impl Parser<'_> {
    fn expected(&self, what: &str) -> Error {
        let at = self.before + (self.len - self.rest.len()) as u64;
        Error::malformed(format!("expected {what} in the header of an array file"), Location::offset(at))
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n']);
    }

    fn next_is(&mut self, token: char) -> bool {
        self.blanks();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: char) -> Result<(), Error> {
        if self.next_is(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    /// A dict of exactly the three keys, in any order.
    fn header(&mut self) -> Result<(Literal, bool, Vec<i64>), Error> {
        let (mut descr, mut order, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.next_is('}') {
            let key = self.text()?;
            self.expect(':')?;
            let twice = match key.as_str() {
                "descr" => descr.replace(self.literal()?).is_some(),
                "fortran_order" => order.replace(self.truth()?).is_some(),
                "shape" => match self.literal()? {
                    Literal::Tuple(items) => shape.replace(self.ints(&items)?).is_some(),
                    _ => return Err(self.expected("a tuple of ints as `shape`")),
                },
                _ => return Err(self.expected("`descr`, `fortran_order` or `shape`")),
            };
            if twice {
                return Err(self.expected("each key once"));
            }
            if !self.next_is(',') {
                self.expect('}')?;
                break;
            }
        }
        self.blanks();
        if !self.rest.is_empty() {
            return Err(self.expected("nothing behind the dict"));
        }
        match (descr, order, shape) {
            (Some(descr), Some(order), Some(shape)) => Ok((descr, order, shape)),
            _ => Err(self.expected("`descr`, `fortran_order` and `shape`")),
        }
    }

    fn ints(&self, items: &[Literal]) -> Result<Vec<i64>, Error> {
        let ints = items.iter().map(|item| if let Literal::Int(n) = item { Some(*n) } else { None });
        ints.collect::<Option<_>>().ok_or_else(|| self.expected("ints"))
    }

    fn truth(&mut self) -> Result<bool, Error> {
        self.blanks();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.expected("True or False"))
    }

    /// As deep as `MAX_DEPTH`.
    fn literal(&mut self) -> Result<Literal, Error> {
        self.blanks();
        match self.rest.chars().next() {
            Some('\'' | '"') => self.text().map(Literal::Text),
            Some('-' | '0'..='9') => self.int().map(Literal::Int),
            Some('[') => self.items('[', ']').map(|(items, _)| Literal::List(items)),
            Some('(') => match self.items('(', ')')? {
                (items, false) if items.len() == 1 => Err(self.expected("`,` behind the one item of a tuple")),
                (items, _) => Ok(Literal::Tuple(items)),
            },
            Some(_) | None => Err(self.expected("text, an int, a list or a tuple")),
        }
    }

    /// Items between brackets, and whether a comma follows the last.
    fn items(&mut self, open: char, close: char) -> Result<(Vec<Literal>, bool), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.expected(&format!("at most {MAX_DEPTH} levels of lists and tuples")));
        }
        self.expect(open)?;
        let (mut items, mut comma) = (Vec::new(), false);
        while !self.next_is(close) {
            items.push(self.literal()?);
            comma = self.next_is(',');
            if !comma {
                self.expect(close)?;
                break;
            }
        }
        self.depth -= 1;
        Ok((items, comma))
    }

    /// Digits; Python 2 writes an `L` behind a long.
    fn int(&mut self) -> Result<i64, Error> {
        let digits = self.rest.strip_prefix('-').unwrap_or(self.rest);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        let (text, rest) = self.rest.split_at(self.rest.len() - digits.len() + count);
        let padded = count > 1 && digits.starts_with('0');
        match text.parse() {
            Ok(n) if !padded => {
                self.rest = rest.strip_prefix('L').unwrap_or(rest);
                Ok(n)
            }
            Ok(_) | Err(_) => Err(self.expected("an int of 64 bits")),
        }
    }

    /// A str with the escapes that `repr` writes.
    fn text(&mut self) -> Result<String, Error> {
        self.blanks();
        let mut chars = self.rest.chars();
        let quote = chars.next().filter(|c| matches!(c, '\'' | '"')).ok_or_else(|| self.expected("text in quotes"))?;
        let mut out = String::new();
        loop {
            match chars.next() {
                Some(c) if c == quote => {
                    self.rest = chars.as_str();
                    return Ok(out);
                }
                Some('\\') => {
                    let digits = match chars.next() {
                        Some(c @ ('\\' | '\'' | '"')) => {
                            out.push(c);
                            continue;
                        }
                        Some('n') => {
                            out.push('\n');
                            continue;
                        }
                        Some('r') => {
                            out.push('\r');
                            continue;
                        }
                        Some('t') => {
                            out.push('\t');
                            continue;
                        }
                        Some('x') => 2,
                        Some('u') => 4,
                        Some('U') => 8,
                        Some(_) | None => return Err(self.expected("an escape that `repr` writes")),
                    };
                    let hex = chars.as_str().get(..digits).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                    let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
                    out.push(code.ok_or_else(|| self.expected("hexadecimal digits of a character"))?);
                    chars = chars.as_str().get(digits..).unwrap_or_default().chars();
                }
                Some('\n') | None => return Err(self.expected("a closing quote")),
                Some(c) => out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Result<Header, Error> {
        let mut bytes = b"\x93NUMPY\x03\0".to_vec();
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
        read(&mut bytes.as_slice())
    }

    #[test]
    fn headers_are_read_as_numpy_writes_them() {
        let found = header("{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 4), }      \n").expect("numpy's");
        assert_eq!(found.descr, Literal::Text("<f8".to_owned()));
        assert_eq!((found.fortran_order, found.shape), (false, vec![3, 4]));
        let found = header(
            "{'descr': [('a', '<f4', (2,)), (('t', \"b'\\xe9\"), [('c', '|O')])], 'fortran_order': True, 'shape': ()}",
        );
        let found = found.expect("a structured dtype");
        let Literal::List(fields) = found.descr else { panic!("a list") };
        assert_eq!(fields.len(), 2);
        assert!(found.fortran_order && found.shape.is_empty());
    }

    #[test]
    fn what_numpy_does_not_write_is_malformed() {
        for text in [
            "",
            "{}",
            "__import__('os')",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': ()}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (03,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': ('3',)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': ()} + {}",
            "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': ()}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (), 'more': 1}",
            "{'descr': '<f8, 'fortran_order': False, 'shape': ()}",
            "{'descr': '\\q', 'fortran_order': False, 'shape': ()}",
        ] {
            assert!(header(text).is_err(), "{text}");
        }
        assert!(header(&format!("{{'descr': {}", "(".repeat(10_000))).is_err());
    }
}
