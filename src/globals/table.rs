//! The table of names that are data: one row per kind and spelling, one place to look.
//!
//! Names are compared exactly, as (module, name). A row's first module is the canonical one; the others are older or
//! equivalent spellings of the same thing.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Class;
use crate::name::GlobalName;

/// What a name may be used for.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    /// A constructor makes a value of it.
    Data(&'static Class),
    /// Legal only inside the constructor that asks for it.
    Part(&'static Class),
    /// A known harmless class: legal as a type name, or as a record of it.
    Inert,
}

/// How a module is spelled.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    pub name: &'static str,
    /// It exists in Python 2 only; protocols from 3 on never name it.
    pub python2: bool,
}

/// A module that Python 3 (or a library under both) knows.
pub(crate) const fn module(name: &'static str) -> Module {
    Module { name, python2: false }
}

/// A module of Python 2's standard library.
pub(crate) const fn python2(name: &'static str) -> Module {
    Module { name, python2: true }
}

/// One kind of data under all its spellings.
pub(crate) struct Row {
    /// The kind, as `depickle globals` prints it.
    pub kind: &'static str,
    /// The canonical module first.
    pub modules: &'static [Module],
    /// Names as spelled on the wire; `old=new` where Python 3 calls it `new`.
    pub names: &'static [&'static str],
    pub uses: Use,
    /// Which arguments and states are recognised, in words.
    pub guard: &'static str,
}

/// What a spelling stands for.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// Canonical module.
    pub module: &'static str,
    /// Canonical name.
    pub name: &'static str,
    pub python2: bool,
    pub uses: Use,
}

/// The families, in the order in which `depickle globals` prints them.
pub(crate) static FAMILIES: &[&[Row]] = &[
    super::builtins::ROWS,
    super::copyreg::ROWS,
    super::collections::ROWS,
    super::datetime::ROWS,
    super::zones::ROWS,
    super::dateutil::ROWS,
    super::numbers::ROWS,
    super::uuid::ROWS,
    super::paths::ROWS,
    super::net::ROWS,
    super::array::ROWS,
    super::exceptions::ROWS,
    super::structs::ROWS,
    super::scipy::ROWS,
    super::pyarrow::ROWS,
    super::polars::ROWS,
    super::shapely::ROWS,
    super::networkx::ROWS,
    super::inert::ROWS,
    super::numpy::ROWS[0],
    super::numpy::ROWS[1],
    super::numpy::ROWS[2],
    super::numpy::ROWS[3],
    super::numpy::ROWS[4],
    super::pandas::frame::ROWS,
    super::pandas::manager::ROWS,
    super::pandas::index::ROWS,
    super::pandas::index::CLASS_ROWS,
    super::pandas::arrays::ROWS,
    super::pandas::dtypes::ROWS,
    super::pandas::scalars::ROWS,
    super::pandas::offsets::ROWS,
    super::pandas::legacy::ROWS,
    super::torch::ROWS[0],
    super::torch::ROWS[1],
    super::torch::ROWS[2],
    super::torch::ROWS[3],
    super::joblib::ROWS,
];

static BY_NAME: LazyLock<HashMap<(&'static str, &'static str), Entry, foldhash::quality::RandomState>> =
    LazyLock::new(|| {
        let mut map = HashMap::default();
        for row in FAMILIES.iter().copied().flatten() {
            for spelled in row.modules {
                for name in row.names {
                    let (wire, canonical) = name.split_once('=').unwrap_or((name, name));
                    let module = row.modules.first().map_or(spelled.name, |m| m.name);
                    let entry = Entry { module, name: canonical, python2: spelled.python2, uses: row.uses };
                    map.insert((spelled.name, wire), entry);
                }
            }
        }
        map
    });

/// The entry of a name, exactly as spelled.
pub(crate) fn find(module: &str, name: &str) -> Option<Entry> {
    BY_NAME.get(&(module, name)).copied()
}

/// The Python 3 name of what a stream of protocol 0 to 2 refers to.
pub(crate) fn python3_name(name: &GlobalName) -> GlobalName {
    super::python2::python3_name(name)
}

/// One spelling of a name that the registry knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryRow {
    /// The kind of data.
    pub kind: &'static str,
    /// The module as a stream spells it.
    pub module: &'static str,
    /// The name as a stream spells it.
    pub name: &'static str,
    /// `data`, `part` or `inert`.
    pub uses: &'static str,
    /// Which arguments and states are recognised, in words.
    pub guard: &'static str,
}

/// Every name that the registry knows, one row per spelling.
pub fn registry() -> impl Iterator<Item = RegistryRow> {
    FAMILIES.iter().copied().flatten().flat_map(|row| {
        row.modules.iter().flat_map(move |spelled| {
            row.names.iter().map(move |name| RegistryRow {
                kind: row.kind,
                module: spelled.name,
                name: name.split_once('=').map_or(*name, |(wire, _)| wire),
                uses: match row.uses {
                    Use::Data(_) => "data",
                    Use::Part(_) => "part",
                    Use::Inert => "inert",
                },
                guard: row.guard,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let mut seen = std::collections::HashSet::new();
        for row in FAMILIES.iter().copied().flatten() {
            for spelled in row.modules {
                for name in row.names {
                    let wire = name.split_once('=').map_or(*name, |(wire, _)| wire);
                    assert!(seen.insert((spelled.name, wire)), "{}.{wire} stands twice", spelled.name);
                }
            }
        }
    }
}
