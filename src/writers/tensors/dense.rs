//! All elements of an array or tensor in C order, for formats that take them as a column.

use super::array::{Array, Kind};
use crate::model::dtype::DType;
use crate::model::graph::Graph;
use crate::model::value::Value;
use crate::report::ledger::Step;

/// The elements, one after another.
pub(crate) struct Dense {
    /// `None` is bfloat16.
    pub dtype: Option<DType>,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
    pub losses: Vec<Step>,
}

impl Dense {
    /// The elements that a value has, at most `max` bytes of them.
    ///
    /// # Errors
    /// Why it has none, and what helps.
    pub fn of(graph: &Graph, value: Value, max: u64) -> Result<Dense, (String, &'static str)> {
        let array = Array::of(graph, value)?;
        let dtype = match &array.kind {
            Kind::Numpy(dtype, _) => Some(dtype.clone()),
            Kind::Torch(torch) if torch.name == "bfloat16" => None,
            Kind::Torch(torch) => match torch.npy.and_then(DType::parse) {
                Some(dtype) => Some(dtype),
                None => {
                    let what = format!("expected a dtype that a column has, found `torch.{}`", torch.name);
                    return Err((what, "`--to safetensors` has it"));
                }
            },
        };
        let len = array.elements.len();
        if len > max {
            let what = format!("expected at most {max} bytes of elements, found {len}");
            return Err((what, "`--max-output` allows more"));
        }
        let mut bytes = Vec::new();
        let written = array.elements.each_chunk(|chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        });
        match written {
            Ok(()) => Ok(Dense { dtype, shape: array.elements.shape, bytes, losses: array.losses }),
            Err(e) => Err((e.to_string(), "`--to json --lossless` keeps what is there")),
        }
    }
}
