//! What the writer of the tagged mapping says when it cannot go on; what it writes is tested with its reader.

use super::*;
use crate::limits::Limits;
use crate::model::graph::Kind;
use crate::name::GlobalName;

/// A list too deep, in each part of an instance.
#[test]
fn messages_name_the_parts_of_an_instance() {
    for (what, expected) in [
        (None, "$.args[1][0]"),
        (Some(then::STATE), "$.then[0].state[1][0]"),
        (Some(then::ITEMS), "$.then[0].items[1][0]"),
        (Some(then::CALL), "$.then[0].call[1][0]"),
    ] {
        let mut graph = Graph::new(&Limits::default());
        let class = graph.add_global(GlobalName::new("m", "C")).unwrap();
        let mut deep = Value::None;
        for _ in 0..9 {
            deep = Value::Object(graph.object(Kind::List, &[deep]).unwrap());
        }
        let kind = if what.is_none() { Kind::Tuple } else { Kind::List };
        let parts = graph.object(kind, &[Value::None, deep]).unwrap();
        let none = graph.object(Kind::Tuple, &[]).unwrap();
        let args = if what.is_none() { parts } else { none };
        let mut items = vec![Value::Global(class), Value::Int(0), Value::Object(args), Value::None];
        if let Some(what) = what {
            items.extend([Value::Int(what), Value::Object(parts)]);
        }
        let record = Value::Object(graph.object(Kind::Record, &items).unwrap());
        // As many levels as the instance takes with one list in its part.
        let levels = if what.is_some() { 6 } else { 4 };
        let mut out = Vec::new();
        let out = Out::new(&mut out, u64::MAX);
        let mut writer = Tagged::new(&graph, crate::writers::json::compact(), Some(out), levels);
        let error = writer.write(record, "$").unwrap_err();
        assert_eq!(error.location().path.as_deref(), Some(expected));
    }
}
