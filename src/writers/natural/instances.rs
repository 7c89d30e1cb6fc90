//! Instances and other objects of named fields in the natural mapping.

use super::{Natural, Step, rows};
use crate::error::Error;
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::{keys, records};

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn record_fields(&mut self, fields: &[(&'static str, Value)]) -> Result<(), Error> {
        let at = self.pool.len();
        self.pool
            .extend(fields.iter().map(|&(name, value)| records::Field { name: records::Name::Fixed(name), value }));
        if self.row == rows::Row::Wanted {
            self.check_row_fields(at)?;
        }
        self.begin_map(fields.len())?;
        self.todo.push(Step::EndMap);
        self.todo.push(Step::Fields { at, end: self.pool.len() });
        Ok(())
    }

    pub(super) fn record(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Record)?;
        let at = self.pool.len();
        let shape = records::fields(self.graph, id, self.options.class_key.is_some(), &mut self.pool)
            .map_err(|what| self.unrepresentable(what, "`--lossless` keeps the instance as it is"))?;
        match shape {
            records::Shape::Array(list) => {
                self.begin_array(self.graph.count(list))?;
                self.todo.push(Step::EndArray);
                self.todo.push(Step::Seq { walk: self.graph.walk(list), index: 0 });
            }
            records::Shape::Fields => {
                keys::distinct_fields(self.graph, &mut self.zones, self.pool.get(at..).unwrap_or(&[]), self.options)
                    .map_err(|e| self.unrepresentable(e.what, e.hint))?;
                if self.row == rows::Row::Wanted {
                    self.check_row_fields(at)?;
                }
                self.begin_map(self.pool.len() - at)?;
                self.todo.push(Step::EndMap);
                self.todo.push(Step::Fields { at, end: self.pool.len() });
            }
        }
        Ok(())
    }
}
