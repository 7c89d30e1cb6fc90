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
    /// The one that was found last: streams name the same again and again.
    last: usize,
}

impl Known {
    fn is(&self, module: &[u8], name: &[u8], maps_python2: bool) -> bool {
        let known = (self.name.name.as_bytes(), self.name.module.as_bytes(), self.maps_python2);
        known == (name, module, maps_python2)
    }
}

impl Names {
    pub fn find(&mut self, module: &[u8], name: &[u8], maps_python2: bool) -> Option<Value> {
        let known = &self.known;
        if let Some(last) = known.get(self.last)
            && last.is(module, name, maps_python2)
        {
            return Some(last.value);
        }
        let hash = self.state.hash_one((module, name, maps_python2));
        let is = |&i: &u32| known.get(i as usize).is_some_and(|k| k.is(module, name, maps_python2));
        self.last = *self.table.find(hash, is)? as usize;
        known.get(self.last).map(|k| k.value)
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.known.clear();
        self.table.clear();
    }

    pub fn add(&mut self, name: GlobalName, maps_python2: bool, value: Value) {
        let hash = |k: &Known, state: &foldhash::quality::RandomState| {
            state.hash_one((k.name.module.as_bytes(), k.name.name.as_bytes(), k.maps_python2))
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
