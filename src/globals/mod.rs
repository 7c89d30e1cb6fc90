//! Which names are data, and how their arguments become values.
//!
//! One table ([`table`]) holds the names; a family of types is a file. A constructor that does not recognise its arguments
//! completely refuses. Nothing here sees the byte stream, a file or a format.

mod args;
pub(crate) mod array;
mod builtins;
mod collections;
mod copyreg;
mod danger;
mod datetime;
mod dateutil;
mod exceptions;
mod inert;
mod joblib;
pub(crate) mod net;
mod networkx;
pub(crate) mod numbers;
mod numpy;
mod pandas;
pub(crate) mod paths;
mod polars;
mod pyarrow;
mod python2;
pub(crate) mod records;
mod scipy;
mod shapely;
mod structs;
pub(crate) mod table;
#[cfg(test)]
mod temporal_tests;
#[cfg(test)]
mod tests;
pub(crate) mod torch;
mod uuid;
pub(crate) mod zones;

use std::collections::HashMap;

use crate::error::{Refused, Severity};
use crate::machine::{Call, Form, Globals, Next, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Holds, Layout};
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;
use crate::policy::Policy;
use table::Use;

/// The forms in which a data global may be asked for; what it does not list is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forms(u8);

impl Forms {
    pub const REDUCE: Forms = Forms(1);
    pub const NEWOBJ: Forms = Forms(2);
    pub const INSTANCE: Forms = Forms(4);
    pub const NONE: Forms = Forms(0);

    pub const fn and(self, other: Forms) -> Forms {
        Forms(self.0 | other.0)
    }

    fn has(self, form: Form) -> bool {
        let bit = match form {
            Form::Reduce => Forms::REDUCE.0,
            Form::NewObj | Form::NewObjEx => Forms::NEWOBJ.0,
            Form::Instance => Forms::INSTANCE.0,
        };
        self.0 & bit != 0
    }
}

/// Takes the state of an object.
type Build = fn(&mut Ctx<'_>, NodeId, Value) -> Result<(), Reject>;

/// A data global: how it is called, and what its objects take afterwards.
pub(crate) struct Class {
    /// The forms in which it may be asked for.
    pub forms: Forms,
    /// Makes the value.
    pub call: fn(&mut Ctx<'_>) -> Result<Value, Reject>,
    /// Takes the state of an object that this class made and left `Pending` or as a record; `None` takes none.
    pub build: Option<Build>,
    /// Whether it may stand as a value: a type may, a constructor function may not.
    pub bare: bool,
}

/// What a global of the graph does.
#[derive(Clone, Copy)]
enum Action {
    Data(&'static Class),
    Part(&'static Class),
    /// Inert or admitted: instances are records.
    Record,
}

/// A call in the making: the registry, the graph and the arguments.
pub(crate) struct Ctx<'a> {
    pub registry: &'a mut Registry,
    pub graph: &'a mut Graph,
    /// The callee's index among the graph's globals.
    pub global: u32,
    pub form: Form,
    pub args: &'a [Value],
    /// The tuple that holds `args`.
    pub tuple: NodeId,
}

impl Ctx<'_> {
    /// The arguments are not recognised.
    pub fn reject<T>(&self, problem: impl Into<String>) -> Result<T, Reject> {
        if self.args.iter().any(|v| matches!(v, Value::Unknown)) {
            return Err(Reject::Tainted);
        }
        Err(Reject::Value { name: self.graph.global(self.global).clone(), problem: problem.into() })
    }

    /// A record where the user admits the name, although this is not one of the forms that are known to be data.
    pub fn admitted_or(&mut self, problem: &str) -> Result<Value, Reject> {
        if !self.registry.policy.admits(self.graph.global(self.global)) {
            return self.reject(problem);
        }
        records::make(self.graph, Kind::Record, self.global, records::how::CALL, self.tuple, None)
    }

    /// The type of that name, left as a value; it cannot be called.
    pub fn type_name(&mut self, module: &str, name: &str) -> Result<Value, Reject> {
        self.registry.intern(self.graph, GlobalName::new(module, name), Action::Data(&builtins::TYPE_ONLY))
    }

    /// A data object that waits for its BUILD; `kept` is what its constructor keeps until then.
    pub fn pending(&mut self, kept: Option<Value>) -> Result<Value, Reject> {
        let id = self.graph.object(Kind::Pending, &[Value::Global(self.global)])?;
        if let Some(kept) = kept {
            self.graph.set_extra(id, kept)?;
        }
        self.graph.pending += 1;
        Ok(Value::Object(id))
    }
}

/// The registry at work on one input: the policy, and what each global of the graph does.
pub(crate) struct Registry {
    policy: Policy,
    actions: Vec<Action>,
    by_name: HashMap<GlobalName, u32, foldhash::quality::RandomState>,
    scratch: Vec<Value>,
    protocol: u8,
    /// Calls that were refused for their arguments.
    rejections: u32,
    /// A global that may not be left as a value was referred to.
    has_parts: bool,
    /// Storages of torch, and where they come from.
    torch: torch::Torch,
}

impl Registry {
    pub fn new(policy: Policy) -> Self {
        Registry {
            policy,
            actions: Vec::new(),
            by_name: HashMap::default(),
            scratch: Vec::new(),
            protocol: 0,
            rejections: 0,
            has_parts: false,
            torch: torch::Torch::default(),
        }
    }

    /// What is known of torch's storages.
    pub fn torch(&mut self) -> &mut torch::Torch {
        &mut self.torch
    }

    fn action(&self, global: u32) -> Option<Action> {
        self.actions.get(global as usize).copied()
    }

    /// Whether a global is legal only inside what asks for it.
    fn is_part(&self, global: u32) -> bool {
        matches!(self.action(global), Some(Action::Part(_)))
    }

    /// Whether a global is of that class.
    fn is_of(&self, global: u32, class: &'static Class) -> bool {
        matches!(self.action(global), Some(Action::Data(other) | Action::Part(other)) if std::ptr::eq(other, class))
    }

    /// The global of a canonical name.
    fn intern(&mut self, graph: &mut Graph, name: GlobalName, action: Action) -> Result<Value, Reject> {
        if let Some(&index) = self.by_name.get(&name) {
            return Ok(Value::Global(index));
        }
        let index = graph.add_global(name.clone())?;
        self.by_name.insert(name, index);
        self.actions.push(action);
        self.has_parts |= !self.may_stand(graph, index);
        Ok(Value::Global(index))
    }

    /// Whether a global may be left as a value.
    fn may_stand(&self, graph: &Graph, global: u32) -> bool {
        match self.action(global) {
            Some(Action::Data(class)) => class.bare,
            Some(Action::Part(class)) => class.bare || self.policy.admits(graph.global(global)),
            Some(Action::Record) | None => true,
        }
    }

    /// What a name means under the policy: the canonical name and what it does.
    fn judge(&self, name: &GlobalName, protocol: u8) -> Result<(GlobalName, Action), Refused> {
        if let Some(entry) = table::find(&name.module, &name.name) {
            if entry.python2 && protocol > 2 {
                return Err(Refused::Global {
                    name: name.clone(),
                    severity: Severity::Unknown,
                    why: format!("a Python 2 name under protocol {protocol}, where no reader maps it"),
                });
            }
            let action = match entry.uses {
                Use::Data(class) => Action::Data(class),
                Use::Part(class) => Action::Part(class),
                Use::Inert => Action::Record,
            };
            return Ok((GlobalName::new(entry.module, entry.name), action));
        }
        let canonical = if protocol <= 2 { table::python3_name(name) } else { name.clone() };
        if let Some(why) = danger::why(&canonical).or_else(|| danger::why(name)) {
            let why = if canonical == *name { why.to_owned() } else { format!("{why} (`{canonical}` in Python 3)") };
            return Err(Refused::Global { name: name.clone(), severity: Severity::Dangerous, why });
        }
        if self.policy.admits(name) || self.policy.admits(&canonical) {
            return Ok((canonical, Action::Record));
        }
        let why = if canonical == *name {
            "which is not known to be data".to_owned()
        } else {
            format!("which is not known to be data (`{canonical}` in Python 3)")
        };
        Err(Refused::Global { name: name.clone(), severity: Severity::Unknown, why })
    }

    /// Whether a record is one of a class whose instances keep whatever the stream gives them.
    fn keeps_anything(&self, graph: &Graph, target: NodeId) -> bool {
        let [class] = graph.first::<1>(target);
        matches!(class, Value::Global(global) if matches!(self.action(global), Some(Action::Record)))
    }

    fn call_global(&mut self, graph: &mut Graph, call: Call, global: u32) -> Result<Value, Reject> {
        let Some(action) = self.action(global) else { return Err(Reject::Tainted) };
        let class = match action {
            Action::Data(class) | Action::Part(class) => class,
            Action::Record => return records::new(graph, call, global),
        };
        // OBJ and INST call the class where there are arguments, else they only create the instance.
        let form = match call.form {
            Form::Instance if !class.forms.has(Form::Instance) && graph.count(call.args) > 0 => Form::Reduce,
            Form::Instance if !class.forms.has(Form::Instance) => Form::NewObj,
            form => form,
        };
        if self.rejections >= REJECTIONS {
            return Err(Reject::Tainted);
        }
        pay(graph, call.args)?;
        let mut args = std::mem::take(&mut self.scratch);
        args.clear();
        args.extend(graph.items(call.args));
        let mut ctx = Ctx { registry: self, graph, global, form, args: &args, tuple: call.args };
        let result = if !class.forms.has(form) {
            ctx.reject(format!("expected another opcode to make it than {}", opcode_of(form)))
        } else if call.kwargs.is_some_and(|kwargs| ctx.graph.count(kwargs) > 0) {
            ctx.reject("expected no keyword arguments")
        } else {
            (class.call)(&mut ctx)
        };
        self.scratch = args;
        self.rejections += u32::from(matches!(result, Err(Reject::Value { .. })));
        result
    }
}

/// Calls with impossible arguments that are looked at; what they cost is paid for nowhere, since nothing comes of them.
const REJECTIONS: u32 = 64;
/// Items of an argument, or bytes of it, that are looked at without being paid for.
const FREE: usize = 64;

/// Pays for arguments that a constructor walks through: the same large list may be passed again and again.
fn pay(graph: &mut Graph, args: NodeId) -> Result<(), Reject> {
    let count = graph.count(args);
    let mut size = if count > FREE { count * size_of::<Value>() } else { 0 };
    for value in graph.items(args).take(FREE) {
        size += match value {
            Value::Object(id) => match graph.count(id) {
                items if items > FREE => items * size_of::<Value>(),
                _ => 0,
            },
            Value::Str { len, .. } | Value::Big { len, .. } if len as usize > 16 * FREE => len as usize,
            Value::Bytes { .. } | Value::Py2Str { .. } => match args::byte_len(graph, value) {
                len if len > 16 * FREE as u64 => usize::try_from(len).unwrap_or(usize::MAX),
                _ => 0,
            },
            _ => 0,
        };
    }
    Ok(graph.charge(size as u64)?)
}

/// The module of a kind's class, for messages.
fn module_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Deque | Kind::DefaultDict | Kind::Counter | Kind::OrderedDict => "collections",
        Kind::Uuid => "uuid",
        Kind::Fraction => "fractions",
        Kind::Array => "array",
        _ => "builtins",
    }
}

/// A constructor function that was left as a value.
fn leftover(graph: &Graph, global: u32) -> Refused {
    let why = "a constructor that is no value by itself".to_owned();
    Refused::Global { name: graph.global(global).clone(), severity: Severity::Unknown, why }
}

fn opcode_of(form: Form) -> &'static str {
    match form {
        Form::Reduce => "REDUCE",
        Form::NewObj => "NEWOBJ",
        Form::NewObjEx => "NEWOBJ_EX",
        Form::Instance => "INST or OBJ",
    }
}

impl Globals for Registry {
    fn resolve(&mut self, graph: &mut Graph, name: &GlobalName, protocol: u8) -> Result<Value, Reject> {
        self.protocol = protocol;
        match self.judge(name, protocol) {
            Ok((canonical, action)) => {
                if let Action::Data(class) = action
                    && std::ptr::eq(class, &raw const builtins::CONSTANT)
                {
                    return builtins::constant(&canonical.name);
                }
                self.intern(graph, canonical, action)
            }
            Err(refused) => Err(Reject::Refused(refused)),
        }
    }

    fn call(&mut self, graph: &mut Graph, call: Call) -> Result<Value, Reject> {
        match call.callee {
            Value::Global(global) => self.call_global(graph, call, global),
            Value::Object(id) => copyreg::call_object(self, graph, call, id),
            _ => Err(Reject::Tainted),
        }
    }

    fn build(&mut self, graph: &mut Graph, target: NodeId, state: Value) -> Result<(), Reject> {
        match graph.kind(target) {
            Kind::OrderedDict => collections::ordered_dict_state(graph, target, state),
            Kind::Zone => zones::build(graph, target, state),
            Kind::Struct(Layout::Dtype) => numpy::dtype::build(graph, target, state),
            Kind::Pending | Kind::Record | Kind::Exception | Kind::Struct(Layout::PdDtype) => {
                let [Value::Global(global)] = graph.first::<1>(target) else { return Err(Reject::Tainted) };
                let class = match self.action(global) {
                    Some(Action::Data(class) | Action::Part(class)) => class,
                    Some(Action::Record) if pandas::frame::is_state(self, graph, state) => &pandas::frame::SUBCLASS,
                    Some(Action::Record) => return records::build(graph, target, state),
                    None => return Err(Reject::Tainted),
                };
                let args: [Value; 0] = [];
                let mut ctx = Ctx { registry: self, graph, global, form: Form::Reduce, args: &args, tuple: target };
                let was_pending = ctx.graph.kind(target) == Kind::Pending;
                match class.build {
                    Some(build) => build(&mut ctx, target, state)?,
                    None => return ctx.reject("expected no state"),
                }
                if was_pending && graph.kind(target) != Kind::Pending {
                    graph.pending = graph.pending.saturating_sub(1);
                }
                Ok(())
            }
            _ => Err(Reject::Value {
                name: GlobalName::new(module_of(graph.kind(target)), args::type_name(graph, Value::Object(target))),
                problem: "expected no state, found BUILD".to_owned(),
            }),
        }
    }

    fn extend(&mut self, graph: &mut Graph, target: NodeId, items: &[Value], members: bool) -> Result<(), Reject> {
        match graph.kind(target) {
            Kind::Deque if !members => collections::extend_deque(graph, target, items),
            Kind::Record if self.keeps_anything(graph, target) => records::extend(graph, target, items),
            _ => Err(Reject::Malformed(format!(
                "expected {} for {}, found {}",
                if members { "a set" } else { "a list" },
                if members { "ADDITEMS" } else { "APPEND(S)" },
                args::type_name(graph, Value::Object(target))
            ))),
        }
    }

    fn set_items(&mut self, graph: &mut Graph, target: NodeId, pairs: &[Value]) -> Result<(), Reject> {
        match graph.kind(target) {
            Kind::Record if self.keeps_anything(graph, target) => records::set_items(graph, target, pairs),
            _ => Err(Reject::Malformed(format!(
                "expected a dict for SETITEM(S), found {}",
                args::type_name(graph, Value::Object(target))
            ))),
        }
    }

    fn popped(&mut self, graph: &mut Graph, value: Value, top: Option<Value>) -> Result<(), Reject> {
        if let Value::Global(global) = value
            && !self.may_stand(graph, global)
        {
            return Err(Reject::Refused(leftover(graph, global)));
        }
        records::popped(graph, value, top)
    }

    fn persistent(&mut self, graph: &mut Graph, id: Value) -> Result<Option<Value>, Reject> {
        self.torch.persistent(graph, id)
    }

    fn supply(&mut self, graph: &mut Graph, target: NodeId, value: Value) -> Result<Value, Reject> {
        match torch::supply(self, graph, target, value) {
            Some(result) => result,
            None => joblib::supply(self, graph, target, value),
        }
    }

    fn stopped(&mut self, graph: &mut Graph, root: Value) -> Result<Next, Reject> {
        self.torch.stopped(graph, root)
    }

    fn given(&mut self, graph: &mut Graph, bytes: Value) -> Result<Next, Reject> {
        self.torch.given(graph, bytes)
    }

    fn finish(&mut self, graph: &mut Graph, roots: &[Value]) -> Vec<Reject> {
        self.torch.share(graph);
        let mut found = Vec::new();
        if graph.pending == 0 && !(self.has_parts && graph.may_hold_names(roots)) {
            return found;
        }
        graph.settle_text();
        let mut named = vec![false; graph.globals.len()];
        let mut seen = vec![false; graph.len()];
        let mut todo: Vec<Value> = roots.to_vec();
        while let Some(value) = todo.pop() {
            match value {
                Value::Global(global) => {
                    let Some(named) = named.get_mut(global as usize).filter(|n| !**n) else { continue };
                    *named = true;
                    if !self.may_stand(graph, global) {
                        found.push(Reject::Refused(leftover(graph, global)));
                    }
                }
                Value::Time { tz, .. } | Value::DateTime { tz, .. } => todo.extend(tz.id().map(Value::Object)),
                Value::Object(id) => {
                    let Some(seen) = seen.get_mut(id.0 as usize).filter(|s| !**s) else { continue };
                    *seen = true;
                    if graph.kind(id) == Kind::Pending {
                        let [class] = graph.first::<1>(id);
                        let name = match class {
                            Value::Global(global) => graph.global(global).clone(),
                            _ => GlobalName::new("", ""),
                        };
                        let problem = match class {
                            _ if joblib::is_spent(self, graph, id) => {
                                "expected one reference to the wrapper of an array, found another"
                            }
                            Value::Global(global) if self.is_part(global) => "a part that is no value by itself",
                            _ => "expected a state (BUILD), found none",
                        };
                        found.push(Reject::Value { name, problem: problem.to_owned() });
                        continue;
                    }
                    match graph.kind(id) {
                        // A class that a constructor took stands where it belongs.
                        Kind::Struct(layout) => {
                            let fields = layout.fields().iter().zip(graph.items(id));
                            todo.extend(
                                fields.filter(|(field, _)| field.holds != Holds::Class).map(|(_, value)| value),
                            );
                        }
                        _ => {
                            // Most are leaves, of which there is nothing to find.
                            let is_more = |value: &Value| {
                                matches!(
                                    value,
                                    Value::Object(_) | Value::Global(_) | Value::Time { .. } | Value::DateTime { .. }
                                )
                            };
                            todo.extend(graph.items(id).filter(is_more));
                            todo.extend(graph.extra(id));
                        }
                    }
                    if let Some(zone) = graph.zone_of(id) {
                        todo.extend(zones::values(zone));
                    }
                }
                _ => {}
            }
        }
        found
    }
}
