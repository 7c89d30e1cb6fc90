//! Objects of named fields in the tagged mapping: the table of layouts says what is written.

use super::{Step, Tagged};
use crate::error::Error;
use crate::model::graph::Kind;
use crate::model::layout::{Dtype, Field, Holds, Layout, Ndarray};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};
use crate::writers::event::Sink;
use crate::writers::tag::Tag;

impl<S: Sink> Tagged<'_, '_, S> {
    /// `{"$name": {"field": …, …}}`
    pub(super) fn structure(&mut self, id: NodeId, layout: Layout) -> Result<(), Error> {
        let present = self.present(id, layout);
        self.deeper(S::CAPS.tag_map_depth)?;
        self.sink.begin_tag_map(Tag::of_layout(layout), present.len());
        self.todo.push(Step::EndTagMap);
        self.todo.extend(present.into_iter().rev().map(|(field, value)| Step::Part(id, field, value)));
        Ok(())
    }

    /// Bytes, from where they lie if they need not be in memory.
    pub(super) fn bytes(&mut self, tag: Option<Tag>, len: u32, at: u64) -> Result<(), Error> {
        if let (Some(out), Some(payload)) = (&mut self.out, self.graph.payload(len, at)) {
            return out.payload(&mut self.sink, tag, payload);
        }
        let bytes = self.graph.bytes(len, at);
        match tag {
            Some(tag) => self.sink.tag_bytes(tag, bytes),
            None => self.sink.bytes(bytes),
        }
        Ok(())
    }

    fn present(&self, id: NodeId, layout: Layout) -> Vec<(&'static Field, Value)> {
        let fields = layout.fields().iter().zip(self.graph.items(id));
        fields.filter(|(field, value)| !(field.optional && matches!(value, Value::None))).collect()
    }

    /// One field of an object of named fields.
    pub(super) fn part(&mut self, id: NodeId, field: &'static Field, value: Value) -> Result<(), Error> {
        self.todo.push(Step::In(field.name));
        self.name(field.name);
        match (field.holds, value) {
            (Holds::Class, Value::Global(index)) => {
                self.room(1)?;
                let name = self.graph.global(index);
                self.sink.begin_array(2);
                for part in [&name.module, &name.name] {
                    self.sink.element();
                    self.sink.str(part);
                }
                self.sink.end_array();
                Ok(())
            }
            (Holds::Data, Value::Bytes { len, at }) => {
                // The mapping has elements in C order, whatever the order in memory.
                if self.graph.kind(id) == Kind::Struct(Layout::Ndarray) {
                    let array = Ndarray::of(self.graph, id);
                    if !matches!(array.order, Value::None) {
                        let bytes = tensor::in_c_order(self.graph, &array, self.graph.bytes(len, at));
                        self.sink.bytes(&bytes);
                        return Ok(());
                    }
                }
                self.bytes(None, len, at)
            }
            // The list of an object array is a part of it, not a value of its own.
            (Holds::Data, Value::Object(list)) if self.graph.kind(list) == Kind::List => self.body(list),
            (Holds::Dtype, Value::Object(dtype)) if self.graph.kind(dtype) == Kind::Struct(Layout::Dtype) => {
                match self.present(dtype, Layout::Dtype).as_slice() {
                    [(_, Value::Str { len, at })] if matches!(Dtype::of(self.graph, dtype).str, Value::Str { .. }) => {
                        self.sink.str(self.graph.text(*len, *at));
                        Ok(())
                    }
                    present => {
                        self.deeper(1)?;
                        self.sink.begin_map(present.len());
                        self.todo.push(Step::EndMap);
                        self.todo.extend(present.iter().rev().map(|(field, value)| Step::Part(dtype, field, *value)));
                        Ok(())
                    }
                }
            }
            (_, value) => self.emit(value),
        }
    }
}
