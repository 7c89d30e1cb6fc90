//! The exceptions of the builtins, kept with their arguments and attributes; none is raised.
//!
//! Source: CPython `Objects/exceptions.c` (`BaseException.__reduce__`: class, args, `__dict__` if any; from 3.11 on always a
//! state) and `Lib/_compat_pickle.py` (Python 2 keeps them in the module `exceptions`; below protocol 3 what Python 2 does not
//! know stands in `__builtin__`). Python 2.4 and older wrote old-style instances whose state holds `args`.

use super::args;
use super::records::{self, how};
use super::table::{Row, Use, module, python2};
use super::{Class, Ctx, Forms};
use crate::machine::{Form, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};

pub(super) static ROWS: &[Row] = &[Row {
    kind: "exception",
    modules: &[module("builtins"), python2("exceptions"), python2("__builtin__")],
    names: &[
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "BaseException",
        "BaseExceptionGroup",
        "BlockingIOError",
        "BrokenPipeError",
        "BufferError",
        "BytesWarning",
        "ChildProcessError",
        "ConnectionAbortedError",
        "ConnectionError",
        "ConnectionRefusedError",
        "ConnectionResetError",
        "DeprecationWarning",
        "EOFError",
        "EncodingWarning",
        "EnvironmentError=OSError",
        "Exception",
        "ExceptionGroup",
        "FileExistsError",
        "FileNotFoundError",
        "FloatingPointError",
        "FutureWarning",
        "GeneratorExit",
        "IOError=OSError",
        "ImportError",
        "ImportWarning",
        "IndentationError",
        "IndexError",
        "InterruptedError",
        "IsADirectoryError",
        "KeyError",
        "KeyboardInterrupt",
        "LookupError",
        "MemoryError",
        "ModuleNotFoundError",
        "NameError",
        "NotADirectoryError",
        "NotImplementedError",
        "OSError",
        "OverflowError",
        "PendingDeprecationWarning",
        "PermissionError",
        "ProcessLookupError",
        "PythonFinalizationError",
        "RecursionError",
        "ReferenceError",
        "ResourceWarning",
        "RuntimeError",
        "RuntimeWarning",
        "StandardError=Exception",
        "StopAsyncIteration",
        "StopIteration",
        "SyntaxError",
        "SyntaxWarning",
        "SystemError",
        "SystemExit",
        "TabError",
        "TimeoutError",
        "TypeError",
        "UnboundLocalError",
        "UnicodeDecodeError",
        "UnicodeEncodeError",
        "UnicodeError",
        "UnicodeTranslateError",
        "UnicodeWarning",
        "UserWarning",
        "ValueError",
        "Warning",
        "WindowsError=OSError",
        "ZeroDivisionError",
    ],
    uses: Use::Data(&EXCEPTION),
    guard: "the arguments that the class takes; one state: None or a dict of attributes",
}];

static EXCEPTION: Class = Class {
    forms: Forms::REDUCE.and(Forms::NEWOBJ).and(Forms::INSTANCE),
    call: exception,
    build: Some(state),
    bare: true,
};

fn exception(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let how = match ctx.form {
        Form::NewObj | Form::NewObjEx => how::NEW,
        Form::Reduce => how::CALL,
        Form::Instance => how::INSTANCE,
    };
    // `__new__` takes anything, but for groups; an old-style instance without arguments gets them with its state.
    let called = how == how::CALL || (how == how::INSTANCE && !ctx.args.is_empty());
    let name = ctx.graph.global(ctx.global).name.clone();
    if let Some(expected) = expected(ctx, &name, called) {
        return ctx.reject(expected);
    }
    records::make(ctx.graph, Kind::Exception, ctx.global, how, ctx.tuple, None)
}

/// What the arguments must be, where they are not. Any other class takes any.
fn expected(ctx: &Ctx<'_>, name: &str, called: bool) -> Option<&'static str> {
    let text = |value| is_text(ctx.graph, value);
    let bytes = |value| args::bytes(ctx.graph, value).is_some();
    let (known, expected) = match (name, ctx.args) {
        ("UnicodeDecodeError", &[encoding, object, Value::Int(_), Value::Int(_), reason]) if called => {
            (text(encoding) && bytes(object) && text(reason), "expected an encoding, bytes, start, end and a reason")
        }
        ("UnicodeEncodeError", &[encoding, object, Value::Int(_), Value::Int(_), reason]) if called => {
            (text(encoding) && text(object) && text(reason), "expected an encoding, a str, start, end and a reason")
        }
        ("UnicodeTranslateError", &[object, Value::Int(_), Value::Int(_), reason]) if called => {
            (text(object) && text(reason), "expected a str, start, end and a reason")
        }
        ("UnicodeDecodeError" | "UnicodeEncodeError", _) if called => {
            (false, "expected 5 arguments: encoding, object, start, end, reason")
        }
        ("UnicodeTranslateError", _) if called => (false, "expected 4 arguments: object, start, end, reason"),
        ("SyntaxError" | "IndentationError" | "TabError", &[_, place]) if called => (
            args::sequence(ctx.graph, place).is_some_and(|id| matches!(ctx.graph.count(id), 4 | 6 | 7)),
            "expected a message and where it is: a tuple of 4 to 7 parts",
        ),
        ("ExceptionGroup" | "BaseExceptionGroup", &[message, members]) => {
            let members = args::sequence(ctx.graph, members).filter(|id| ctx.graph.count(*id) > 0);
            let all = members.is_some_and(|id| ctx.graph.items(id).all(|value| is_exception(ctx.graph, value, name)));
            (text(message) && all, "expected a message and a list of exceptions")
        }
        ("ExceptionGroup" | "BaseExceptionGroup", _) => (false, "expected a message and a list of exceptions"),
        _ => return None,
    };
    (!known).then_some(expected)
}

fn is_text(graph: &Graph, value: Value) -> bool {
    matches!(value, Value::Str { .. } | Value::Wtf8 { .. }) || args::text(graph, value).is_some()
}

/// Whether it may be in a group: an exception, or an instance of an admitted class, which may be one. What only a
/// `BaseExceptionGroup` takes is no `Exception`.
fn is_exception(graph: &Graph, value: Value, group: &str) -> bool {
    let Value::Object(id) = value else { return false };
    match (graph.kind(id), graph.first::<1>(id)) {
        (Kind::Record, _) => true,
        (Kind::Exception, [Value::Global(class)]) => {
            let base = ["BaseException", "BaseExceptionGroup", "GeneratorExit", "KeyboardInterrupt", "SystemExit"];
            group == "BaseExceptionGroup" || !base.contains(&graph.global(class).name.as_str())
        }
        _ => false,
    }
}

/// BUILD: attributes, among them the notes of `add_note` (3.11).
fn state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if !records::is_fresh(ctx.graph, target) {
        return ctx.reject("expected one state, found a second BUILD");
    }
    if matches!(state, Value::None) {
        return Ok(());
    }
    let unicode = ctx.graph.global(ctx.global).name.starts_with("Unicode");
    let [_, made, arguments] = ctx.graph.first::<3>(target);
    let no_args = matches!(arguments, Value::Object(id) if ctx.graph.count(id) == 0);
    let old_style = matches!(made, Value::Int(how::INSTANCE)) && no_args;
    records::examine(ctx.graph, state)?;
    let known = args::fields(ctx.graph, state).is_some_and(|fields| {
        fields.iter().all(|&(name, value)| match name {
            "__notes__" => matches!(value, Value::Object(id) if ctx.graph.kind(id) == Kind::List),
            "args" => old_style && args::sequence(ctx.graph, value).is_some(),
            // Attributes that only hold values of their type.
            "start" | "end" if unicode => matches!(value, Value::Int(_)),
            "encoding" | "reason" if unicode => is_text(ctx.graph, value),
            "object" if unicode => is_text(ctx.graph, value) || args::bytes(ctx.graph, value).is_some(),
            name => !name.starts_with("__"),
        })
    });
    if !known {
        return ctx.reject("expected a dict of attributes that are not special as state");
    }
    let state = records::taken(ctx.graph, state)?;
    records::build(ctx.graph, target, state)
}
