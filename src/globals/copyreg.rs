//! `copyreg` and the two guarded builtins around it: how instances are asked for below protocol 4.
//!
//! `getattr` stands for a nested class's name, for `ZoneInfo._unpickle`, or for `C.__new__` inside `functools.partial`; nothing
//! else. A callee that is itself the result of a call is legal in these forms only.

use super::args;
use super::builtins::BUILTINS;
use super::pandas::manager::NEW_BLOCK;
use super::table::{Row, Use, module, python2};
use super::{Action, Class, Ctx, Forms, Registry, records};
use crate::error::Refused;
use crate::machine::{Call, Form, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::Layout;
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "reconstructor",
        modules: &[module("copyreg"), python2("copy_reg")],
        names: &["_reconstructor"],
        uses: Use::Part(&RECONSTRUCTOR),
        guard: "(class, object, None) or (class, builtin base, its value); base also datetime.tzinfo",
    },
    Row {
        kind: "newobj",
        modules: &[module("copyreg"), python2("copy_reg")],
        names: &["__newobj__"],
        uses: Use::Part(&NEWOBJ),
        guard: "(class, arguments..)",
    },
    Row {
        kind: "newobj",
        modules: &[module("copyreg"), python2("copy_reg")],
        names: &["__newobj_ex__"],
        uses: Use::Part(&NEWOBJ_EX),
        guard: "(class, (arguments..), {keywords})",
    },
    Row {
        kind: "getattr-guarded",
        modules: BUILTINS,
        names: &["getattr"],
        uses: Use::Part(&GETATTR),
        guard: "(zoneinfo.ZoneInfo, '_unpickle'), (admitted class, name of a nested class), (admitted class, '__new__') in a partial",
    },
    Row {
        kind: "partial-guarded",
        modules: &[module("functools")],
        names: &["partial"],
        uses: Use::Part(&PARTIAL),
        guard: "around C.__new__ of an admitted class: keyword arguments below protocol 4; around pandas' new_block",
    },
    Row {
        kind: "tzinfo",
        modules: &[module("datetime")],
        names: &["tzinfo"],
        uses: Use::Part(&TZINFO),
        guard: "as base in _reconstructor, or () as its third argument",
    },
];

static RECONSTRUCTOR: Class = Class { forms: Forms::REDUCE, call: reconstructor, build: None, bare: false };
static NEWOBJ: Class = Class { forms: Forms::REDUCE, call: newobj, build: None, bare: false };
static NEWOBJ_EX: Class = Class { forms: Forms::REDUCE, call: newobj_ex, build: None, bare: false };
static GETATTR: Class = Class { forms: Forms::REDUCE, call: getattr, build: None, bare: false };
static PARTIAL: Class = Class { forms: Forms::REDUCE, call: partial, build: Some(partial_state), bare: false };
static TZINFO: Class = Class { forms: Forms::REDUCE, call: tzinfo, build: None, bare: false };

fn tzinfo(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject("expected no arguments");
    }
    Ok(Value::Object(ctx.graph.object(Kind::Pending, &[Value::Global(ctx.global)])?))
}

fn instance(ctx: &mut Ctx<'_>, class: u32, args: &[Value], kwargs: Option<NodeId>) -> Result<Value, Reject> {
    let tuple = ctx.graph.object(Kind::Tuple, args)?;
    let form = if kwargs.is_some() { Form::NewObjEx } else { Form::NewObj };
    let call = Call { form, callee: Value::Global(class), args: tuple, kwargs };
    ctx.registry.call_global(ctx.graph, call, class)
}

/// Whether a base class's value is one; `true` with None for `object`.
fn is_value_of(graph: &Graph, base: &GlobalName, value: Value) -> bool {
    match (base.module.as_str(), base.name.as_str()) {
        ("builtins", "object") => matches!(value, Value::None),
        ("builtins", "dict") => args::dict(graph, value).is_some(),
        ("builtins", "int") => args::is_int(value) || matches!(value, Value::Bool(_)),
        ("builtins", "float") => matches!(value, Value::Float { .. }),
        ("builtins", "str") => matches!(value, Value::Str { .. } | Value::Wtf8 { .. } | Value::Py2Str { .. }),
        ("builtins", "bytes") => args::bytes(graph, value).is_some(),
        ("builtins", "bytearray") => matches!(value, Value::ByteArray { .. }),
        ("datetime", "tzinfo") => {
            matches!(value, Value::None) || matches!(value, Value::Object(id) if graph.kind(id) == Kind::Pending)
        }
        ("builtins", name) => {
            let kind = match name {
                "list" => Kind::List,
                "tuple" => Kind::Tuple,
                "set" => Kind::Set,
                "frozenset" => Kind::FrozenSet,
                "complex" => Kind::Complex,
                _ => return false,
            };
            matches!(value, Value::Object(id) if graph.kind(id) == kind)
        }
        _ => false,
    }
}

/// `copyreg._reconstructor(cls, base, value)`: protocols 0 and 1.
fn reconstructor(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [Value::Global(class), Value::Global(base), value] = *ctx.args else {
        return ctx.reject("expected a class, a base class and a value");
    };
    let base_name = ctx.graph.global(base).clone();
    if !is_value_of(ctx.graph, &base_name, value) {
        let found = args::type_name(ctx.graph, value);
        return ctx.reject(format!("expected a builtin base class and a value of it, found `{base_name}` and {found}"));
    }
    let builtin = base_name.module == "builtins" && base_name.name != "object";
    if !builtin {
        let made = instance(ctx, class, &[], None)?;
        // `object.__new__` refuses a class with a layout of its own (OrderedDict, deque, datetime, exceptions).
        let plain = matches!(made, Value::Object(id)
            if matches!(ctx.graph.kind(id), Kind::Record | Kind::Pending | Kind::Zone | Kind::Struct(Layout::PdDtype)));
        return if plain { Ok(made) } else { ctx.reject("expected a class based on object") };
    }
    match (ctx.registry.action(class), value) {
        // The base's content is what items or dict items are from protocol 2 on.
        (Some(Action::Record), Value::Object(id)) if matches!(ctx.graph.kind(id), Kind::Dict | Kind::List) => {
            let is_dict = ctx.graph.kind(id) == Kind::Dict;
            let record = instance(ctx, class, &[], None)?;
            let content: Vec<Value> = ctx.graph.items(id).collect();
            if let Value::Object(record) = record {
                if content.is_empty() {
                } else if is_dict {
                    records::set_items(ctx.graph, record, &content)?;
                } else {
                    records::extend(ctx.graph, record, &content)?;
                }
            }
            Ok(record)
        }
        (Some(Action::Record), value) => instance(ctx, class, &[value], None),
        // A data class that is a dict takes it up with its state.
        (Some(Action::Data(data)), Value::Object(id))
            if ctx.graph.kind(id) == Kind::Dict && std::ptr::eq(data, &raw const super::scipy::DOK) =>
        {
            let made = instance(ctx, class, &[], None)?;
            if let Value::Object(made) = made {
                ctx.graph.set_extra(made, value)?;
            }
            Ok(made)
        }
        (Some(Action::Data(_)), Value::Object(id)) if ctx.graph.kind(id) == Kind::Tuple => {
            let fields: Vec<Value> = ctx.graph.items(id).collect();
            instance(ctx, class, &fields, None)
        }
        _ => ctx.reject(format!("expected a class based on object, found base `{base_name}`")),
    }
}

fn newobj(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match ctx.args {
        [Value::Global(class), rest @ ..] => instance(ctx, *class, rest, None),
        _ => ctx.reject("expected a class and its arguments"),
    }
}

fn newobj_ex(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [Value::Global(class), arguments, keywords] = *ctx.args else {
        return ctx.reject("expected a class, a tuple and a dict");
    };
    match (args::sequence(ctx.graph, arguments), args::dict(ctx.graph, keywords)) {
        (Some(arguments), Some(keywords)) => {
            let arguments: Vec<Value> = ctx.graph.items(arguments).collect();
            instance(ctx, class, &arguments, Some(keywords))
        }
        _ => ctx.reject("expected a class, a tuple and a dict"),
    }
}

/// Which attributes of data classes a stream may name, and what they are.
fn data_attribute(class: &GlobalName, attribute: &str) -> Option<&'static Class> {
    let zoneinfo = class.module == "zoneinfo" && class.name == "ZoneInfo";
    (zoneinfo && attribute == "_unpickle").then_some(&super::zones::ZONEINFO_UNPICKLE)
}

fn getattr(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if let [Value::Global(class), attribute] = *ctx.args
        && let Some(attribute) = args::text(ctx.graph, attribute)
    {
        let name = ctx.graph.global(class).clone();
        let nested = GlobalName::new(name.module.as_str(), format!("{}.{attribute}", name.name));
        if let Some(callable) = data_attribute(&name, attribute) {
            return ctx.registry.intern(ctx.graph, nested, Action::Part(callable));
        }
        if matches!(ctx.registry.action(class), Some(Action::Record)) {
            if attribute == "__new__" {
                let items = [Value::Global(ctx.global), Value::Global(class)];
                return Ok(Value::Object(ctx.graph.object(Kind::Pending, &items)?));
            }
            let identifier = attribute.chars().all(|c| c.is_alphanumeric() || c == '_');
            if identifier && !attribute.is_empty() && !attribute.starts_with("__") {
                let protocol = ctx.registry.protocol;
                let (canonical, action) = ctx.registry.judge(&nested, protocol).map_err(Reject::Refused)?;
                return ctx.registry.intern(ctx.graph, canonical, action);
            }
        }
    }
    // Special attributes lead to the interpreter's own objects, whatever the user admits.
    if matches!(*ctx.args, [_, name] if args::text(ctx.graph, name).is_some_and(|n| n.starts_with("__"))) {
        return ctx.reject("expected an admitted class and the name of a class in it, found a special attribute");
    }
    ctx.admitted_or("expected an admitted class and the name of a class in it")
}

fn partial(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [function @ Value::Object(id)] if ctx.graph.kind(id) == Kind::Pending => {
            let items = [Value::Global(ctx.global), function];
            Ok(Value::Object(ctx.graph.object(Kind::Pending, &items)?))
        }
        [function @ Value::Global(global)] if ctx.registry.is_of(global, &NEW_BLOCK) => {
            let items = [Value::Global(ctx.global), function];
            Ok(Value::Object(ctx.graph.object(Kind::Pending, &items)?))
        }
        _ => ctx.admitted_or("expected the `__new__` of an admitted class, or pandas' `new_block`"),
    }
}

/// BUILD on a partial of `new_block`: `(new_block, (), {'ndim': n}, None)`, as pandas 1.3 writes blocks.
fn block_state(ctx: &mut Ctx<'_>, target: NodeId, function: u32, state: Value) -> Result<(), Reject> {
    let known = args::sequence(ctx.graph, state).filter(|&id| ctx.graph.count(id) == 4).is_some_and(|id| {
        let [other, arguments, keywords, attributes] = ctx.graph.first::<4>(id);
        let ndim = args::fields(ctx.graph, keywords).unwrap_or_default();
        matches!(other, Value::Global(other) if other == function)
            && args::sequence(ctx.graph, arguments).is_some_and(|id| ctx.graph.count(id) == 0)
            && matches!(*ndim, [("ndim", Value::Int(1 | 2))])
            && matches!(attributes, Value::None)
    });
    if !known || ctx.graph.extra(target).is_some() {
        return ctx.reject("expected one state: `new_block`, no arguments, the keyword `ndim` of 1 or 2, None");
    }
    Ok(ctx.graph.set_extra(target, state)?)
}

/// BUILD on a partial: `(function, (class, arguments..), {keywords}, None)`.
fn partial_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if ctx.graph.kind(target) == Kind::Record {
        return records::build(ctx.graph, target, state);
    }
    let [_, function] = ctx.graph.first::<2>(target);
    if let Value::Global(function) = function {
        return block_state(ctx, target, function, state);
    }
    let same = |a: Value, b: Value| matches!((a, b), (Value::Object(a), Value::Object(b)) if new_of(ctx.graph, a).is_some() && new_of(ctx.graph, a) == new_of(ctx.graph, b));
    let known = args::sequence(ctx.graph, state).filter(|&id| ctx.graph.count(id) == 4).is_some_and(|id| {
        let [other, arguments, keywords, attributes] = ctx.graph.first::<4>(id);
        let class = if let Value::Object(f) = function { new_of(ctx.graph, f) } else { None };
        let first = args::sequence(ctx.graph, arguments).map(|id| ctx.graph.first::<1>(id));
        same(function, other)
            && matches!(first, Some([Value::Global(c)]) if Some(c) == class)
            && args::dict(ctx.graph, keywords).is_some()
            && (matches!(attributes, Value::None)
                || args::dict(ctx.graph, attributes).is_some_and(|id| ctx.graph.count(id) == 0))
    });
    if !known || ctx.graph.extra(target).is_some() {
        return ctx.reject("expected one state: the `__new__` of an admitted class, its arguments, its keywords, None");
    }
    Ok(ctx.graph.set_extra(target, state)?)
}

/// The class whose `__new__` a value stands for.
fn new_of(graph: &Graph, id: NodeId) -> Option<u32> {
    match graph.first::<2>(id) {
        [Value::Global(_), Value::Global(class)] if graph.kind(id) == Kind::Pending => Some(class),
        _ => None,
    }
}

/// REDUCE on an object: legal on a finished partial around `C.__new__` or pandas' `new_block` only.
pub(super) fn call_object(registry: &mut Registry, graph: &mut Graph, call: Call, id: NodeId) -> Result<Value, Reject> {
    if let (Kind::Pending, [Value::Global(_), Value::Object(function)], Some(Value::Object(state))) =
        (graph.kind(id), graph.first::<2>(id), graph.extra(id))
    {
        let [_, arguments, keywords, _] = graph.first::<4>(state);
        if let (Some(class), Some(arguments), Some(keywords), 0, Form::Reduce) = (
            new_of(graph, function),
            args::sequence(graph, arguments),
            args::dict(graph, keywords),
            graph.count(call.args),
            call.form,
        ) {
            let rest: Vec<Value> = graph.items(arguments).skip(1).collect();
            let tuple = graph.object(Kind::Tuple, &rest)?;
            let call = Call { form: Form::NewObjEx, callee: Value::Global(class), args: tuple, kwargs: Some(keywords) };
            return registry.call_global(graph, call, class);
        }
    }
    if let (Kind::Pending, [Value::Global(partial), Value::Global(block)], Some(_), Form::Reduce) =
        (graph.kind(id), graph.first::<2>(id), graph.extra(id), call.form)
        && registry.is_of(partial, &PARTIAL)
        && registry.is_of(block, &NEW_BLOCK)
    {
        return registry.call_global(graph, Call { callee: Value::Global(block), ..call }, block);
    }
    match graph.kind(id) {
        Kind::Pending | Kind::Record => {
            Err(Reject::Refused(Refused::Opcode("refused: a call of what another call returned".to_owned())))
        }
        _ => {
            Err(Reject::Malformed(format!("expected a callable, found {}", args::type_name(graph, Value::Object(id)))))
        }
    }
}
