//! The inputs of the benchmarks: pickles that are written here, the same every time, 2 to 8 MB each; a hundredth of that where
//! the benchmarks are only tried out (`--test`).

#![allow(dead_code, reason = "no benchmark takes them all")]

mod arrays;
mod pathological;
mod pickle;
mod random;
mod typical;

use std::fmt;

/// An input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Dicts of twelve fields, dates as text.
    Records,
    /// The same with datetimes.
    Dated,
    Strings,
    Ints,
    Floats,
    /// Trees of lists and dicts, many levels deep.
    Nested,
    /// A dict of long lists.
    Columns,
    /// Rows that share a few thousand objects.
    Shared,
    /// Many pickles, one after another.
    Many,
    /// A float32 matrix.
    Ndarray,
    /// A DataFrame of floats and integers.
    Frame,
    /// Lists 900 levels deep.
    Deep,
    /// A million marks, each taken away again.
    Marks,
    /// Every object is brought back from the memo once.
    MemoChain,
    /// A dict of many integers.
    HugeDict,
    /// One key, spelled `1`, `1.0` and `True`, again and again.
    EqualKeys,
    /// Integers whose Python hash is one number.
    Collisions,
    /// A frame for each number.
    TinyFrames,
    /// The text of protocol 0.
    Protocol0,
}

impl Input {
    /// What real files hold.
    pub const TYPICAL: [Input; 11] = [
        Input::Records,
        Input::Dated,
        Input::Strings,
        Input::Ints,
        Input::Floats,
        Input::Nested,
        Input::Columns,
        Input::Shared,
        Input::Many,
        Input::Ndarray,
        Input::Frame,
    ];
    /// What is made to be slow.
    pub const PATHOLOGICAL: [Input; 8] = [
        Input::Deep,
        Input::Marks,
        Input::MemoChain,
        Input::HugeDict,
        Input::EqualKeys,
        Input::Collisions,
        Input::TinyFrames,
        Input::Protocol0,
    ];

    /// The pickle.
    pub fn bytes(self) -> Vec<u8> {
        self.times(1)
    }

    /// The pickle with so many times the items.
    pub fn times(self, factor: usize) -> Vec<u8> {
        let n = |items: usize| if is_bench() { items * factor } else { items * factor / 100 };
        match self {
            Input::Records => typical::records(n(16_000), false),
            Input::Dated => typical::records(n(16_000), true),
            Input::Strings => typical::strings(n(200_000)),
            Input::Ints => typical::ints(n(800_000)),
            Input::Floats => typical::floats(n(400_000)),
            Input::Nested => typical::nested(n(800)),
            Input::Columns => typical::columns(n(80_000)),
            Input::Shared => typical::shared(n(300_000)),
            Input::Many => typical::many(n(16_000)),
            Input::Ndarray => arrays::ndarray(n(1_000), 1_000),
            Input::Frame => arrays::frame(n(80_000)),
            Input::Deep => pathological::deep(n(2_000)),
            Input::Marks => pathological::marks(n(1_000_000)),
            Input::MemoChain => pathological::memo_chain(n(400_000)),
            Input::HugeDict => pathological::huge_dict(n(500_000)),
            Input::EqualKeys => pathological::equal_keys(n(500_000)),
            Input::Collisions => pathological::collisions(n(200_000)),
            Input::TinyFrames => pathological::tiny_frames(n(200_000)),
            Input::Protocol0 => pathological::protocol_0(n(20_000)),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Input::Records => "records",
            Input::Dated => "records, datetimes",
            Input::Strings => "strings",
            Input::Ints => "ints",
            Input::Floats => "floats",
            Input::Nested => "nested",
            Input::Columns => "columns",
            Input::Shared => "memo-heavy",
            Input::Many => "many pickles",
            Input::Ndarray => "ndarray",
            Input::Frame => "DataFrame",
            Input::Deep => "deep nesting",
            Input::Marks => "a million marks",
            Input::MemoChain => "memo chain",
            Input::HugeDict => "huge dict",
            Input::EqualKeys => "equal keys",
            Input::Collisions => "colliding keys",
            Input::TinyFrames => "tiny frames",
            Input::Protocol0 => "protocol 0",
        })
    }
}

/// Whether this run measures: `cargo bench` says so.
pub fn is_bench() -> bool {
    std::env::args().any(|arg| arg == "--bench") && !std::env::args().any(|arg| arg == "--test")
}
