//! Opcodes that name, call and build: what they mean is asked of the `Globals` trait.

use super::{Call, Form, Globals, Kind, Machine, Reject, Value, ascii, malformed, type_name};
use crate::error::Refused;
use crate::machine::guess::FROZEN;
use crate::model::graph::Graph;
use crate::name::GlobalName;

impl<G: Globals> Machine<G> {
    /// Resolves a name and pushes it; a refused one is reported and stands as unknown.
    pub(super) fn global(&mut self, module: &str, name: &str) -> Result<(), Reject> {
        let value = self.resolve(module, name);
        let (value, finding) = match value {
            Ok(value) => (value, Ok(())),
            Err(stop) => (Value::Unknown, Err(stop)),
        };
        self.push(value)?;
        finding
    }

    pub(super) fn resolve(&mut self, module: &str, name: &str) -> Result<Value, Reject> {
        let maps_python2 = self.protocol < 3;
        if let Some(value) = self.names.find(module.as_bytes(), name.as_bytes(), maps_python2) {
            return Ok(value);
        }
        if module.is_empty() {
            return malformed("expected a module name, found an empty one");
        }
        let full = GlobalName::new(module, name);
        self.graph.charge((module.len() + name.len() + 64) as u64)?;
        let (value, result) = match self.globals.resolve(&mut self.graph, &full, self.protocol) {
            Ok(value) => (value, Ok(value)),
            Err(reject) => (Value::Unknown, Err(reject)),
        };
        self.names.add(full, maps_python2, value);
        result
    }

    pub(super) fn stack_global(&mut self) -> Result<(), Reject> {
        let (name, module) = (self.take(), self.take());
        let maps_python2 = self.protocol < 3;
        if let (Value::Str { len, at }, Value::Str { len: name_len, at: name_at }) = (module, name) {
            let (module, name) = (self.graph.text_bytes(len, at), self.graph.text_bytes(name_len, name_at));
            if let Some(value) = self.names.find(module, name, maps_python2) {
                return self.push(value);
            }
        }
        self.graph.settle_text();
        let text = |graph: &Graph, value| match value {
            Value::Str { len, at } => Some(graph.text(len, at).to_owned()),
            // Such a name is refused in any case; it is only shown.
            Value::Wtf8 { len, at } => Some(String::from_utf8_lossy(graph.bytes(len, at)).into_owned()),
            _ => None,
        };
        match (text(&self.graph, module), text(&self.graph, name)) {
            (Some(module), Some(name)) => self.global(&module, &name),
            _ => {
                self.push(Value::Unknown)?;
                if matches!(module, Value::Unknown) || matches!(name, Value::Unknown) {
                    return Err(Reject::Refused(Refused::Opcode(
                        "refused: the stream computes a name (STACK_GLOBAL takes two strings)".to_owned(),
                    )));
                }
                Err(Reject::Refused(Refused::Opcode(format!(
                    "refused: the stream computes a name (STACK_GLOBAL takes two strings, found {} and {})",
                    type_name(&self.graph, module),
                    type_name(&self.graph, name)
                ))))
            }
        }
    }

    pub(super) fn inst(&mut self, module: &[u8], name: &[u8]) -> Result<(), Reject> {
        let base = self.stack.unmark();
        let (Some(module), Some(name)) = (ascii(module), ascii(name)) else {
            return malformed("expected ASCII in the name of INST");
        };
        match self.resolve(module, name) {
            Ok(callee) => self.instance(callee, base, base),
            Err(stop) => {
                self.stack.truncate(base);
                self.push(Value::Unknown)?;
                Err(stop)
            }
        }
    }

    pub(super) fn instance(&mut self, callee: Value, base: usize, first_arg: usize) -> Result<(), Reject> {
        let args = self.graph.object(Kind::Tuple, self.stack.from(first_arg))?;
        self.stack.truncate(base);
        self.call(Form::Instance, callee, Value::Object(args), None)
    }

    /// Calls what stands below the top with the top.
    pub(super) fn call_top(&mut self, form: Form) -> Result<(), Reject> {
        let (args, callee) = (self.take(), self.take());
        if !(matches!(callee, Value::Global(_)) && self.are_bytes(args)) {
            self.graph.settle_text();
        }
        self.call(form, callee, args, None)
    }

    /// Whether arguments are bytes, as those of dates and times are: no text is read for them.
    #[inline]
    fn are_bytes(&self, args: Value) -> bool {
        match args {
            Value::Object(id) => self.graph.items(id).all(|arg| matches!(arg, Value::Bytes { .. })),
            _ => false,
        }
    }

    pub(super) fn call(&mut self, form: Form, callee: Value, args: Value, kwargs: Option<Value>) -> Result<(), Reject> {
        let name = match form {
            Form::Reduce => "REDUCE",
            Form::NewObj => "NEWOBJ",
            Form::NewObjEx => "NEWOBJ_EX",
            Form::Instance => "OBJ",
        };
        let args = match args {
            Value::Object(id) if self.graph.kind(id) == Kind::Tuple => id,
            Value::Unknown => return self.push(Value::Unknown),
            other => {
                return malformed(format!(
                    "expected a tuple of arguments for {name}, found {}",
                    type_name(&self.graph, other)
                ));
            }
        };
        let kwargs = match kwargs {
            None => None,
            Some(Value::Object(id)) if self.graph.kind(id) == Kind::Dict => Some(id),
            Some(Value::Unknown) => return self.push(Value::Unknown),
            Some(other) => {
                return malformed(format!(
                    "expected a dict of arguments for {name}, found {}",
                    type_name(&self.graph, other)
                ));
            }
        };
        match callee {
            Value::Unknown => self.push(Value::Unknown),
            Value::Global(_) | Value::Object(_) => {
                match self.globals.call(&mut self.graph, Call { form, callee, args, kwargs }) {
                    Ok(value) => self.push(value),
                    Err(reject) => {
                        self.push(Value::Unknown)?;
                        Err(reject)
                    }
                }
            }
            other => malformed(format!("expected a callable for {name}, found {}", type_name(&self.graph, other))),
        }
    }

    /// Gives the top to what stands below it, as its state.
    pub(super) fn build_top(&mut self) -> Result<(), Reject> {
        self.graph.settle_text();
        let (state, target) = (self.take(), self.stack.peek(0).unwrap_or(Value::Unknown));
        if let Value::Object(id) = target
            && (self.is_frozen(id) || self.guess.is_some() && self.stack.height() == 1)
        {
            return malformed(FROZEN);
        }
        self.build(target, state)
    }

    fn build(&mut self, target: Value, state: Value) -> Result<(), Reject> {
        match (target, state) {
            (Value::Unknown, _) | (_, Value::Unknown) => Ok(()),
            (Value::Object(id), state) => match self.graph.kind(id) {
                Kind::List | Kind::Dict | Kind::Tuple | Kind::Set | Kind::FrozenSet => {
                    malformed(format!("expected an instance for BUILD, found {}", type_name(&self.graph, target)))
                }
                _ => self.globals.build(&mut self.graph, id, state),
            },
            (other, _) => Err(Reject::Refused(Refused::Opcode(format!(
                "refused: BUILD on {}, which takes no state",
                type_name(&self.graph, other)
            )))),
        }
    }
}
