//! Sets of objects: a bit for each.

use super::generations::{Checkpoint, Moved};
use crate::model::value::NodeId;

/// Some of a graph's objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeSet {
    words: Vec<u64>,
}

impl NodeSet {
    /// Adds one; `false` where it was there.
    #[inline]
    pub fn insert(&mut self, id: NodeId) -> bool {
        let (word, bit) = place(id);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Whether it is there.
    pub fn contains(&self, id: NodeId) -> bool {
        let (word, bit) = place(id);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Forgets all of them; the memory is kept.
    pub fn clear(&mut self) {
        self.words.clear();
    }

    /// The objects behind a checkpoint are gone, but for those that have moved.
    pub fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        if self.words.is_empty() {
            return;
        }
        let kept: Vec<NodeId> = moved.iter().filter(|(old, _)| self.contains(**old)).map(|(_, new)| *new).collect();
        let (word, bit) = place(at.end());
        self.words.truncate(word + 1);
        if let Some(last) = self.words.get_mut(word) {
            *last &= bit - 1;
        }
        for id in kept {
            self.insert(id);
        }
    }
}

fn place(id: NodeId) -> (usize, u64) {
    (id.0 as usize / 64, 1 << (id.0 % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::model::graph::{Graph, Kind};

    #[test]
    fn those_that_moved_are_kept_under_their_new_number() {
        let mut graph = Graph::new(&Limits::default());
        let ids: Vec<NodeId> = (0..130).map(|_| graph.alloc(Kind::List).expect("room")).collect();
        let at = graph.checkpoint();
        let later: Vec<NodeId> = (0..130).map(|_| graph.alloc(Kind::List).expect("room")).collect();
        let mut set = NodeSet::default();
        assert!(set.insert(ids[129]) && set.insert(later[100]) && set.insert(later[3]) && !set.insert(later[3]));
        set.moved(at, &[(later[100], NodeId(130))].into_iter().collect());
        assert!(set.contains(ids[129]) && set.contains(NodeId(130)));
        assert!(!set.contains(later[3]) && !set.contains(later[100]));
    }
}
