//! Reading a file in chunks alone, passing over its opcodes, lexing them with their arguments, and the first pass of a
//! conversion in batches. It needs the reader alone (`--no-default-features --features measure`), which is built in no time.
//!
//! `grow` reads 4 and 16 times the records as well: `max alloc` shows what memory that takes.

#![expect(clippy::expect_used, reason = "a benchmark of what fails measures nothing")]

mod inputs;

use std::fs::File;
use std::io::{Read, Write};

use depickle::measure;
use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use inputs::Input;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Bytes asked of a file at a time.
const CHUNK: usize = 1 << 20;

fn main() {
    divan::main();
}

/// An input as a file, which the page cache holds.
fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("written");
    file
}

fn chunks(mut file: File) -> u64 {
    let mut buffer = vec![0; CHUNK];
    let mut sum = 0;
    loop {
        match file.read(&mut buffer).expect("read") {
            0 => return sum,
            n => sum += black_box(&buffer[..n]).len() as u64,
        }
    }
}

/// Runs `work` over an input in a file.
fn over(bencher: Bencher<'_, '_>, bytes: &[u8], work: impl Fn(File) -> u64 + Sync) {
    let file = file(bytes);
    bencher
        .counter(BytesCount::of_slice(bytes))
        .with_inputs(|| file.reopen().expect("opened"))
        .bench_local_values(work);
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn reading(bencher: Bencher<'_, '_>, input: Input) {
    over(bencher, &input.bytes(), chunks);
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn lexing(bencher: Bencher<'_, '_>, input: Input) {
    over(bencher, &input.bytes(), |file| measure::lex(file).expect("a pickle"));
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn passing_over(bencher: Bencher<'_, '_>, input: Input) {
    over(bencher, &input.bytes(), |file| measure::pass_over(file).expect("a pickle"));
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn first_pass(bencher: Bencher<'_, '_>, input: Input) {
    over(bencher, &input.bytes(), |file| measure::first_pass(file).expect("a pickle"));
}

/// Records, 4 MB times the argument.
mod grow {
    use super::*;

    #[divan::bench(args = [1, 4, 16], sample_count = 10)]
    fn reading(bencher: Bencher<'_, '_>, times: usize) {
        over(bencher, &Input::Records.times(times), chunks);
    }

    #[divan::bench(args = [1, 4, 16], sample_count = 10)]
    fn lexing(bencher: Bencher<'_, '_>, times: usize) {
        over(bencher, &Input::Records.times(times), |file| measure::lex(file).expect("a pickle"));
    }

    #[divan::bench(args = [1, 4, 16], sample_count = 10)]
    fn passing_over(bencher: Bencher<'_, '_>, times: usize) {
        over(bencher, &Input::Records.times(times), |file| measure::pass_over(file).expect("a pickle"));
    }

    #[divan::bench(args = [1, 4, 16], sample_count = 10)]
    fn first_pass(bencher: Bencher<'_, '_>, times: usize) {
        over(bencher, &Input::Records.times(times), |file| measure::first_pass(file).expect("a pickle"));
    }
}
