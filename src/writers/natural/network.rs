//! Graphs of networkx in the natural mapping, as `networkx.node_link_data` has them.
//!
//! `{"directed", "multigraph", "graph", "nodes": [{…, "id"}], "edges": [{…, "source", "target"[, "key"]}]}`, which
//! `networkx.node_link_graph` reads back.

use std::collections::HashMap;

use super::{Natural, Step};
use crate::error::Error;
use crate::model::key::KeyError;
use crate::model::layout::Network;
use crate::model::network::{Nodes, dict_of, pairs};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::keys;
use crate::writers::records::{Field, Name};

const KEEPS: &str = "`--lossless` keeps it as it is";

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn network(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Network)?;
        let graph = self.graph;
        let network = Network::of(graph, id);
        let class = match network.class {
            Value::Global(class) => graph.global(class).name.as_str(),
            _ => "",
        };
        let (directed, multi) = (class.contains("Di"), class.starts_with("Multi"));
        let (Some(nodes), Some(adjacency)) = (dict_of(graph, network.nodes), dict_of(graph, network.adjacency)) else {
            return Err(self.unrepresentable("expected the nodes and neighbours of a graph", KEEPS));
        };
        // The predecessors of a directed graph are the edges once more, in another order.
        let own = dict_of(graph, network.own);
        if own.is_some_and(|own| {
            pairs(graph, own).any(|(name, _)| match name {
                Value::Str { len, at } => !matches!(graph.text(len, at), "_pred" | "pred"),
                _ => true,
            })
        }) {
            self.note(Loss::NetworkLost)?;
        }
        let first_node = self.objects.len();
        for (node, attributes) in pairs(graph, nodes) {
            self.object_of(attributes, &[("id", node)])?;
        }
        let first_edge = self.objects.len();
        self.edges(nodes, adjacency, directed, multi)?;
        let end = self.objects.len();
        let at = self.pool.len();
        self.pool.extend([
            Field { name: Name::Fixed("directed"), value: Value::Bool(directed) },
            Field { name: Name::Fixed("multigraph"), value: Value::Bool(multi) },
            Field { name: Name::Fixed("graph"), value: network.graph },
        ]);
        self.begin_map(5)?;
        self.todo.push(Step::EndMap);
        self.todo.push(Step::Objects { name: "edges", begin: first_edge, at: first_edge, end });
        self.todo.push(Step::Objects { name: "nodes", begin: first_node, at: first_node, end: first_edge });
        self.todo.push(Step::Fields { at, end: self.pool.len() });
        Ok(())
    }

    /// Each edge once; of an undirected graph in the direction in which it comes first.
    fn edges(&mut self, nodes: NodeId, adjacency: NodeId, directed: bool, multi: bool) -> Result<(), Error> {
        let graph = self.graph;
        let mut entries = graph.count(adjacency) as u64;
        for (_, neighbours) in pairs(graph, adjacency) {
            entries += dict_of(graph, neighbours).map_or(0, |id| graph.count(id) as u64);
        }
        let mut index = Nodes::of(graph, nodes, entries).map_err(|e| self.no_key(e))?;
        // What an undirected edge holds, by the places of its ends.
        let mut seen: HashMap<(usize, usize), NodeId> = HashMap::new();
        for (source, neighbours) in pairs(graph, adjacency) {
            let Some(neighbours) = dict_of(graph, neighbours) else { continue };
            for (target, edge) in pairs(graph, neighbours) {
                let Some(edge) = dict_of(graph, edge) else { continue };
                if !directed {
                    let from = index.find(graph, source).map_err(|e| self.no_key(e))?;
                    let to = index.find(graph, target).map_err(|e| self.no_key(e))?;
                    let (Some(from), Some(to)) = (from, to) else { continue };
                    match seen.insert((from.min(to), from.max(to)), edge) {
                        None => {}
                        Some(other) if other == edge => continue,
                        Some(_) => {
                            let what = "an edge of an undirected graph with attributes of its own in each direction";
                            return Err(self.unrepresentable(what, KEEPS));
                        }
                    }
                }
                if multi {
                    for (key, attributes) in pairs(graph, edge) {
                        self.object_of(attributes, &[("source", source), ("target", target), ("key", key)])?;
                    }
                } else {
                    self.object_of(Value::Object(edge), &[("source", source), ("target", target)])?;
                }
            }
        }
        Ok(())
    }

    /// Remembers an object of attributes and what names it.
    fn object_of(&mut self, attributes: Value, fixed: &[(&'static str, Value)]) -> Result<(), Error> {
        let graph = self.graph;
        let at = self.pool.len();
        for (name, value) in dict_of(graph, attributes).into_iter().flat_map(|id| pairs(graph, id)) {
            if !matches!(name, Value::Str { .. } | Value::Wtf8 { .. } | Value::Py2Str { .. }) {
                return Err(self.unrepresentable("expected attributes of a graph whose names are text", KEEPS));
            }
            self.pool.push(Field { name: Name::Key(name), value });
        }
        self.pool.extend(fixed.iter().map(|&(name, value)| Field { name: Name::Fixed(name), value }));
        // Without attributes there is nothing to collide with.
        if self.pool.len() - at > fixed.len() {
            keys::distinct_fields(graph, &mut self.zones, self.pool.get(at..).unwrap_or(&[]), self.options)
                .map_err(|e| self.unrepresentable(e.what, KEEPS))?;
        }
        self.objects.push((at, self.pool.len()));
        Ok(())
    }

    fn no_key(&self, _: KeyError) -> Error {
        self.unrepresentable("expected nodes whose keys can be compared", KEEPS)
    }

    /// The next object of an array of objects.
    pub(super) fn objects(&mut self) -> Result<(), Error> {
        let Some(Step::Objects { name, begin, at, end }) = self.todo.last_mut() else { return Ok(()) };
        let (name, first, last, next) = (*name, *at == *begin, *at == *end, *at);
        let len = *end - *begin;
        *at += 1;
        if first {
            self.sink.key();
            self.sink.str(name);
            self.sink.value();
            self.begin_array(len)?;
        }
        if last {
            self.todo.pop();
            self.depth -= 1;
            self.sink.end_array();
            return Ok(());
        }
        let (at, end) = self.objects.get(next).copied().unwrap_or_default();
        self.sink.element();
        self.begin_map(end - at)?;
        self.todo.push(Step::EndMap);
        self.todo.push(Step::Fields { at, end });
        Ok(())
    }
}
