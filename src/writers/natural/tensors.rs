//! numpy arrays, scalars and dtypes in the natural mapping: nested arrays, objects for structured dtypes, plain values.
//!
//! What the dtype says of every element is one step of the ledger, taken for the array; what is lost of an element is counted
//! for each.

use std::rc::Rc;

use super::{Natural, Step};
use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::dtype::{self, DType, Element, FieldOf, Type};
use crate::model::extended::Extended;
use crate::model::graph::{Kind, Walk};
use crate::model::layout::{Dtype, Ndarray, Scalar};
use crate::model::value::{NodeId, Value};
use crate::model::{moment, tensor};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::out::DRAIN;
use crate::writers::records;

const KEEPS: &str = "`--lossless` keeps it as it is";

/// Where we are in the nested arrays of an array.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    shape: Vec<usize>,
    /// One per open level: elements taken.
    index: Vec<usize>,
    begun: bool,
}

/// What comes next.
pub(super) enum Next {
    Open(usize),
    Item,
    Close,
    Done,
}

impl Cursor {
    pub(super) fn new(shape: Vec<usize>) -> Self {
        Cursor { shape, index: Vec::new(), begun: false }
    }

    pub(super) fn next(&mut self) -> Next {
        let level = self.index.len();
        let len = self.shape.get(level).copied();
        if !self.begun {
            self.begun = true;
            let Some(len) = len else { return Next::Item };
            self.index.push(0);
            return Next::Open(len);
        }
        let above = level.checked_sub(1).and_then(|above| self.shape.get(above)).copied();
        let (Some(at), Some(above)) = (self.index.last_mut(), above) else { return Next::Done };
        if *at == above {
            self.index.pop();
            return Next::Close;
        }
        *at += 1;
        match len {
            Some(len) => {
                self.index.push(0);
                Next::Open(len)
            }
            None => Next::Item,
        }
    }

    /// Whether what comes next stands inside an array.
    pub(super) fn is_inside(&self) -> bool {
        !self.index.is_empty()
    }

    /// The place of the element that was taken last.
    pub(super) fn place(&self) -> impl Iterator<Item = u64> {
        self.index.iter().filter_map(|at| at.checked_sub(1)).map(|at| at as u64)
    }
}

/// An array that is being written.
#[derive(Debug)]
pub(super) struct Shaped {
    pub cursor: Cursor,
    /// Its elements, where they are values of the graph.
    walk: Option<Walk>,
    /// One byte per leaf of an element, in C order.
    mask: Option<Vec<u8>>,
    taken: usize,
    /// None for a tensor.
    dtype: Option<Rc<DType>>,
}

impl Shaped {
    /// A tensor of torch, whose elements nothing else needs to know.
    pub(super) fn tensor(shape: Vec<usize>) -> Self {
        Shaped { cursor: Cursor::new(shape), walk: None, mask: None, taken: 0, dtype: None }
    }
}

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn ndarray(&mut self, id: NodeId) -> Result<(), Error> {
        let array = Ndarray::of(self.graph, id);
        self.note(Loss::NdArray)?;
        if !matches!(array.own, Value::None) {
            self.note(Loss::OwnLost)?;
        }
        let dtype = self.dtype(array.dtype)?;
        let shape = tensor::sizes(self.graph, array.shape);
        // Empty arrays inside an array have no bytes that would pay for them.
        let rows = shape.iter().take_while(|n| **n > 0).try_fold(1_u64, |product, n| product.checked_mul(*n as u64));
        if shape.contains(&0) && rows.is_none_or(|rows| rows > self.out.limit()) {
            let at = Location::path(self.path());
            return Err(Limit::Output.exceeded(rows.unwrap_or(u64::MAX), self.out.limit(), at));
        }
        let mask = match array.mask {
            Value::Bytes { len, at } => {
                let mask = tensor::in_c_order(self.graph, &array, self.graph.bytes(len, at)).into_owned();
                if mask.iter().any(|byte| *byte != 0) || !matches!(array.fill_value, Value::None) {
                    self.note(Loss::MaskLost)?;
                }
                Some(mask)
            }
            _ => None,
        };
        let walk = match array.data {
            Value::Object(list) => Some(self.graph.walk(list)),
            _ => None,
        };
        let cursor = Cursor::new(shape);
        self.todo.push(Step::Shaped(self.shaped.len()));
        self.shaped.push(Shaped { cursor, walk, mask, taken: 0, dtype: Some(Rc::new(dtype)) });
        match array.data {
            Value::Bytes { len, at } => self.numbers(&array, self.graph.bytes(len, at)),
            _ => Ok(()),
        }
    }

    /// An array whose elements are bytes: all of it at once.
    fn numbers(&mut self, array: &Ndarray, bytes: &[u8]) -> Result<(), Error> {
        let bytes = tensor::in_c_order(self.graph, array, bytes);
        let Some(Shaped { mask, dtype: Some(dtype), .. }) = self.shaped.last_mut() else { return Ok(()) };
        let (mask, dtype) = (mask.take(), dtype.clone());
        let leaves = dtype.leaves();
        let (mut taken, mut masked): (usize, &[u8]) = (0, mask.as_deref().unwrap_or(&[]));
        while let Some(Shaped { cursor, .. }) = self.shaped.last_mut() {
            let nested = !cursor.index.is_empty();
            match cursor.next() {
                Next::Open(len) => {
                    if nested {
                        self.sink.element();
                    }
                    self.begin_array(len)?;
                }
                Next::Item => {
                    if nested {
                        self.sink.element();
                    }
                    let (own, rest) = masked.split_at_checked(leaves).unwrap_or((&[], &[]));
                    masked = rest;
                    self.element(&dtype, bytes.get(taken..).unwrap_or(&[]), own)?;
                    taken += dtype.size;
                    if self.sink.buffer().len() >= DRAIN {
                        self.drain()?;
                    }
                }
                Next::Close => {
                    self.depth -= 1;
                    self.sink.end_array();
                }
                Next::Done => break,
            }
        }
        self.shaped.pop();
        self.todo.pop();
        Ok(())
    }

    /// The next element of an array whose elements are values of the graph.
    pub(super) fn shaped(&mut self) -> Result<(), Error> {
        while let Some(Shaped { cursor, walk: Some(walk), mask, taken, dtype: Some(dtype) }) = self.shaped.last_mut() {
            let nested = !cursor.index.is_empty();
            match cursor.next() {
                Next::Open(len) => {
                    if nested {
                        self.sink.element();
                    }
                    self.begin_array(len)?;
                }
                Next::Item => {
                    let Some(value) = self.graph.next_item(walk) else { break };
                    if nested {
                        self.sink.element();
                    }
                    let leaves = dtype.leaves();
                    let at = taken.saturating_mul(leaves);
                    let own = mask.as_ref().and_then(|mask| mask.get(at..at + leaves)).unwrap_or(&[]).to_vec();
                    *taken += 1;
                    let dtype = dtype.clone();
                    return self.held(&dtype, value, &own);
                }
                Next::Close => {
                    self.depth -= 1;
                    self.sink.end_array();
                }
                Next::Done => break,
            }
        }
        self.shaped.pop();
        self.todo.pop();
        Ok(())
    }

    /// A value of the graph that is an element, or a field of one.
    fn held(&mut self, dtype: &DType, value: Value, mask: &[u8]) -> Result<(), Error> {
        let leaf = match (&dtype.ty, value) {
            (Type::Struct(fields), Value::Object(id))
                if matches!(self.graph.kind(id), Kind::Tuple | Kind::List) && self.graph.count(id) == fields.len() =>
            {
                return self.held_fields(fields, id, mask);
            }
            (Type::Struct(_) | Type::Array(..), _) => false,
            _ => true,
        };
        if leaf && mask.first().is_some_and(|byte| *byte != 0) {
            return self.missing();
        }
        self.emit(value)
    }

    /// The fields of a structured element.
    fn held_fields(&mut self, fields: &[FieldOf], id: NodeId, mask: &[u8]) -> Result<(), Error> {
        self.begin_map(fields.len())?;
        self.todo.push(Step::EndMap);
        let at = self.pool.len();
        let mut mask = mask;
        for (field, value) in fields.iter().zip(self.graph.items(id)) {
            let (own, rest) = mask.split_at_checked(field.dtype.leaves()).unwrap_or((&[], &[]));
            mask = rest;
            let name = Value::Str { len: field.name.len, at: field.name.at };
            let masked = own.len() == 1 && own.first() != Some(&0);
            if masked {
                self.note(Loss::Missing)?;
            }
            let value = if masked { Value::None } else { value };
            self.pool.push(records::Field { name: records::Name::Key(name), value });
        }
        self.todo.push(Step::Fields { at, end: self.pool.len() });
        Ok(())
    }

    pub(super) fn scalar(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Scalar)?;
        let scalar = Scalar::of(self.graph, id);
        let dtype = self.dtype(scalar.dtype)?;
        match (scalar.data, &dtype.ty) {
            (Value::Bytes { len, at }, _) => self.element(&dtype, self.graph.bytes(len, at), &[]),
            (Value::Object(list), Type::Struct(fields)) => self.held_fields(fields, list, &[]),
            _ => Err(self.unrepresentable("expected a scalar's bytes", KEEPS)),
        }
    }

    /// A dtype left as a value: its text, or an object of its fields.
    pub(super) fn dtype_value(&mut self, id: NodeId) -> Result<(), Error> {
        match Dtype::of(self.graph, id) {
            Dtype { str: Value::Str { len, at }, metadata: Value::None, na_object: Value::None, .. } => {
                self.note(Loss::Dtype)?;
                self.sink.str(self.graph.text(len, at));
                Ok(())
            }
            _ => {
                self.note(Loss::Dtype)?;
                self.named_fields(id, crate::model::layout::Layout::Dtype)
            }
        }
    }

    fn dtype(&self, value: Value) -> Result<DType, Error> {
        DType::of(self.graph, value).map_err(|what| self.unrepresentable(what, KEEPS))
    }

    /// One element of bytes; `mask` has one byte for each of its leaves, or none.
    pub(super) fn element(&mut self, dtype: &DType, bytes: &[u8], mask: &[u8]) -> Result<(), Error> {
        match &dtype.ty {
            // As deep as a dtype may be.
            Type::Struct(fields) => {
                self.begin_map(fields.len())?;
                let mut mask = mask;
                for field in fields {
                    self.sink.key();
                    self.sink.str(self.graph.text(field.name.len, field.name.at));
                    self.sink.value();
                    let (own, rest) = mask.split_at_checked(field.dtype.leaves()).unwrap_or((&[], &[]));
                    mask = rest;
                    self.element(&field.dtype, bytes.get(field.offset..).unwrap_or(&[]), own)?;
                }
                self.depth -= 1;
                self.sink.end_map();
                Ok(())
            }
            Type::Array(base, shape) => {
                let mut cursor = Cursor::new(shape.clone());
                let (mut taken, mut mask) = (0, mask);
                loop {
                    let nested = !cursor.index.is_empty();
                    match cursor.next() {
                        Next::Open(len) => {
                            if nested {
                                self.sink.element();
                            }
                            self.begin_array(len)?;
                        }
                        Next::Item => {
                            if nested {
                                self.sink.element();
                            }
                            let (own, rest) = mask.split_at_checked(base.leaves()).unwrap_or((&[], &[]));
                            mask = rest;
                            self.element(base, bytes.get(taken..).unwrap_or(&[]), own)?;
                            taken += base.size;
                        }
                        Next::Close => {
                            self.depth -= 1;
                            self.sink.end_array();
                        }
                        Next::Done => return Ok(()),
                    }
                }
            }
            _ if mask.first().is_some_and(|byte| *byte != 0) => self.missing(),
            _ => match dtype.element(bytes) {
                Some(element) => self.leaf_element(element),
                None => Err(self.unrepresentable("expected an element's bytes", KEEPS)),
            },
        }
    }

    pub(super) fn leaf_element(&mut self, element: Element<'_>) -> Result<(), Error> {
        match element {
            Element::Bool(b) => self.sink.bool(b),
            Element::Int(n) => self.sink.int(n),
            Element::Uint(n) => match i64::try_from(n) {
                Ok(n) => self.sink.int(n),
                Err(_) => self.sink.big_int(&num_bigint::BigInt::from(n)),
            },
            Element::Float(f) => return self.float(f),
            Element::Extended { bytes, big } => return self.extended(bytes, big),
            Element::Complex(re, im) => {
                self.begin_array(2)?;
                for part in [re, im] {
                    self.sink.element();
                    self.float(part)?;
                }
                self.depth -= 1;
                self.sink.end_array();
            }
            Element::ExtendedComplex { re, im, big } => {
                self.begin_array(2)?;
                for part in [re, im] {
                    self.sink.element();
                    self.extended(part, big)?;
                }
                self.depth -= 1;
                self.sink.end_array();
            }
            Element::Bytes(bytes) | Element::Void(bytes) => self.sink.bytes(bytes),
            Element::Text { bytes, big } => {
                let mut out = Vec::new();
                match (dtype::text(bytes, big, &mut out), std::str::from_utf8(&out)) {
                    (Some(true), Ok(text)) => self.sink.str(text),
                    (Some(_), _) => return self.lone_surrogates(&out),
                    (None, _) => {
                        return Err(self.unrepresentable("expected text, found a code point beyond U+10FFFF", KEEPS));
                    }
                }
            }
            Element::DateTime(None, ..) | Element::TimeDelta(None, ..) => return self.missing(),
            Element::DateTime(Some(value), unit, count) => {
                self.scratch.clear();
                moment::write_datetime(value, unit, count, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
            Element::TimeDelta(Some(value), dtype::Unit::Generic, _) => self.sink.int(value),
            Element::TimeDelta(Some(value), unit, count) => {
                self.scratch.clear();
                moment::write_duration(value, unit, count, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
        }
        Ok(())
    }

    pub(super) fn float(&mut self, value: f64) -> Result<(), Error> {
        if value.is_finite() || S::CAPS.non_finite {
            self.sink.float(value);
            return Ok(());
        }
        self.non_finite(value)
    }

    /// A float of 80 bits: a number where 64 bits hold it, else text.
    fn extended(&mut self, bytes: &[u8], big: bool) -> Result<(), Error> {
        let Some(value) = Extended::read(bytes, big) else {
            return Err(self.unrepresentable("expected an element's bytes", KEEPS));
        };
        match value.narrow() {
            Some(float) => self.float(float),
            None => {
                self.note(Loss::Extended)?;
                self.scratch.clear();
                value.write(&mut self.scratch);
                self.sink.str(&self.scratch);
                Ok(())
            }
        }
    }

    /// NaT, or what is masked.
    pub(super) fn missing(&mut self) -> Result<(), Error> {
        self.note(Loss::Missing)?;
        self.sink.null();
        Ok(())
    }
}
