//! torch: tensors, the storages that they are views of, and what stands beside them.
//!
//! Facts: torch 1.0–2.9, `torch/serialization.py`, `torch/_utils.py`, `torch/_tensor.py`, `torch/storage.py`. Where the bytes of
//! a storage come from is the container's: members of an archive ([`wanted`](Torch::wanted)), or what follows the pickles of a
//! stream ([`stream`]).

mod sparse;
mod storage;
mod stream;
mod tensor;
mod values;

use std::collections::{HashMap, HashSet};

use super::table::Row;
use super::{Registry, args};
use crate::machine::Reject;
use crate::model::graph::Graph;
use crate::model::layout::{Layout, Storage};
use crate::model::torch::TorchType;
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;

pub(crate) use stream::Part;

pub(super) static ROWS: [&[Row]; 4] = [storage::ROWS, tensor::ROWS, sparse::ROWS, values::ROWS];

/// What is known of a storage while the input is read.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// None for an untyped one.
    dtype: Option<&'static TorchType>,
    /// Elements; bytes of an untyped one.
    count: u64,
    location: Value,
    filled: bool,
    /// Bytes whose order depends on the machine, where tensors say so of an untyped storage; 0 where they differ.
    element: Option<u64>,
    /// The storage that it is a part of, and its first element there.
    root: Option<(NodeId, u64)>,
}

impl Known {
    fn bytes(&self) -> u64 {
        // Checked when the storage was made.
        self.count.saturating_mul(self.dtype.map_or(1, |t| t.size))
    }
}

/// A storage whose bytes are a member of the archive.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub id: NodeId,
    /// Names the member; an index of the map of members and nothing else.
    pub key: String,
    pub bytes: u64,
    /// Bytes whose order depends on the machine; 0 where tensors of several dtypes are views of an untyped storage.
    pub swapped: u64,
}

/// One container of storages: a file, or a stream inside bytes.
#[derive(Debug)]
struct Source {
    part: Part,
    step: stream::Step,
    keys: HashMap<String, NodeId>,
    /// Storages in the order in which they were met.
    order: Vec<(String, NodeId)>,
    /// Tensors of a tar archive.
    tensors: HashMap<String, Value>,
    /// Something that persistent ids named was refused.
    tainted: bool,
}

/// What the registry remembers of torch.
#[derive(Debug, Default)]
pub(crate) struct Torch {
    /// The container, and the streams inside bytes that are being read.
    sources: Vec<Source>,
    known: HashMap<NodeId, Known>,
    /// Tensors that were copied into a parameter or a subclass: if they stand elsewhere, too, their storages stand twice.
    copied: Vec<(NodeId, NodeId)>,
    /// What was referred to once.
    referred: HashSet<NodeId>,
}

/// A refusal of what a container's persistent id or storage says.
fn refuse(problem: impl Into<String>) -> Reject {
    Reject::Value { name: GlobalName::new("torch.serialization", "persistent_load"), problem: problem.into() }
}

impl Torch {
    /// Says what is read next: a container or one of its parts.
    pub fn begin(&mut self, part: Part) {
        match self.sources.last_mut() {
            // The members of a tar archive share their storages.
            Some(source) if part.continues() => (source.part, source.step) = (part, part.first_step()),
            _ => self.enter(part),
        }
    }

    /// The container is read to its end.
    pub fn end(&mut self) {
        while self.leave() {}
    }

    /// Ends the innermost container: from here on its storages are what the graph says of them.
    fn leave(&mut self) -> bool {
        let Some(source) = self.sources.pop() else { return false };
        for (_, id) in source.order {
            self.known.remove(&id);
        }
        true
    }

    /// What is known of a storage: while its container is read, more than the graph says.
    fn known(&self, graph: &Graph, id: NodeId) -> Option<Known> {
        if let Some(known) = self.known.get(&id) {
            return Some(*known);
        }
        let Some((Layout::Storage, id)) = graph.layout(Value::Object(id)) else { return None };
        let Storage { dtype, location, data } = Storage::of(graph, id);
        let dtype = match dtype {
            Value::None => None,
            name => Some(args::text(graph, name).and_then(TorchType::of_name)?),
        };
        let bytes = args::bytes(graph, data)?.len() as u64;
        let count = bytes / dtype.map_or(1, |t| t.size);
        Some(Known { dtype, count, location, filled: true, element: None, root: None })
    }

    fn enter(&mut self, part: Part) {
        self.sources.push(Source {
            part,
            step: part.first_step(),
            keys: HashMap::new(),
            order: Vec::new(),
            tensors: HashMap::new(),
            tainted: false,
        });
    }

    /// The storages whose bytes are members of the archive.
    pub fn wanted(&self) -> Vec<Wanted> {
        let Some(source) = self.sources.last() else { return Vec::new() };
        let wanted = source.order.iter().filter_map(|(key, id)| {
            let known = self.known.get(id)?;
            let swapped = known.dtype.map(TorchType::swapped).or(known.element).unwrap_or(1);
            (!known.filled).then(|| Wanted { id: *id, key: key.clone(), bytes: known.bytes(), swapped })
        });
        wanted.collect()
    }

    /// Whether what is read lies in a container of torch.
    pub(super) fn is_reading(&self) -> bool {
        !self.sources.is_empty()
    }

    /// A reference to a storage or tensor: from the second on it is shared.
    fn refer(&mut self, graph: &mut Graph, id: NodeId) {
        if !self.referred.insert(id) {
            graph.mark_shared(id);
        }
    }

    /// Marks storages that more than one tensor may be a view of.
    pub(super) fn share(&mut self, graph: &mut Graph) {
        for (tensor, storage) in std::mem::take(&mut self.copied) {
            if graph.get(tensor).flags & crate::model::graph::flag::SHARED != 0 {
                graph.mark_shared(storage);
            }
        }
    }
}

/// The storage that a stream inside bytes holds; `None` where it was not torch that asked.
pub(super) fn supply(
    registry: &mut Registry,
    graph: &mut Graph,
    target: NodeId,
    value: Value,
) -> Option<Result<Value, Reject>> {
    let [Value::Global(function)] = graph.first::<1>(target) else { return None };
    if !storage::reads_bytes(registry, function) {
        return None;
    }
    Some(match graph.layout(value) {
        Some((Layout::Storage, _)) => Ok(value),
        _ => Err(Reject::Value {
            name: graph.global(function).clone(),
            problem: format!("expected bytes that hold a storage, found {}", args::type_name(graph, value)),
        }),
    })
}
