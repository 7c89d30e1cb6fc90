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
use crate::model::graph::Kind;
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
    guard: "any arguments; one state: a dict of attributes",
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
    records::make(ctx.graph, Kind::Exception, ctx.global, how, ctx.tuple, None)
}

/// BUILD: attributes, among them the notes of `add_note` (3.11).
fn state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if !records::is_fresh(ctx.graph, target) {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let [_, made, arguments] = ctx.graph.first::<3>(target);
    let no_args = matches!(arguments, Value::Object(id) if ctx.graph.count(id) == 0);
    let old_style = matches!(made, Value::Int(how::INSTANCE)) && no_args;
    records::examine(ctx.graph, state)?;
    let known = args::fields(ctx.graph, state).is_some_and(|fields| {
        fields.iter().all(|&(name, value)| match name {
            "__notes__" => matches!(value, Value::Object(id) if ctx.graph.kind(id) == Kind::List),
            "args" => old_style && args::sequence(ctx.graph, value).is_some(),
            name => !name.starts_with("__"),
        })
    });
    if !known {
        return ctx.reject("expected a dict of attributes that are not special as state");
    }
    let state = records::taken(ctx.graph, state)?;
    records::build(ctx.graph, target, state)
}
