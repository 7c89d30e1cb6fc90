//! Names that the stream has referred to: each is resolved once, then found by its spelling.

use crate::error::Error;
use std::hash::BuildHasher;

use crate::model::value::Value;
use crate::name::GlobalName;

/// A name as spelled, and what it was resolved to.
#[derive(Debug)]
struct Known {
    name: GlobalName,
    /// Protocols up to 2 map Python 2 names, later ones do not.
    maps_python2: bool,
    value: Value,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    known: Vec<Known>,
    table: hashbrown::HashTable<u32>,
    state: foldhash::quality::RandomState,
}

impl Names {
    pub fn find(&self, module: &str, name: &str, maps_python2: bool) -> Option<Value> {
        let hash = self.state.hash_one((module, name, maps_python2));
        let found = self.table.find(hash, |&i| {
            self.known
                .get(i as usize)
                .is_some_and(|k| k.name.module == module && k.name.name == name && k.maps_python2 == maps_python2)
        })?;
        self.known.get(*found as usize).map(|k| k.value)
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.known.clear();
        self.table.clear();
    }

    pub fn add(&mut self, name: GlobalName, maps_python2: bool, value: Value) {
        let hash = |k: &Known, state: &foldhash::quality::RandomState| {
            state.hash_one((k.name.module.as_str(), k.name.name.as_str(), k.maps_python2))
        };
        let known = Known { name, maps_python2, value };
        let (known_hash, index) = (hash(&known, &self.state), self.known.len() as u32);
        self.known.push(known);
        let (known, state) = (&self.known, &self.state);
        self.table.insert_unique(known_hash, index, |&i| known.get(i as usize).map_or(0, |k| hash(k, state)));
    }
}

/// Names the member in every error from `known` on.
pub(super) fn name_member(errors: &mut Vec<Error>, known: usize, member: &str) {
    let new = errors.split_off(known);
    errors.extend(new.into_iter().map(|error| error.in_member(member)));
}
