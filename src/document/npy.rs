//! Array files (`.npy`): the header's dtype and shape, held against the body.
//!
//! Facts: numpy, `numpy/lib/format.py`, `read_array` and `descr_to_dtype`.

use std::io::Read;

use super::reading::{Reading, limit};
use crate::container::Opened;
use crate::container::npy::{self, Header, Literal};
use crate::error::{Error, Refused};
use crate::location::Location;
use crate::machine::Trailing;
use crate::model::dtype::DType;
use crate::model::graph::payloads::STAYS_FROM;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Dtype, Layout, Ndarray};
use crate::model::tensor::ints;
use crate::model::value::Value;
use crate::name::{Escaped, GlobalName};
use crate::opcode::lexer::Lexer;
use crate::source::random::{RandomAccess, Section};

/// Dimensions of an array; numpy's `NPY_MAXDIMS` from version 2 on.
const MAX_DIMENSIONS: usize = 64;
/// Levels of a dtype.
const MAX_DEPTH: u32 = 32;

impl Reading<'_> {
    /// The array of a file.
    pub(super) fn array(
        &mut self,
        mut opened: Opened<'_>,
        place: Option<Section>,
        member: Option<&str>,
    ) -> Result<Value, Error> {
        self.pickles += 1;
        if member.is_none() {
            self.codecs.push("npy");
        }
        let header = npy::read(&mut opened.reader)?;
        let (dtype, parsed) = dtype(self.machine.graph(), &header.descr)?;
        let bytes = length(&header.shape, parsed.size)?;
        if parsed.has_objects() {
            return self.pickled(opened, &header, member);
        }
        self.machine.count(header.len);
        let whole = place.filter(|place| {
            bytes >= STAYS_FROM && opened.codecs.is_empty() && place.len() == header.len.saturating_add(bytes)
        });
        let (len, at) = match whole {
            Some(place) => {
                self.machine.count(bytes);
                self.machine.graph().outside(place.part(header.len, bytes)).map_err(limit)?
            }
            None => self.body(&mut opened.reader, header.len, bytes)?,
        };
        let graph = self.machine.graph();
        if parsed.size == 0 {
            // Elements without bytes are paid for as if they had one.
            let count = header.shape.iter().fold(1_u64, |n, size| n.saturating_mul(size.unsigned_abs()));
            graph.charge(count).map_err(limit)?;
        }
        let sizes: Vec<Value> = header.shape.iter().map(|n| Value::Int(*n)).collect();
        let shape = graph.object(Kind::List, &sizes).map(Value::Object).map_err(limit)?;
        let data = Value::Bytes { len, at };
        let order = if header.fortran_order && header.shape.iter().filter(|n| **n != 1).count() > 1 {
            graph.str("F").map_err(limit)?
        } else {
            Value::None
        };
        graph.structure(&Ndarray { dtype, shape, data, order, ..Ndarray::default() }).map_err(limit)
    }

    /// The body of an array, and nothing behind it.
    fn body(&mut self, source: &mut dyn Read, before: u64, bytes: u64) -> Result<(u32, u64), Error> {
        let stored = self.machine.payload(source, bytes, "the array")?;
        let end = || Location::offset(before.saturating_add(bytes));
        loop {
            match source.read(&mut [0]) {
                Ok(0) => return Ok(stored),
                Ok(_) => {
                    let what = format!("expected the end of the array file after {bytes} bytes of array, found more");
                    return Err(Error::malformed(what, end()));
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::from_read(e, end())),
            }
        }
    }

    /// An array of objects: its body is one pickle of the whole array, which says order and dtype once more.
    fn pickled(&mut self, opened: Opened<'_>, header: &Header, member: Option<&str>) -> Result<Value, Error> {
        let known = self.machine.findings().errors.len();
        let mut lexer = Lexer::starting_at(opened.reader, header.len, &self.reader.limits);
        let roots = self.machine.stream(&mut lexer, Trailing::Error, member);
        if self.machine.findings().errors.len() > known {
            // Found and told.
            return Ok(Value::Unknown);
        }
        lexer.drain()?;
        let at = Location::offset(header.len);
        let [root] = roots.as_slice() else {
            let what = format!("expected one pickle as the body of an array file, found {}", roots.len());
            return Err(Error::malformed(what, at));
        };
        let graph = self.machine.graph();
        let Some((Layout::Ndarray, id)) = graph.layout(*root) else {
            return Err(Error::malformed("expected an array as the body of an array file, found another value", at));
        };
        let shape = Ndarray::of(graph, id).shape;
        if ints(graph, shape) != header.shape {
            return Err(Error::malformed("expected the header of the array file and its pickle to agree in shape", at));
        }
        Ok(*root)
    }
}

fn impossible(problem: impl Into<String>) -> Error {
    let name = GlobalName::new("numpy", "ndarray");
    Error::refused(Refused::Value { name, problem: problem.into() }, Location::default())
}

/// Bytes of an array; numpy counts in 63 bits, a dimension of 0 left out.
pub(super) fn length(shape: &[i64], size: usize) -> Result<u64, Error> {
    if shape.len() > MAX_DIMENSIONS {
        return Err(impossible(format!("expected at most {MAX_DIMENSIONS} dimensions, found {}", shape.len())));
    }
    let (mut bytes, mut empty) = (size.max(1) as u64, size == 0);
    for n in shape {
        let Ok(n) = u64::try_from(*n) else {
            return Err(impossible(format!("expected sizes of 0 or more as the shape, found {n}")));
        };
        empty |= n == 0;
        bytes = match bytes.checked_mul(n.max(1)) {
            Some(bytes) if bytes <= i64::MAX as u64 => bytes,
            Some(_) | None => return Err(impossible("expected a shape of fewer than 2^63 bytes, found more")),
        };
    }
    Ok(if empty { 0 } else { bytes })
}

/// The dtype that a header describes, as a value and as a type.
pub(super) fn dtype(graph: &mut Graph, descr: &Literal) -> Result<(Value, DType), Error> {
    let value = build(graph, descr, MAX_DEPTH)?;
    let parsed = DType::of(graph, value).map_err(impossible)?;
    Ok((value, parsed))
}

/// numpy's `descr_to_dtype`, as deep as `depth` levels.
fn build(graph: &mut Graph, descr: &Literal, depth: u32) -> Result<Value, Error> {
    let unknown =
        || Error::malformed("expected a dtype as numpy writes it in the header of an array file", Location::default());
    let depth = depth.checked_sub(1).ok_or_else(unknown)?;
    match descr {
        Literal::Text(text) => scalar(graph, text),
        Literal::Tuple(parts) => match parts.as_slice() {
            [base, Literal::Tuple(shape)] => {
                let base = build(graph, base, depth)?;
                sub_array(graph, base, shape)
            }
            _ => Err(unknown()),
        },
        Literal::List(fields) => {
            let (mut list, mut offset) = (Vec::new(), 0_i64);
            for field in fields {
                let Literal::Tuple(parts) = field else { return Err(unknown()) };
                let (name, base, shape) = match parts.as_slice() {
                    [name, base] => (name, base, None),
                    [name, base, Literal::Tuple(shape)] => (name, base, Some(shape)),
                    _ => return Err(unknown()),
                };
                let mut dtype = build(graph, base, depth)?;
                if let Some(shape) = shape {
                    dtype = sub_array(graph, dtype, shape)?;
                }
                let size = DType::of(graph, dtype).map_err(impossible)?.size;
                let padding = matches!((name, base, shape), (Literal::Text(name), Literal::Text(base), None)
                    if name.is_empty() && base.starts_with("|V"));
                if !padding {
                    let (title, name) = match name {
                        Literal::Text(name) => (None, name),
                        Literal::Tuple(names) => match names.as_slice() {
                            [Literal::Text(title), Literal::Text(name)] => (Some(title), name),
                            _ => return Err(unknown()),
                        },
                        Literal::Int(_) | Literal::List(_) => return Err(unknown()),
                    };
                    let mut field = vec![graph.str(name).map_err(limit)?, dtype, Value::Int(offset)];
                    if let Some(title) = title {
                        field.push(graph.str(title).map_err(limit)?);
                    }
                    list.push(graph.object(Kind::List, &field).map(Value::Object).map_err(limit)?);
                }
                offset = i64::try_from(size).ok().and_then(|size| offset.checked_add(size)).ok_or_else(unknown)?;
            }
            let fields = graph.object(Kind::List, &list).map(Value::Object).map_err(limit)?;
            let itemsize = Value::Int(offset);
            graph.structure(&Dtype { fields, itemsize, ..Dtype::default() }).map_err(limit)
        }
        Literal::Int(_) => Err(unknown()),
    }
}

fn sub_array(graph: &mut Graph, base: Value, shape: &[Literal]) -> Result<Value, Error> {
    let mut sizes = Vec::new();
    for size in shape {
        match size {
            Literal::Int(n) if *n >= 0 => sizes.push(Value::Int(*n)),
            _ => return Err(impossible("expected sizes of 0 or more as the shape of a sub-array")),
        }
    }
    let shape = graph.object(Kind::List, &sizes).map(Value::Object).map_err(limit)?;
    graph.structure(&Dtype { base, shape, ..Dtype::default() }).map_err(limit)
}

/// A dtype that is one text, in the way the model spells it: `|` where the order of bytes has no meaning.
fn scalar(graph: &mut Graph, text: &str) -> Result<Value, Error> {
    let wrong = || {
        let what =
            format!("expected the text of a dtype such as `<f8` in an array file's header, found `{}`", Escaped(text));
        Error::malformed(what, Location::default())
    };
    let Some((order @ ("<" | ">" | "|"), rest)) = text.split_at_checked(1) else { return Err(wrong()) };
    let parsed = DType::parse(text).ok_or_else(wrong)?;
    // The one whose sizes are bytes of the text itself, and `O`, which has none.
    let plain = rest.starts_with(['S', 'V', 'O', 'b']) || (parsed.size == 1 && !rest.starts_with('U'));
    let canonical = match (plain, order) {
        (true, "|") => text.to_owned(),
        (true, _) => format!("|{rest}"),
        (false, "|") => return Err(wrong()),
        (false, _) => text.to_owned(),
    };
    let canonical = if rest.starts_with('O') { "|O".to_owned() } else { canonical };
    let str = graph.str(&canonical).map_err(limit)?;
    graph.structure(&Dtype { str, ..Dtype::default() }).map_err(limit)
}
