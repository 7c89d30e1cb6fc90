//! The table of zones, and the objects that stand for them.

use super::{Graph, Kind};
use crate::limits::LimitExceededResult;
use crate::model::temporal::Zone;
use crate::model::value::{NodeId, Value};

impl Graph {
    /// A zone object.
    pub fn zone(&mut self, zone: Zone) -> LimitExceededResult<NodeId> {
        let id = self.alloc(Kind::Zone)?;
        self.become_zone(id, zone)?;
        Ok(id)
    }

    /// Turns a pending object into a zone.
    pub fn become_zone(&mut self, id: NodeId, zone: Zone) -> LimitExceededResult<()> {
        self.budget.charge(size_of::<Zone>() as u64)?;
        self.objects[id.0 as usize].kind = Kind::Zone;
        for value in zone.values().into_iter().flatten() {
            // What a zone holds nests below it; the place of an extra value is its index in the table of zones.
            self.set_extra(id, value)?;
        }
        self.set_extra(id, Value::Int(self.zones.len() as i64))?;
        self.zones.push(zone);
        Ok(())
    }

    /// The zone that an object of kind `Zone` is.
    pub fn zone_of(&self, id: NodeId) -> Option<&Zone> {
        match (self.kind(id), self.extra(id)) {
            (Kind::Zone, Some(Value::Int(index))) => self.zones.get(usize::try_from(index).ok()?),
            _ => None,
        }
    }
}
