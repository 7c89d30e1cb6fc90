//! Storages: the classes that name their dtypes, and the persistent ids that name them.

use super::super::args;
use super::super::table::{Row, Use, module};
use super::super::{Action, Class, Ctx, Forms, Registry};
use super::stream::Part;
use super::{Known, Torch, refuse};
use crate::machine::{Demand, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Layout, Storage};
use crate::model::torch::TorchType;
use crate::model::value::{NodeId, Value};

const GUARD: &str = "as the class of a storage in a persistent id";

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "torch-storage",
        modules: &[module("torch"), module("torch.cuda")],
        names: &[
            "BFloat16Storage",
            "BoolStorage",
            "ByteStorage",
            "CharStorage",
            "DoubleStorage",
            "FloatStorage",
            "HalfStorage",
            "IntStorage",
            "LongStorage",
            "ShortStorage",
        ],
        uses: Use::Part(&STORAGE_CLASS),
        guard: GUARD,
    },
    Row {
        kind: "torch-storage",
        modules: &[module("torch")],
        names: &[
            "ComplexDoubleStorage",
            "ComplexFloatStorage",
            "QInt32Storage",
            "QInt8Storage",
            "QUInt2x4Storage",
            "QUInt4x2Storage",
            "QUInt8Storage",
        ],
        uses: Use::Part(&STORAGE_CLASS),
        guard: GUARD,
    },
    Row {
        kind: "torch-storage",
        modules: &[module("torch.storage"), module("torch")],
        names: &["TypedStorage", "UntypedStorage", "_TypedStorage=TypedStorage", "_UntypedStorage=UntypedStorage"],
        uses: Use::Part(&STORAGE_CLASS),
        guard: GUARD,
    },
    Row {
        kind: "torch-storage",
        modules: &[module("torch.storage")],
        names: &["_load_from_bytes"],
        uses: Use::Data(&LOAD_FROM_BYTES),
        guard: "(bytes): a legacy stream of torch that holds one storage",
    },
];

static STORAGE_CLASS: Class = Class {
    forms: Forms::NONE,
    call: |ctx| ctx.reject("expected a class inside a persistent id, found a call"),
    build: None,
    bare: false,
};
static LOAD_FROM_BYTES: Class = Class { forms: Forms::REDUCE, call: load_from_bytes, build: None, bare: false };

/// The dtype of a class's name; `None` for untyped storages.
fn dtype_of(class: &str) -> Option<Option<&'static TorchType>> {
    let name = match class {
        "BFloat16Storage" => "bfloat16",
        "BoolStorage" => "bool",
        "ByteStorage" => "uint8",
        "CharStorage" => "int8",
        "DoubleStorage" => "float64",
        "FloatStorage" => "float32",
        "HalfStorage" => "float16",
        "IntStorage" => "int32",
        "LongStorage" => "int64",
        "ShortStorage" => "int16",
        "ComplexDoubleStorage" => "complex128",
        "ComplexFloatStorage" => "complex64",
        "QInt32Storage" => "qint32",
        "QInt8Storage" => "qint8",
        "QUInt8Storage" => "quint8",
        "UntypedStorage" => return Some(None),
        _ => return None,
    };
    TorchType::of_name(name).map(Some)
}

/// A storage of a class, not filled yet.
pub(super) fn new(
    torch: &mut Torch,
    graph: &mut Graph,
    class: Value,
    count: u64,
    location: Value,
) -> Result<NodeId, Reject> {
    let Value::Global(class) = class else {
        return Err(refuse(format!("expected the class of a storage, found {}", args::type_name(graph, class))));
    };
    let name = graph.global(class);
    let known_module = name.module == "torch" || name.module == "torch.storage";
    let Some(dtype) = dtype_of(&name.name).filter(|_| known_module) else {
        return Err(refuse(format!(
            "expected the class of a storage whose elements have bytes of their own, found `{name}`"
        )));
    };
    let size = dtype.map_or(1, |t| t.size);
    if u128::from(count) * u128::from(size) > i64::MAX as u128 {
        return Err(refuse(format!("expected a storage that memory has room for, found {count} elements")));
    }
    let dtype_text = match dtype {
        Some(dtype) => graph.str(dtype.name)?,
        None => Value::None,
    };
    let made = graph.structure(&Storage { dtype: dtype_text, location, data: Value::None })?;
    let Some((Layout::Storage, id)) = graph.layout(made) else { return Err(Reject::Tainted) };
    graph.charge(size_of::<Known>() as u64 + 64)?;
    torch.known.insert(id, Known { dtype, count, location, filled: false, element: None, root: None });
    Ok(id)
}

impl Torch {
    /// What a persistent id stands for.
    pub(in crate::globals) fn persistent(&mut self, graph: &mut Graph, id: Value) -> Result<Option<Value>, Reject> {
        let Some(source) = self.sources.last() else { return Ok(None) };
        let archive = source.part == Part::Archive;
        if source.part.is_tar() {
            return self.tar_id(graph, id).map(Some);
        }
        let Some(tuple) = args::sequence(graph, id).filter(|&id| graph.kind(id) == Kind::Tuple) else {
            return Err(refuse(format!("expected a tuple as persistent id, found {}", args::type_name(graph, id))));
        };
        let items: Vec<Value> = graph.items(tuple).take(8).collect();
        if items.iter().any(|v| matches!(v, Value::Unknown)) {
            if let Some(source) = self.sources.last_mut() {
                source.tainted = true;
            }
            return Err(Reject::Tainted);
        }
        let kind = items.first().and_then(|kind| args::text(graph, *kind)).unwrap_or_default();
        match (kind, items.as_slice()) {
            // The source text of the class is for a warning that torch gives.
            ("module", &[_, class @ Value::Global(_), _, _]) if !archive => Ok(Some(class)),
            ("storage", &[_, class, key, location, count]) => {
                self.storage(graph, class, key, location, count, Value::None).map(Some)
            }
            ("storage", &[_, class, key, location, count, view]) if !archive => {
                self.storage(graph, class, key, location, count, view).map(Some)
            }
            ("storage", _) => Err(refuse(format!(
                "expected `storage`, a class, a key, a location and a length, found {} items",
                graph.count(tuple)
            ))),
            _ => Err(refuse("expected the persistent id of a storage")),
        }
    }

    fn storage(
        &mut self,
        graph: &mut Graph,
        class: Value,
        key: Value,
        location: Value,
        count: Value,
        view: Value,
    ) -> Result<Value, Reject> {
        let (Some(key), true) = (args::text(graph, key).map(str::to_owned), args::text(graph, location).is_some())
        else {
            return Err(refuse("expected text as key and location of a storage"));
        };
        if args::text(graph, location) == Some("meta") {
            return Err(refuse("expected a storage with bytes, found one on the device `meta`, which has none"));
        }
        let Some(count) = args::int(count).and_then(|n| u64::try_from(n).ok()) else {
            return Err(refuse(format!(
                "expected an int from 0 up as length of a storage, found {}",
                args::type_name(graph, count)
            )));
        };
        let root = match self.sources.last().and_then(|s| s.keys.get(&key)).copied() {
            Some(id) => self.again(graph, id, class, count, location)?,
            None => self.first(graph, &key, class, count, location)?,
        };
        if matches!(view, Value::None) {
            return Ok(Value::Object(root));
        }
        self.view(graph, root, class, view, location).map(Value::Object)
    }

    /// The storage of a tar archive that stands by its description: (`storage`, class, key, location, length). Other writers than
    /// torch leave out the member `tensors`, and have no persistent ids.
    pub(super) fn described(&mut self, graph: &mut Graph, tuple: NodeId) -> Option<Result<NodeId, Reject>> {
        let source = self.sources.last().filter(|source| source.part == Part::TarPickle)?;
        let [kind, class, key, location, count] = graph.first::<5>(tuple);
        let described = graph.kind(tuple) == Kind::Tuple && graph.count(tuple) == 5;
        if !described || args::text(graph, kind) != Some("storage") {
            return None;
        }
        let id = args::text(graph, key).and_then(|key| source.keys.get(key)).copied()?;
        let count = args::int(count).and_then(|n| u64::try_from(n).ok())?;
        Some(self.same(graph, id, class, count, location).inspect(|id| self.refer(graph, *id)))
    }

    fn first(
        &mut self,
        graph: &mut Graph,
        key: &str,
        class: Value,
        count: u64,
        location: Value,
    ) -> Result<NodeId, Reject> {
        let id = new(self, graph, class, count, location)?;
        graph.charge(2 * key.len() as u64 + 64)?;
        if let Some(source) = self.sources.last_mut() {
            source.keys.insert(key.to_owned(), id);
            source.order.push((key.to_owned(), id));
        }
        Ok(id)
    }

    /// A storage that another persistent id named before: both must say the same of it.
    fn again(
        &self,
        graph: &mut Graph,
        id: NodeId,
        class: Value,
        count: u64,
        location: Value,
    ) -> Result<NodeId, Reject> {
        self.same(graph, id, class, count, location).inspect(|id| graph.mark_shared(*id))
    }

    fn same(&self, graph: &Graph, id: NodeId, class: Value, count: u64, location: Value) -> Result<NodeId, Reject> {
        let known = self.known.get(&id).copied().ok_or(Reject::Tainted)?;
        let class = match class {
            Value::Global(class) => dtype_of(&graph.global(class).name),
            _ => None,
        };
        let same_place = args::text(graph, known.location) == args::text(graph, location);
        if class != Some(known.dtype) || known.count != count || !same_place {
            return Err(refuse("expected one dtype, length and location for all that share a storage"));
        }
        Ok(id)
    }

    /// A part of a storage under a key of its own: (key, first element, length).
    fn view(
        &mut self,
        graph: &mut Graph,
        root: NodeId,
        class: Value,
        view: Value,
        location: Value,
    ) -> Result<NodeId, Reject> {
        const WHAT: &str = "expected a view as key, first element and length inside its storage";
        let Some(tuple) = args::sequence(graph, view).filter(|&id| graph.count(id) == 3) else {
            return Err(refuse(WHAT));
        };
        let [key, first, count] = graph.first::<3>(tuple);
        let whole = |v| args::int(v).and_then(|n| u64::try_from(n).ok());
        let (Some(key), Some(first), Some(count)) =
            (args::text(graph, key).map(str::to_owned), whole(first), whole(count))
        else {
            return Err(refuse(WHAT));
        };
        let known = self.known.get(&root).copied().ok_or(Reject::Tainted)?;
        if first.checked_add(count).is_none_or(|end| end > known.count) {
            return Err(refuse(WHAT));
        }
        if let Some(id) = self.sources.last().and_then(|s| s.keys.get(&key)).copied() {
            let other = self.known.get(&id).copied().ok_or(Reject::Tainted)?;
            if other.root != Some((root, first)) || other.count != count {
                return Err(refuse("expected one place for all that share a view"));
            }
            graph.mark_shared(id);
            return Ok(id);
        }
        let id = self.first(graph, &key, class, count, location)?;
        graph.mark_shared(root);
        if let Some(known) = self.known.get_mut(&id) {
            known.root = Some((root, first));
        }
        Ok(id)
    }

    /// Gives a storage its bytes, exactly as many as it has.
    ///
    /// # Errors
    /// More or fewer.
    pub fn fill(&mut self, graph: &mut Graph, id: NodeId, bytes: Value) -> Result<(), Reject> {
        let Some(known) = self.known.get_mut(&id) else { return Err(Reject::Tainted) };
        let found = args::byte_len(graph, bytes);
        if found != known.bytes() {
            return Err(refuse(format!("expected {} bytes in a storage, found {found}", known.bytes())));
        }
        known.filled = true;
        let dtype = Storage::of(graph, id).dtype;
        Ok(graph.become_structure(id, &Storage { dtype, location: known.location, data: bytes })?)
    }
}

/// A storage inside plain pickles: a stream in bytes, which the machine reads.
fn load_from_bytes(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [bytes @ (Value::Bytes { .. } | Value::ByteArray { .. } | Value::Py2Str { .. })] => {
            let target = ctx.graph.object(Kind::Pending, &[Value::Global(ctx.global)])?;
            ctx.registry.torch.enter(Part::Inner);
            Err(Reject::Demand(Demand::Stream { target, bytes }))
        }
        _ => ctx.reject("expected bytes that hold a storage"),
    }
}

/// Whether a global is `_load_from_bytes`.
pub(super) fn reads_bytes(registry: &Registry, global: u32) -> bool {
    matches!(registry.action(global), Some(Action::Data(class)) if std::ptr::eq(class, &raw const LOAD_FROM_BYTES))
}
