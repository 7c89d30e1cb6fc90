//! Dicts, and their keys as the format takes them.

use super::{Natural, Step, rows};
use crate::error::Error;
use crate::model::graph::flag;
use crate::model::value::{NodeId, Value};
use crate::report::ledger::{Ledger, Step as Loss};
use crate::writers::event::Sink;
use crate::writers::keys;
use crate::writers::out::Out;

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn dict(&mut self, id: NodeId) -> Result<(), Error> {
        let graph = self.graph;
        let count = self.count(id) / 2;
        if self.row == rows::Row::Wanted {
            self.check_row_keys(id)?;
        }
        if let Some(begun) = self.begun {
            if begun.ints && !S::CAPS.any_keys {
                self.note(Loss::Keys)?;
            }
        } else if graph.get(id).flags & flag::STR_KEYS == 0 && !self.comparing {
            let plan = keys::plan(graph, &mut self.zones, id, self.options, S::CAPS.any_keys)
                .map_err(|e| self.unrepresentable(e.what, e.hint))?;
            match plan {
                keys::Plan::Native => {}
                keys::Plan::Text => self.note(Loss::Keys)?,
                keys::Plan::Pairs => {
                    self.note(Loss::Pairs)?;
                    self.begin_array(count)?;
                    self.todo.push(Step::EndArray);
                    self.todo.push(Step::Pairs { walk: graph.walk(id), key: Value::None });
                    return Ok(());
                }
            }
            if S::CAPS.any_keys {
                self.distinct_containers(id)?;
            }
        }
        self.begin_map(count)?;
        self.todo.push(Step::EndMap);
        self.todo.push(Step::Map { walk: graph.walk(id), key: Value::None });
        Ok(())
    }

    /// Checks that no two keys that are containers are written alike, as a tuple and a frozenset may be.
    fn distinct_containers(&self, id: NodeId) -> Result<(), Error> {
        let containers = || self.graph.items(id).step_by(2).filter(|key| keys::is_container_key(self.graph, *key));
        if containers().nth(1).is_none() {
            return Ok(());
        }
        let mut written = std::collections::HashSet::new();
        for key in containers() {
            let Some(sink) = S::another() else { return Ok(()) };
            let (mut bytes, mut ledger) = (Vec::new(), Ledger::default());
            let mut writer =
                Natural::new(self.graph, self.options, &mut ledger, sink, Out::new(&mut bytes, self.out.limit()));
            writer.comparing = true;
            writer.write(key, &self.path())?;
            writer.finish()?;
            if !written.insert(bytes) {
                let what = format!(
                    "two keys would become one: `{}` and one before it",
                    crate::name::Escaped(&crate::writers::tagged::inline(self.graph, key))
                );
                return Err(self.unrepresentable(what, "`--lossless` keeps keys apart"));
            }
        }
        Ok(())
    }

    /// Writes a key that is no plain str. Returns `false` where it is a container, which the work stack writes first.
    pub(super) fn key(&mut self, key: Value, value: Value) -> Result<bool, Error> {
        if S::CAPS.any_keys {
            self.todo.push(Step::MapValue(value));
            let before = self.todo.len();
            self.emit(key)?;
            if self.todo.len() > before {
                return Ok(false);
            }
            self.todo.pop();
            return Ok(true);
        }
        self.scratch.clear();
        match keys::spell(self.graph, &mut self.zones, key, self.options, &mut self.scratch) {
            Ok(true) => self.sink.str(&self.scratch),
            Ok(false) => match key {
                Value::Wtf8 { len, at } => self.surrogates(len, at)?,
                _ => return Err(self.unrepresentable("expected a key that is text", "`--lossless` keeps it")),
            },
            Err(why) => return Err(self.unrepresentable(why, "`--lossless` keeps it")),
        }
        Ok(true)
    }
}
