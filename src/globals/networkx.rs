//! `networkx`: graphs by their attributes, nodes and adjacency.
//!
//! Source: networkx 1.11 to 3.6 (`classes/graph.py`, `digraph.py`; a pickle is the instance's `__dict__`). Views that the graph had
//! cached, and the predecessors of a directed graph, say nothing new and are dropped, after it was checked that they do not; what
//! else an instance holds is kept.

use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms, args, records};
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::Network;
use crate::model::network::{Nodes, pairs};
use crate::model::value::{NodeId, Value};

macro_rules! graphs {
    ($($module:literal $name:literal $class:ident;)*) => {
        pub(super) static ROWS: &[Row] = &[
            $(Row {
                kind: "networkx",
                modules: &[module($module)],
                names: &[$name],
                uses: Use::Data(&$class),
                guard: "(); the state: graph, _node or node, _adj or adj; views and consistent predecessors are dropped",
            },)*
            Row {
                kind: "networkx-view",
                modules: &[module("networkx.classes.coreviews")],
                names: &["AdjacencyView", "AtlasView", "MultiAdjacencyView"],
                uses: Use::Inert,
                guard: "a record",
            },
            Row {
                kind: "networkx-view",
                modules: &[module("networkx.classes.reportviews")],
                names: &[
                    "DegreeView",
                    "DiDegreeView",
                    "DiMultiDegreeView",
                    "EdgeView",
                    "InDegreeView",
                    "InEdgeView",
                    "InMultiDegreeView",
                    "InMultiEdgeView",
                    "MultiDegreeView",
                    "MultiEdgeView",
                    "NodeView",
                    "OutDegreeView",
                    "OutEdgeView",
                    "OutMultiDegreeView",
                    "OutMultiEdgeView",
                ],
                uses: Use::Inert,
                guard: "a record",
            },
        ];
    };
}

graphs! {
    "networkx.classes.graph" "Graph" GRAPH;
    "networkx.classes.digraph" "DiGraph" DI_GRAPH;
    "networkx.classes.multigraph" "MultiGraph" MULTI_GRAPH;
    "networkx.classes.multidigraph" "MultiDiGraph" MULTI_DI_GRAPH;
}

const fn class(build: super::Build) -> Class {
    Class { forms: Forms::NEWOBJ, call: waiting, build: Some(build), bare: true }
}

static GRAPH: Class = class(|ctx, id, state| network(ctx, id, state, false));
static DI_GRAPH: Class = class(|ctx, id, state| network(ctx, id, state, false));
static MULTI_GRAPH: Class = class(|ctx, id, state| network(ctx, id, state, true));
static MULTI_DI_GRAPH: Class = class(|ctx, id, state| network(ctx, id, state, true));

fn waiting(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    ctx.pending(None)
}

/// Attributes that hold the class of dicts to make; `dict` unless a subclass says otherwise.
const FACTORIES: &[&str] = &[
    "adjlist_dict_factory",
    "adjlist_inner_dict_factory",
    "adjlist_outer_dict_factory",
    "edge_attr_dict_factory",
    "edge_key_dict_factory",
    "graph_attr_dict_factory",
    "node_attr_dict_factory",
    "node_dict_factory",
];

/// Attributes that cache a view.
const VIEWS: &[&str] =
    &["adj", "degree", "edges", "in_degree", "in_edges", "nodes", "out_degree", "out_edges", "pred", "succ"];

fn network(ctx: &mut Ctx<'_>, target: NodeId, state: Value, multi: bool) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    records::examine(ctx.graph, state)?;
    let Some(fields) = args::fields(ctx.graph, state) else {
        return ctx.reject("expected a dict of attributes as state");
    };
    let fields: Vec<(String, Value)> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let dicts: Vec<(&str, NodeId)> =
        fields.iter().filter_map(|(name, value)| Some((name.as_str(), args::dict(ctx.graph, *value)?))).collect();
    let named = |names: [&str; 2]| names.iter().find_map(|name| dicts.iter().find(|dict| dict.0 == *name).copied());
    // In networkx 1 the attributes had no underscore; in later ones `adj` and `nodes` are views.
    let (Some((_, attributes)), Some((node_name, nodes)), Some((adj_name, adjacency))) = (
        named(["graph", "graph"]),
        named(["_node", "node"]),
        named(["_adj", "adj"]).or_else(|| named(["_succ", "succ"])),
    ) else {
        return ctx.reject("expected dicts as `graph`, `_node` and `_adj` in the state");
    };
    let index = match check(ctx, nodes, adjacency, multi)? {
        Ok(index) => index,
        Err(problem) => return ctx.reject(problem),
    };
    let directed = fields.iter().any(|(name, _)| matches!(name.as_str(), "_pred" | "_succ"))
        || (adj_name == "succ"
            || fields.iter().any(|(name, value)| name == "pred" && args::dict(ctx.graph, *value).is_some()));
    let mut known = vec![target, nodes, adjacency];
    let predecessors = if directed { named(["_pred", "pred"]).map(|(_, id)| id) } else { None };
    known.extend(predecessors);
    let mut own = Vec::new();
    for (name, value) in &fields {
        let same = |id: NodeId| matches!(*value, Value::Object(found) if found == id);
        let says_nothing = match name.as_str() {
            "graph" => same(attributes),
            name if name == node_name => same(nodes),
            name if name == adj_name => same(adjacency),
            // Names for the same dict.
            "_succ" | "edge" => same(adjacency),
            "_pred" | "pred" if predecessors.is_some_and(same) => {
                predecessors.is_some_and(|id| index.implies(ctx.graph, adjacency, id))
            }
            "succ" | "adj" if same(adjacency) => true,
            "__networkx_cache__" => args::dict(ctx.graph, *value).is_some_and(|id| ctx.graph.count(id) == 0),
            name if FACTORIES.contains(&name) => args::global(*value).is_some_and(|class| {
                let class = ctx.graph.global(class);
                class.module == "builtins" && class.name == "dict"
            }),
            name if VIEWS.contains(&name) => is_view(ctx.graph, *value, &known),
            _ => false,
        };
        if !says_nothing {
            own.push((name.clone(), *value));
        }
    }
    let own = if own.is_empty() {
        Value::None
    } else {
        let id = ctx.graph.alloc(Kind::Dict)?;
        for (name, value) in own {
            let name = ctx.graph.str(&name)?;
            ctx.graph.extend_dict(id, &[name, value])?;
        }
        Value::Object(id)
    };
    let network = Network {
        class: Value::Global(ctx.global),
        graph: Value::Object(attributes),
        nodes: Value::Object(nodes),
        adjacency: Value::Object(adjacency),
        own,
    };
    Ok(ctx.graph.become_structure(target, &network)?)
}

/// Whether a record is a view of nothing but the graph's own parts.
fn is_view(graph: &Graph, value: Value, known: &[NodeId]) -> bool {
    let Value::Object(id) = value else { return false };
    if graph.kind(id) != Kind::Record || graph.count(id) != records::FIXED + 2 {
        return false;
    }
    let class = match graph.first::<1>(id) {
        [Value::Global(class)] => graph.global(class),
        _ => return false,
    };
    if !matches!(class.module.as_str(), "networkx.classes.coreviews" | "networkx.classes.reportviews") {
        return false;
    }
    let Some(state) = graph.item(id, records::FIXED + 1) else { return false };
    args::fields(graph, state).is_some_and(|fields| {
        fields.iter().all(|(name, value)| match value {
            Value::Object(id) => known.contains(id),
            Value::None => *name == "_weight",
            _ => false,
        })
    })
}

/// Whether every node has its neighbours, and every neighbour is a node; attributes are dicts.
fn check(
    ctx: &mut Ctx<'_>,
    nodes: NodeId,
    adjacency: NodeId,
    multi: bool,
) -> Result<Result<Nodes, &'static str>, Reject> {
    let graph = &*ctx.graph;
    let mut entries = (graph.count(nodes) + graph.count(adjacency)) as u64;
    for (_, neighbours) in pairs(graph, adjacency) {
        entries = entries.saturating_add(args::dict(graph, neighbours).map_or(0, |id| graph.count(id) as u64));
    }
    // Two walks: one here, one through the predecessors.
    ctx.graph.charge(entries.saturating_mul(2 * size_of::<Value>() as u64))?;
    let graph = &*ctx.graph;
    let mut index = Nodes::of(graph, nodes, entries)?;
    let is_dict = |value| args::dict(graph, value).is_some();
    if !pairs(graph, nodes).all(|(_, attributes)| is_dict(attributes)) {
        return Ok(Err("expected a dict of attributes for every node"));
    }
    if graph.count(adjacency) != graph.count(nodes) {
        return Ok(Err("expected the neighbours of every node"));
    }
    for (node, neighbours) in pairs(graph, adjacency) {
        let Some(neighbours) = args::dict(graph, neighbours) else {
            return Ok(Err("expected a dict of neighbours for every node"));
        };
        if index.find(graph, node)?.is_none() {
            return Ok(Err("expected the neighbours of every node"));
        }
        for (neighbour, edge) in pairs(graph, neighbours) {
            if index.find(graph, neighbour)?.is_none() {
                return Ok(Err("expected every neighbour to be a node"));
            }
            let Some(edge) = args::dict(graph, edge) else {
                return Ok(Err("expected a dict of attributes for every edge"));
            };
            if multi && !pairs(graph, edge).all(|(_, attributes)| is_dict(attributes)) {
                return Ok(Err("expected a dict of attributes for every edge of a multigraph"));
            }
        }
    }
    Ok(Ok(index))
}
