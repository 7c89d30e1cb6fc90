//! What is checked before the first byte: cycles, depth, and how large sharing makes the output.
//!
//! A graph in which nothing is shared is a tree whose depth was bounded while it was read; it needs no check.

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::{Graph, Walk, flag};
use crate::model::value::{NodeId, Value};
use crate::writers::path;

/// Not visited yet.
const NEW: u64 = 0;
/// On the way down.
const OPEN: u64 = u64::MAX;

/// What an object becomes: how many values, and how many levels.
#[derive(Clone, Copy)]
struct Size {
    values: u64,
    depth: u32,
}

/// What is known of objects that stay from one batch to the next; nothing changes them any more.
#[derive(Default)]
pub(crate) struct Sizes {
    known: Vec<Size>,
    /// The largest of them.
    most: u64,
    /// Values so far, where sharing multiplies them.
    values: u64,
    /// A bound of those that were not counted.
    uncounted: u64,
}

impl Sizes {
    /// Objects from the first that does not stay on are gone.
    pub fn keep(&mut self, first_gone: NodeId) {
        self.known.truncate(first_gone.0 as usize);
        self.most = self.known.iter().map(|size| size.values).max().unwrap_or(1);
    }

    /// What comes in parts is another each time, and no other value holds it: it is not the largest of those that are.
    fn forget(&mut self, roots: &[Value]) {
        for root in roots {
            if let Value::Object(id) = root
                && let Some(slot) = self.known.get_mut(id.0 as usize)
            {
                *slot = Size { values: NEW, depth: 0 };
            }
        }
    }

    /// A bound of what `roots` become, where they and what is new stand in one place: new objects are a tree then, whose depth was
    /// bounded while it was read, and each value in it is at most the largest that is known.
    fn bound(&self, graph: &Graph, roots: &[Value]) -> Option<u64> {
        let is_shared = |root: &Value| matches!(root, Value::Object(id) if graph.get(*id).flags & flag::SHARED != 0);
        let is_tree =
            !self.known.is_empty() && !graph.has_shared_from(self.known.len()) && !roots.iter().any(is_shared);
        let values = (graph.values_in_all() + roots.len()) as u64;
        is_tree.then(|| values.saturating_mul(self.most.max(1)))
    }
}

struct Frame {
    id: NodeId,
    walk: Walk,
    extra: Option<Value>,
    size: u64,
    depth: u32,
    /// Items taken so far.
    taken: u64,
}

/// What a mapping does with sharing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Written out where it stands again; a cycle is an error.
    Expanded,
    /// Referred to.
    Kept,
}

/// A value that is nested deeper than the format's readers take.
pub(crate) fn too_deep(allowed: u32, at: Location) -> Error {
    Error::unrepresentable(format!("expected at most {allowed} levels of the format, found more"), at)
        .with_hint("`--to protobuf` and `--to json` take any depth that the limits allow")
}

/// A length that the format cannot say.
pub(crate) fn too_long(len: u64, at: Location) -> Error {
    Error::unrepresentable(format!("expected a length of at most 4294967295, found {len}"), at)
        .with_hint("`--to json` has no such bound, and `--select` takes a part")
}

/// What is checked, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Checked<'a> {
    pub roots: &'a [Value],
    /// Items that came before those of a root that comes in parts.
    pub first: u64,
    /// The path of the root of this number, for messages.
    pub path: &'a dyn Fn(usize) -> String,
}

/// Checks what values become, with what was checked with the same `sizes` before.
///
/// # Errors
/// A cycle where sharing is written out; more values than the output limit has bytes; nesting beyond the limit.
pub(crate) fn check(
    graph: &Graph,
    checked: Checked<'_>,
    sharing: Sharing,
    max_output: u64,
    max_depth: u32,
    sizes: &mut Sizes,
) -> Result<(), Error> {
    if sharing == Sharing::Expanded
        && let Some(most) = sizes.bound(graph, checked.roots).map(|most| most.saturating_add(sizes.uncounted))
        && most.saturating_add(sizes.values) <= max_output
    {
        sizes.uncounted = most;
        return Ok(());
    }
    // Each value takes at least one byte; only what sharing multiplies can get here.
    let total = expanded(graph, checked, sharing, max_depth, sizes)?.saturating_add(sizes.values);
    if sharing == Sharing::Expanded && total > max_output {
        return Err(too_many(total, max_output));
    }
    sizes.values = total;
    Ok(())
}

/// More values than the output limit has bytes.
fn too_many(values: u64, max_output: u64) -> Error {
    Limit::Output
        .exceeded(values, max_output, Location::path("$".to_owned()))
        .with_hint("`--lossless` writes a shared object once")
}

/// The values that `roots` become, where sharing may make them more; else 0.
///
/// # Errors
/// A cycle where sharing is written out; nesting beyond the limit.
fn expanded(
    graph: &Graph,
    checked: Checked<'_>,
    sharing: Sharing,
    max_depth: u32,
    sizes: &mut Sizes,
) -> Result<u64, Error> {
    if !graph.has_shared() {
        return Ok(0);
    }
    sizes.known.resize(graph.len(), Size { values: NEW, depth: 0 });
    sizes.forget(checked.roots);
    let mut total = 0u64;
    for n in 0..checked.roots.len() {
        total = total.saturating_add(visit(graph, checked, n, sharing, max_depth, &mut sizes.known)?);
    }
    sizes.forget(checked.roots);
    Ok(total)
}

/// The values that a root becomes.
fn visit(
    graph: &Graph,
    checked: Checked<'_>,
    n: usize,
    sharing: Sharing,
    max_depth: u32,
    sizes: &mut [Size],
) -> Result<u64, Error> {
    let place = |open: &[Frame]| Location::path(place(graph, (checked.path)(n), checked.first, open));
    let mut open: Vec<Frame> = Vec::new();
    let Some(mut next) = checked.roots.get(n).copied() else { return Ok(0) };
    loop {
        // Enter or account for `next`.
        let mut done: Option<(u64, u32)> = None;
        match next {
            Value::Object(id) => match sizes.get(id.0 as usize).copied().unwrap_or(Size { values: 1, depth: 0 }) {
                Size { values: NEW, .. } => {
                    if let Some(slot) = sizes.get_mut(id.0 as usize) {
                        slot.values = OPEN;
                    }
                    if open.len() as u64 >= u64::from(max_depth) {
                        let found = open.len() as u64 + 1;
                        return Err(Limit::Depth.exceeded(found, u64::from(max_depth), place(&open)));
                    }
                    open.push(Frame { id, walk: graph.walk(id), extra: graph.extra(id), size: 1, depth: 0, taken: 0 });
                }
                Size { values: OPEN, .. } if sharing == Sharing::Expanded => {
                    return Err(Error::unrepresentable(
                        "expected a tree, found a cycle: the value contains itself",
                        place(&open),
                    )
                    .with_hint("`--lossless` keeps cycles, as does `--to protobuf`"));
                }
                Size { values: OPEN, .. } => done = Some((1, 0)),
                Size { values, depth } => done = Some((values, depth)),
            },
            _ => done = Some((1, 0)),
        }
        // Climb until there is something to enter.
        loop {
            let Some(top) = open.last_mut() else { return Ok(done.map_or(0, |d| d.0)) };
            if let Some((size, depth)) = done.take() {
                top.size = top.size.saturating_add(size).min(OPEN - 1);
                top.depth = top.depth.max(depth);
            }
            // Leaves are counted in passing.
            let object = loop {
                match graph.next_ref(&mut top.walk) {
                    Some(value @ Value::Object(_)) => break Some(*value),
                    Some(_) => {
                        top.taken += 1;
                        top.size = top.size.saturating_add(1).min(OPEN - 1);
                    }
                    None => break None,
                }
            };
            if let Some(item) = object.or_else(|| top.extra.take()) {
                top.taken += 1;
                next = item;
                break;
            }
            let (id, size, depth) = (top.id, top.size, top.depth + 1);
            open.pop();
            if depth as u64 + open.len() as u64 > u64::from(max_depth) {
                let found = u64::from(depth) + open.len() as u64;
                return Err(Limit::Depth.exceeded(found, u64::from(max_depth), place(&open)));
            }
            if let Some(slot) = sizes.get_mut(id.0 as usize) {
                *slot = Size { values: size, depth };
            }
            done = Some((size, depth));
        }
    }
}

/// The path to what is being visited: `out` is that of the root, of which so many items came before.
fn place(graph: &Graph, mut out: String, first: u64, open: &[Frame]) -> String {
    use crate::model::graph::Kind;
    for (level, frame) in open.iter().enumerate() {
        if path::cut(&mut out) {
            break;
        }
        let Some(at) = frame.taken.checked_sub(1) else { continue };
        match graph.kind(frame.id) {
            Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => {
                let key = usize::try_from(at / 2 * 2).ok().and_then(|n| graph.item(frame.id, n));
                match key {
                    // A key that leads to a cycle cannot be shown.
                    Some(key @ (Value::Str { .. } | Value::Int(_) | Value::None | Value::Bool(_))) => {
                        path::push_key(graph, key, &mut out);
                    }
                    _ => out.push_str("[key=…]"),
                }
            }
            _ => path::push_index(if level == 0 { first.saturating_add(at) } else { at }, &mut out),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::model::graph::Kind;

    /// A list that comes in parts, each of one item: a list that is shared, of so many values.
    fn parts(graph: &mut Graph, values: usize) -> NodeId {
        let shared = graph.object(Kind::List, &vec![Value::Int(1); values]).expect("room");
        graph.mark_shared(shared);
        graph.object(Kind::List, &[Value::Object(shared)]).expect("room")
    }

    #[test]
    fn a_root_that_comes_in_parts_is_not_the_largest_value() {
        let mut graph = Graph::new(&Limits::default());
        let root = parts(&mut graph, 10);
        let mut sizes = Sizes::default();
        let mut check = |graph: &Graph, most| {
            let checked = Checked { roots: &[Value::Object(root)], first: 0, path: &|_| "$".to_owned() };
            let result = check(graph, checked, Sharing::Expanded, most, 100, &mut sizes);
            sizes.keep(graph.checkpoint().end());
            (result.is_ok(), sizes.most, sizes.values, sizes.uncounted)
        };
        assert_eq!(check(&graph, 1_000), (true, 11, 12, 0));
        // Eleven items are in the graph, and the root.
        let bound = 12 * 11;
        assert_eq!(check(&graph, 1_000), (true, 11, 12, bound));
        assert_eq!(check(&graph, 1_000), (true, 11, 12, 2 * bound), "what is not counted adds up");
        assert_eq!(check(&graph, 300), (true, 11, 24, 2 * bound), "what may be too much is counted");
        assert!(!check(&graph, 30).0);
    }
}
