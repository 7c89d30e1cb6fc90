//! Streams of pickles and raw bytes: what stands where in a legacy file, and in the members of a tar archive.
//!
//! Legacy (torch before 1.6, and storages in plain pickles): magic number, protocol, facts about the system, the object, the keys
//! of its storages; then for each key its length (8 bytes) and its elements, little-endian. Tar (torch before 0.1.10): members
//! `storages` and `tensors`, each with a count and then pickles with raw bytes behind them; `pickle` refers to the tensors.

use super::super::args;
use super::tensor::{self, Strided};
use super::{Torch, refuse, storage};
use crate::error::Refused;
use crate::machine::{Next, Reject};
use crate::model::graph::Graph;
use crate::model::layout::Layout;
use crate::model::value::{NodeId, Value};

/// `0x1950a86a20f9469cfc6c`, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const PROTOCOL: i64 = 1001;
/// Dimensions of a tensor in a tar archive.
const MAX_RANK: i32 = 1_000;

/// A container of torch, or a part of one that is a stream by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// `data.pkl` of a zip archive.
    Archive,
    /// A file of the legacy format.
    Legacy,
    /// A legacy stream inside bytes.
    Inner,
    /// The members of a tar archive, in this order.
    TarStorages,
    TarTensors,
    TarPickle,
}

impl Part {
    /// Whether it shares its storages with the part before.
    pub(super) fn continues(self) -> bool {
        matches!(self, Part::TarTensors | Part::TarPickle)
    }

    /// Whether persistent ids are those of a tar archive.
    pub(super) fn is_tar(self) -> bool {
        matches!(self, Part::TarStorages | Part::TarTensors | Part::TarPickle)
    }

    pub(super) fn first_step(self) -> Step {
        match self {
            Part::Archive => Step::Archive,
            Part::Legacy | Part::Inner => Step::Magic,
            Part::TarStorages => Step::StorageCount,
            Part::TarTensors => Step::TensorCount,
            Part::TarPickle => Step::TarPickle,
        }
    }
}

/// What comes next in a stream.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Archive,
    Magic,
    Protocol,
    System,
    Object,
    Keys { object: Value },
    Length { object: Value, keys: Vec<NodeId>, at: usize },
    Elements { object: Value, keys: Vec<NodeId>, at: usize },
    StorageCount,
    Storage { left: i64 },
    StorageLength { left: i64, head: [Value; 3] },
    StorageElements { left: i64, id: NodeId },
    Views,
    TensorCount,
    Tensor { left: i64 },
    TensorRank { left: i64, key: String, storage: NodeId },
    TensorShape { left: i64, key: String, storage: NodeId, rank: usize },
    TarPickle,
    Done,
}

fn malformed<T>(what: impl Into<String>) -> Result<T, Reject> {
    Err(Reject::Malformed(what.into()))
}

/// What a tar archive calls a storage or tensor: an int, or its text.
fn tar_key(graph: &Graph, value: Value) -> Option<String> {
    match value {
        Value::Int(n) => Some(n.to_string()),
        value => args::text(graph, value).map(str::to_owned),
    }
}

/// Raw ints of 8 bytes.
fn ints(bytes: &[u8]) -> Vec<i64> {
    bytes.as_chunks().0.iter().map(|word| i64::from_le_bytes(*word)).collect()
}

impl Torch {
    /// What follows a pickle of the stream.
    pub(in crate::globals) fn stopped(&mut self, graph: &mut Graph, root: Value) -> Result<Next, Reject> {
        let Some(source) = self.sources.last_mut() else { return Ok(Next::Root(root)) };
        let step = std::mem::replace(&mut source.step, Step::Done);
        let (next, answer) = match step {
            Step::Magic => match root {
                Value::Big { len, at } if graph.bytes(len, at) == MAGIC => (Step::Protocol, Next::Pickle),
                _ => return malformed("expected the magic number of a torch file"),
            },
            Step::Protocol => match root {
                Value::Int(PROTOCOL) => (Step::System, Next::Pickle),
                _ => return malformed(format!("expected protocol {PROTOCOL} of torch files")),
            },
            Step::System if args::dict(graph, root).is_some() => (Step::Object, Next::Pickle),
            Step::System => return malformed("expected a dict of facts about the system that wrote the file"),
            Step::Object => (Step::Keys { object: root }, Next::Pickle),
            Step::Keys { object } => return self.keys(graph, object, root),
            Step::StorageCount | Step::TensorCount => {
                let (Some(left), of_storages) = (args::int(root), matches!(step, Step::StorageCount)) else {
                    return malformed("expected the number of storages or tensors");
                };
                let next = if of_storages { Step::Storage { left } } else { Step::Tensor { left } };
                match (left, of_storages) {
                    (1.., _) => (next, Next::Pickle),
                    (0, true) => (Step::Views, Next::Pickle),
                    (0, false) => (Step::Done, Next::End(Value::None)),
                    _ => return malformed(format!("expected a count from 0 up, found {left}")),
                }
            }
            Step::Storage { left } => match args::sequence(graph, root).filter(|&id| graph.count(id) == 3) {
                Some(id) => {
                    let head = graph.first::<3>(id);
                    (Step::StorageLength { left, head }, Next::Raw { len: 8, what: "the length of a storage" })
                }
                None => return malformed("expected the key, location and class of a storage"),
            },
            Step::Views => return self.tar_views(graph, root),
            Step::Tensor { left } => match args::sequence(graph, root).filter(|&id| graph.count(id) == 3) {
                Some(id) => {
                    let [key, storage, _] = graph.first::<3>(id);
                    let storage = tar_key(graph, storage).and_then(|key| source.keys.get(&key)).copied();
                    let (Some(key), Some(storage)) = (tar_key(graph, key), storage) else {
                        return malformed("expected a tensor's key and that of its storage");
                    };
                    (Step::TensorRank { left, key, storage }, Next::Raw { len: 8, what: "the rank of a tensor" })
                }
                None => return malformed("expected the key, storage and class of a tensor"),
            },
            Step::Archive | Step::TarPickle => (Step::Done, Next::End(root)),
            // What follows the end of the file is read for its names.
            Step::Done => (Step::Done, Next::Root(root)),
            Step::Length { .. }
            | Step::Elements { .. }
            | Step::StorageLength { .. }
            | Step::StorageElements { .. }
            | Step::TensorRank { .. }
            | Step::TensorShape { .. } => return malformed("expected raw bytes, found a pickle"),
        };
        if let Some(source) = self.sources.last_mut() {
            source.step = next;
        }
        Ok(answer)
    }

    /// The list of keys says which storages follow, and in which order.
    fn keys(&mut self, graph: &mut Graph, object: Value, root: Value) -> Result<Next, Reject> {
        let Some(list) = args::sequence(graph, root) else {
            return malformed("expected a list of the keys of storages");
        };
        let Some(source) = self.sources.last() else { return Err(Reject::Tainted) };
        graph.charge(size_of::<NodeId>() as u64 * graph.count(list) as u64)?;
        let mut keys = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for key in graph.items(list) {
            let id = args::text(graph, key).and_then(|key| source.keys.get(key)).copied();
            let root_of_none = |id: &NodeId| self.known.get(id).is_some_and(|known| known.root.is_none());
            match id.filter(root_of_none) {
                Some(id) if seen.insert(id) => keys.push(id),
                Some(_) => return malformed("expected each storage once in the list of keys"),
                None if source.tainted => {
                    let why =
                        "refused: where a storage of a refused class ends cannot be told; what follows was not read";
                    return Err(Reject::Fatal(Refused::Opcode(why.to_owned())));
                }
                None => return malformed("expected only keys of storages that the object refers to"),
            }
        }
        self.advance(graph, object, keys, 0)
    }

    /// Goes on with a storage of a legacy stream, or ends it.
    fn advance(&mut self, graph: &mut Graph, object: Value, keys: Vec<NodeId>, at: usize) -> Result<Next, Reject> {
        if at < keys.len() {
            if let Some(source) = self.sources.last_mut() {
                source.step = Step::Length { object, keys, at };
            }
            return Ok(Next::Raw { len: 8, what: "the length of a storage" });
        }
        self.fill_views(graph)?;
        let complete = |torch: &Torch| {
            let source = torch.sources.last()?;
            source.order.iter().find(|(_, id)| torch.known.get(id).is_some_and(|known| !known.filled)).map(|_| ())
        };
        if complete(self).is_some() {
            return malformed("expected the bytes of every storage that the object refers to");
        }
        // A stream inside bytes is over; the file around it goes on.
        if self.sources.last().is_some_and(|source| source.part == Part::Inner) {
            self.leave();
        }
        Ok(Next::End(object))
    }

    /// Views share the bytes of their storages.
    fn fill_views(&mut self, graph: &mut Graph) -> Result<(), Reject> {
        let Some(source) = self.sources.last() else { return Ok(()) };
        let views: Vec<NodeId> = source.order.iter().map(|(_, id)| *id).collect();
        for id in views {
            let Some((known, (root, first))) = self.known.get(&id).and_then(|k| Some((*k, k.root?))) else { continue };
            let size = known.dtype.map_or(1, |t| t.size);
            let data = crate::model::layout::Storage::of(graph, root).data;
            match graph.part_of_bytes(data, first.saturating_mul(size), known.bytes()) {
                Some(part) if !known.filled => self.fill(graph, id, part)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Raw bytes of the stream.
    pub(in crate::globals) fn given(&mut self, graph: &mut Graph, bytes: Value) -> Result<Next, Reject> {
        let Some(source) = self.sources.last_mut() else { return malformed("expected a pickle, found raw bytes") };
        let step = std::mem::replace(&mut source.step, Step::Done);
        let words = |graph: &Graph| args::bytes(graph, bytes).map(ints).unwrap_or_default();
        match step {
            Step::Length { object, keys, at } => {
                let Some(id) = keys.get(at).copied() else { return Err(Reject::Tainted) };
                let len = self.raw_len(id, words(graph).first().copied())?;
                self.go(Step::Elements { object, keys, at });
                Ok(Next::Raw { len, what: "a storage" })
            }
            Step::Elements { object, keys, at } => {
                let Some(id) = keys.get(at).copied() else { return Err(Reject::Tainted) };
                self.fill(graph, id, bytes)?;
                self.advance(graph, object, keys, at + 1)
            }
            Step::StorageLength { left, head: [key, location, class] } => {
                let count = words(graph).first().and_then(|n| u64::try_from(*n).ok());
                let (Some(key), Some(count), true) =
                    (tar_key(graph, key), count, args::text(graph, location).is_some())
                else {
                    return malformed("expected a storage's key, location and length");
                };
                let id = storage::new(self, graph, class, count, location)?;
                graph.charge(2 * key.len() as u64 + 64)?;
                if let Some(source) = self.sources.last_mut() {
                    source.order.push((key.clone(), id));
                    if source.keys.insert(key.clone(), id).is_some() {
                        return malformed(format!("expected each storage once, found {key} again"));
                    }
                }
                let len = self.known.get(&id).map_or(0, super::Known::bytes);
                self.go(Step::StorageElements { left, id });
                Ok(Next::Raw { len, what: "a storage" })
            }
            Step::StorageElements { left, id } => {
                self.fill(graph, id, bytes)?;
                if left > 1 {
                    self.go(Step::Storage { left: left - 1 });
                    return Ok(Next::Pickle);
                }
                // Other writers than torch leave the list of views out.
                self.go(Step::Views);
                Ok(Next::Perhaps(Value::None))
            }
            Step::TensorRank { left, key, storage } => {
                // Four bytes of rank and four that old files have nothing in.
                let rank = words(graph).first().map_or(-1, |word| *word as i32);
                let Ok(words) = usize::try_from(rank) else { return malformed("expected a rank from 0 up") };
                if rank > MAX_RANK {
                    return malformed(format!("expected a rank of at most {MAX_RANK}, found {rank}"));
                }
                self.go(Step::TensorShape { left, key, storage, rank: words });
                Ok(Next::Raw { len: 16 * words as u64 + 8, what: "the shape of a tensor" })
            }
            Step::TensorShape { left, key, storage, rank } => {
                let mut words = words(graph);
                let offset = words.pop().unwrap_or(-1);
                let stride = words.split_off(rank.min(words.len()));
                let view = Strided { shape: words, stride, offset };
                let made = tensor::on_storage(self, graph, Value::Object(storage), &view, None);
                let made = made.map_err(|problem| problem.refused(refuse))?;
                let made = graph.structure(&made)?;
                graph.charge(key.len() as u64 + 64)?;
                self.refer(graph, storage);
                if let Some(source) = self.sources.last_mut()
                    && source.tensors.insert(key.clone(), made).is_some()
                {
                    return malformed(format!("expected each tensor once, found {key} again"));
                }
                if left > 1 {
                    self.go(Step::Tensor { left: left - 1 });
                    return Ok(Next::Pickle);
                }
                Ok(Next::End(Value::None))
            }
            _ => malformed("expected a pickle, found raw bytes"),
        }
    }

    fn go(&mut self, step: Step) {
        if let Some(source) = self.sources.last_mut() {
            source.step = step;
        }
    }

    /// Bytes that a storage's length in the stream stands for.
    fn raw_len(&self, id: NodeId, count: Option<i64>) -> Result<u64, Reject> {
        let known = self.known.get(&id).copied().ok_or(Reject::Tainted)?;
        let size = known.dtype.map_or(1, |t| t.size);
        let len = count.and_then(|n| u64::try_from(n).ok()).and_then(|n| n.checked_mul(size));
        match len {
            Some(len) if len <= i64::MAX as u64 => Ok(len),
            _ => malformed("truncated: the length of a storage is more than any stream has"),
        }
    }

    /// Parts of storages under keys of their own: (key, key of the storage, first element, length) each.
    fn tar_views(&mut self, graph: &mut Graph, root: Value) -> Result<Next, Reject> {
        const WHAT: &str = "expected views as key, storage, first element and length";
        let Some(list) = args::sequence(graph, root) else { return malformed(WHAT) };
        let items: Vec<Value> = graph.items(list).collect();
        for view in items {
            let Some(tuple) = args::sequence(graph, view).filter(|&id| graph.count(id) == 4) else {
                return malformed(WHAT);
            };
            let [key, of, first, count] = graph.first::<4>(tuple);
            let whole = |v| args::int(v).and_then(|n| u64::try_from(n).ok());
            let of = tar_key(graph, of).and_then(|key| self.sources.last()?.keys.get(&key).copied());
            let (Some(key), Some(of), Some(first), Some(count)) = (tar_key(graph, key), of, whole(first), whole(count))
            else {
                return malformed(WHAT);
            };
            let known = self.known.get(&of).copied().ok_or(Reject::Tainted)?;
            if first.checked_add(count).is_none_or(|end| end > known.count) {
                return Err(refuse("expected a view inside its storage"));
            }
            let made = graph.structure(&crate::model::layout::Storage {
                dtype: crate::model::layout::Storage::of(graph, of).dtype,
                location: known.location,
                data: Value::None,
            })?;
            let Some((Layout::Storage, id)) = graph.layout(made) else { return Err(Reject::Tainted) };
            // A view of a view is a part of the storage below both.
            let (root, start) = known.root.map_or((of, first), |(root, start)| (root, start.saturating_add(first)));
            self.known.insert(id, super::Known { count, filled: false, root: Some((root, start)), ..known });
            if let Some(source) = self.sources.last_mut() {
                source.order.push((key.clone(), id));
                if source.keys.insert(key.clone(), id).is_some() {
                    return malformed(format!("expected each storage once, found {key} again"));
                }
            }
        }
        self.fill_views(graph)?;
        Ok(Next::End(Value::None))
    }

    /// A persistent id in a tar archive: the key of a tensor or storage; or a class with the source of its module.
    pub(super) fn tar_id(&mut self, graph: &mut Graph, id: Value) -> Result<Value, Reject> {
        if let Some(tuple) = args::sequence(graph, id) {
            return match graph.first::<1>(tuple) {
                [class @ Value::Global(_)] if graph.count(tuple) == 3 => Ok(class),
                [Value::Unknown] => Err(Reject::Tainted),
                _ => Err(refuse("expected a class, a file name and the text of the file")),
            };
        }
        let Some(key) = tar_key(graph, id) else {
            return Err(refuse(format!("expected a key as persistent id, found {}", args::type_name(graph, id))));
        };
        let found = self.sources.last().and_then(|source| {
            source.tensors.get(&key).copied().or_else(|| source.keys.get(&key).map(|id| Value::Object(*id)))
        });
        match found {
            Some(Value::Object(id)) => {
                self.refer(graph, id);
                Ok(Value::Object(id))
            }
            _ => Err(refuse(format!("expected the key of a tensor or storage, found {key}"))),
        }
    }
}
