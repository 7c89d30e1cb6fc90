//! What the lowering says to a text or binary writer: events that are fit for its format.
//!
//! A writer spells events into a buffer and decides nothing; the lowering drains the buffer.

use crate::error::Error;
use crate::model::graph::{BLOCK, Graph, Walk};
use crate::model::value::{NodeId, Value};
use crate::writers::tag::Tag;

/// What a format can carry natively; the natural lowering asks before it retypes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    /// Byte strings.
    pub bytes: bool,
    /// NaN and the infinities.
    pub non_finite: bool,
    /// Ints of any size; else 64 bits.
    pub big_ints: bool,
    /// Map keys of any type; else text only.
    pub any_keys: bool,
    /// `\udXXX` escapes in text.
    pub escapes: bool,
    /// Tags are a type of their own; else a key that begins with `$` could be taken for one.
    pub tags_apart: bool,
    /// Levels that mainstream readers take.
    pub max_depth: u32,
    /// Levels that a tagged sequence takes.
    pub tag_array_depth: u32,
    /// Levels that a tagged map takes.
    pub tag_map_depth: u32,
}

/// A writer of nested values.
///
/// Inside an array or tagged array each value comes after [`Sink::element`]; inside a map each key after [`Sink::key`] and
/// each value after [`Sink::value`].
pub(crate) trait Sink {
    const CAPS: Caps;

    fn buffer(&mut self) -> &mut Vec<u8>;

    /// A length that the format has no room for, once one was asked for; what is in the buffer is then of no use.
    #[inline]
    fn too_long(&self) -> Option<u64> {
        None
    }

    /// Whether a value is written alike wherever it stands.
    #[inline]
    fn is_context_free(&self) -> bool {
        true
    }

    /// Another writer with nothing in it, where keys may be of any type: to see whether two of them are written alike.
    fn another() -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Ends a value that stands alone, a row.
    #[inline]
    fn end_row(&mut self) {
        self.buffer().push(b'\n');
    }

    fn null(&mut self);
    fn bool(&mut self, value: bool);
    fn int(&mut self, value: i64);
    /// An int beyond `i64`, where the format takes it.
    fn big_int(&mut self, value: &num_bigint::BigInt);
    fn float(&mut self, value: f64);
    fn str(&mut self, text: &str);
    /// A short str, the first `len` bytes of a block; `text` gives it as a whole.
    fn short_str<'t>(&mut self, block: &[u8; BLOCK], len: usize, text: impl FnOnce() -> &'t str);
    /// UTF-8 with `surrogatepass`, with escapes for lone surrogates.
    fn escaped(&mut self, wtf8: &[u8]);
    /// Bytes, where the format takes them; else their base64.
    fn bytes(&mut self, bytes: &[u8]);

    /// Begins bytes, or a tagged leaf of them, that come piece by piece: `len` in all. Every piece but the last has a multiple
    /// of three bytes.
    fn begin_bytes(&mut self, tag: Option<Tag>, len: u64);
    /// A piece.
    fn piece(&mut self, bytes: &[u8]);
    /// Ends them.
    fn end_bytes(&mut self, tag: Option<Tag>);

    fn begin_array(&mut self, len: usize);
    fn element(&mut self);
    fn end_array(&mut self);
    fn begin_map(&mut self, len: usize);
    fn key(&mut self);
    fn value(&mut self);
    fn end_map(&mut self);

    /// A tagged leaf whose payload is text.
    fn tag_text(&mut self, tag: Tag, text: &str);
    /// A tagged leaf whose payload is bytes.
    fn tag_bytes(&mut self, tag: Tag, bytes: &[u8]);
    /// A tagged leaf whose payload is a small int.
    fn tag_int(&mut self, tag: Tag, value: u32);
    /// A tagged sequence of `len` values.
    fn begin_tag_array(&mut self, tag: Tag, len: usize);
    fn end_tag_array(&mut self);
    /// A tagged map of `len` fields.
    fn begin_tag_map(&mut self, tag: Tag, len: usize);
    fn end_tag_map(&mut self);
}

/// Writes a str from where it lies.
#[inline]
pub(crate) fn write_text<S: Sink>(sink: &mut S, graph: &Graph, len: u32, at: u64) {
    match graph.text_block(len, at) {
        Some(block) => sink.short_str(block, len as usize, || graph.text(len, at)),
        None => sink.str(graph.text(len, at)),
    }
}

/// A container that is written in parts, before all of it is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    pub id: NodeId,
    /// Items it will have in all; of a dict keys and values together.
    pub count: usize,
    /// Whether its keys are all ints; else they are all text.
    pub ints: bool,
    /// Whether a key begins with `$`.
    pub dollar: bool,
}

/// Where such a container stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Alone.
    Root,
    /// The item of this index in the container that was begun last.
    Element(u64),
    /// The value of this key there.
    Entry(Value),
    /// A row; so many came before.
    Line(u64),
}

/// A mapping that turns values into the events of a sink.
pub(crate) trait Lowering {
    type Sink: Sink;

    fn sink(&mut self) -> &mut Self::Sink;

    /// Writes values that stand alone, a row each: what `walk` holds, after `first` others. `prefix` is the container's path.
    fn write_rows(&mut self, walk: Walk, first: u64, prefix: &str) -> Result<(), Error>;

    /// Begins a container whose items come in parts; `prefix` is the path of the outermost of them.
    fn begin(&mut self, begun: Begun, place: Place, prefix: &str) -> Result<(), Error>;

    /// Writes the next items of the container that was begun last; so many came before.
    fn next_part(&mut self, walk: Walk, first: u64) -> Result<(), Error>;

    /// Ends the container that was begun last.
    fn end(&mut self) -> Result<(), Error>;

    /// Writes one value; `prefix` is its path.
    fn write(&mut self, value: Value, prefix: &str) -> Result<(), Error>;

    /// Writes one value that stands alone; `prefix` is its path.
    fn write_row(&mut self, value: Value, prefix: &str) -> Result<(), Error>;

    /// Writes a table whose rows stand alone; `false` where the value is none, or none that the mapping splits.
    fn write_table(&mut self, _value: Value, _prefix: &str) -> Result<bool, Error> {
        Ok(false)
    }

    /// Passes on what is buffered.
    fn drain(&mut self) -> Result<(), Error>;

    /// Passes on what is buffered; returns the bytes written in all.
    fn finish(self) -> Result<u64, Error>;
}
