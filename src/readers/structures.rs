//! Objects of named fields, by the table of layouts.

use std::io::Read;

use super::frames::{Frame, What};
use super::tagged_json::{Parser, over};
use super::tokens::Token;
use crate::error::Error;
use crate::model::graph::Kind;
use crate::model::layout::{Dtype, Field, Holds, Layout, Ndarray};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};
use crate::name::Escaped;

impl<R: Read> Parser<R> {
    /// `{"field": …, …}`: what is optional may be left out, the order counts.
    pub(super) fn begin_structure(&mut self, layout: Layout) -> Result<(), Error> {
        if !layout.keeps_identity() {
            self.no_def()?;
        }
        self.tokens.begin_object()?;
        let id = self.open(Kind::Struct(layout))?;
        self.enter(What::Struct(id, layout, true))
    }

    pub(super) fn structure_step(
        &mut self,
        id: NodeId,
        layout: Layout,
        tagged: bool,
        frame: Frame,
    ) -> Result<(), Error> {
        let known = self.pool.len().saturating_sub(frame.start);
        let left = layout.fields().get(known..).unwrap_or_default();
        let name = if self.tokens.has_next()? { Some(self.tokens.name()?.to_owned()) } else { None };
        let Some(skipped) = left.iter().position(|field| name.as_deref() == Some(field.name)) else {
            let required = left.iter().find(|field| !field.optional);
            return match (name, required) {
                (None, None) => self.end_structure(id, layout, tagged, frame, left.len()),
                (None, Some(field)) => {
                    self.tokens.bad(format!("expected the field `{}` of `${}`, found none", field.name, layout.name()))
                }
                (Some(name), _) => self.tokens.bad(format!(
                    "expected a field of `${}` that comes here, found `{}`",
                    layout.name(),
                    Escaped(&name)
                )),
            };
        };
        if let Some(field) = left.iter().take(skipped).find(|field| !field.optional) {
            return self.tokens.bad(format!(
                "expected the field `{}` of `${}`, found a later one",
                field.name,
                layout.name()
            ));
        }
        for _ in 0..skipped {
            self.push(Value::None)?;
        }
        match left.get(skipped) {
            Some(field) => self.structure_field(field),
            None => Ok(()),
        }
    }

    fn structure_field(&mut self, field: &Field) -> Result<(), Error> {
        match (field.holds, self.tokens.peek()?) {
            (Holds::Class, _) => {
                let name = self.name_pair()?;
                let class = self.global(name)?;
                self.push(Value::Global(class))
            }
            (Holds::Dtype, Token::String) => {
                let str = self.text()?;
                let dtype = self.graph.structure(&Dtype { str, ..Dtype::default() }).map_err(over)?;
                self.push(dtype)
            }
            (Holds::Dtype, Token::Object) => {
                self.tokens.begin_object()?;
                let id = self.graph.alloc(Kind::Struct(Layout::Dtype)).map_err(over)?;
                self.enter(What::Struct(id, Layout::Dtype, false))
            }
            (Holds::Data, Token::String) => {
                let bytes = self.base64()?;
                let bytes = self.graph.new_bytes(&bytes).map_err(over)?;
                self.push(bytes)
            }
            (Holds::Data, Token::Array) | (Holds::Any, _) => self.value(),
            (Holds::Dtype | Holds::Data, _) => {
                self.tokens.bad(format!("expected the content of the field `{}`, found another type", field.name))
            }
        }
    }

    fn end_structure(
        &mut self,
        id: NodeId,
        layout: Layout,
        tagged: bool,
        frame: Frame,
        left: usize,
    ) -> Result<(), Error> {
        self.tokens.end_object()?;
        for _ in 0..left {
            self.push(Value::None)?;
        }
        if !tagged
            && let [Value::Str { .. }, rest @ ..] = self.pool.get(frame.start..).unwrap_or_default()
            && rest.iter().all(|value| matches!(value, Value::None))
        {
            return self.tokens.bad("expected a dtype that its text says as that text, found an object");
        }
        self.graph.append(id, self.pool.get(frame.start..).unwrap_or_default()).map_err(over)?;
        if layout == Layout::Ndarray {
            self.in_memory_order(id)?;
        }
        if tagged {
            self.end_tag()?;
        }
        self.leave(id, frame)
    }

    /// The mapping has the elements of an array in C order.
    fn in_memory_order(&mut self, id: NodeId) -> Result<(), Error> {
        let array = Ndarray::of(&self.graph, id);
        if matches!(array.order, Value::None) {
            return Ok(());
        }
        let shape = tensor::sizes(&self.graph, array.shape);
        let mut turned = array;
        for bytes in [&mut turned.data, &mut turned.mask] {
            if let Value::Bytes { len, at } = *bytes {
                let reordered = tensor::reorder(&shape, self.graph.bytes(len, at), false).into_owned();
                *bytes = self.graph.new_bytes(&reordered).map_err(over)?;
            }
        }
        self.graph.become_structure(id, &turned).map_err(over)
    }
}
