//! One pickle, opcode by opcode.
//!
//! Arity is checked from the opcode table before an opcode runs; what remains here is the meaning of each.

mod calls;
mod fast;
mod memo;
mod numbers;

use super::batches::Stream;
use super::{Call, Form, Globals, Machine, Reject, located};
use crate::error::{Error, Refused};
use crate::limits::memory_for;
use crate::location::Location;
use crate::model::graph::Kind;
use crate::model::type_name::type_name;
use crate::model::value::Value;
use crate::opcode::arg::{self, BadText, TextInt};
use crate::opcode::lexer::{Arg, Lexer};
use crate::opcode::{Opcode, OpcodeInfo};

/// The highest protocol there is (Python 3.8, PEP 574).
const HIGHEST_PROTOCOL: u8 = 5;

const PROTO: u8 = Opcode::Proto as u8;
const FRAME: u8 = Opcode::Frame as u8;
const STOP: u8 = Opcode::Stop as u8;

fn malformed<T>(what: impl Into<String>) -> Result<T, Reject> {
    Err(Reject::Malformed(what.into()))
}

impl<G: Globals> Machine<G> {
    /// Reads one pickle up to its STOP; findings are collected, an error ends the reading.
    pub(super) fn pickle(&mut self, lexer: &mut Lexer<'_>) -> Result<Value, Error> {
        let root = self.read(lexer, None)?;
        self.graph.settle_text();
        Ok(root)
    }

    /// Reads one pickle, in batches where the first pass found some; text is still to be settled then.
    pub(super) fn read(&mut self, lexer: &mut Lexer<'_>, mut stream: Option<&mut Stream<'_>>) -> Result<Value, Error> {
        self.stack.clear();
        self.memo.clear();
        self.foreseen.begin();
        self.protocol = 0;
        self.opcodes = 0;
        self.begin(lexer)?;
        loop {
            if let Err(rejected) = self.fast(lexer)
                && let Some(info) = Opcode::of_byte(rejected.opcode as u8)
            {
                self.settle(rejected.reject, info, lexer)?;
            }
            if lexer.offset() >= self.next_stop {
                self.pause(lexer, stream.as_deref_mut())?;
            }
            if let [STOP, ..] = lexer.window() {
                lexer.advance(0, 1);
                return self.stop(lexer);
            }
            let (info, arg) = lexer.next()?;
            match info.opcode {
                Opcode::Stop => return self.stop(lexer),
                Opcode::Frame => {
                    if let Arg::Uint(len) = arg {
                        self.frame(lexer, len)?;
                    }
                }
                _ => {
                    if let Arg::Bytes(payload) = arg
                        && payload.len() >= 1 << 16
                    {
                        // It was read, and pays for itself.
                        let before = self.read.saturating_add(self.next_stop.saturating_sub(1 << 16));
                        let read = before.saturating_add(payload.len() as u64);
                        self.graph.allow_memory(memory_for(self.max_memory, read));
                    }
                    if info.opcode != Opcode::Proto {
                        self.graph.settle_text();
                    }
                    if let Err(reject) = self.step(info, arg) {
                        self.settle(reject, info, lexer)?;
                    }
                }
            }
            self.opcodes += 1;
            if lexer.offset() >= self.next_stop {
                self.pause(lexer, stream.as_deref_mut())?;
            }
        }
    }

    /// Reads the PROTO and the FRAME that a pickle begins with, where they lie in the window: small pickles consist of little else.
    fn begin(&mut self, lexer: &mut Lexer<'_>) -> Result<(), Error> {
        let [PROTO, version @ 0..=HIGHEST_PROTOCOL, ..] = *lexer.window() else { return Ok(()) };
        lexer.advance(0, 2);
        (self.protocol, self.opcodes) = (version, 1);
        let Some([FRAME, len @ ..]) = lexer.window().first_chunk::<9>() else { return Ok(()) };
        let len = u64::from_le_bytes(*len);
        lexer.advance(0, 9);
        self.opcodes += 1;
        self.frame(lexer, len)
    }

    /// Findings let the reading go on, with an unknown value where a result would be; errors end it.
    #[cold]
    fn settle(&mut self, mut reject: Reject, info: &OpcodeInfo, lexer: &mut Lexer<'_>) -> Result<(), Error> {
        self.graph.settle_text();
        let at = Location::opcode(lexer.start(), info.name);
        while let Reject::Demand(demand) = reject {
            if self.guess.is_some() {
                return Err(super::guess::wrong_guess());
            }
            match self.meet(demand, lexer)? {
                Ok(()) => return Ok(()),
                Err(why) => reject = why,
            }
        }
        match reject {
            reject @ (Reject::Malformed(_) | Reject::Limit(_) | Reject::Fatal(_)) => {
                Err(located(reject, at.clone()).unwrap_or_else(|| Error::malformed("unreadable", at)))
            }
            reject => {
                if let Some(error) = located(reject, at) {
                    self.find(error);
                }
                Ok(())
            }
        }
    }

    /// A finding after which the reading goes on. A name is listed once, where it stands first.
    fn find(&mut self, error: Error) {
        use crate::error::ErrorKind::Refused as R;
        if let R(Refused::Global { name, .. }) = error.kind() {
            let known = |e: &Error| matches!(e.kind(), R(Refused::Global { name: other, .. }) if other == name);
            if self.findings.errors.iter().any(known) {
                return;
            }
        }
        self.findings.push(error);
    }

    fn soft(&mut self, what: impl Into<String>, opcode: &'static str, lexer: &Lexer<'_>) {
        self.find(Error::malformed(what, Location::opcode(lexer.start(), opcode)));
    }

    fn strict(&mut self, what: String, lexer: &Lexer<'_>) {
        self.strict.push(Error::malformed(what, Location::opcode(lexer.start(), "STOP")));
    }

    /// What is done between two opcodes now and then: the memory budget grows with what was read, batches end.
    #[cold]
    fn pause(&mut self, lexer: &mut Lexer<'_>, stream: Option<&mut Stream<'_>>) -> Result<(), Error> {
        let offset = lexer.offset();
        self.graph.allow_memory(memory_for(self.max_memory, self.read.saturating_add(offset)));
        self.graph.settle_much();
        self.next_stop = offset + (1 << 16);
        if let Some(stream) = stream {
            self.next_stop = self.next_stop.min(self.at_batch(lexer, stream)?);
        }
        Ok(())
    }

    fn frame(&mut self, lexer: &mut Lexer<'_>, len: u64) -> Result<(), Error> {
        if self.protocol < 4 {
            self.soft(format!("expected protocol 4 or later before FRAME, found {}", self.protocol), "FRAME", lexer);
        }
        if len == 0 {
            self.soft("expected a FRAME of 1 byte or more, found 0", "FRAME", lexer);
        }
        lexer.open_frame(len)
    }

    fn stop(&mut self, lexer: &mut Lexer<'_>) -> Result<Value, Error> {
        let left = lexer.close_frame();
        if left > 0 {
            self.soft(format!("expected STOP at the end of its FRAME: {left} of its bytes are left"), "STOP", lexer);
        }
        if self.stack.has_mark() {
            self.strict("expected no open MARK at STOP".to_owned(), lexer);
        }
        let height = self.stack.height();
        let Some(root) = self.stack.pop() else {
            return Err(Error::malformed(
                "stack underflow: STOP takes 1 item, found none",
                Location::opcode(lexer.start(), "STOP"),
            ));
        };
        if height > 1 {
            self.strict(format!("expected 1 item on the stack at STOP, found {height}"), lexer);
        }
        Ok(root)
    }

    #[inline]
    fn push(&mut self, value: Value) -> Result<(), Reject> {
        Ok(self.stack.push(value, &mut self.graph)?)
    }

    #[cold]
    fn underflow(&self, info: &OpcodeInfo) -> Result<(), Reject> {
        if info.to_mark && !self.stack.has_mark() {
            return malformed(format!("expected a MARK for {}, found none", info.name));
        }
        let (takes, found) = if info.to_mark && self.stack.below() < usize::from(info.below) {
            (info.below, self.stack.below())
        } else {
            (info.above, self.stack.above())
        };
        let items = if takes == 1 { "item" } else { "items" };
        let place = if info.to_mark && takes == info.below { " below its MARK" } else { "" };
        malformed(format!("stack underflow: {} takes {takes} {items}{place}, found {found}", info.name))
    }

    #[inline]
    fn step(&mut self, info: &'static OpcodeInfo, arg: Arg<'_>) -> Result<(), Reject> {
        if self.stack.above() < usize::from(info.above)
            || (info.to_mark && (!self.stack.has_mark() || self.stack.below() < usize::from(info.below)))
        {
            // POP also takes a MARK that nothing stands on.
            if !(info.opcode == Opcode::Pop && self.stack.has_mark()) {
                return self.underflow(info);
            }
        }
        match (info.opcode, arg) {
            (Opcode::ShortBinunicode | Opcode::Binunicode | Opcode::Binunicode8, Arg::Bytes(bytes)) => {
                let value = self.unicode(bytes)?;
                self.push(value)
            }
            (Opcode::Memoize, _) => self.put(self.memo.count()),
            (Opcode::Binput | Opcode::LongBinput, Arg::Uint(index)) => self.put(index),
            (Opcode::Put, Arg::Line(line)) => {
                let index = arg::memo_index(line).or_else(|bad| self.bad_text(bad))?;
                self.put(index)
            }
            (Opcode::Binget | Opcode::LongBinget, Arg::Uint(index)) => self.fetch(index),
            (Opcode::Get, Arg::Line(line)) => {
                let index = arg::memo_index(line).or_else(|bad| self.bad_text(bad))?;
                self.fetch(index)
            }
            (Opcode::Mark, _) => Ok(self.stack.mark(&mut self.graph)?),
            (Opcode::Binint1 | Opcode::Binint2, Arg::Uint(n)) => self.push(Value::Int(n as i64)),
            (Opcode::Binint, Arg::Int(n)) => self.push(Value::Int(i64::from(n))),
            (Opcode::Int, Arg::Line(line)) => self.text_int(arg::int(line, self.max_digits)),
            (Opcode::Long, Arg::Line(line)) => self.text_int(arg::long(line, self.max_digits)),
            (Opcode::Long1 | Opcode::Long4, Arg::Bytes(bytes)) => self.binary_long(bytes),
            (Opcode::Float, Arg::Line(line)) => {
                let value = arg::float(line, self.max_digits).or_else(|bad| self.bad_text(bad))?;
                let value = self.graph.float(value);
                self.push(value)
            }
            (Opcode::Binfloat, Arg::Float(value)) => {
                let value = self.graph.float(value);
                self.push(value)
            }
            (Opcode::None, _) => self.push(Value::None),
            (Opcode::Newtrue, _) => self.push(Value::Bool(true)),
            (Opcode::Newfalse, _) => self.push(Value::Bool(false)),
            (Opcode::Unicode, Arg::Line(line)) => self.text_unicode(line),
            (Opcode::String, Arg::Line(line)) => {
                self.scratch.clear();
                arg::quoted(line, &mut self.scratch).or_else(|bad| self.bad_text(bad))?;
                let (len, at) = self.graph.store_bytes(&self.scratch)?;
                self.push(Value::Py2Str { len, at })
            }
            (Opcode::Binstring | Opcode::ShortBinstring, Arg::Bytes(bytes)) => {
                let (len, at) = self.graph.store_bytes(bytes)?;
                self.push(Value::Py2Str { len, at })
            }
            (Opcode::Binbytes | Opcode::ShortBinbytes | Opcode::Binbytes8, Arg::Bytes(bytes)) => {
                let value = self.graph.new_bytes(bytes)?;
                self.push(value)
            }
            (Opcode::Binbytes | Opcode::Binbytes8, Arg::Range(place)) => {
                let (len, at) = self.graph.outside(place.clone())?;
                self.push(Value::Bytes { len, at })
            }
            (Opcode::Bytearray8, Arg::Range(place)) => {
                let (len, at) = self.graph.outside(place.clone())?;
                self.push(Value::ByteArray { len, at })
            }
            (Opcode::Binstring, Arg::Range(place)) => {
                let (len, at) = self.graph.outside(place.clone())?;
                self.push(Value::Py2Str { len, at })
            }
            (Opcode::Bytearray8, Arg::Bytes(bytes)) => {
                let (len, at) = self.graph.store_bytes(bytes)?;
                self.push(Value::ByteArray { len, at })
            }
            (Opcode::EmptyList, _) => self.push_new(Kind::List),
            (Opcode::EmptyTuple, _) => self.push_new(Kind::Tuple),
            (Opcode::EmptyDict, _) => self.push_new(Kind::Dict),
            (Opcode::EmptySet, _) => self.push_new(Kind::Set),
            (Opcode::Tuple1, _) => self.tuple(1),
            (Opcode::Tuple2, _) => self.tuple(2),
            (Opcode::Tuple3, _) => self.tuple(3),
            (Opcode::Tuple, _) => {
                let base = self.stack.unmark();
                self.collect(Kind::Tuple, base)
            }
            (Opcode::List, _) => {
                let base = self.stack.unmark();
                self.collect(Kind::List, base)
            }
            (Opcode::Frozenset, _) => {
                let base = self.stack.unmark();
                let id = self.graph.alloc(Kind::FrozenSet)?;
                self.graph.extend_set(id, self.stack.from(base))?;
                self.stack.truncate(base);
                self.push(Value::Object(id))
            }
            (Opcode::Dict, _) => {
                let base = self.stack.unmark();
                let id = self.graph.alloc(Kind::Dict)?;
                self.even(base)?;
                self.graph.extend_dict(id, self.stack.from(base))?;
                self.stack.truncate(base);
                self.push(Value::Object(id))
            }
            (Opcode::Append, _) => {
                let base = self.stack.height() - 1;
                self.append(base, false)
            }
            (Opcode::Appends, _) => {
                let base = self.stack.unmark_items();
                self.append(base, false)
            }
            (Opcode::Additems, _) => {
                let base = self.stack.unmark();
                self.append(base, true)
            }
            (Opcode::Setitem, _) => {
                let base = self.stack.height() - 2;
                self.set_items(base)
            }
            (Opcode::Setitems, _) => {
                let base = self.stack.unmark();
                self.even(base)?;
                self.set_items(base)
            }
            (Opcode::Pop, _) => self.pop(),
            (Opcode::PopMark, _) => {
                let base = self.stack.unmark();
                while self.stack.height() > base {
                    self.pop()?;
                }
                Ok(())
            }
            (Opcode::Dup, _) => {
                let Some(value) = self.stack.peek(0) else { return Ok(()) };
                if let Value::Object(id) = value {
                    self.graph.mark_shared(id);
                }
                self.push(value)
            }
            (Opcode::Global, Arg::Lines(module, name)) => match (utf8(module), utf8(name)) {
                (Some(module), Some(name)) => self.global(module, name),
                _ => malformed("expected UTF-8 in the name of GLOBAL"),
            },
            (Opcode::StackGlobal, _) => self.stack_global(),
            (Opcode::Inst, Arg::Lines(module, name)) => self.inst(module, name),
            (Opcode::Obj, _) => {
                let base = self.stack.unmark();
                let callee = self.stack.from(base).first().copied().unwrap_or(Value::Unknown);
                self.instance(callee, base, base + 1)
            }
            (Opcode::Reduce, _) => self.call_top(Form::Reduce),
            (Opcode::Newobj, _) => self.call_top(Form::NewObj),
            (Opcode::NewobjEx, _) => {
                let (kwargs, args, callee) = (self.take(), self.take(), self.take());
                self.call(Form::NewObjEx, callee, args, Some(kwargs))
            }
            (Opcode::Build, _) => self.build_top(),
            (Opcode::Proto, Arg::Uint(version)) => self.proto(version),
            (Opcode::Ext1 | Opcode::Ext2, Arg::Uint(code)) => self.extension(info.name, code as i64),
            (Opcode::Ext4, Arg::Int(code)) => self.extension(info.name, i64::from(code)),
            (Opcode::Persid, Arg::Line(line)) => match ascii(line) {
                Some(id) => {
                    let id = self.graph.str(id)?;
                    self.persistent(info.name, id)
                }
                None => malformed("expected ASCII in the persistent id of PERSID"),
            },
            (Opcode::Binpersid, _) => {
                let id = self.take();
                self.persistent(info.name, id)
            }
            (Opcode::NextBuffer, _) => self.next_buffer(),
            (Opcode::ReadonlyBuffer, _) => self.read_only(),
            // STOP and FRAME are the loop's; the lexer pairs every other opcode with its kind of argument.
            (_, _) => malformed(format!("expected an argument for {}", info.name)),
        }
    }

    // ---- containers

    fn push_new(&mut self, kind: Kind) -> Result<(), Reject> {
        let id = self.graph.alloc(kind)?;
        self.push(Value::Object(id))
    }

    #[inline]
    fn tuple(&mut self, len: usize) -> Result<(), Reject> {
        let base = self.stack.height() - len;
        self.collect(Kind::Tuple, base)
    }

    #[inline]
    fn collect(&mut self, kind: Kind, base: usize) -> Result<(), Reject> {
        let id = self.graph.object(kind, self.stack.from(base))?;
        self.stack.truncate(base);
        self.push(Value::Object(id))
    }

    fn even(&self, base: usize) -> Result<(), Reject> {
        if (self.stack.height() - base).is_multiple_of(2) {
            return Ok(());
        }
        malformed(format!(
            "expected keys and values in turn, an even number of items, found {}",
            self.stack.height() - base
        ))
    }

    /// Adds everything from `base` on to the container below it.
    #[inline]
    fn append(&mut self, base: usize, members: bool) -> Result<(), Reject> {
        let target = self.stack.from(base - 1).first().copied().unwrap_or(Value::Unknown);
        let (opcode, wanted) = if members { ("ADDITEMS", "a set") } else { ("APPEND(S)", "a list") };
        let result = match target {
            Value::Unknown => Ok(()),
            Value::Object(id) if self.is_frozen(id) => malformed(super::guess::FROZEN),
            Value::Object(id) => match (self.graph.kind(id), members) {
                (Kind::List, false) => self.graph.append(id, self.stack.from(base)).map_err(Reject::from),
                (Kind::Set, true) => self.graph.extend_set(id, self.stack.from(base)).map_err(Reject::from),
                _ => {
                    self.graph.settle_text();
                    self.globals.extend(&mut self.graph, id, self.stack.from(base), members)
                }
            },
            other => {
                return malformed(format!("expected {wanted} for {opcode}, found {}", type_name(&self.graph, other)));
            }
        };
        self.stack.truncate(base);
        result
    }

    /// Adds the two topmost values to what stands below them.
    #[inline]
    fn set_item(&mut self) -> Result<(), Reject> {
        let base = self.stack.height() - 2;
        if let [Value::Object(id), pair @ ..] = self.stack.from(base - 1)
            && let Some(pair @ [Value::Str { .. }, _]) = pair.first_chunk::<2>()
            && self.graph.kind(*id) == Kind::Dict
            && !self.is_frozen(*id)
        {
            self.graph.extend_by_text(*id, pair)?;
            self.stack.truncate(base);
            return Ok(());
        }
        self.set_items(base)
    }

    #[inline]
    fn set_items(&mut self, base: usize) -> Result<(), Reject> {
        let target = self.stack.from(base - 1).first().copied().unwrap_or(Value::Unknown);
        let result = match target {
            Value::Unknown => Ok(()),
            Value::Object(id) if self.is_frozen(id) => malformed(super::guess::FROZEN),
            Value::Object(id) => match self.graph.kind(id) {
                Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => {
                    self.graph.extend_dict(id, self.stack.from(base)).map_err(Reject::from)
                }
                _ => {
                    self.graph.settle_text();
                    self.globals.set_items(&mut self.graph, id, self.stack.from(base))
                }
            },
            other => {
                return malformed(format!("expected a dict for SETITEM(S), found {}", type_name(&self.graph, other)));
            }
        };
        self.stack.truncate(base);
        result
    }

    fn pop(&mut self) -> Result<(), Reject> {
        let Some(value) = self.stack.pop() else {
            self.stack.unmark();
            return Ok(());
        };
        if matches!(value, Value::Object(_) | Value::Global(_)) {
            // A call that is dropped may have changed what is below it.
            if let Some(Value::Object(id)) = self.stack.peek(0)
                && self.is_frozen(id)
            {
                return malformed(super::guess::FROZEN);
            }
            self.globals.popped(&mut self.graph, value, self.stack.peek(0))?;
        }
        Ok(())
    }

    #[inline]
    fn take(&mut self) -> Value {
        self.stack.pop().unwrap_or(Value::Unknown)
    }

    // ---- what stands outside the stream

    fn proto(&mut self, version: u64) -> Result<(), Reject> {
        let first = self.opcodes == 0;
        if version > u64::from(HIGHEST_PROTOCOL) {
            return Err(Reject::Soft(format!("expected a protocol up to 5, found {version}")));
        }
        if !first {
            return Err(Reject::Soft("expected PROTO as the first opcode only".to_owned()));
        }
        self.protocol = version as u8;
        Ok(())
    }

    fn extension(&mut self, name: &'static str, code: i64) -> Result<(), Reject> {
        if code <= 0 {
            return malformed(format!("expected an extension code of 1 or more for {name}, found {code}"));
        }
        self.outside(name, &format!("extension code {code}, which only the writer's copyreg table explains"))
    }

    fn outside(&mut self, name: &str, what: &str) -> Result<(), Reject> {
        self.push(Value::Unknown)?;
        Err(Reject::Refused(Refused::Opcode(format!("refused opcode {name}: {what}"))))
    }

    fn persistent(&mut self, opcode: &'static str, id: Value) -> Result<(), Reject> {
        let found = if matches!(id, Value::Unknown) {
            Err(Reject::Tainted)
        } else {
            self.globals.persistent(&mut self.graph, id)
        };
        match found {
            Ok(Some(value)) => self.push(value),
            Ok(None) => self.outside(opcode, "a persistent id outside a container that defines it"),
            Err(reject) => {
                self.push(Value::Unknown)?;
                Err(reject)
            }
        }
    }

    fn next_buffer(&mut self) -> Result<(), Reject> {
        if let Some(buffer) = self.buffers.get(self.buffers_used) {
            self.buffers_used += 1;
            let (len, at) = self.graph.store_bytes(buffer)?;
            return self.push(Value::ByteArray { len, at });
        }
        match self.buffers.len() {
            0 => self.outside("NEXT_BUFFER", "an out-of-band buffer that was not given (`--buffer FILE` gives it)"),
            given => {
                let what = format!("out-of-band buffer {}, of which {given} were given", given + 1);
                self.outside("NEXT_BUFFER", &what)
            }
        }
    }

    fn read_only(&mut self) -> Result<(), Reject> {
        match self.stack.top_mut() {
            Some(Value::Unknown | Value::Bytes { .. }) | None => Ok(()),
            Some(top) => {
                if let Value::ByteArray { len, at } = *top {
                    *top = Value::Bytes { len, at };
                    return Ok(());
                }
                let found = *top;
                malformed(format!("expected a buffer for READONLY_BUFFER, found {}", type_name(&self.graph, found)))
            }
        }
    }
}

fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    utf8(bytes).filter(|s| s.is_ascii())
}
