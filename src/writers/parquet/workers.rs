//! Threads that encode the columns of a row group side by side.
//!
//! A column is in one hand at a time, so what is written does not depend on how many threads there are.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
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

type Answer = (usize, Result<Result<Done, ParquetError>, Box<dyn Any + Send>>);

/// The threads, once there is enough to do.
#[derive(Default)]
pub(super) struct Workers {
    threads: Option<Threads>,
    /// What was done at once.
    done: Vec<Result<Done, ParquetError>>,
    /// Columns that are being encoded.
    running: usize,
}

struct Threads {
    tasks: Option<Sender<(usize, Task)>>,
    answers: Receiver<Answer>,
    handles: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts on the next rows of every column; `much` says that they are worth threads.
    pub fn start(&mut self, tasks: Vec<Task>, much: bool) {
        if self.threads.is_none() && much {
            self.threads = Threads::new(tasks.len());
        }
        match self.threads.as_ref().and_then(|threads| threads.tasks.as_ref()) {
            Some(sender) => {
                for numbered in tasks.into_iter().enumerate() {
                    self.running += 1;
                    // The threads end when the sender does.
                    let _ = sender.send(numbered);
                }
            }
            None => self.done.extend(tasks.into_iter().map(Task::run)),
        }
    }

    /// Waits for all columns; they are in the order of the tasks.
    ///
    /// # Errors
    /// What the library cannot encode.
    pub fn wait(&mut self) -> Result<Vec<Done>, ParquetError> {
        if let Some(threads) = self.threads.as_ref().filter(|_| self.running > 0) {
            let mut answers: Vec<(usize, Result<Done, ParquetError>)> = Vec::with_capacity(self.running);
            for (n, answer) in threads.answers.iter().take(self.running) {
                match answer {
                    Ok(result) => answers.push((n, result)),
                    Err(panic) => resume_unwind(panic),
                }
            }
            self.running = 0;
            answers.sort_by_key(|(n, _)| *n);
            self.done.extend(answers.into_iter().map(|(_, result)| result));
        }
        self.done.drain(..).collect()
    }
}

impl Threads {
    /// `None` where there is one processor, or no thread can be had.
    fn new(columns: usize) -> Option<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from).min(columns).min(MOST);
        if count < 2 {
            return None;
        }
        let (tasks, waiting) = channel::<(usize, Task)>();
        let (sender, answers) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut handles = Vec::new();
        for _ in 0..count {
            let (waiting, sender) = (Arc::clone(&waiting), sender.clone());
            let work = move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((n, task)) = next else { break };
                    let answer = catch_unwind(AssertUnwindSafe(|| task.run()));
                    if sender.send((n, answer)).is_err() {
                        break;
                    }
                }
            };
            handles.extend(thread::Builder::new().name("column".to_owned()).spawn(work));
        }
        (!handles.is_empty()).then_some(Threads { tasks: Some(tasks), answers, handles })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.tasks = None;
        for handle in self.handles.drain(..) {
            // A panic was passed on already.
            let _ = handle.join();
        }
    }
}
