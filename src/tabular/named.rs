//! Builders with names: the columns of rows that are dicts or instances, and the fields of structs.
//!
//! Keys are known by where their text lies: a pickler writes a key once and refers to it afterwards.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::ArrayRef;
use arrow::error::ArrowError;

use super::build::{Builder, Site};
use super::eye::Spot;
use super::plan::Plan;
use super::shape::Look;
use crate::error::Error;
use crate::model::graph::Kind;
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step;

/// Builders by their names, in the order of the fields.
pub(super) struct Named {
    fields: Vec<Field>,
    by_name: HashMap<String, usize>,
    /// Rows that were begun.
    rows: u64,
    /// Fields that the row has so far.
    filled: usize,
    /// How many of the first fields have the names that whoever looks at the same rows has seen first.
    same: usize,
}

struct Field {
    name: String,
    /// Where the key lay that was the name last.
    spot: Spot,
    builder: Builder,
    /// The last row that has the field, counted from 1 on.
    filled: u64,
}

impl Field {
    /// Appends a value that has to be looked at.
    fn push(&mut self, site: &mut Site<'_, '_>, key: Value, value: Value) -> Result<(), Error> {
        match site.eye.key(key) {
            Some((name, _)) => site.trail.inside(name),
            None => return Err(site.trail.no_name()),
        }
        self.builder.push(site, value)?;
        site.trail.leave();
        Ok(())
    }

    /// Appends a dict that is a struct, looked at meanwhile; `None` where it is anything else, of which nothing was done.
    #[inline]
    fn dict_looked_at<'g>(
        &mut self,
        site: &mut Site<'g, '_>,
        (key, value): (Value, Value),
        at: usize,
        same: usize,
        look: &mut Look<'_, 'g>,
    ) -> Option<Result<(), Error>> {
        let (Builder::Struct { fields, valid, .. }, Value::Object(id)) = (&mut self.builder, value) else {
            return None;
        };
        if site.eye.graph.kind(id) != Kind::Dict {
            return None;
        }
        let (name, _) = site.eye.key(key)?;
        look.inside((at, same), key, |look| {
            site.trail.inside(name);
            fields.dict_looked_at(site, id, look)?;
            valid.append_non_null();
            site.trail.leave();
            Ok(())
        })
    }
}

impl Named {
    pub fn new<'p>(fields: impl Iterator<Item = (&'p String, &'p Plan)>) -> Self {
        let fields: Vec<Field> = fields
            .map(|(name, plan)| Field {
                name: name.clone(),
                spot: Spot::default(),
                builder: Builder::new(plan),
                filled: 0,
            })
            .collect();
        let by_name = fields.iter().enumerate().map(|(n, field)| (field.name.clone(), n)).collect();
        Named { fields, by_name, rows: 0, filled: 0, same: 0 }
    }

    /// The builders, in order.
    pub fn builders(&mut self) -> impl Iterator<Item = &mut Builder> {
        self.fields.iter_mut().map(|field| &mut field.builder)
    }

    /// Appends a null to each.
    pub fn null(&mut self) {
        self.builders().for_each(Builder::null);
    }

    /// Appends the values of a dict.
    ///
    /// # Errors
    /// A key that names nothing, or what another one names; what a value does not fit.
    pub fn dict(&mut self, site: &mut Site<'_, '_>, id: NodeId) -> Result<(), Error> {
        self.begin();
        let mut items = site.eye.values(id);
        let mut hint = 0;
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            let at = self.place(site, key, hint)?;
            hint = at + 1;
            let Some(field) = self.fields.get_mut(at) else { return Err(site.trail.unfit()) };
            if !field.builder.plain(site, value) {
                field.push(site, key, value)?;
            }
        }
        self.end(site)
    }

    /// As [`Named::dict`], while another one looks at the dict: at all of it, also where this fails.
    ///
    /// # Errors
    /// As for [`Named::dict`].
    pub fn dict_looked_at<'g>(
        &mut self,
        site: &mut Site<'g, '_>,
        id: NodeId,
        look: &mut Look<'_, 'g>,
    ) -> Result<(), Error> {
        self.begin();
        let mut items = site.eye.values(id);
        let mut hint = 0;
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            // Mostly it is the next field, and a value of its type.
            if let Some(field) = self.fields.get_mut(hint)
                && field.filled != self.rows
                && site.eye.spot(key) == Some(field.spot)
                && field.builder.plain(site, value)
            {
                field.filled = self.rows;
                self.filled += 1;
                if !look.scalar((hint, self.same), key, value) {
                    look.field((hint, &field.name), &mut self.same, key, value);
                }
                hint += 1;
                continue;
            }
            let at = match self.place(site, key, hint) {
                Ok(at) => at,
                Err(e) => {
                    look.rest(Some((key, value)), items, hint);
                    return Err(e);
                }
            };
            hint = at + 1;
            let Some(field) = self.fields.get_mut(at) else { return Err(site.trail.unfit()) };
            let pushed = match field.dict_looked_at(site, (key, value), at, self.same, look) {
                Some(pushed) => pushed,
                None => {
                    look.field((at, &field.name), &mut self.same, key, value);
                    if field.builder.plain(site, value) { Ok(()) } else { field.push(site, key, value) }
                }
            };
            if let Err(e) = pushed {
                look.rest(None, items, hint);
                return Err(e);
            }
        }
        self.end(site)
    }

    /// Where the field is that a key names, which the row has from now on.
    #[inline]
    fn place(&mut self, site: &mut Site<'_, '_>, key: Value, hint: usize) -> Result<usize, Error> {
        let spot = site.eye.spot(key);
        let known = spot.is_some() && self.fields.get(hint).is_some_and(|field| spot == Some(field.spot));
        let at = if known { hint } else { self.find_key(site, key, spot, hint)? };
        let row = self.rows;
        let Some(field) = self.fields.get_mut(at) else { return Err(site.trail.unfit()) };
        if field.filled == row {
            return Err(site.trail.twice(&field.name));
        }
        field.filled = row;
        self.filled += 1;
        Ok(at)
    }

    /// Appends the values of fields.
    ///
    /// # Errors
    /// As for [`Named::dict`].
    pub fn fields<'g>(&mut self, site: &mut Site<'g, '_>, given: Vec<(Cow<'g, str>, Value)>) -> Result<(), Error> {
        self.begin();
        let mut hint = 0;
        for (name, value) in given {
            let Some(at) = self.find(&name, hint) else { return Err(site.trail.unfit()) };
            hint = at + 1;
            let row = self.rows;
            let Some(field) = self.fields.get_mut(at) else { return Err(site.trail.unfit()) };
            if field.filled == row {
                return Err(site.trail.twice(&name));
            }
            field.filled = row;
            self.filled += 1;
            site.trail.inside(name);
            field.builder.push(site, value)?;
            site.trail.leave();
        }
        self.end(site)
    }

    fn begin(&mut self) {
        self.rows += 1;
        self.filled = 0;
    }

    /// What the row does not have is null.
    fn end(&mut self, site: &mut Site<'_, '_>) -> Result<(), Error> {
        if self.filled == self.fields.len() {
            return Ok(());
        }
        for field in self.fields.iter_mut().filter(|field| field.filled != self.rows) {
            site.trail.note_in(site.eye.graph, Step::MissingKey, Some(&field.name))?;
            field.builder.null();
        }
        Ok(())
    }

    /// The field that a key names.
    fn find_key(
        &mut self,
        site: &mut Site<'_, '_>,
        key: Value,
        spot: Option<Spot>,
        hint: usize,
    ) -> Result<usize, Error> {
        let Some((name, is_str)) = site.eye.key(key) else { return Err(site.trail.no_name()) };
        if !is_str {
            site.note(Step::Keys)?;
        }
        let Some(at) = self.find(&name, hint) else { return Err(site.trail.unfit()) };
        if let (Some(spot), Some(field)) = (spot, self.fields.get_mut(at)) {
            field.spot = spot;
        }
        Ok(at)
    }

    /// The field of that name; `hint` is where it is looked for first.
    fn find(&self, name: &str, hint: usize) -> Option<usize> {
        match self.fields.get(hint) {
            Some(field) if field.name == name => Some(hint),
            _ => self.by_name.get(name).copied(),
        }
    }

    /// The arrays of what was appended; the builders are empty again.
    ///
    /// # Errors
    /// As for [`Builder::finish`].
    pub fn finish(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        self.builders().map(Builder::finish).collect()
    }
}
