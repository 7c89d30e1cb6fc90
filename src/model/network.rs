//! Graphs of networkx: nodes found by their keys, as Python compares keys.

use std::collections::HashMap;

use crate::model::graph::{Graph, Kind};
use crate::model::key::{self, KeyError};
use crate::model::value::{NodeId, Value};

/// Steps of comparing two keys.
const STEPS: u32 = 1 << 12;
/// Steps of hashing, for each node and neighbour.
const STEPS_EACH: u64 = 64;

/// The nodes by their keys, in order.
pub(crate) struct Nodes {
    by_hash: HashMap<u64, Vec<(Value, usize)>>,
    steps: u64,
    count: usize,
}

impl Nodes {
    pub fn of(graph: &Graph, nodes: NodeId, entries: u64) -> Result<Nodes, KeyError> {
        let steps = entries.saturating_mul(STEPS_EACH).saturating_add(1 << 16);
        let mut index = Nodes { by_hash: HashMap::new(), steps, count: graph.count(nodes) / 2 };
        for (n, key) in graph.items(nodes).step_by(2).enumerate() {
            let hash = key::hash(graph, key, &mut index.steps)?;
            index.by_hash.entry(hash).or_default().push((key, n));
        }
        Ok(index)
    }

    pub fn find(&mut self, graph: &Graph, key: Value) -> Result<Option<usize>, KeyError> {
        let hash = key::hash(graph, key, &mut self.steps)?;
        let same = |other: &&(Value, usize)| key::equal(graph, key, other.0, &mut STEPS.clone());
        Ok(self.by_hash.get(&hash).and_then(|all| all.iter().find(same)).map(|found| found.1))
    }

    /// Whether predecessors are what a walk through the successors gives, order and edges included.
    pub fn implies(&self, graph: &Graph, adjacency: NodeId, predecessors: NodeId) -> bool {
        let mut index = Nodes { by_hash: self.by_hash.clone(), steps: self.steps, count: self.count };
        let mut expected: Vec<Vec<(usize, Value)>> = vec![Vec::new(); self.count];
        let found = pairs(graph, adjacency).try_for_each(|(from, to)| {
            let from = index.find(graph, from).ok()??;
            for (to, edge) in pairs(graph, dict_of(graph, to)?) {
                expected.get_mut(index.find(graph, to).ok()??)?.push((from, edge));
            }
            Some(())
        });
        if found.is_none() || graph.count(predecessors) / 2 != self.count {
            return false;
        }
        let same = |a: Value, b: Value| matches!((a, b), (Value::Object(a), Value::Object(b)) if a == b);
        pairs(graph, predecessors).enumerate().all(|(n, (to, from))| {
            let (Ok(Some(at)), Some(from)) = (index.find(graph, to), dict_of(graph, from)) else { return false };
            let Some(expected) = expected.get(at).filter(|all| at == n && all.len() == graph.count(from) / 2) else {
                return false;
            };
            pairs(graph, from).zip(expected).all(|((key, edge), (node, known))| {
                same(edge, *known) && matches!(index.find(graph, key), Ok(Some(found)) if found == *node)
            })
        })
    }
}

/// Keys and values of a dict.
pub(crate) fn pairs(graph: &Graph, dict: NodeId) -> impl Iterator<Item = (Value, Value)> {
    graph.items(dict).step_by(2).zip(graph.items(dict).skip(1).step_by(2))
}

/// A plain dict.
pub(crate) fn dict_of(graph: &Graph, value: Value) -> Option<NodeId> {
    match value {
        Value::Object(id) if graph.kind(id) == Kind::Dict => Some(id),
        _ => None,
    }
}
