//! Many inputs on several threads. What they hand over comes in the order of the inputs, as if one had come after another.
//!
//! A thread takes a few inputs at a time, and more where they are small; what it hands over waits in a queue until its turn
//! comes. The queues are bounded: a thread that is too far ahead waits.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that are handed over at a time.
const CHUNK: usize = 256 << 10;
/// Bytes that wait for their turn, for each thread.
const HELD: usize = 1 << 20;
/// Buffers that are kept to be used again, for each thread: as many as wait, and the one that is filled.
const SPARE: usize = HELD / CHUNK + 1;
/// Groups of inputs that may be begun before the first of them is taken, for each thread.
const AHEAD: usize = 8;
/// Inputs that a thread takes at a time, at most.
const GROUP: usize = 256;
/// A group that took less is followed by a larger one.
const QUICK: Duration = Duration::from_millis(4);

/// What is taken from the threads. Bytes come in their order and results in theirs; a result may come before the last bytes of
/// its input.
pub(super) enum Part<'a, T> {
    /// Bytes of output, in order.
    Bytes(&'a [u8]),
    /// An input is done.
    Done(T),
}

/// Where a job writes to.
pub(super) struct Hand<'a, T> {
    buffer: Vec<u8>,
    to: To<'a, T>,
}

enum To<'a, T> {
    /// Whoever takes runs on this thread.
    Here(&'a mut dyn FnMut(Part<'_, T>) -> ControlFlow<()>),
    /// The queue of a group.
    Queue { shared: &'a Shared<T>, group: usize },
}

impl<T> Hand<'_, T> {
    /// Hands over what is buffered.
    fn pass_on(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let goes_on = match &mut self.to {
            To::Here(take) => {
                let flow = take(Part::Bytes(&self.buffer));
                self.buffer.clear();
                flow.is_continue()
            }
            To::Queue { shared, group } => {
                let full = std::mem::take(&mut self.buffer);
                shared.put(*group, full, None).map(|empty| self.buffer = empty).is_some()
            }
        };
        // Nobody takes it any more: the job is to end.
        if goes_on { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }
}

impl<T> Write for Hand<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What is long and finds nothing before it is passed on as it is.
        if bytes.len() >= CHUNK
            && self.buffer.is_empty()
            && let To::Here(take) = &mut self.to
        {
            let flow = take(Part::Bytes(bytes));
            return if flow.is_continue() { Ok(bytes.len()) } else { Err(io::ErrorKind::BrokenPipe.into()) };
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.pass_on()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T> depickle::Output for Hand<'_, T> {}

/// Does `count` jobs on at most `threads` threads, each with a state that `state` makes; `take` gets what they hand over, in
/// order, on this thread, until it breaks off.
pub(super) fn in_order<T: Send, S>(
    count: usize,
    threads: usize,
    state: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, usize, &mut Hand<'_, T>) -> T + Sync,
    mut take: impl FnMut(Part<'_, T>) -> ControlFlow<()>,
) {
    let threads = threads.min(count);
    if threads > 1 {
        let shared = Shared::new(count, threads);
        let done = std::thread::scope(|scope| {
            let started = (0..threads)
                .map(|_| std::thread::Builder::new().spawn_scoped(scope, || shared.work(&state, &job)))
                .take_while(Result::is_ok)
                .count();
            started > 0 && shared.take(&mut take)
        });
        if done {
            return;
        }
    }
    // One thread, or none to be had.
    let mut state = state();
    let mut buffer = Vec::new();
    for n in 0..count {
        let mut hand = Hand { buffer, to: To::Here(&mut take) };
        let result = job(&mut state, n, &mut hand);
        buffer = hand.buffer;
        if take(Part::Done(result)).is_break() {
            return;
        }
    }
    let _ = Hand { buffer, to: To::Here(&mut take) }.pass_on();
}

/// What the threads share.
struct Shared<T> {
    count: usize,
    threads: usize,
    queues: Mutex<Queues<T>>,
    /// Something can be taken.
    ready: Condvar,
    /// Something was taken.
    room: Condvar,
}

struct Queues<T> {
    /// The first input that no thread has taken.
    next: usize,
    /// The group whose turn it is: that of the first queue.
    turn: usize,
    groups: VecDeque<Queue<T>>,
    /// Bytes in all queues.
    held: usize,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    /// Threads that wait for room.
    waiting: usize,
    /// Whoever takes waits for something to take.
    idle: bool,
    /// Nothing more is taken.
    ended: bool,
}

impl<T> Queues<T> {
    /// What comes next: bytes, and the results of a group behind its last ones.
    fn next_part(&mut self) -> (Option<Vec<u8>>, Option<Vec<T>>) {
        let Some(queue) = self.groups.front_mut() else { return (None, None) };
        let chunk = queue.chunks.pop_front();
        self.held = self.held.saturating_sub(chunk.as_ref().map_or(0, Vec::len));
        let results = if queue.chunks.is_empty() { queue.results.take() } else { None };
        if results.is_some() {
            self.groups.pop_front();
            self.turn += 1;
        }
        (chunk, results)
    }
}

struct Queue<T> {
    chunks: VecDeque<Vec<u8>>,
    /// The results, once all of the group are there.
    results: Option<Vec<T>>,
}

impl<T> Shared<T> {
    fn new(count: usize, threads: usize) -> Self {
        let queues = Queues {
            next: 0,
            turn: 0,
            groups: VecDeque::new(),
            held: 0,
            spare: Vec::new(),
            waiting: 0,
            idle: false,
            ended: false,
        };
        Shared { count, threads, queues: Mutex::new(queues), ready: Condvar::new(), room: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queues<T>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread does.
    fn work<S>(&self, state: &impl Fn() -> S, job: &impl Fn(&mut S, usize, &mut Hand<'_, T>) -> T)
    where
        T: Send,
    {
        let _end = EndIfLost(self);
        let mut state = state();
        let mut size = 1;
        let mut buffer = Vec::new();
        while let Some((group, inputs)) = self.claim(size) {
            let begun = Instant::now();
            let mut hand = Hand { buffer, to: To::Queue { shared: self, group } };
            let results = inputs.map(|n| job(&mut state, n, &mut hand)).collect();
            let Some(empty) = self.put(group, hand.buffer, Some(results)) else { return };
            buffer = empty;
            size = if begun.elapsed() < QUICK { (size * 2).min(GROUP) } else { (size / 2).max(1) };
        }
    }

    /// Takes about `size` inputs; `None` where none is left.
    fn claim(&self, size: usize) -> Option<(usize, std::ops::Range<usize>)> {
        let mut queues = self.lock();
        while !queues.ended && queues.groups.len() >= AHEAD * self.threads {
            queues = self.wait_for_room(queues);
        }
        let left = self.count.saturating_sub(queues.next);
        if queues.ended || left == 0 {
            return None;
        }
        // The last inputs are shared by all threads.
        let size = size.min(left.div_ceil(2 * self.threads));
        let (first, group) = (queues.next, queues.turn + queues.groups.len());
        queues.next += size;
        queues.groups.push_back(Queue { chunks: VecDeque::new(), results: None });
        Some((group, first..first + size))
    }

    fn wait_for_room<'q>(&self, mut queues: MutexGuard<'q, Queues<T>>) -> MutexGuard<'q, Queues<T>> {
        queues.waiting += 1;
        queues = self.room.wait(queues).unwrap_or_else(PoisonError::into_inner);
        queues.waiting -= 1;
        queues
    }

    /// Puts bytes into the queue of a group, once there is room, and its results, once all are there; gives an empty buffer.
    /// `None` where nobody takes them.
    fn put(&self, group: usize, bytes: Vec<u8>, results: Option<Vec<T>>) -> Option<Vec<u8>> {
        let len = bytes.len();
        let mut queues = self.lock();
        loop {
            if queues.ended {
                return None;
            }
            let turn = group == queues.turn;
            let fits = queues.held + len <= HELD * self.threads;
            let at = group - queues.turn;
            let queue = queues.groups.get_mut(at)?;
            // Whose turn it is never waits for those who wait for it.
            if fits || turn && queue.chunks.is_empty() {
                let queue = queues.groups.get_mut(at)?;
                queue.results = results;
                if bytes.is_empty() {
                    self.tell(turn, &queues);
                    return Some(bytes);
                }
                // The next one is about as long: it need not grow.
                let room = bytes.capacity();
                queue.chunks.push_back(bytes);
                queues.held += len;
                self.tell(turn, &queues);
                return Some(queues.spare.pop().unwrap_or_else(|| Vec::with_capacity(room)));
            }
            queues = self.wait_for_room(queues);
        }
    }

    /// Wakes whoever waits for what there is now.
    fn tell(&self, turn: bool, queues: &Queues<T>) {
        if turn && queues.idle {
            self.ready.notify_one();
        }
    }

    /// Takes everything in order. `false` where a thread was lost.
    fn take(&self, take: &mut impl FnMut(Part<'_, T>) -> ControlFlow<()>) -> bool {
        let mut queues = self.lock();
        loop {
            if queues.ended {
                // A thread was lost; the scope says so.
                return true;
            }
            let (chunk, results) = queues.next_part();
            if chunk.is_none() && results.is_none() {
                if queues.groups.is_empty() && queues.next >= self.count {
                    return true;
                }
                queues.idle = true;
                queues = self.ready.wait(queues).unwrap_or_else(PoisonError::into_inner);
                queues.idle = false;
                continue;
            }
            drop(queues);
            let mut flow = chunk.as_deref().map_or(ControlFlow::Continue(()), |chunk| take(Part::Bytes(chunk)));
            for result in results.into_iter().flatten() {
                if flow.is_continue() {
                    flow = take(Part::Done(result));
                }
            }
            queues = self.lock();
            if let Some(mut chunk) = chunk.filter(|chunk| chunk.capacity() <= 2 * CHUNK)
                && queues.spare.len() < SPARE * self.threads
            {
                chunk.clear();
                queues.spare.push(chunk);
            }
            queues.ended |= flow.is_break();
            if queues.waiting > 0 {
                self.room.notify_all();
            }
        }
    }
}

/// Ends the taking where a thread ends before its work is done.
struct EndIfLost<'a, T>(&'a Shared<T>);

impl<T> Drop for EndIfLost<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().ended = true;
            self.0.ready.notify_all();
            self.0.room.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, threads: usize, slow: usize) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut results) = (Vec::new(), Vec::new());
        in_order(
            count,
            threads,
            || (),
            |(), n, hand| {
                if n % 17 == slow {
                    std::thread::sleep(Duration::from_millis(2));
                }
                let repeated = if n % 100 == 3 { 50_000 } else { 1 };
                for _ in 0..repeated {
                    assert!(hand.write_all(format!("{n} ").as_bytes()).is_ok());
                }
                n
            },
            |part| {
                match part {
                    Part::Bytes(more) => bytes.extend_from_slice(more),
                    Part::Done(n) => results.push(n),
                }
                ControlFlow::Continue(())
            },
        );
        (bytes, results)
    }

    #[test]
    fn threads_change_nothing() {
        let alone = numbers(1_000, 1, 5);
        assert_eq!(alone.1, (0..1_000).collect::<Vec<_>>());
        for (threads, slow) in [(2, 5), (3, 0), (8, 16)] {
            let together = numbers(1_000, threads, slow);
            assert!(together == alone, "{threads} threads");
        }
        assert!(numbers(0, 4, 0).1.is_empty() && numbers(1, 4, 0).1 == [0]);
    }

    #[test]
    fn who_takes_may_break_off() {
        for threads in [1, 4] {
            let mut taken = 0;
            in_order(
                10_000,
                threads,
                || (),
                |(), n, hand| {
                    let _ = hand.write_all(&[0; 4_096]);
                    n
                },
                |part| match part {
                    Part::Bytes(_) => ControlFlow::Continue(()),
                    Part::Done(_) => {
                        taken += 1;
                        if taken == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                    }
                },
            );
            assert_eq!(taken, 100);
        }
    }
}
