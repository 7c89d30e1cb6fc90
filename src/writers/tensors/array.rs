//! What an array or tensor of the model is for these formats: elements, and what they are called.

use super::elements::{Elements, strides};
use crate::model::dtype::{DType, Type};
use crate::model::graph::Graph;
use crate::model::layout::{Layout, Ndarray, Scalar, Storage, Tensor};
use crate::model::tensor;
use crate::model::value::Value;
use crate::report::ledger::Step as Loss;

/// An array or tensor that can be written.
#[derive(Debug)]
pub(super) struct Array<'g> {
    pub elements: Elements<'g>,
    pub kind: Kind,
    /// Bytes in Fortran order, as they lie.
    pub fortran: bool,
    /// What is not carried.
    pub losses: Vec<Loss>,
}

/// What the elements are.
#[derive(Debug)]
pub(super) enum Kind {
    /// A dtype of numpy, and its object.
    Numpy(DType, Value),
    /// torch's name.
    Torch(&'static Torch),
}

/// A dtype of torch: what the formats call it, if they have it.
#[derive(Debug)]
pub(super) struct Torch {
    pub name: &'static str,
    pub size: usize,
    pub npy: Option<&'static str>,
    pub safetensors: Option<&'static str>,
}

const fn torch(name: &'static str, size: usize, npy: Option<&'static str>, safetensors: Option<&'static str>) -> Torch {
    Torch { name, size, npy, safetensors }
}

/// safetensors 0.6 `tensor.rs` (`Dtype`); torch `c10/core/ScalarType.h`.
static TORCH: &[Torch] = &[
    torch("float32", 4, Some("<f4"), Some("F32")),
    torch("float64", 8, Some("<f8"), Some("F64")),
    torch("float16", 2, Some("<f2"), Some("F16")),
    torch("bfloat16", 2, None, Some("BF16")),
    torch("uint8", 1, Some("|u1"), Some("U8")),
    torch("int8", 1, Some("|i1"), Some("I8")),
    torch("int16", 2, Some("<i2"), Some("I16")),
    torch("int32", 4, Some("<i4"), Some("I32")),
    torch("int64", 8, Some("<i8"), Some("I64")),
    torch("uint16", 2, Some("<u2"), Some("U16")),
    torch("uint32", 4, Some("<u4"), Some("U32")),
    torch("uint64", 8, Some("<u8"), Some("U64")),
    torch("bool", 1, Some("|b1"), Some("BOOL")),
    torch("complex64", 8, Some("<c8"), Some("C64")),
    torch("complex128", 16, Some("<c16"), None),
    torch("float8_e4m3fn", 1, None, Some("F8_E4M3")),
    torch("float8_e5m2", 1, None, Some("F8_E5M2")),
    torch("float8_e8m0fnu", 1, None, Some("F8_E8M0")),
];

/// Whether a value is an array or tensor, whatever the formats make of it.
pub(super) fn is_array(graph: &Graph, value: Value) -> bool {
    matches!(graph.layout(value), Some((Layout::Ndarray | Layout::Scalar | Layout::Tensor | Layout::SparseTensor, _)))
}

impl<'g> Array<'g> {
    /// The array that a value is.
    ///
    /// # Errors
    /// Why it has no plain elements, and what helps.
    pub fn of(graph: &'g Graph, value: Value) -> Result<Array<'g>, (String, &'static str)> {
        match graph.layout(value) {
            Some((Layout::Ndarray, id)) => ndarray(graph, &Ndarray::of(graph, id)),
            Some((Layout::Scalar, id)) => {
                let Scalar { dtype, data } = Scalar::of(graph, id);
                let mut array = ndarray(graph, &Ndarray { dtype, data, ..Ndarray::default() })?;
                array.losses.push(Loss::ScalarArray);
                Ok(array)
            }
            Some((Layout::Tensor, id)) => strided(graph, &Tensor::of(graph, id)),
            Some((Layout::SparseTensor, _)) => {
                Err(("expected a dense tensor, found a sparse one".to_owned(), "`--to json` writes its parts"))
            }
            _ => Err((
                format!("expected an array or tensor, found {}", crate::model::type_name::type_name(graph, value)),
                "`--select` takes a part of the value",
            )),
        }
    }
}

fn ndarray<'g>(graph: &'g Graph, array: &Ndarray) -> Result<Array<'g>, (String, &'static str)> {
    let dtype = DType::of(graph, array.dtype).map_err(|what| (what, "`--lossless` keeps it as it is"))?;
    if !matches!(array.mask, Value::None) {
        let what = "expected an array without a mask, found a masked array".to_owned();
        return Err((what, "`--to json` writes null for what is masked"));
    }
    let Value::Bytes { len, at } = array.data else {
        let what = "expected an array of numbers, found one of Python objects".to_owned();
        return Err((what, "`--to json` or `--to msgpack` writes the objects"));
    };
    let mut losses = Vec::new();
    if !matches!(array.class, Value::None) {
        losses.push(Loss::ArrayClass);
    }
    if !matches!(array.own, Value::None) {
        losses.push(Loss::OwnLost);
    }
    let shape = tensor::sizes(graph, array.shape);
    let fortran = !matches!(array.order, Value::None);
    let elements = Elements {
        data: graph.data(len, at),
        strides: strides(&shape, dtype.size, fortran),
        shape,
        start: 0,
        size: dtype.size,
        swapped: 1,
        signs: Vec::new(),
    };
    Ok(Array { elements, kind: Kind::Numpy(dtype, array.dtype), fortran, losses })
}

fn strided<'g>(graph: &'g Graph, tensor: &Tensor) -> Result<Array<'g>, (String, &'static str)> {
    let name = match tensor.dtype {
        Value::Str { len, at } => graph.text(len, at),
        _ => "",
    };
    if !matches!(tensor.quantized, Value::None) {
        let what = "expected a tensor of plain numbers, found a quantized one".to_owned();
        return Err((what, "`--to json --lossless` keeps its scale"));
    }
    let Some(dtype) = TORCH.iter().find(|row| row.name == name) else {
        let name = crate::name::Escaped(name);
        return Err((format!("expected a dtype that the format has, found `torch.{name}`"), "`--lossless` keeps it"));
    };
    let set = |value| matches!(value, Value::Bool(true));
    let signs = signs(dtype, set(tensor.conj), set(tensor.neg)).ok_or_else(|| {
        let what = format!("expected a tensor of floats to negate when it is read, found `torch.{name}`");
        (what, "`--to json` negates them")
    })?;
    let storage = match graph.layout(tensor.storage) {
        Some((Layout::Storage, id)) => Storage::of(graph, id),
        _ => return Err(("expected a tensor with its storage".to_owned(), "`--lossless` keeps what is there")),
    };
    let Value::Bytes { len, at } = storage.data else {
        let what = "expected a tensor with its elements, found one without (`meta`)".to_owned();
        return Err((what, "`--to json --lossless` keeps what is there"));
    };
    let mut losses = Vec::new();
    if !matches!((tensor.class, tensor.requires_grad), (Value::None, Value::None | Value::Bool(false))) {
        losses.push(Loss::ArrayClass);
    }
    if !matches!(tensor.own, Value::None) {
        losses.push(Loss::OwnLost);
    }
    let shape = tensor::sizes(graph, tensor.shape);
    let strides = match tensor.stride {
        Value::None => strides(&shape, dtype.size, false),
        list => tensor::sizes(graph, list).into_iter().map(|n| n.saturating_mul(dtype.size)).collect(),
    };
    let start = if let Value::Int(n) = tensor.offset { usize::try_from(n).unwrap_or(usize::MAX) } else { 0 };
    let elements = Elements {
        data: graph.data(len, at),
        shape,
        strides,
        start: start.saturating_mul(dtype.size),
        size: dtype.size,
        swapped: 1,
        signs,
    };
    Ok(Array { elements, kind: Kind::Torch(dtype), fortran: false, losses })
}

/// Where the signs lie that are turned around when a tensor's elements are read: all of them where it is negated, that of the
/// imaginary part where it is conjugated. `None` where the elements have no such bit.
fn signs(dtype: &Torch, conj: bool, neg: bool) -> Option<Vec<usize>> {
    let complex = dtype.name.starts_with("complex");
    if !complex && !dtype.name.starts_with("float") && !dtype.name.starts_with("bfloat") {
        return (!neg).then(Vec::new);
    }
    if neg && dtype.name == "float8_e8m0fnu" {
        return None;
    }
    let last = dtype.size - 1;
    Some(match (complex, conj, neg) {
        (true, true, true) => vec![dtype.size / 2 - 1],
        (true, false, true) => vec![dtype.size / 2 - 1, last],
        (true, true, false) | (false, _, true) => vec![last],
        (_, _, false) => Vec::new(),
    })
}

impl Kind {
    /// What safetensors calls it, and the bytes that are turned around where it is big-endian.
    pub fn safetensors(&self) -> Option<(&'static str, usize)> {
        let (dtype, size) = match self {
            Kind::Torch(torch) => return torch.safetensors.map(|name| (name, 1)),
            Kind::Numpy(dtype, _) => (dtype, dtype.size),
        };
        let (name, number) = match (&dtype.ty, size) {
            (Type::Bool, _) => ("BOOL", size),
            (Type::Int, 1) => ("I8", size),
            (Type::Int, 2) => ("I16", size),
            (Type::Int, 4) => ("I32", size),
            (Type::Int, 8) => ("I64", size),
            (Type::Uint, 1) => ("U8", size),
            (Type::Uint, 2) => ("U16", size),
            (Type::Uint, 4) => ("U32", size),
            (Type::Uint, 8) => ("U64", size),
            (Type::Float, 2) => ("F16", size),
            (Type::Float, 4) => ("F32", size),
            (Type::Float, 8) => ("F64", size),
            (Type::Complex, 8) => ("C64", size / 2),
            _ => return None,
        };
        Some((name, if dtype.big { number } else { 1 }))
    }

    /// Its name, for messages.
    pub fn name(&self, graph: &Graph) -> String {
        match self {
            Kind::Torch(torch) => format!("torch.{}", torch.name),
            Kind::Numpy(_, object) => match graph.layout(*object) {
                Some((_, id)) => match graph.first::<1>(id) {
                    [Value::Str { len, at }] => graph.text(len, at).to_owned(),
                    _ => "a structured dtype".to_owned(),
                },
                None => String::new(),
            },
        }
    }
}
