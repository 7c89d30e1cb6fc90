//! What timestamps or durations of a column have in common.

use arrow::datatypes::TimeUnit;

use crate::tabular::eye::ZoneIndex;
use crate::tabular::units::ticks_per_second;

/// Timestamps or durations: the finest unit, and the bounds in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub unit: TimeUnit,
    low: i128,
    high: i128,
    pub zone: Option<ZoneIndex>,
    pub zones_differ: bool,
}

impl Default for Times {
    fn default() -> Self {
        Times { unit: TimeUnit::Second, low: 0, high: 0, zone: None, zones_differ: false }
    }
}

pub(super) fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    if ticks_per_second(a) >= ticks_per_second(b) { a } else { b }
}

impl Times {
    pub fn take(&mut self, n: i128, unit: TimeUnit) {
        let nanos = n.saturating_mul(1_000_000_000 / ticks_per_second(unit));
        self.unit = finer(self.unit, unit);
        self.low = self.low.min(nanos);
        self.high = self.high.max(nanos);
    }

    pub fn merge(&mut self, other: Times) {
        self.unit = finer(self.unit, other.unit);
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.zones_differ |= other.zones_differ || matches!((self.zone, other.zone), (Some(a), Some(b)) if a != b);
        self.zone = self.zone.or(other.zone);
    }

    /// Whether 64 bits hold them all.
    pub fn fit(&self) -> bool {
        // Parquet has no seconds: they become milliseconds.
        let per = 1_000_000_000 / ticks_per_second(finer(self.unit, TimeUnit::Millisecond));
        self.low / per >= i64::MIN.into() && self.high / per <= i64::MAX.into()
    }
}
