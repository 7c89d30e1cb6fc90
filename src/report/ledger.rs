//! The ledger: every retyped and every lossy step of a conversion, counted by kind, with the first places.
//!
//! Loss is an entry made in one place (the lowering), never a default made in a writer.

/// How far a step is from exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fidelity {
    /// The value comes back, its Python type does not.
    Retyped,
    /// Something is gone.
    Lossy,
}

impl Fidelity {
    /// `retyped` or `lossy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Fidelity::Retyped => "retyped",
            Fidelity::Lossy => "lossy",
        }
    }
}

macro_rules! steps {
    ($($variant:ident, $fidelity:ident, $words:literal;)*) => {
        /// One kind of step that is not exact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Step {
            $(#[doc = $words] $variant,)*
        }

        /// All kinds, in the order of reports.
        const STEPS: &[(Step, Fidelity, &str)] = &[$((Step::$variant, Fidelity::$fidelity, $words),)*];
    };
}

steps! {
    Tuple, Retyped, "tuple written as an array";
    Set, Retyped, "set or frozenset written as an array";
    Deque, Retyped, "deque written as an array";
    Dict, Retyped, "OrderedDict, defaultdict or Counter written as a plain dict";
    Keys, Retyped, "keys that are no str written as text";
    Pairs, Retyped, "dict with keys that are no scalars written as an array of pairs";
    Bytes, Retyped, "bytes or bytearray written as base64";
    ByteArray, Retyped, "bytearray written as bytes";
    Py2Text, Retyped, "Python 2 str read as text";
    Py2Bytes, Retyped, "Python 2 str that is no UTF-8 written as bytes";
    BigInt, Retyped, "int beyond 64 bits written as decimal text";
    NonFinite, Retyped, "NaN or infinity written as text";
    Complex, Retyped, "complex written as [re, im]";
    Temporal, Retyped, "date, time or datetime written as ISO 8601 text";
    Duration, Retyped, "timedelta written as an ISO 8601 duration";
    Zone, Retyped, "time zone written as its name";
    Number, Retyped, "Decimal or Fraction written as text";
    Text, Retyped, "UUID, path or IP address written as text";
    Range, Retyped, "range or slice written as an object";
    Array, Retyped, "array.array written as an array";
    Name, Retyped, "class, function or singleton written as its name";
    Record, Retyped, "instance or exception written as its fields";
    Arrow, Retyped, "array or scalar of Arrow written as plain values";
    ArrowTable, Retyped, "table of Arrow or polars written as an array of rows";
    ArrowInterval, Retyped, "interval of months, days and nanoseconds written as an object";
    Sparse, Retyped, "sparse matrix written as coordinates and values";
    Geometry, Retyped, "geometry written as well-known text";
    Network, Retyped, "graph of networkx written as nodes and edges";
    NdArray, Retyped, "numpy array written as nested arrays";
    Scalar, Retyped, "numpy scalar written as a plain value";
    Dtype, Retyped, "dtype written as its text or its fields";
    ScalarArray, Retyped, "numpy scalar written as an array of no dimensions";
    ArrayClass, Retyped, "class or gradient flag of an array dropped, its elements kept";
    LittleEndian, Retyped, "big-endian array written as little-endian";
    Flattened, Retyped, "nested dicts or lists written as names joined by dots";
    Extended, Retyped, "float of 80 bits written as decimal text";
    Tensor, Retyped, "torch tensor written as nested arrays";
    Missing, Retyped, "NaT, NA or what is masked written as null";
    DataFrame, Retyped, "DataFrame written as an array of rows";
    Series, Retyped, "Series written as an array";
    Index, Retyped, "index of pandas written as an array";
    PdArray, Retyped, "array of pandas written as an array";
    Labels, Retyped, "column labels that are no str written as text";
    Category, Retyped, "Categorical written as its values";
    Period, Retyped, "Period written as text, or as an object of its ordinal and frequency";
    Interval, Retyped, "Interval written as an object";
    PdDtype, Retyped, "dtype or offset of pandas written as text, or as an object of its parameters";
    IntAsFloat, Retyped, "int written as the same float, in a column of floats";
    Scale, Retyped, "Decimal or int written with the digits after the point that its column has";
    Widened, Retyped, "bfloat16 written as the same float32";
    Unit, Retyped, "time of a unit that the format lacks written in a finer one";
    Categories, Retyped, "categories written as plain values";
    Dense, Retyped, "sparse column written with all its values";
    Json, Retyped, "value of a column of mixed kinds, or of none of the format's types, written as JSON text";
    Shared, Retyped, "shared object written out where it stands again";
    NonFiniteLost, Lossy, "NaN or infinity written as null";
    ZoneLost, Lossy, "name of a time zone dropped, its offset kept";
    OffsetLost, Lossy, "offset or rules of a time zone that has a name dropped, the name kept";
    FoldLost, Lossy, "fold of a time dropped";
    MaxlenLost, Lossy, "maxlen of a deque dropped";
    FactoryLost, Lossy, "factory of a defaultdict dropped";
    AttributesLost, Lossy, "attributes of an OrderedDict dropped";
    SafetyLost, Lossy, "is_safe of a UUID dropped";
    SurrogatesLost, Lossy, "lone surrogates replaced by U+FFFD";
    ArrowMetadataLost, Lossy, "metadata of a schema of Arrow dropped";
    SeriesNameLost, Lossy, "name of a Series dropped";
    AxisNameLost, Lossy, "name of an index, or of the columns of a DataFrame, dropped";
    ColumnsLost, Lossy, "columns of a DataFrame without rows dropped";
    FrequencyLost, Lossy, "frequency of an index or array of times dropped";
    CategoriesLost, Lossy, "order of categories, or categories that no value has, dropped";
    AttrsLost, Lossy, "attrs or flags of a DataFrame or Series dropped";
    CrsLost, Lossy, "coordinate reference system of geometries dropped";
    SparseLost, Lossy, "attributes of a sparse matrix beside its elements dropped";
    NetworkLost, Lossy, "attributes of a graph beside its nodes and edges dropped";
    MaskLost, Lossy, "fill value of a masked array, and what is under its mask, dropped";
    MissingKey, Lossy, "missing key written as null";
    ZonesMixed, Lossy, "time zone of a column with several written as UTC";
    LabelsLost, Lossy, "labels of columns written as text";
    FreqLost, Lossy, "frequency of an index dropped";
    ClassLost, Lossy, "subclass or flags of a DataFrame or Series, and what it keeps beside, dropped";
    NullList, Lossy, "list that is null written as one without items";
    EmptyText, Lossy, "empty text written as a null is";
    OwnLost, Lossy, "what a subclass of an array, or a tensor, keeps beside it dropped";
    QuantizationLost, Lossy, "scale and zero point of a quantized tensor dropped, its ints kept";
    SharingLost, Lossy, "sharing between lines written out";
}

/// How many places of each kind are kept.
const PLACES: usize = 3;

/// How often one kind of step was taken, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Times.
    pub count: u64,
    /// The first places, as value paths.
    pub places: Vec<String>,
}

impl Entry {
    /// Whether another place is kept.
    fn has_room(&self) -> bool {
        self.places.len() < PLACES
    }
}

/// Steps of a part of a conversion: entries of one ledger, and how often.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken(Box<[(u8, u64)]>);

impl Taken {
    /// Whether no step was taken.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

/// Every step of a conversion that was not exact.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The kinds that occurred.
    entries: Vec<(Step, Entry)>,
    /// For each kind its entry's index, plus 1; 0 where it did not occur.
    index: [u8; STEPS.len()],
    /// Steps that are closer to exact are counted without a place.
    placed: Fidelity,
}

const _: () = assert!(STEPS.len() < u8::MAX as usize);

impl Default for Ledger {
    fn default() -> Self {
        Ledger::placing(Fidelity::Retyped)
    }
}

impl Step {
    /// Retyped or lossy.
    pub fn fidelity(self) -> Fidelity {
        STEPS.get(self as usize).map_or(Fidelity::Lossy, |row| row.1)
    }

    /// What happened, in words.
    pub fn words(self) -> &'static str {
        STEPS.get(self as usize).map_or("", |row| row.2)
    }
}

impl Ledger {
    /// A ledger that keeps places of steps that are `placed` or farther from exact.
    pub(crate) fn placing(placed: Fidelity) -> Self {
        Ledger { entries: Vec::new(), index: [0; STEPS.len()], placed }
    }

    /// Counts a step; `place` is asked only for the first few of its kind.
    #[inline]
    pub(crate) fn count(&mut self, step: Step, place: impl FnOnce() -> String) {
        let placed = self.placed;
        let entry = self.entry(step);
        entry.count += 1;
        if entry.has_room() && step.fidelity() >= placed {
            entry.places.push(place());
        }
    }

    /// The entry of a kind.
    #[inline]
    fn entry(&mut self, step: Step) -> &mut Entry {
        let index = &mut self.index[step as usize];
        if *index == 0 {
            self.entries.push((step, Entry::default()));
            *index = self.entries.len() as u8;
        }
        &mut self.entries[usize::from(*index) - 1].1
    }

    /// The counts alone, to tell later what was added.
    pub(crate) fn counts_only(&self) -> Ledger {
        let entries =
            self.entries.iter().map(|(step, entry)| (*step, Entry { count: entry.count, places: Vec::new() }));
        Ledger { entries: entries.collect(), ..*self }
    }

    /// The steps since `before`; `None` where a kind among them has room for places: taken again, it would add one.
    pub(crate) fn taken_since(&self, before: &Ledger) -> Option<Taken> {
        let mut taken = Vec::new();
        for (n, (step, entry)) in self.entries.iter().enumerate() {
            let new = entry.count - before.entries.get(n).map_or(0, |(_, known)| known.count);
            if new > 0 {
                if entry.has_room() && step.fidelity() >= self.placed {
                    return None;
                }
                taken.push((n as u8, new));
            }
        }
        Some(Taken(taken.into_boxed_slice()))
    }

    /// Counts steps again.
    pub(crate) fn take_again(&mut self, taken: &Taken) {
        for (n, count) in &taken.0 {
            if let Some((_, entry)) = self.entries.get_mut(usize::from(*n)) {
                entry.count += count;
            }
        }
    }

    /// The kinds that occurred, retyped ones first.
    pub fn entries(&self) -> impl Iterator<Item = (Step, &Entry)> {
        let known = STEPS.iter().zip(self.index).filter(|(_, index)| *index > 0);
        known.filter_map(|(row, index)| Some((row.0, &self.entries.get(usize::from(index) - 1)?.1)))
    }

    /// Steps of one fidelity, all kinds together.
    pub fn total(&self, fidelity: Fidelity) -> u64 {
        self.entries.iter().filter(|(step, _)| step.fidelity() == fidelity).map(|(_, entry)| entry.count).sum()
    }

    /// Adds what another conversion did.
    pub fn merge(&mut self, other: &Ledger) {
        for (step, theirs) in other.entries() {
            let mine = self.entry(step);
            mine.count += theirs.count;
            let room = PLACES.saturating_sub(mine.places.len());
            mine.places.extend(theirs.places.iter().take(room).cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_kinds() {
        for (at, row) in STEPS.iter().enumerate() {
            assert_eq!(row.0 as usize, at);
        }
    }

    #[test]
    fn what_is_only_counted_has_no_place() {
        let mut ledger = Ledger::placing(Fidelity::Lossy);
        let before = ledger.counts_only();
        ledger.count(Step::Tuple, || "$.nobody.asks".to_owned());
        let taken = ledger.taken_since(&before).expect("no place is missing");
        ledger.take_again(&taken);
        ledger.count(Step::FoldLost, || "$.a".to_owned());
        assert!(ledger.taken_since(&before).is_none(), "another place is kept");
        let entries: Vec<_> = ledger.entries().map(|(step, entry)| (step, entry.count, entry.places.len())).collect();
        assert_eq!(entries, [(Step::Tuple, 2, 0), (Step::FoldLost, 1, 1)]);
        assert_eq!((ledger.total(Fidelity::Retyped), ledger.total(Fidelity::Lossy)), (2, 1));
    }
}
