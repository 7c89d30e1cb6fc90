//! From a file to each format, as the command does it: in batches where the shape allows. `grow` has 4 and 16 times the records:
//! `max alloc` shows what memory that takes.

#![expect(clippy::expect_used, reason = "a benchmark of what fails measures nothing")]

mod inputs;

use std::fs::File;
use std::io::Write;

use depickle::{Converter, Format};
use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher};
use inputs::Input;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: AllocProfiler<MiMalloc> = AllocProfiler::new(MiMalloc);

fn main() {
    divan::main();
}

fn convert(bencher: Bencher<'_, '_>, bytes: &[u8], converter: &Converter) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("written");
    bencher.counter(BytesCount::of_slice(bytes)).with_inputs(|| file.reopen().expect("opened")).bench_local_values(
        |file: File| converter.convert_file(file, &mut std::io::sink()).expect("what the format carries"),
    );
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn json(bencher: Bencher<'_, '_>, input: Input) {
    convert(bencher, &input.bytes(), &Converter::new(Format::Json));
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn json_whole(bencher: Bencher<'_, '_>, input: Input) {
    convert(bencher, &input.bytes(), &Converter::new(Format::Json).whole());
}

/// Records, 4 MB times the argument.
mod grow {
    use super::*;

    #[divan::bench(args = [1, 4, 16], sample_count = 5)]
    fn ndjson(bencher: Bencher<'_, '_>, times: usize) {
        convert(bencher, &Input::Records.times(times), &Converter::new(Format::Ndjson));
    }

    #[divan::bench(args = [1, 4, 16], sample_count = 5)]
    fn msgpack(bencher: Bencher<'_, '_>, times: usize) {
        convert(bencher, &Input::Records.times(times), &Converter::new(Format::MessagePack));
    }

    #[divan::bench(args = [1, 4, 16], sample_count = 5)]
    fn parquet(bencher: Bencher<'_, '_>, times: usize) {
        convert(bencher, &Input::Records.times(times), &Converter::new(Format::Parquet));
    }
}
