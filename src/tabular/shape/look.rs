//! Looking at a dict while its columns are built, so that both take one walk.
//!
//! The columns have the names that the state has, in the order in which rows brought them: a field is found once for both.

use super::{Keyed, LEVELS, MAX_FIELDS, Shape, kind};
use crate::model::graph::Items;
use crate::model::value::Value;
use crate::tabular::eye::{Eye, Refusal};

/// What looks, and where.
pub(in crate::tabular) struct Look<'l, 'g> {
    eye: &'l mut Eye<'g>,
    keyed: &'l mut Keyed,
    /// Of the dict: 0 for a row.
    level: u32,
    failure: Option<Failure>,
}

/// Why nothing more is looked at.
pub(in crate::tabular) enum Failure {
    Refused(Refusal),
    /// A key that names no column.
    NoName,
}

impl<'l, 'g> Look<'l, 'g> {
    /// At a row, whose columns `rows` has.
    pub fn at_row(eye: &'l mut Eye<'g>, rows: &'l mut Shape) -> Self {
        Look { eye, keyed: rows.keyed.get_or_insert_default(), level: 0, failure: None }
    }

    /// What went wrong.
    pub fn into_failure(self) -> Option<Failure> {
        self.failure
    }

    /// Looks at a value that needs no look at the graph, of the field `at`, which is one of the first `same`: their names are known to be
    /// those of the fields. `false` where it has to be looked at otherwise.
    #[inline]
    pub fn scalar(&mut self, (at, same): (usize, usize), key: Value, value: Value) -> bool {
        let done = self.failure.is_none()
            && known(self.keyed, self.level, (at, same), key).is_some_and(|shape| shape.scalar(value));
        self.keyed.keys += u64::from(done);
        done
    }

    /// Looks at the value of the field `at`.
    pub fn field(&mut self, (at, name): (usize, &str), same: &mut usize, key: Value, value: Value) {
        if self.failure.is_some() {
            return;
        }
        if let Some(shape) = known(self.keyed, self.level, (at, *same), key) {
            if let Err(refusal) = shape.observe(self.eye, value, self.level + 1) {
                self.failure = Some(Failure::Refused(refusal));
            }
            self.keyed.keys += 1;
            return;
        }
        self.entry(key, value, &mut { at });
        let begins = self.keyed.names.get(at).is_some_and(|(known, _)| **known == *name);
        if at == *same && begins {
            *same += 1;
        }
    }

    /// Looks at the entries that are left, of which nothing is built.
    #[cold]
    pub fn rest(&mut self, first: Option<(Value, Value)>, mut items: Items<'g>, mut hint: usize) {
        let mut next = first;
        loop {
            let entry = next.take().or_else(|| Some((items.next()?, items.next()?)));
            let Some((key, value)) = entry.filter(|_| self.failure.is_none()) else { return };
            self.entry(key, value, &mut hint);
        }
    }

    #[cold]
    fn entry(&mut self, key: Value, value: Value, hint: &mut usize) {
        let observed = if self.level > 0 {
            self.keyed.entry(self.eye, (key, value), hint, self.level)
        } else {
            match self.keyed.field_of(self.eye, key, hint) {
                Some(column) => column.observe(self.eye, value, 1),
                None => {
                    self.failure = Some(Failure::NoName);
                    return;
                }
            }
        };
        self.failure = observed.err().map(Failure::Refused);
    }

    /// Looks into the field `at`, whose value is a dict; `None` where it has to be looked at otherwise.
    pub fn inside<T>(
        &mut self,
        (at, same): (usize, usize),
        key: Value,
        look: impl FnOnce(&mut Look<'_, 'g>) -> T,
    ) -> Option<T> {
        let level = self.level + 1;
        if level >= LEVELS || self.failure.is_some() {
            return None;
        }
        let shape = known(self.keyed, self.level, (at, same), key)?;
        shape.values += 1;
        shape.kinds |= kind::KEYED;
        let keyed = shape.keyed.get_or_insert_default();
        keyed.count += 1;
        let mut inside = Look { eye: self.eye, keyed, level, failure: None };
        let done = look(&mut inside);
        self.failure = inside.failure;
        self.keyed.keys += 1;
        Some(done)
    }
}

/// The state of the field `at`, if it is one of the first `same` and the dict that has the key stays one of fields.
#[inline]
fn known(keyed: &mut Keyed, level: u32, (at, same): (usize, usize), key: Value) -> Option<&mut Shape> {
    let stays = level == 0 || keyed.names.len() < MAX_FIELDS && matches!(key, Value::Str { .. } | Value::Py2Str { .. });
    keyed.names.get_mut(at).filter(|_| at < same && stays).map(|(_, shape)| shape)
}
