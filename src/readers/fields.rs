//! Containers under a tag: sequences, pairs, objects of named fields, records.

use std::io::Read;

use super::frames::{Close, Frame, Part, What};
use super::leaf::malformed;
use super::tagged_json::{Parser, over};
use super::tokens::Token;
use crate::error::Error;
use crate::model::graph::Kind;
use crate::model::record::{how, then};
use crate::model::value::{NodeId, Value};
use crate::name::{Escaped, GlobalName};

impl<R: Read> Parser<R> {
    // ---- sequences

    pub(super) fn begin_seq(&mut self, kind: Kind) -> Result<(), Error> {
        self.tokens.begin_array()?;
        let id = self.open(kind)?;
        self.enter(What::Seq(id, Close::Tag))
    }

    /// `{"maxlen": int or null, "items": [V…]}`
    pub(super) fn begin_deque(&mut self) -> Result<(), Error> {
        self.tokens.begin_object()?;
        self.tokens.expect_name("maxlen")?;
        let maxlen = match self.tokens.peek()? {
            Token::Null => {
                self.tokens.null()?;
                None
            }
            _ => Some(self.small_int("a length")?),
        };
        if maxlen.is_some_and(|n| n < 0) {
            return self.tokens.bad("expected a length of 0 or more, found a negative one");
        }
        let id = self.open(Kind::Deque)?;
        if let Some(maxlen) = maxlen {
            self.graph.set_extra(id, Value::Int(maxlen)).map_err(over)?;
        }
        self.tokens.expect_name("items")?;
        self.tokens.begin_array()?;
        self.enter(What::Seq(id, Close::Fields))
    }

    pub(super) fn end_seq(&mut self, id: NodeId, close: Close, frame: Frame) -> Result<(), Error> {
        self.tokens.end_array()?;
        let kind = self.graph.kind(id);
        let items = self.pool.get(frame.start..).unwrap_or_default();
        match kind {
            Kind::Set | Kind::FrozenSet => self.fill_keys(id, frame.start, 1)?,
            Kind::Slice if items.len() != 3 => {
                return self.tokens.bad(format!("expected start, stop and step, found {} values", items.len()));
            }
            Kind::Deque if matches!(self.graph.extra(id), Some(Value::Int(max)) if items.len() as u64 > max as u64) => {
                return self.tokens.bad(format!("expected at most `maxlen` items, found {}", items.len()));
            }
            _ => self.graph.append(id, items).map_err(over)?,
        }
        self.close(close)?;
        self.leave(id, frame)
    }

    // ---- pairs

    pub(super) fn begin_pairs(&mut self, kind: Kind) -> Result<(), Error> {
        self.tokens.begin_array()?;
        let id = self.open(kind)?;
        self.enter(What::Pairs(id, Close::Tag))
    }

    /// `[[V, V]…]`, or `{"items": [[V, V]…], "state": V}`
    pub(super) fn begin_ordered_dict(&mut self) -> Result<(), Error> {
        if self.tokens.peek()? != Token::Object {
            return self.begin_pairs(Kind::OrderedDict);
        }
        self.tokens.begin_object()?;
        self.tokens.expect_name("items")?;
        self.tokens.begin_array()?;
        let id = self.open(Kind::OrderedDict)?;
        self.enter(What::Pairs(id, Close::State))
    }

    /// `{"factory": null or a global, "items": [[V, V]…]}`
    pub(super) fn begin_default_dict(&mut self) -> Result<(), Error> {
        self.tokens.begin_object()?;
        self.tokens.expect_name("factory")?;
        let id = self.open(Kind::DefaultDict)?;
        if self.tokens.peek()? == Token::Null {
            self.tokens.null()?;
        } else {
            self.tokens.begin_object()?;
            self.tokens.expect_name("$global")?;
            let name = self.name_pair()?;
            self.end_tag()?;
            let factory = self.global(name)?;
            self.graph.set_extra(id, Value::Global(factory)).map_err(over)?;
        }
        self.tokens.expect_name("items")?;
        self.tokens.begin_array()?;
        self.enter(What::Pairs(id, Close::Fields))
    }

    pub(super) fn pair(&mut self) -> Result<(), Error> {
        self.tokens.begin_array()?;
        self.enter(What::Pair)
    }

    pub(super) fn end_pairs(&mut self, id: NodeId, close: Close, frame: Frame) -> Result<(), Error> {
        self.tokens.end_array()?;
        if self.graph.kind(id) == Kind::Dict {
            let pairs = self.pool.get(frame.start..).unwrap_or_default();
            let plain = pairs.iter().step_by(2).all(|key| match *key {
                Value::Str { len, at } => !self.graph.text(len, at).starts_with('$'),
                _ => false,
            });
            if plain {
                return self.tokens.bad("expected a plain object, found a `$dict` whose keys are plain text");
            }
        }
        self.fill_keys(id, frame.start, 2)?;
        if close == Close::State {
            self.tokens.expect_name("state")?;
            self.turn(What::State(id));
            return Ok(());
        }
        self.close(close)?;
        self.leave(id, frame)
    }

    /// The end of a frame that waited for the value of one last field.
    pub(super) fn end_field(&mut self, frame: Frame) -> Result<(), Error> {
        self.close(Close::Fields)?;
        let value = self.pool.last().copied().unwrap_or(Value::None);
        if let What::State(id) = frame.what {
            match value {
                Value::Object(state) if self.graph.kind(state) == Kind::Dict => {}
                _ => return self.tokens.bad("expected a dict as state of an OrderedDict, found something else"),
            }
            self.graph.set_extra(id, value).map_err(over)?;
            return self.leave(id, frame);
        }
        let value = self.zone_value(frame.what, value)?;
        self.pop();
        self.pool.truncate(frame.start);
        self.push(value)
    }

    // ---- records

    /// `[module, name]`
    pub(super) fn name_pair(&mut self) -> Result<GlobalName, Error> {
        self.tokens.begin_array()?;
        let module = self.tokens.str()?.to_owned();
        let name = self.tokens.str()?.to_owned();
        self.tokens.end_array()?;
        Ok(GlobalName { module, name })
    }

    /// `{"class": [module, name], "how": text, "args": […], …}`
    pub(super) fn begin_record(&mut self, kind: Kind) -> Result<(), Error> {
        self.tokens.begin_object()?;
        self.tokens.expect_name("class")?;
        let name = self.name_pair()?;
        let class = self.global(name)?;
        self.tokens.expect_name("how")?;
        let word = self.tokens.str()?;
        let Some(how) = [how::NEW, how::CALL, how::INSTANCE].into_iter().find(|n| how::word(*n) == word) else {
            let what = format!("expected `new`, `call` or `instance`, found `{}`", Escaped(word));
            return self.tokens.bad(what);
        };
        self.tokens.expect_name("args")?;
        self.tokens.begin_array()?;
        let id = self.open(kind)?;
        self.enter(What::Record(id, Part::Args))?;
        self.push(Value::Global(class))?;
        self.push(Value::Int(how))
    }

    pub(super) fn record_step(&mut self, id: NodeId, part: Part, frame: Frame) -> Result<(), Error> {
        let more = self.tokens.has_next()?;
        match part {
            Part::Args if more => self.value(),
            Part::Kwargs if more => {
                self.seen();
                self.pair()
            }
            Part::Then if more => self.begin_then(),
            Part::Args => {
                self.tokens.end_array()?;
                // Below them lie the class and how.
                self.gather(Kind::Tuple, frame.start.saturating_add(2))?;
                self.after_args(id, frame)
            }
            Part::Kwargs => {
                self.tokens.end_array()?;
                let start = frame.start.saturating_add(3);
                if self.pool.len() == start {
                    return self.tokens.bad("expected keyword arguments, found none: the key is left out then");
                }
                self.gather(Kind::Dict, start)?;
                if !self.tokens.has_next()? {
                    return self.end_record(id, frame);
                }
                self.tokens.expect_name("then")?;
                self.tokens.begin_array()?;
                self.turn(What::Record(id, Part::Then));
                Ok(())
            }
            Part::Then => {
                if frame.seen == 0 {
                    return self
                        .tokens
                        .bad("expected what was done to the instance, found nothing: the key is left out then");
                }
                self.tokens.end_array()?;
                self.end_record(id, frame)
            }
        }
    }

    /// Makes one object of the pool's values from `start` on.
    fn gather(&mut self, kind: Kind, start: usize) -> Result<(), Error> {
        let id = self.graph.alloc(kind).map_err(over)?;
        if kind == Kind::Dict {
            self.fill_keys(id, start, 2)?;
        } else {
            self.graph.append(id, self.pool.get(start..).unwrap_or_default()).map_err(over)?;
        }
        self.pool.truncate(start);
        self.push(Value::Object(id))
    }

    fn after_args(&mut self, id: NodeId, frame: Frame) -> Result<(), Error> {
        if !self.tokens.has_next()? {
            self.push(Value::None)?;
            return self.end_record(id, frame);
        }
        let part = match self.tokens.name()? {
            "kwargs" => Part::Kwargs,
            "then" => Part::Then,
            other => {
                let what = format!("expected one of the keys `kwargs`, `then`, found `{}`", Escaped(other));
                return self.tokens.bad(what);
            }
        };
        self.tokens.begin_array()?;
        if part == Part::Then {
            self.push(Value::None)?;
        }
        self.turn(What::Record(id, part));
        Ok(())
    }

    fn end_record(&mut self, id: NodeId, frame: Frame) -> Result<(), Error> {
        self.close(Close::Fields)?;
        self.graph.append(id, self.pool.get(frame.start..).unwrap_or_default()).map_err(over)?;
        self.leave(id, frame)
    }

    /// `{"state": V}`, `{"items": [V…]}`, `{"dictitems": [[V, V]…]}` or `{"call": [V, V…]}`
    fn begin_then(&mut self) -> Result<(), Error> {
        self.seen();
        self.tokens.begin_object()?;
        if !self.tokens.has_next()? {
            return self.tokens.bad("expected one of the keys `state`, `items`, `dictitems`, `call`, found none");
        }
        let name = self.tokens.name()?;
        let all = [then::STATE, then::ITEMS, then::DICT_ITEMS, then::CALL];
        let Some(what) = all.into_iter().find(|what| then::word(*what) == name) else {
            return malformed("one of the keys `state`, `items`, `dictitems`, `call`", name);
        };
        let kind = match what {
            then::STATE => None,
            then::ITEMS => Some(Kind::List),
            _ => Some(Kind::Tuple),
        };
        let list = match kind {
            Some(kind) => {
                self.tokens.begin_array()?;
                Some(self.graph.alloc(kind).map_err(over)?)
            }
            None => None,
        };
        self.push(Value::Int(what))?;
        self.enter(What::Then(what, list))
    }

    pub(super) fn then_step(&mut self, what: i64, list: Option<NodeId>, frame: Frame) -> Result<(), Error> {
        match list {
            None if frame.seen == 0 => return self.value(),
            None => self.pop(),
            Some(list) => {
                if self.tokens.has_next()? {
                    if what != then::DICT_ITEMS {
                        return self.value();
                    }
                    self.seen();
                    return self.pair();
                }
                self.tokens.end_array()?;
                if what == then::CALL && frame.seen == 0 {
                    return self.tokens.bad("expected the function that was called, found nothing");
                }
                self.graph.append(list, self.pool.get(frame.start..).unwrap_or_default()).map_err(over)?;
                self.leave(list, frame)?;
            }
        }
        self.tokens.end_object()
    }
}
