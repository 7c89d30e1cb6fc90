//! From bytes in memory to a document: the lexer, the machine, the model. Nothing is written.

#![expect(clippy::expect_used, reason = "a benchmark of what fails measures nothing")]

mod inputs;

use depickle::Reader;
use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher};
use inputs::Input;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: AllocProfiler<MiMalloc> = AllocProfiler::new(MiMalloc);

fn main() {
    divan::main();
}

fn read(bencher: Bencher<'_, '_>, input: Input) {
    let bytes = input.bytes();
    bencher
        .counter(BytesCount::of_slice(&bytes))
        .bench_local(|| Reader::new().read(&bytes[..]).expect("a pickle that is data"));
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn typical(bencher: Bencher<'_, '_>, input: Input) {
    read(bencher, input);
}

/// Until it is read or refused: keys that collide on purpose are.
#[divan::bench(args = Input::PATHOLOGICAL, sample_count = 20)]
fn pathological(bencher: Bencher<'_, '_>, input: Input) {
    let bytes = input.bytes();
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| Reader::new().read(&bytes[..]));
}
