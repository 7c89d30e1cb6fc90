//! Where batches may end, and which containers are open there.
//!
//! At an end the stack holds containers that are still being filled, each in the one before it, and values that are complete.
//! Which is which shows only later: what is filled after the end was open, what is taken otherwise (as an argument, as an
//! item of a tuple) may not have been handed over at all, and then no batch ends there.

use super::entry::{self, Entry, Kind};
use super::slots::{Slots, is_set, set};
use super::{End, Level};

/// How many containers may be open in each other where a batch ends.
const LEVELS: usize = 24;

/// The level of a root that is made last, as a tuple is: it is nowhere on the stack.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// A place where a batch may end.
struct Pending {
    offset: u64,
    batch: u32,
    /// The containers that were open, innermost first: their places on the stack, their nodes, and how many items they had got
    /// by then.
    levels: Vec<(u32, usize, u64)>,
    dead: bool,
}

/// Ends after which the stack was never lower than `height`.
struct Group {
    height: usize,
    /// The container whose level its ends have got last.
    known: Option<usize>,
    /// Its first end.
    start: usize,
}

/// A container on the stack that was open at an end, or may be.
struct Node {
    at: usize,
    /// Items (entries of a dict) that were added since the node is there.
    total: u64,
    keys: Keys,
    /// Its ends, first and last.
    ends: Option<(usize, usize)>,
    dead: bool,
}

/// The keys of a dict, the members of a set.
#[derive(Default)]
struct Keys {
    seen: hashbrown::HashSet<Entry, foldhash::fast::RandomState>,
    kind: Option<Kind>,
    dollar: bool,
}

impl Keys {
    /// Adds a key; `false` where it is there already, or is of another kind than those before.
    fn add(&mut self, key: Entry) -> bool {
        let kind = entry::kind(key);
        if !matches!(kind, Kind::Text | Kind::Int) || *self.kind.get_or_insert(kind) != kind {
            return false;
        }
        self.dollar |= entry::has_dollar(key);
        self.seen.insert(key)
    }
}

#[derive(Default)]
pub(super) struct Path {
    ends: Vec<Pending>,
    groups: Vec<Group>,
    /// Nodes of containers on the stack, from its bottom.
    open: Vec<usize>,
    nodes: Vec<Node>,
    /// Batches so far.
    count: u32,
    /// Slots of containers that were open at an end, as bits and with their nodes.
    guarded: Vec<u64>,
    guards: hashbrown::HashMap<u64, usize, foldhash::fast::RandomState>,
    /// The root, where it is made last.
    made: Option<usize>,
    /// Whatever happens at this height or below it is of interest here.
    pub watch: usize,
}

impl Path {
    /// The batch that is being read.
    pub fn batch(&self) -> u32 {
        self.count
    }

    /// A batch may end here.
    pub fn end(&mut self, offset: u64, height: usize) {
        self.groups.push(Group { height, known: None, start: self.ends.len() });
        self.ends.push(Pending { offset, batch: self.count, levels: Vec::new(), dead: false });
        self.count += 1;
        self.watch = self.watch.max(height);
    }

    /// What lies on the stack from `base` on is taken or changed: no batch ends while it was there. Where the last one ends now.
    pub fn disturb(&mut self, base: usize) -> Option<u64> {
        while let Some(group) = self.groups.pop_if(|group| group.height > base) {
            self.ends.truncate(group.start);
        }
        self.leave(base);
        self.look();
        self.ends.last().map(|end| end.offset)
    }

    /// The containers from `base` on are complete.
    fn leave(&mut self, base: usize) {
        while let Some(n) = self.open.pop_if(|n| self.nodes.get(*n).is_some_and(|node| node.at >= base)) {
            if let Some(node) = self.nodes.get_mut(n) {
                node.keys.seen = hashbrown::HashSet::default();
            }
            if n + 1 == self.nodes.len() && self.nodes.last().is_some_and(|node| node.ends.is_none()) {
                self.nodes.pop();
            }
        }
    }

    fn look(&mut self) {
        let ends = self.groups.last().map_or(0, |group| group.height);
        let nodes = self.open.last().and_then(|n| self.nodes.get(*n)).map_or(0, |node| node.at + 1);
        self.watch = ends.max(nodes);
    }

    /// Items (keys and values in turn, where `stride` is 2) are added to the container at `at`, and leave the stack; `keyed`
    /// says that its keys or members have to differ.
    pub fn fill(&mut self, at: usize, target: Entry, new: &[Entry], stride: usize, keyed: bool, slots: &Slots) {
        self.leave(at + 1);
        let n = match self.open.last() {
            Some(n) if self.nodes.get(*n).is_some_and(|node| node.at == at) => *n,
            _ => {
                // Keys that came before were not looked at.
                let dead = keyed && entry::is_filled(target);
                self.nodes.push(Node { at, total: 0, keys: Keys::default(), ends: None, dead });
                self.open.push(self.nodes.len() - 1);
                self.nodes.len() - 1
            }
        };
        self.resolve(n, at, entry::slot(target), slots);
        let Some(node) = self.nodes.get_mut(n) else { return };
        node.total += new.len().div_ceil(stride) as u64;
        if keyed && !node.dead && !new.iter().step_by(stride).all(|key| node.keys.add(*key)) {
            node.dead = true;
        }
        if node.dead {
            node.keys.seen = hashbrown::HashSet::default();
            self.kill(n);
        }
        self.look();
    }

    /// The container of a node was open at every end since which the stack was higher.
    fn resolve(&mut self, n: usize, at: usize, slot: Option<u64>, slots: &Slots) {
        let Some(node) = self.nodes.get_mut(n) else { return };
        let (mut start, mut end) = (self.ends.len(), self.ends.len());
        while let Some(group) = self.groups.pop_if(|group| group.height > at) {
            if group.known != Some(at) || group.height > at + 1 {
                for pending in self.ends.get_mut(group.start..end).unwrap_or_default() {
                    pending.dead |= node.dead || pending.levels.len() >= LEVELS;
                    if !pending.dead {
                        pending.levels.push((u32::try_from(at).unwrap_or(NOWHERE), n, node.total));
                    }
                }
                let (first, last) = node.ends.unwrap_or((group.start, end));
                node.ends = Some((first.min(group.start), last.max(end)));
            }
            (start, end) = (group.start, group.start);
        }
        if start == self.ends.len() {
            return;
        }
        self.groups.push(Group { height: at + 1, known: Some(at), start });
        if let Some(slot) = slot
            && !is_set(&self.guarded, slot)
        {
            node.dead |= slots.is_read(slot);
            set(&mut self.guarded, slot);
            self.guards.insert(slot, n);
        }
    }

    /// The container at `at` gets a memo slot; `false` where it has no items yet. Else what it got was not looked at with it in mind:
    /// no batch ends while it is open.
    #[cold]
    pub fn named_late(&mut self, at: usize) -> bool {
        let found = self.open.iter().copied().find(|n| self.nodes.get(*n).is_some_and(|node| node.at == at));
        let Some(n) = found else { return false };
        if let Some(node) = self.nodes.get_mut(n) {
            node.dead = true;
        }
        self.kill(n);
        true
    }

    /// No batch ends while a container was open.
    fn kill(&mut self, n: usize) {
        let Some((first, last)) = self.nodes.get(n).and_then(|node| node.ends) else { return };
        for end in self.ends.iter_mut().take(last).skip(first) {
            end.dead = true;
        }
    }

    /// Whether a slot is that of a container that was open at an end.
    #[inline]
    pub fn is_guarded(&self, slot: u64) -> bool {
        is_set(&self.guarded, slot)
    }

    /// A container is read from the memo: it cannot have been handed over before.
    #[cold]
    pub fn fetched(&mut self, slot: u64) {
        if let Some(n) = self.guards.get(&slot).copied() {
            if let Some(node) = self.nodes.get_mut(n) {
                node.dead = true;
            }
            self.kill(n);
        }
    }

    /// The root is made of everything on the stack, and nothing follows; `keyed` says that its members have to differ.
    pub fn close(&mut self, items: &[Entry], keyed: bool) {
        self.leave(0);
        let mut keys = Keys::default();
        let dead = keyed && !items.iter().all(|item| keys.add(*item));
        self.nodes.push(Node { at: 0, total: items.len() as u64, keys, ends: None, dead });
        let n = self.nodes.len() - 1;
        for end in &mut self.ends {
            end.dead |= dead || end.levels.len() >= LEVELS;
            end.levels.push((NOWHERE, n, 0));
        }
        self.groups.clear();
        self.made = Some(n);
        self.watch = 0;
    }

    /// What was made last is not the root after all.
    pub fn reopen(&mut self) {
        self.ends.clear();
        self.made = None;
    }

    fn root_node(&self) -> Option<usize> {
        self.made.or_else(|| self.open.first().copied().filter(|n| self.nodes.get(*n).is_some_and(|node| node.at == 0)))
    }

    /// What the root got: its items or entries, and whether a key begins with `$`. `None` where it cannot be handed over in parts.
    pub fn root(&self) -> Option<(u64, bool)> {
        let root = self.root_node().and_then(|n| self.nodes.get(n)).filter(|node| !node.dead)?;
        Some((root.total, root.keys.dollar))
    }

    /// Where batches end.
    pub fn into_ends(self) -> Vec<End> {
        let (root, nodes) = (self.root_node(), self.nodes);
        let level = |at: u32, n: usize, before: u64| {
            let node = nodes.get(n)?;
            Some(Level {
                at,
                later: node.total.saturating_sub(before),
                ints: node.keys.kind == Some(Kind::Int),
                dollar: node.keys.dollar,
            })
        };
        let ends = self.ends.into_iter().filter(|end| !end.dead).map(|end| {
            let mut levels: Vec<Level> =
                end.levels.iter().rev().filter_map(|(at, n, before)| level(*at, *n, *before)).collect();
            // Behind what the root got last, nothing shows that it was open.
            if !matches!(levels.first(), Some(Level { at: 0 | NOWHERE, .. }))
                && let Some(root) = root.and_then(|n| level(0, n, u64::MAX))
            {
                levels.insert(0, root);
            }
            End { offset: end.offset, batch: end.batch, levels }
        });
        ends.filter(|end| !end.levels.is_empty()).collect()
    }
}
