//! Reads the tagged mapping of JSON (docs/mapping.md) back into the identical values.
//!
//! Strict: every value has exactly one form, and another form of it is an error, so that no two texts are one value. The order
//! of keys counts. White space, escapes in strings and the digits of a float are free. Nothing here recurses: what is open is a
//! stack of frames, and the values they have collected lie in one pool.

use std::collections::HashMap;
use std::io::Read;

use super::frames::{Close, Frame, What};
use super::tokens::{Token, Tokens};
use crate::document::Document;
use crate::error::{Error, Failure, LimitExceeded};
use crate::limits::{Limits, memory_for};
use crate::location::Location;
use crate::model::graph::{Graph, Kind};
use crate::model::key::KeyError;
use crate::model::value::{NodeId, Value};
use crate::name::{Escaped, GlobalName};
use crate::writers::tag::Tag;

/// How many values a document of tagged JSON holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// The document is the value of a file of one pickle.
    #[default]
    One,
    /// The document is an array of the values of a file of several pickles (or of none).
    Array,
}

/// Reads what `--to json --lossless` wrote of one pickle back into the identical value.
///
/// ```
/// let document = depickle::read_lossless_json(&br#"{"$tuple":[1,"a"]}"#[..], &depickle::Limits::default())?;
/// let root = document.roots().next().expect("one value");
/// assert_eq!(root.len(), Some(2));
/// # Ok::<(), depickle::error::Failure>(())
/// ```
///
/// # Errors
/// What is not the tagged mapping (`Malformed`, with the value's path and the byte offset), limits, I/O.
pub fn read_lossless_json(input: impl Read, limits: &Limits) -> Result<Document, Failure> {
    read_lossless_json_roots(input, Roots::One, limits)
}

/// As [`read_lossless_json`], where several pickles were written as one array: JSON itself cannot tell them from one list.
///
/// # Errors
/// As for [`read_lossless_json`].
pub fn read_lossless_json_roots(input: impl Read, roots: Roots, limits: &Limits) -> Result<Document, Failure> {
    let mut parser = Parser::new(input, limits);
    match parser.document(roots) {
        Ok(()) => {
            let bytes = parser.tokens.at();
            match parser.tokens.finish() {
                Ok(()) => Ok(Document::new(parser.graph, parser.pool, bytes)),
                Err(e) => Err(e.into()),
            }
        }
        Err(e) => Err(parser.place(e).into()),
    }
}

/// An object that a `$ref` may name, and the frame that fills it.
struct Def {
    id: NodeId,
    frame: usize,
}

/// A dict or set whose keys are compared when everything is read: they hold what was not complete.
struct Late {
    id: NodeId,
    count: usize,
    at: u64,
}

/// Keys of objects that are kept to be used again, and how long they may be.
const KEYS: usize = 1 << 12;
const KEY_LEN: usize = 64;

pub(super) struct Parser<R: Read> {
    pub tokens: Tokens<R>,
    pub graph: Graph,
    pub frames: Vec<Frame>,
    pub pool: Vec<Value>,
    defs: Vec<Def>,
    /// A `$def` waits for its object.
    defining: bool,
    keys: HashMap<Box<str>, Value, foldhash::quality::RandomState>,
    globals: HashMap<GlobalName, u32>,
    late: Vec<Late>,
    pub max_frames: usize,
    pub max_memory: u64,
}

/// A limit; its place is added in [`Parser::place`].
pub(super) fn over(e: LimitExceeded) -> Error {
    Error::limit(e, Location::default())
}

fn bad_key(e: KeyError) -> Error {
    match e {
        KeyError::Limit(e) => over(e),
        KeyError::Unhashable(kind) => {
            Error::malformed(format!("expected a hashable key, found {kind}"), Location::default())
        }
    }
}

const REPEATED: &str = "expected keys that differ, found one twice";

impl<R: Read> Parser<R> {
    fn new(input: R, limits: &Limits) -> Self {
        let mut graph = Graph::new(limits);
        graph.set_memory(memory_for(limits.max_memory, 0));
        // The writer's own bound: a value may take several levels (a tag, its map, its items).
        let max_frames = usize::try_from(limits.max_depth).unwrap_or(usize::MAX).saturating_mul(4).saturating_add(2);
        Parser {
            tokens: Tokens::new(input, limits),
            graph,
            frames: Vec::new(),
            pool: Vec::new(),
            defs: Vec::new(),
            defining: false,
            keys: HashMap::default(),
            globals: HashMap::new(),
            late: Vec::new(),
            max_frames,
            max_memory: limits.max_memory,
        }
    }

    /// Reads all; the roots are what is left in the pool.
    fn document(&mut self, roots: Roots) -> Result<(), Error> {
        match roots {
            Roots::One => self.enter(What::Root)?,
            Roots::Array => {
                self.tokens.begin_array()?;
                self.enter(What::Roots)?;
            }
        }
        while let Some(frame) = self.frames.last() {
            let frame = *frame;
            self.step(frame)?;
        }
        if roots == Roots::Array && self.pool.len() == 1 {
            return self.tokens.bad("expected none or several values, because one stands without an array; found one");
        }
        self.graph.seal().map_err(bad_key)?;
        match self.late.iter().find(|late| self.graph.count(late.id) != late.count) {
            Some(late) => Err(Error::malformed(REPEATED, Location::offset(late.at))),
            None => Ok(()),
        }
    }

    fn step(&mut self, frame: Frame) -> Result<(), Error> {
        match frame.what {
            What::Root => {
                if frame.seen == 0 {
                    return self.value();
                }
                self.frames.pop();
            }
            What::Roots => {
                if self.tokens.has_next()? {
                    return self.value();
                }
                self.tokens.end_array()?;
                self.frames.pop();
            }
            What::Seq(id, close) => {
                if self.tokens.has_next()? {
                    return self.value();
                }
                self.end_seq(id, close, frame)?;
            }
            What::Map(id) => {
                // A key whose value is still to come.
                if self.pool.len().wrapping_sub(frame.start) % 2 == 1 {
                    return self.value();
                }
                if self.tokens.has_next()? {
                    let at = self.tokens.at();
                    let name = self.tokens.name()?;
                    if name.starts_with('$') {
                        let what = format!("expected a `$dict`, found a plain object with the key `{}`", Escaped(name));
                        return Err(Error::malformed(what, Location::offset(at)));
                    }
                    let key = intern(&mut self.keys, &mut self.graph, name).map_err(over)?;
                    return self.push(key);
                }
                self.tokens.end_object()?;
                self.fill_keys(id, frame.start, 2)?;
                self.leave(id, frame)?;
            }
            What::Pairs(id, close) => {
                if self.tokens.has_next()? {
                    return self.pair();
                }
                self.end_pairs(id, close, frame)?;
            }
            What::Pair => {
                if frame.seen < 2 {
                    if !self.tokens.has_next()? {
                        return self.tokens.bad("expected a key and a value, found the end of the array");
                    }
                    return self.value();
                }
                self.tokens.end_array()?;
                self.frames.pop();
            }
            What::Def => {
                if frame.seen == 0 {
                    return self.value();
                }
                self.tokens.end_array()?;
                self.end_tag()?;
                self.frames.pop();
            }
            What::State(_) | What::Zoned { .. } | What::LocalZone | What::FileZone { .. } => {
                if frame.seen == 0 {
                    return self.value();
                }
                self.end_field(frame)?;
            }
            What::Struct(id, layout, tagged) => return self.structure_step(id, layout, tagged, frame),
            What::Record(id, part) => return self.record_step(id, part, frame),
            What::Then(what, list) => return self.then_step(what, list, frame),
        }
        Ok(())
    }

    // ---- values

    /// Begins the next value: a leaf goes to the pool, a container becomes a frame.
    pub(super) fn value(&mut self) -> Result<(), Error> {
        self.seen();
        let token = self.tokens.peek()?;
        self.graph.allow_memory(memory_for(self.max_memory, self.tokens.at()));
        match token {
            Token::Array => {
                self.tokens.begin_array()?;
                let id = self.open(Kind::List)?;
                self.enter(What::Seq(id, Close::Plain))
            }
            Token::Object => self.object(),
            Token::String | Token::Number | Token::Boolean | Token::Null => {
                self.no_def()?;
                let value = self.scalar(token)?;
                self.push(value)
            }
        }
    }

    fn scalar(&mut self, token: Token) -> Result<Value, Error> {
        match token {
            Token::String => self.text(),
            Token::Number => self.number(),
            Token::Boolean => self.tokens.bool().map(Value::Bool),
            Token::Null | Token::Array | Token::Object => self.tokens.null().map(|()| Value::None),
        }
    }

    /// A string as a str.
    pub(super) fn text(&mut self) -> Result<Value, Error> {
        let at = self.tokens.at();
        let text = self.tokens.str()?;
        self.graph.allow_memory(memory_for(self.max_memory, at.saturating_add(text.len() as u64)));
        self.graph.str(text).map_err(over)
    }

    fn object(&mut self) -> Result<(), Error> {
        let at = self.tokens.at();
        self.tokens.begin_object()?;
        if !self.tokens.has_next()? {
            self.tokens.end_object()?;
            let id = self.open(Kind::Dict)?;
            return self.push(Value::Object(id));
        }
        let name = self.tokens.name()?;
        if let Some(tag) = name.strip_prefix('$') {
            return match Tag::of_name(tag).filter(|tag| *tag != Tag::Int) {
                Some(tag) => self.tag(tag, at),
                None => {
                    let what = format!("expected a tag of the mapping, found `{}`", Escaped(name));
                    Err(Error::malformed(what, Location::offset(at)))
                }
            };
        }
        let key = intern(&mut self.keys, &mut self.graph, name).map_err(over)?;
        let id = self.open(Kind::Dict)?;
        self.enter(What::Map(id))?;
        self.push(key)
    }

    /// The payload of a tag whose object begins at `at`.
    fn tag(&mut self, tag: Tag, at: u64) -> Result<(), Error> {
        if let Some(layout) = tag.layout() {
            return self.begin_structure(layout);
        }
        match tag {
            Tag::Tuple => self.begin_seq(Kind::Tuple),
            Tag::Set => self.begin_seq(Kind::Set),
            Tag::FrozenSet => self.begin_seq(Kind::FrozenSet),
            Tag::Slice => self.begin_seq(Kind::Slice),
            Tag::Dict => self.begin_pairs(Kind::Dict),
            Tag::Counter => self.begin_pairs(Kind::Counter),
            Tag::Deque => self.begin_deque(),
            Tag::OrderedDict => self.begin_ordered_dict(),
            Tag::DefaultDict => self.begin_default_dict(),
            Tag::Exception => self.begin_record(Kind::Exception),
            Tag::Record => self.begin_record(Kind::Record),
            Tag::Array => {
                let id = self.open(Kind::Array)?;
                self.array(id)?;
                self.end_tag()?;
                self.push(Value::Object(id))
            }
            Tag::Def => self.begin_def(at),
            Tag::Ref => {
                self.no_def()?;
                let value = self.reference()?;
                self.end_tag()?;
                self.push(value)
            }
            Tag::Time | Tag::DateTime => {
                self.no_def()?;
                self.begin_time(tag == Tag::DateTime)
            }
            Tag::Dateutil => {
                self.no_def()?;
                self.begin_dateutil()
            }
            _ => {
                self.no_def()?;
                let value = self.leaf(tag)?;
                self.end_tag()?;
                self.push(value)
            }
        }
    }

    pub(super) fn no_def(&self) -> Result<(), Error> {
        if self.defining {
            return self.tokens.bad("expected a container or an instance in `$def`, found what has no identity");
        }
        Ok(())
    }

    /// `[n, V]`: n counts the definitions.
    fn begin_def(&mut self, at: u64) -> Result<(), Error> {
        self.no_def()?;
        self.tokens.begin_array()?;
        let n = self.small_int("the number of the definition")?;
        if n != self.defs.len() as i64 {
            let what = format!("expected `$def` number {}, found {n}", self.defs.len());
            return Err(Error::malformed(what, Location::offset(at)));
        }
        if !self.tokens.has_next()? {
            return self.tokens.bad("expected an object after the number of its definition, found none");
        }
        self.enter(What::Def)?;
        self.defining = true;
        Ok(())
    }

    fn reference(&mut self) -> Result<Value, Error> {
        let n = self.small_int("the number of a definition")?;
        let Some(def) = usize::try_from(n).ok().and_then(|n| self.defs.get(n)) else {
            return self.tokens.bad(format!("expected the number of an earlier `$def`, found {n}"));
        };
        let open = self.frames.get(def.frame).is_some_and(|frame| frame.what.fills(def.id));
        if open && self.frames.last().is_some_and(|top| def.frame >= top.floor) {
            return self.tokens.bad("expected what can hold itself, found a tuple, frozenset or slice inside itself");
        }
        Ok(Value::Object(def.id))
    }

    // ---- objects

    /// A new object; it exists before its content, which may refer to it.
    pub(super) fn open(&mut self, kind: Kind) -> Result<NodeId, Error> {
        let id = self.graph.alloc(kind).map_err(over)?;
        if self.defining {
            self.defining = false;
            self.graph.charge(size_of::<Def>() as u64).map_err(over)?;
            self.graph.mark_shared(id);
            self.defs.push(Def { id, frame: self.frames.len() });
        }
        Ok(id)
    }

    /// Fills a dict (`stride` 2) or set (1) from the pool; keys have to differ.
    pub(super) fn fill_keys(&mut self, id: NodeId, start: usize, stride: usize) -> Result<(), Error> {
        let new = self.pool.get(start..).unwrap_or_default();
        let graph = &mut self.graph;
        let unsure = graph.has_shared()
            && new.iter().step_by(stride).any(|key| match key {
                Value::Object(key) => matches!(graph.kind(*key), Kind::Tuple | Kind::FrozenSet | Kind::Slice),
                _ => false,
            });
        if unsure {
            graph.charge(size_of::<Late>() as u64).map_err(over)?;
            graph.extend_later(id, new).map_err(over)?;
            self.late.push(Late { id, count: new.len(), at: self.tokens.at() });
            return Ok(());
        }
        let filled = if stride == 1 { graph.extend_set(id, new) } else { graph.extend_dict(id, new) };
        filled.map_err(bad_key)?;
        if graph.count(id) == new.len() { Ok(()) } else { self.tokens.bad(REPEATED) }
    }

    /// The index of a name among the graph's globals.
    pub(super) fn global(&mut self, name: GlobalName) -> Result<u32, Error> {
        if let Some(index) = self.globals.get(&name) {
            return Ok(*index);
        }
        // Once in the graph, once as a key here.
        self.graph.charge((name.module.len() + name.name.len()) as u64).map_err(over)?;
        let index = self.graph.add_global(name.clone()).map_err(over)?;
        self.globals.insert(name, index);
        Ok(index)
    }
}

/// A key of a plain object; the same text is stored once, as the pickler's memo does.
fn intern(
    keys: &mut HashMap<Box<str>, Value, foldhash::quality::RandomState>,
    graph: &mut Graph,
    name: &str,
) -> Result<Value, LimitExceeded> {
    if name.len() > KEY_LEN {
        return graph.str(name);
    }
    if let Some(value) = keys.get(name) {
        return Ok(*value);
    }
    let value = graph.str(name)?;
    if keys.len() < KEYS {
        keys.insert(name.into(), value);
    }
    Ok(value)
}
