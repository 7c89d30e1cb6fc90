//! Whether a column is what its type says: a reader of a column that was checked can trust every element.
//!
//! What Arrow's own `ValidateFull` asks, and that nothing is left over in the lists of buffers and children.

use num_bigint::BigInt;

use super::element::{INLINE, MILLIS_PER_DAY};
use super::{Column, Element, Type, bit, index, int, slot};

type Checked = Result<(), String>;

impl Column<'_> {
    /// Bytes and elements that [`Column::check`] walks through.
    pub fn work(&self) -> u64 {
        let own = self.validity.map_or(0, <[u8]>::len) + self.buffers.iter().map(|b| b.len()).sum::<usize>();
        let below = self.children.iter().chain(self.dictionary.as_deref()).map(Column::work);
        below.fold(own as u64, u64::saturating_add)
    }

    /// Checks everything.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn check(&self) -> Checked {
        self.nulls()?;
        self.shape()?;
        // The lengths of children must hold before the elements that point into them are looked at.
        for child in self.children.iter().chain(self.dictionary.as_deref()) {
            child.check()?;
        }
        self.values()
    }

    /// The place after the last element.
    fn end(&self) -> usize {
        self.offset.saturating_add(self.len)
    }

    fn nulls(&self) -> Checked {
        let count = match (self.validity, &self.datatype) {
            (Some(_), Type::Null | Type::Union { .. } | Type::RunEnd { .. }) => {
                return Err("expected no validity for a type that has none of its own".to_owned());
            }
            (Some(bits), _) => {
                let needed = (self.end() as u128).div_ceil(8);
                if (bits.len() as u128) < needed {
                    return Err(format!("expected {needed} bytes of validity, found {}", bits.len()));
                }
                self.len - ones(bits, self.offset, self.len)
            }
            (None, Type::Null) => self.len,
            (None, _) => 0,
        };
        if self.null_count != -1 && usize::try_from(self.null_count) != Ok(count) {
            return Err(format!("expected {count} nulls or -1, found {}", self.null_count));
        }
        Ok(())
    }

    /// How many buffers and children there are, and how long they are.
    fn shape(&self) -> Checked {
        let end = self.end();
        let (buffers, children) = match &self.datatype {
            Type::Null | Type::Struct(_) | Type::FixedList(_) | Type::RunEnd { .. } => (0, None),
            Type::Bool
            | Type::Int { .. }
            | Type::Float(_)
            | Type::Date32
            | Type::Date64
            | Type::Time32(_)
            | Type::Time64(_)
            | Type::Timestamp(..)
            | Type::Duration(_)
            | Type::MonthDayNano
            | Type::Decimal { .. }
            | Type::FixedBinary(_)
            | Type::Dictionary { .. } => (1, Some(0)),
            Type::Variable { .. } => (2, Some(0)),
            Type::View { .. } => (self.buffers.len().max(1), Some(0)),
            Type::List { .. } | Type::Map => (1, Some(1)),
            Type::ListView { .. } => (2, Some(1)),
            Type::Union { sparse, .. } => (if *sparse { 1 } else { 2 }, None),
        };
        let children = children.unwrap_or(match &self.datatype {
            Type::Struct(names) => names.len(),
            Type::FixedList(_) => 1,
            Type::RunEnd { .. } => 2,
            Type::Union { codes, .. } => codes.len(),
            _ => 0,
        });
        if self.buffers.len() != buffers {
            return Err(format!("expected {} buffers, found {}", buffers + 1, self.buffers.len() + 1));
        }
        if self.children.len() != children {
            return Err(format!("expected {children} children, found {}", self.children.len()));
        }
        if self.dictionary.is_some() != matches!(self.datatype, Type::Dictionary { .. }) {
            return Err("expected a dictionary for a dictionary type, and for no other".to_owned());
        }
        match &self.datatype {
            Type::Null | Type::RunEnd { .. } => Ok(()),
            Type::Bool => self.holds(0, (end as u128).div_ceil(8)),
            Type::Int { width, .. } | Type::Float(width) | Type::Decimal { width, .. } | Type::FixedBinary(width) => {
                self.holds(0, end as u128 * *width as u128)
            }
            Type::Date32 | Type::Time32(_) => self.holds(0, end as u128 * 4),
            Type::Date64 | Type::Time64(_) | Type::Timestamp(..) | Type::Duration(_) => self.holds(0, end as u128 * 8),
            Type::MonthDayNano | Type::View { .. } => self.holds(0, end as u128 * 16),
            Type::Dictionary { width, .. } => self.holds(0, end as u128 * *width as u128),
            Type::Variable { large, .. } | Type::List { large } => self.offsets(if *large { 8 } else { 4 }),
            Type::Map => self.offsets(4),
            Type::ListView { large } => {
                let width = if *large { 8 } else { 4 };
                self.holds(0, end as u128 * width)?;
                self.holds(1, end as u128 * width)
            }
            Type::FixedList(size) => self.covers(end as u128 * *size as u128),
            Type::Struct(_) => self.covers(end as u128),
            Type::Union { sparse, .. } => {
                self.holds(0, end as u128)?;
                if *sparse { self.covers(end as u128) } else { self.holds(1, end as u128 * 4) }
            }
        }
    }

    fn holds(&self, n: usize, needed: u128) -> Checked {
        let found = self.buffer(n).len();
        if (found as u128) < needed {
            return Err(format!("expected a buffer of {needed} bytes, found {found}"));
        }
        Ok(())
    }

    /// One offset more than elements; an empty array may have none.
    fn offsets(&self, width: u128) -> Checked {
        let empty = self.end() == 0 && self.buffer(0).is_empty();
        if empty { Ok(()) } else { self.holds(0, (self.end() as u128 + 1) * width) }
    }

    /// Whether every child is at least so long.
    fn covers(&self, needed: u128) -> Checked {
        match self.children.iter().find(|child| (child.len as u128) < needed) {
            Some(child) => Err(format!("expected children of {needed} elements, found {}", child.len)),
            None => Ok(()),
        }
    }

    /// What the elements say: offsets, indices, text, ranges. Only what a buffer holds is walked through.
    fn values(&self) -> Checked {
        let data = self.buffer(0);
        match &self.datatype {
            Type::Null
            | Type::Bool
            | Type::Int { .. }
            | Type::Float(_)
            | Type::Date32
            | Type::Timestamp(..)
            | Type::Duration(_)
            | Type::MonthDayNano
            | Type::FixedBinary(_)
            | Type::FixedList(_)
            | Type::Struct(_) => Ok(()),
            Type::Date64 => self.each(|at| match int(data, at, 8, true) {
                Some(n) if n % i128::from(MILLIS_PER_DAY) == 0 => Ok(()),
                _ => Err("expected whole days in a date64".to_owned()),
            }),
            Type::Time32(unit) | Type::Time64(unit) => {
                let width = if matches!(self.datatype, Type::Time32(_)) { 4 } else { 8 };
                let day = 86_400 * i128::from(unit.per_second());
                self.each(|at| match int(data, at, width, true) {
                    Some(n) if (0..day).contains(&n) => Ok(()),
                    _ => Err("expected a time below 24 hours".to_owned()),
                })
            }
            Type::Decimal { width, precision, .. } => {
                let limit = BigInt::from(10).pow(u32::from(*precision));
                self.each(|at| match slot(data, at, *width).map(BigInt::from_signed_bytes_le) {
                    Some(n) if n < limit && n > -&limit => Ok(()),
                    _ => Err(format!("expected a decimal of at most {precision} digits")),
                })
            }
            Type::Variable { large, text } => {
                self.monotone(if *large { 8 } else { 4 }, self.buffer(1).len())?;
                let bytes = self.buffer(1);
                self.each(|at| {
                    let (start, end) = self.range(at, *large).unwrap_or_default();
                    utf8(bytes.get(start..end).unwrap_or_default(), *text)
                })
            }
            Type::View { text } => self.each(|at| {
                let bytes = self.view(at).ok_or("expected a view within its buffer")?;
                let view = slot(data, at, 16).unwrap_or_default();
                let prefix = if bytes.len() <= INLINE {
                    view.get(4..).unwrap_or_default().get(bytes.len()..).unwrap_or_default().iter().all(|b| *b == 0)
                } else {
                    view.get(4..8) == bytes.get(..4)
                };
                if !prefix {
                    return Err("expected the beginning of what a view points to, or zeros, in the view".to_owned());
                }
                utf8(bytes, *text)
            }),
            Type::List { large } => {
                let items = self.children.first().map_or(0, |child| child.len);
                self.monotone(if *large { 8 } else { 4 }, items)
            }
            Type::ListView { large } => {
                let width = if *large { 8 } else { 4 };
                let items = self.children.first().map_or(0, |child| child.len);
                let sizes = self.buffer(1);
                self.each(|at| {
                    let end = index(data, at, width, true)
                        .zip(index(sizes, at, width, true))
                        .and_then(|(start, len)| start.checked_add(len));
                    if end.is_some_and(|end| end <= items) {
                        return Ok(());
                    }
                    Err(format!("expected lists within {items} elements"))
                })
            }
            Type::Map => self.map(),
            Type::Union { sparse, codes } => self.union(*sparse, codes),
            Type::Dictionary { width, signed } => {
                let values = self.dictionary.as_ref().map_or(0, |values| values.len);
                self.each(|at| match index(data, at, *width, *signed) {
                    Some(n) if n < values => Ok(()),
                    _ => Err(format!("expected an index below {values} into the dictionary")),
                })
            }
            Type::RunEnd { width } => self.runs(*width),
        }
    }

    /// Looks at every element that is not null.
    fn each(&self, check: impl Fn(usize) -> Checked) -> Checked {
        for at in self.offset..self.end() {
            if self.validity.is_none_or(|bits| bit(bits, at).unwrap_or(false)) {
                check(at)?;
            }
        }
        Ok(())
    }

    /// Offsets rise, and the last is no greater than `limit`.
    fn monotone(&self, width: usize, limit: usize) -> Checked {
        if self.end() == 0 && self.buffer(0).is_empty() {
            return Ok(());
        }
        let mut before = 0;
        for at in self.offset..=self.end() {
            match index(self.buffer(0), at, width, true) {
                Some(n) if n >= before && n <= limit => before = n,
                _ => return Err(format!("expected offsets that rise from 0 to at most {limit}")),
            }
        }
        Ok(())
    }

    fn map(&self) -> Checked {
        let Some(entries) = self.children.first() else { return Ok(()) };
        self.monotone(4, entries.len)?;
        let (Type::Struct(_), [keys, _]) = (&entries.datatype, entries.children.as_slice()) else {
            return Err("expected entries of key and value in a map".to_owned());
        };
        if entries.validity.is_some() && entries.null_count != 0 && (0..entries.len).any(|i| entries.is_null(i)) {
            return Err("expected no null entries in a map".to_owned());
        }
        if keys.validity.is_some() {
            for at in self.offset..self.end() {
                let (start, end) = self.range(at, false).unwrap_or_default();
                if !self.is_null(at - self.offset)
                    && (start..end).any(|i| keys.is_null(entries.offset.saturating_add(i)))
                {
                    return Err("expected no null keys in a map".to_owned());
                }
            }
        }
        Ok(())
    }

    fn union(&self, sparse: bool, codes: &[i8]) -> Checked {
        for at in self.offset..self.end() {
            let code = int(self.buffer(0), at, 1, true).unwrap_or(-1);
            let child = codes.iter().position(|c| i128::from(*c) == code).and_then(|n| self.children.get(n));
            let Some(child) = child else { return Err(format!("expected a code of the union, found {code}")) };
            if !sparse && index(self.buffer(1), at, 4, true).is_none_or(|n| n >= child.len) {
                return Err(format!("expected an offset below {} in a union", child.len));
            }
        }
        Ok(())
    }

    fn runs(&self, width: usize) -> Checked {
        let [ends, values] = self.children.as_slice() else { return Ok(()) };
        if ends.datatype != (Type::Int { width, signed: true }) || ends.validity.is_some() {
            return Err("expected ends of runs without nulls, of the type's width".to_owned());
        }
        if values.len < ends.len {
            return Err(format!("expected {} values of runs, found {}", ends.len, values.len));
        }
        let mut before = 0;
        for i in 0..ends.len {
            match ends.element(i) {
                Some(Element::Int(end)) if end > before => before = end,
                _ => return Err("expected ends of runs that rise from 1".to_owned()),
            }
        }
        if (before as u128) < self.end() as u128 {
            return Err(format!("expected runs of {} elements in all, found {before}", self.end()));
        }
        Ok(())
    }
}

fn utf8(bytes: &[u8], text: bool) -> Checked {
    if text && simdutf8::basic::from_utf8(bytes).is_err() {
        return Err("expected UTF-8".to_owned());
    }
    Ok(())
}

/// How many of `len` bits are set, beginning with bit `start`.
fn ones(bits: &[u8], start: usize, len: usize) -> usize {
    let end = start.saturating_add(len);
    let (first, last) = (start.div_ceil(8), end / 8);
    let single = |range: std::ops::Range<usize>| range.filter(|at| bit(bits, *at) == Some(true)).count();
    if first >= last {
        return single(start..end);
    }
    let middle = bits.get(first..last).unwrap_or_default();
    single(start..first * 8)
        + middle.iter().map(|byte| byte.count_ones() as usize).sum::<usize>()
        + single(last * 8..end)
}
