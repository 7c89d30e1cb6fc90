//! Batches that the mappings write: the writer is put aside between them, with everything that is open in it.

use std::marker::PhantomData;

use super::selected::Values;
use super::{Job, Shape, lost};
use crate::error::Error;
use crate::machine::batches::{Opened, Pickles, Sink as Batches};
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Ledger;
use crate::select::Select;
use crate::writers::check::Checked;
use crate::writers::event::{Begun, Lowering, Place, Sink};
use crate::writers::natural::{self, Natural};
use crate::writers::options::{Format, WriteOptions};
use crate::writers::path;
use crate::writers::tagged::{self, Tagged};

/// What is open.
#[derive(Clone, Copy, Debug, Default)]
struct Path {
    /// Containers, the root among them.
    levels: usize,
    /// The root is a list whose items are lines.
    lines: bool,
}

impl Job<'_> {
    /// Whether these containers can be begun before all of them is there.
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        let options = &self.converter.options;
        if options.source.is_some() && levels.len() > 1 {
            return false;
        }
        levels.iter().all(|level| match graph.kind(level.id) {
            Kind::List | Kind::Tuple | Kind::Set | Kind::FrozenSet => true,
            // What it drops is known only at the end.
            Kind::Deque => graph.extra(level.id).is_none(),
            Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => true,
            _ => false,
        })
    }

    fn open<L: Lowering>(
        &self,
        writer: &mut L,
        graph: &Graph,
        path: &mut Path,
        opened: Opened,
        place: (Option<Value>, u64),
    ) -> Result<(), Error> {
        let first = path.levels == 0;
        path.levels += 1;
        if first && self.shape() == Shape::Lines && graph.kind(opened.id) == Kind::List {
            path.lines = true;
            return Ok(());
        }
        let pairs = matches!(graph.kind(opened.id), Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter);
        let count = usize::try_from(opened.items).unwrap_or(usize::MAX).saturating_mul(1 + usize::from(pairs));
        let begun = Begun { id: opened.id, count, ints: opened.ints, dollar: opened.dollar };
        let place = match place {
            _ if first => Place::Root,
            (_, before) if path.lines && path.levels == 2 => Place::Line(before),
            (Some(key), _) => Place::Entry(key),
            (None, before) => Place::Element(before),
        };
        writer.begin(begun, place, self.prefix())
    }

    fn part<L: Lowering>(
        &self,
        writer: &mut L,
        graph: &Graph,
        path: Path,
        part: NodeId,
        first: u64,
    ) -> Result<(), Error> {
        if path.lines && path.levels == 1 {
            writer.write_rows(graph.walk(part), first, self.prefix())?;
        } else {
            writer.next_part(graph.walk(part), first)?;
        }
        if path.levels == 1 {
            self.count(first, graph, part);
        }
        Ok(())
    }

    fn close<L: Lowering>(&self, writer: &mut L, path: &mut Path) -> Result<(), Error> {
        let level = path.levels;
        path.levels = level.saturating_sub(1);
        if path.lines && level == 1 {
            return Ok(());
        }
        writer.end()?;
        let alone = if path.lines { level == 2 } else { level == 1 };
        if alone && self.converter.options.format != Format::MessagePack {
            writer.sink().end_row();
        }
        Ok(())
    }

    /// A container is open from here on, in the one that was opened last.
    fn enter(&self, graph: &Graph, key: Option<Value>, before: u64) {
        let mut open = self.open.borrow_mut();
        let path = match open.last() {
            None => self.prefix().to_owned(),
            Some(parent) => {
                let mut path = parent.clone();
                match key {
                    _ if path::cut(&mut path) => {}
                    Some(key) => path::push_key(graph, key, &mut path),
                    None => path::push_index(before, &mut path),
                }
                path
            }
        };
        open.push(path);
    }

    /// The container that was opened last is complete.
    fn leave(&self) {
        self.open.borrow_mut().pop();
    }

    /// Checks the next items of the container that was opened last, after `first` of them.
    fn check_items(&self, graph: &Graph, part: NodeId, first: u64) -> Result<(), Error> {
        let path = |_| self.open.borrow().last().map_or_else(|| self.prefix().to_owned(), String::clone);
        self.check_part(graph, Checked { roots: &[Value::Object(part)], first, path: &path })
    }

    /// Checks a value that stands alone.
    fn check_selected(&self, graph: &Graph, value: Value) -> Result<(), Error> {
        self.check(graph, Checked { roots: &[value], first: 0, path: &|_| self.prefix().to_owned() })
    }

    /// The path of what is written.
    fn prefix(&self) -> &str {
        self.converter.select.as_ref().map_or("$", Select::text)
    }

    /// A value that stands alone.
    fn alone<L: Lowering>(&self, writer: &mut L, graph: &Graph, value: Value) -> Result<(), Error> {
        match (self.shape(), value) {
            (Shape::Lines, Value::Object(id)) if graph.kind(id) == Kind::List => {
                writer.write_rows(graph.walk(id), 0, self.prefix())
            }
            (Shape::Lines, _) if writer.write_table(value, self.prefix())? => Ok(()),
            (Shape::Lines, _) => writer.write_row(value, self.prefix()),
            _ => {
                writer.write(value, self.prefix())?;
                if self.converter.options.format != Format::MessagePack {
                    writer.sink().end_row();
                }
                Ok(())
            }
        }
    }

    /// One pickle, by either mapping.
    fn one<L: Lowering>(&self, writer: &mut L, root: Value, n: u64, place: &mut String) -> Result<(), Error> {
        place.clear();
        place.push('$');
        path::push_index(n, place);
        if let Some(progress) = &self.converter.progress {
            progress.set_rows(n);
        }
        if self.root.get().is_none() {
            self.items.set(n + 1);
        }
        match self.shape() {
            Shape::Lines => return writer.write_row(root, place),
            Shape::Document => writer.sink().element(),
            Shape::Objects | Shape::Table | Shape::Frames => {}
        }
        writer.write(root, place)
    }
}

/// Only checks.
pub(super) struct Check<'j, 'c>(pub &'j Job<'c>);

impl Batches for Check<'_, '_> {
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        self.0.takes(graph, levels)
    }

    fn open(&mut self, graph: &Graph, _opened: Opened, key: Option<Value>, before: u64) -> Result<(), Error> {
        self.0.enter(graph, key, before);
        Ok(())
    }

    fn batch(&mut self, graph: &Graph, part: NodeId, first: u64) -> Result<(), Error> {
        self.0.check_items(graph, part, first)
    }

    fn close(&mut self, _graph: &Graph) -> Result<(), Error> {
        self.0.leave();
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, _moved: &Moved) {
        self.0.sizes.borrow_mut().keep(at.end());
    }
}

impl Values for Check<'_, '_> {
    fn value(&mut self, graph: &Graph, value: Value) -> Result<(), Error> {
        self.0.check_selected(graph, value)
    }
}

impl Pickles for Check<'_, '_> {
    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error> {
        self.0.check_pickles(graph, &[root], n)
    }
}

/// A mapping whose writer is put aside between two batches.
pub(super) trait Mapping {
    /// Documents that stand alone, but lie in one graph, that may be written one after another without forgetting.
    const TOGETHER: usize;

    /// The writer without a graph.
    type State;
    type Writer<'a>: Lowering
    where
        Self: 'a;

    /// Goes on with another graph.
    fn resume<'a>(&'a mut self, graph: &'a Graph, state: Self::State) -> Self::Writer<'a>;

    /// Puts the writer aside.
    fn suspend(writer: Self::Writer<'_>) -> Self::State;

    /// The objects of a batch are gone, but for those that have moved.
    fn moved(state: &mut Self::State, at: Checkpoint, moved: &Moved);

    /// Every object is gone; `anew` begins a document that stands alone.
    fn forget(state: &mut Self::State, anew: bool);
}

/// The natural mapping.
pub(super) struct ToNatural<'j, 'w, S> {
    options: &'j WriteOptions,
    ledger: &'j mut Ledger,
    state: PhantomData<natural::Suspended<'w, S>>,
}

impl<'j, S> ToNatural<'j, '_, S> {
    pub fn new(options: &'j WriteOptions, ledger: &'j mut Ledger) -> Self {
        ToNatural { options, ledger, state: PhantomData }
    }
}

impl<'w, S: Sink> Mapping for ToNatural<'_, 'w, S> {
    const TOGETHER: usize = usize::MAX;

    type State = natural::Suspended<'w, S>;
    type Writer<'a>
        = Natural<'a, 'w, S>
    where
        Self: 'a;

    fn resume<'a>(&'a mut self, graph: &'a Graph, state: Self::State) -> Natural<'a, 'w, S> {
        Natural::resume(graph, self.options, self.ledger, state)
    }

    fn suspend(writer: Natural<'_, 'w, S>) -> Self::State {
        writer.suspend()
    }

    fn moved(state: &mut Self::State, at: Checkpoint, moved: &Moved) {
        state.moved(at, moved);
    }

    fn forget(state: &mut Self::State, _anew: bool) {
        state.forget();
    }
}

/// The lossless mapping.
pub(super) struct ToTagged<'w, S> {
    state: PhantomData<tagged::Suspended<'w, S>>,
}

impl<S> ToTagged<'_, S> {
    pub fn new() -> Self {
        ToTagged { state: PhantomData }
    }
}

impl<'w, S: Sink> Mapping for ToTagged<'w, S> {
    /// Each numbers its own shared objects.
    const TOGETHER: usize = 1;

    type State = tagged::Suspended<'w, S>;
    type Writer<'a>
        = Tagged<'a, 'w, S>
    where
        Self: 'a;

    fn resume<'a>(&'a mut self, graph: &'a Graph, state: Self::State) -> Tagged<'a, 'w, S> {
        Tagged::resume(graph, state)
    }

    fn suspend(writer: Tagged<'_, 'w, S>) -> Self::State {
        writer.suspend()
    }

    fn moved(state: &mut Self::State, at: Checkpoint, moved: &Moved) {
        state.moved(at, moved);
    }

    fn forget(state: &mut Self::State, anew: bool) {
        state.forget(anew);
    }
}

/// What is handed over, written by a mapping.
pub(super) struct Mapped<'j, 'c, M: Mapping> {
    job: &'j Job<'c>,
    mapping: M,
    path: Path,
    /// The path of the pickle that is written.
    place: String,
    /// None while a batch is written, or after it failed.
    state: Option<M::State>,
}

impl<'j, 'c, M: Mapping> Mapped<'j, 'c, M> {
    /// Begins with a writer that has written nothing.
    pub fn new(job: &'j Job<'c>, mapping: M, state: M::State) -> Self {
        Mapped { job, mapping, path: Path::default(), place: String::new(), state: Some(state) }
    }

    /// The mapping, and the writer after the last batch.
    pub fn into_parts(self) -> Result<(M, M::State), Error> {
        let state = self.state.ok_or_else(lost)?;
        Ok((self.mapping, state))
    }

    /// Lets the writer go on with another graph.
    fn on(
        &mut self,
        graph: &Graph,
        write: impl FnOnce(&Job<'c>, &mut M::Writer<'_>, &mut Path) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let state = self.state.take().ok_or_else(lost)?;
        let mut writer = self.mapping.resume(graph, state);
        write(self.job, &mut writer, &mut self.path)?;
        self.state = Some(M::suspend(writer));
        Ok(())
    }
}

impl<M: Mapping> Batches for Mapped<'_, '_, M> {
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        self.job.takes(graph, levels)
    }

    fn open(&mut self, graph: &Graph, opened: Opened, key: Option<Value>, before: u64) -> Result<(), Error> {
        self.job.enter(graph, key, before);
        self.on(graph, |job, writer, path| job.open(writer, graph, path, opened, (key, before)))
    }

    fn batch(&mut self, graph: &Graph, part: NodeId, first: u64) -> Result<(), Error> {
        self.job.check_items(graph, part, first)?;
        self.on(graph, |job, writer, path| job.part(writer, graph, *path, part, first))
    }

    fn close(&mut self, graph: &Graph) -> Result<(), Error> {
        self.job.leave();
        self.on(graph, |job, writer, path| job.close(writer, path))
    }

    fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        self.job.sizes.borrow_mut().keep(at.end());
        if let Some(state) = &mut self.state {
            M::moved(state, at, moved);
        }
    }
}

impl<M: Mapping> Values for Mapped<'_, '_, M> {
    fn value(&mut self, graph: &Graph, value: Value) -> Result<(), Error> {
        self.job.check_selected(graph, value)?;
        self.on(graph, |job, writer, _| job.alone(writer, graph, value))
    }
}

impl<M: Mapping> Pickles for Mapped<'_, '_, M> {
    fn are_many(&mut self, graph: &Graph) -> Result<(), Error> {
        self.job.root.set(None);
        self.on(graph, |job, writer, _| {
            job.begin(writer);
            Ok(())
        })
    }

    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error> {
        self.pickles(graph, &[root], n)
    }

    fn pickles(&mut self, graph: &Graph, roots: &[Value], first: u64) -> Result<(), Error> {
        self.job.check_pickles(graph, roots, first)?;
        let stand_alone = self.job.shape() == Shape::Lines;
        let together = if stand_alone { M::TOGETHER } else { usize::MAX };
        let mut place = std::mem::take(&mut self.place);
        let mut n = first;
        for roots in roots.chunks(together) {
            if let Some(state) = &mut self.state {
                M::forget(state, stand_alone);
            }
            self.on(graph, |job, writer, _| {
                for root in roots {
                    job.one(writer, *root, n, &mut place)?;
                    n += 1;
                }
                Ok(())
            })?;
        }
        self.place = place;
        Ok(())
    }
}
