//! What a numpy scalar equals: the Python number, text or bytes of the same value.

use num_bigint::BigInt;

use crate::model::dtype::{self, DType, Element};
use crate::model::extended::Extended;
use crate::model::graph::Graph;
use crate::model::layout::Scalar;
use crate::model::number::Number;
use crate::model::value::{NodeId, Value};

/// The Python value that equals a scalar.
#[derive(Clone, Debug)]
pub(crate) enum Plain {
    Number(Number),
    Complex(f64, f64),
    /// UTF-8 with `surrogatepass`.
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

/// The Python value that a scalar equals; `None` for a NaN, and for datetimes, voids and structured scalars, which equal only
/// their like.
pub(crate) fn plain(graph: &Graph, id: NodeId) -> Option<Plain> {
    let scalar = Scalar::of(graph, id);
    let Value::Bytes { len, at } = scalar.data else { return None };
    let dtype = DType::of(graph, scalar.dtype).ok()?;
    Some(match dtype.element(graph.bytes(len, at))? {
        Element::Bool(b) => Plain::Number(Number::Int(BigInt::from(u8::from(b)))),
        Element::Int(n) => Plain::Number(Number::Int(BigInt::from(n))),
        Element::Uint(n) => Plain::Number(Number::Int(BigInt::from(n))),
        Element::Float(f) => float(f)?,
        Element::Extended { bytes, big } => float(Extended::read(bytes, big)?.narrow()?)?,
        Element::Complex(re, im) => complex(re, im)?,
        Element::ExtendedComplex { re, im, big } => {
            complex(Extended::read(re, big)?.narrow()?, Extended::read(im, big)?.narrow()?)?
        }
        Element::Bytes(bytes) => Plain::Bytes(bytes.to_vec()),
        Element::Text { bytes, big } => {
            let mut out = Vec::new();
            dtype::text(bytes, big, &mut out)?;
            Plain::Text(out)
        }
        Element::Void(_) | Element::DateTime(..) | Element::TimeDelta(..) => return None,
    })
}

fn float(value: f64) -> Option<Plain> {
    (!value.is_nan()).then_some(Plain::Number(Number::Float(value)))
}

fn complex(re: f64, im: f64) -> Option<Plain> {
    if im == 0.0 {
        return float(re);
    }
    (!re.is_nan() && !im.is_nan()).then_some(Plain::Complex(re, im))
}

/// Whether a scalar is a NaN, which equals nothing but itself.
pub(crate) fn is_nan(graph: &Graph, id: NodeId) -> bool {
    let scalar = Scalar::of(graph, id);
    let Value::Bytes { len, at } = scalar.data else { return false };
    let Ok(dtype) = DType::of(graph, scalar.dtype) else { return false };
    match dtype.element(graph.bytes(len, at)) {
        Some(Element::Float(f)) => f.is_nan(),
        Some(Element::Complex(re, im)) => re.is_nan() || im.is_nan(),
        Some(Element::Extended { bytes, big }) => Extended::read(bytes, big) == Some(Extended::NaN),
        Some(Element::ExtendedComplex { re, im, big }) => {
            [re, im].iter().any(|part| Extended::read(part, big) == Some(Extended::NaN))
        }
        // NaT equals nothing either.
        Some(Element::DateTime(None, ..) | Element::TimeDelta(None, ..)) => true,
        _ => false,
    }
}
