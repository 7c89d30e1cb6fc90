//! Threads that encode the columns of a row group side by side.
//!
//! A column is in one hand at a time, so what is written does not depend on how many threads there are.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use arrow::array::ArrayRef;
use parquet::errors::ParquetError;

use super::column::{Chunk, Column};

/// More threads than columns of usual tables help nobody.
const MOST: usize = 8;

/// The next rows of one column.
pub(super) struct Task {
    pub column: Column,
    pub arrays: Vec<ArrayRef>,
    /// Whether they are the last of the row group.
    pub last: bool,
}

/// What became of a column.
pub(super) enum Done {
    Open(Column),
    Closed(Chunk),
}

impl Task {
    fn run(self) -> Result<Done, ParquetError> {
        let mut column = self.column;
        for array in &self.arrays {
            column.add(array)?;
        }
        Ok(if self.last { Done::Closed(column.close()?) } else { Done::Open(column) })
    }
}

type Answer = Result<Result<Done, ParquetError>, Box<dyn Any + Send>>;

/// The threads, once there is enough to do.
#[derive(Default)]
pub(super) struct Workers {
    threads: Option<Threads>,
    /// What was done at once.
    done: Vec<Result<Done, ParquetError>>,
}

struct Threads {
    board: Arc<Board>,
    handles: Vec<JoinHandle<()>>,
}

/// What is to be done, and what was.
#[derive(Default)]
struct Board {
    state: Mutex<State>,
    /// There is something to do, or nothing ever again.
    begun: Condvar,
    /// A column was encoded.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<(usize, Task)>,
    answers: Vec<(usize, Answer)>,
    /// Columns that were begun, or wait for it, or have an answer.
    running: usize,
    is_over: bool,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Encodes a column.
    fn run(&self, (n, task): (usize, Task)) {
        let answer = catch_unwind(AssertUnwindSafe(|| task.run()));
        self.lock().answers.push((n, answer));
        self.ended.notify_one();
    }

    /// What a thread does until all is over.
    fn work(&self) {
        loop {
            let waits = |state: &mut State| state.tasks.is_empty() && !state.is_over;
            let mut state = self.begun.wait_while(self.lock(), waits).unwrap_or_else(PoisonError::into_inner);
            let Some(task) = state.tasks.pop_front() else { return };
            drop(state);
            self.run(task);
        }
    }
}

impl Workers {
    /// Starts on the next rows of every column; `much` says that they are worth threads.
    pub fn start(&mut self, tasks: Vec<Task>, much: bool) {
        if self.threads.is_none() && much {
            self.threads = Threads::new(tasks.len());
        }
        match &self.threads {
            Some(Threads { board, .. }) => {
                let mut state = board.lock();
                state.running += tasks.len();
                state.tasks.extend(tasks.into_iter().enumerate());
                drop(state);
                board.begun.notify_all();
            }
            None => self.done.extend(tasks.into_iter().map(Task::run)),
        }
    }

    /// Waits for all columns, and encodes those that no thread has begun; they are in the order of the tasks.
    ///
    /// # Errors
    /// What the library cannot encode.
    pub fn wait(&mut self) -> Result<Vec<Done>, ParquetError> {
        if let Some(Threads { board, .. }) = &self.threads {
            loop {
                let next = board.lock().tasks.pop_front();
                let Some(task) = next else { break };
                board.run(task);
            }
            let waits = |state: &mut State| state.answers.len() < state.running;
            let mut state = board.ended.wait_while(board.lock(), waits).unwrap_or_else(PoisonError::into_inner);
            state.running = 0;
            let mut answers = std::mem::take(&mut state.answers);
            drop(state);
            answers.sort_by_key(|(n, _)| *n);
            for (_, answer) in answers {
                self.done.push(answer.unwrap_or_else(|panic| resume_unwind(panic)));
            }
        }
        self.done.drain(..).collect()
    }
}

impl Threads {
    /// As many as there are processors, but for that of whoever waits for them. `None` where there is but one, or no thread can be had.
    fn new(columns: usize) -> Option<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from).min(columns).min(MOST).saturating_sub(1);
        let board = Arc::new(Board::default());
        let mut handles = Vec::new();
        for _ in 0..count {
            let board = Arc::clone(&board);
            handles.extend(thread::Builder::new().name("column".to_owned()).spawn(move || board.work()));
        }
        (!handles.is_empty()).then_some(Threads { board, handles })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let mut state = self.board.lock();
        state.is_over = true;
        state.tasks.clear();
        drop(state);
        self.board.begun.notify_all();
        for handle in self.handles.drain(..) {
            // A panic was passed on already.
            let _ = handle.join();
        }
    }
}
