//! Well-known binary of geometries: checking it, and turning it into well-known text.
//!
//! OGC 06-103r4 (types 1 to 7, with Z and M as ISO writes them: 1000, 2000, 3000) and the flags of PostGIS (`0x80000000` Z,
//! `0x40000000` M, `0x20000000` SRID), which GEOS writes. Text is what GEOS prints, with every digit. Curves and surfaces, which
//! shapely does not make, are not known here.

use std::fmt::Write;

/// The seven types, by their number less one.
const NAMES: [&str; 7] =
    ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"];

const POINT: u32 = 1;
const LINE_STRING: u32 = 2;
const POLYGON: u32 = 3;
const COLLECTION: u32 = 7;

/// Geometries inside each other.
const MAX_NESTING: usize = 256;

/// The head of a geometry.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    big: bool,
    kind: u32,
    z: bool,
    m: bool,
    srid: Option<i32>,
}

impl Head {
    fn dimensions(self) -> usize {
        2 + usize::from(self.z) + usize::from(self.m)
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        match self.bytes.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.bytes = rest;
                Ok(*first)
            }
            None => Err("expected more bytes of well-known binary".to_owned()),
        }
    }

    fn int(&mut self, big: bool) -> Result<u32, String> {
        let bytes = self.take()?;
        Ok(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// A count of parts that take at least `least` bytes each.
    fn count(&mut self, big: bool, least: usize) -> Result<u32, String> {
        let count = self.int(big)?;
        if u128::from(count) * least as u128 > self.bytes.len() as u128 {
            return Err(format!("expected {count} parts of a geometry, found {} bytes", self.bytes.len()));
        }
        Ok(count)
    }

    fn head(&mut self) -> Result<Head, String> {
        let [order] = self.take::<1>()?;
        let big = match order {
            0 => true,
            1 => false,
            _ => return Err(format!("expected 0 or 1 as byte order of a geometry, found {order}")),
        };
        let word = self.int(big)?;
        let (flags, code) = (word & 0xf000_0000, word & 0x0fff_ffff);
        let (iso, kind) = (code / 1000, code % 1000);
        if !(1..=7).contains(&kind) || iso > 3 || flags & 0x1000_0000 != 0 || (iso > 0 && flags & 0xc000_0000 != 0) {
            return Err(format!("expected a geometry of the types 1 to 7, found {word:#x}"));
        }
        let z = flags & 0x8000_0000 != 0 || iso & 1 != 0;
        let m = flags & 0x4000_0000 != 0 || iso & 2 != 0;
        let srid = if flags & 0x2000_0000 == 0 { None } else { Some(self.int(big)?.cast_signed()) };
        Ok(Head { big, kind, z, m, srid })
    }

    /// The coordinates of one point, with a blank between them; whether all are NaN, as those of an empty point.
    fn point(&mut self, head: Head, out: &mut Option<&mut String>) -> Result<bool, String> {
        let mut empty = true;
        let mut all = [0.0; 4];
        for slot in all.iter_mut().take(head.dimensions()) {
            let bytes = self.take::<8>()?;
            *slot = if head.big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) };
            empty &= slot.is_nan();
        }
        if let Some(out) = out
            && !(empty && head.kind == POINT)
        {
            for (n, number) in all.iter().take(head.dimensions()).enumerate() {
                if n > 0 {
                    out.push(' ');
                }
                // Writing to a String cannot fail.
                let _ = write!(out, "{number}");
            }
        }
        Ok(empty)
    }

    /// Points in parentheses.
    fn points(&mut self, head: Head, out: &mut Option<&mut String>) -> Result<(), String> {
        let count = self.count(head.big, 8 * head.dimensions())?;
        if count == 0 {
            push(out, "EMPTY");
            return Ok(());
        }
        for n in 0..count {
            push(out, if n == 0 { "(" } else { ", " });
            self.point(head, out)?;
        }
        push(out, ")");
        Ok(())
    }
}

fn push(out: &mut Option<&mut String>, text: &str) {
    if let Some(out) = out {
        out.push_str(text);
    }
}

/// What is still to be read of a geometry of several.
struct Open {
    head: Head,
    left: u32,
    first: bool,
}

/// The type (1 to 7) of a geometry that was checked.
///
/// # Errors
/// What is not well-known binary.
pub(crate) fn check(bytes: &[u8]) -> Result<u32, String> {
    walk(bytes, None, None)
}

/// Appends a geometry as well-known text, after its SRID if it has one; `ring` is the name of a line string that is a ring.
///
/// # Errors
/// What is not well-known binary.
pub(crate) fn text(bytes: &[u8], name: Option<&str>, out: &mut String) -> Result<u32, String> {
    walk(bytes, name, Some(out))
}

fn walk(bytes: &[u8], name: Option<&str>, mut out: Option<&mut String>) -> Result<u32, String> {
    let mut reader = Reader { bytes };
    let mut open: Vec<Open> = Vec::new();
    let mut kind = None;
    loop {
        let head = reader.head()?;
        let parent = open.last().map(|open| open.head);
        if let (Some(srid), None) = (head.srid, parent)
            && let Some(out) = &mut out
        {
            let _ = write!(out, "SRID={srid};");
        }
        // Only a collection has members of any type; all others say once what their members are.
        let tagged = parent.is_none_or(|parent| parent.kind == COLLECTION);
        if let Some(parent) = parent
            && parent.kind != COLLECTION
            && (head.kind != parent.kind - 3 || (head.z, head.m) != (parent.z, parent.m))
        {
            return Err("expected members of the type and the dimensions of their geometry".to_owned());
        }
        if parent.is_some() && head.srid.is_some() && head.srid != open.first().and_then(|root| root.head.srid) {
            return Err("expected one SRID in a geometry".to_owned());
        }
        if tagged {
            let own = NAMES.get(head.kind as usize - 1).copied().unwrap_or_default();
            push(&mut out, if parent.is_none() { name.unwrap_or(own) } else { own });
            push(
                &mut out,
                match (head.z, head.m) {
                    (true, true) => " ZM ",
                    (true, false) => " Z ",
                    (false, true) => " M ",
                    (false, false) => " ",
                },
            );
        }
        kind = kind.or(Some(head.kind));
        match head.kind {
            POINT => point(&mut reader, head, &mut out)?,
            LINE_STRING => reader.points(head, &mut out)?,
            POLYGON => {
                let rings = reader.count(head.big, 4)?;
                for n in 0..rings {
                    push(&mut out, if n == 0 { "(" } else { ", " });
                    reader.points(head, &mut out)?;
                }
                push(&mut out, if rings == 0 { "EMPTY" } else { ")" });
            }
            _ => {
                // The shortest member is an empty one: order, type, count.
                let left = reader.count(head.big, 9)?;
                if left == 0 {
                    push(&mut out, "EMPTY");
                } else {
                    if open.len() >= MAX_NESTING {
                        return Err(format!("expected at most {MAX_NESTING} geometries inside each other"));
                    }
                    push(&mut out, "(");
                    open.push(Open { head, left, first: true });
                }
            }
        }
        while open.last().is_some_and(|last| last.left == 0) {
            open.pop();
            push(&mut out, ")");
        }
        let Some(last) = open.last_mut() else { break };
        last.left -= 1;
        if !last.first {
            push(&mut out, ", ");
        }
        last.first = false;
    }
    if !reader.bytes.is_empty() {
        return Err(format!("expected the end of a geometry, found {} more bytes", reader.bytes.len()));
    }
    Ok(kind.unwrap_or(0))
}

fn point(reader: &mut Reader<'_>, head: Head, out: &mut Option<&mut String>) -> Result<(), String> {
    let before = out.as_ref().map_or(0, |out| out.len());
    push(out, "(");
    if reader.point(head, out)? {
        if let Some(out) = out {
            out.truncate(before);
        }
        push(out, "EMPTY");
    } else {
        push(out, ")");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |c: u8| (c as char).to_digit(16).expect("a digit") as u8;
        hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    #[test]
    fn text_is_what_geos_prints() {
        // shapely 2.2: `shapely.to_wkb(g, hex=True, include_srid=True)` and `g.wkt`.
        for (hex, wkt) in [
            ("0101000000000000000000F03F0000000000000040", "POINT (1 2)"),
            ("0101000080000000000000F03F00000000000000400000000000000840", "POINT Z (1 2 3)"),
            ("0101000020E6100000000000000000F03F0000000000000040", "SRID=4326;POINT (1 2)"),
            ("0101000000000000000000F87F000000000000F87F", "POINT EMPTY"),
            ("00000000013FF00000000000004000000000000000", "POINT (1 2)"),
            ("010700000000000000", "GEOMETRYCOLLECTION EMPTY"),
            (
                "01040000000200000001010000000000000000000000000000000000F03F01010000000000000000000040000000000000E03F",
                "MULTIPOINT ((0 1), (2 0.5))",
            ),
            (
                "010700000002000000010100000000000000000000000000000000000000010300000000000000",
                "GEOMETRYCOLLECTION (POINT (0 0), POLYGON EMPTY)",
            ),
        ] {
            let mut out = String::new();
            text(&bytes(hex), None, &mut out).expect("a geometry");
            assert_eq!(out, wkt);
        }
    }

    #[test]
    fn what_is_no_geometry_is_an_error() {
        for hex in [
            "",
            "02",
            "0108000000",
            "0101000000000000000000F03F",
            "01020000000000FF7F",
            "0102000000FFFFFFFF",
            "0101000000000000000000F03F000000000000004000",
            "010400000001000000010200000000000000",
        ] {
            assert!(check(&bytes(hex)).is_err(), "{hex}");
        }
    }
}
