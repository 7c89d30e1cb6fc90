//! From a document to each format: lowering and writing, into nothing. Figures are bytes of the pickle, not of the output.

#![expect(clippy::expect_used, reason = "a benchmark of what fails measures nothing")]

mod inputs;

use depickle::{Converter, Format, Limits, Mapping, Reader, WriteOptions};
use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher};
use inputs::Input;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: AllocProfiler<MiMalloc> = AllocProfiler::new(MiMalloc);

/// Whatever has rows.
const TABLES: [Input; 8] = [
    Input::Records,
    Input::Dated,
    Input::Strings,
    Input::Ints,
    Input::Floats,
    Input::Columns,
    Input::Ndarray,
    Input::Frame,
];
/// What stays within the cells of CSV.
const FLAT: [Input; 5] = [Input::Strings, Input::Ints, Input::Floats, Input::Columns, Input::Frame];
/// Arrays, and what becomes one.
const ARRAYS: [Input; 1] = [Input::Ndarray];

fn main() {
    divan::main();
}

fn write(bencher: Bencher<'_, '_>, input: Input, options: WriteOptions) {
    let bytes = input.bytes();
    let document = Reader::new().read(&bytes[..]).expect("a pickle that is data");
    // What is shared is written at every place.
    let mut limits = Limits::default();
    limits.max_output = Some(u64::MAX);
    let converter = Converter::with_options(options).limits(limits);
    bencher
        .counter(BytesCount::of_slice(&bytes))
        .bench_local(|| converter.write(&document, &mut std::io::sink()).expect("what the format carries"));
}

fn to(format: Format) -> WriteOptions {
    WriteOptions::new(format)
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn json(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::Json));
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn ndjson(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::Ndjson));
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn lossless_json(bencher: Bencher<'_, '_>, input: Input) {
    let mut options = to(Format::Json);
    options.mapping = Mapping::Lossless;
    write(bencher, input, options);
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn msgpack(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::MessagePack));
}

#[divan::bench(args = Input::TYPICAL, sample_count = 20)]
fn protobuf(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::Protobuf));
}

#[divan::bench(args = TABLES, sample_count = 10)]
fn parquet(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::Parquet));
}

#[divan::bench(args = TABLES, sample_count = 20)]
fn arrow(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::Arrow));
}

#[divan::bench(args = FLAT, sample_count = 20)]
fn csv(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::Csv));
}

#[divan::bench(args = ARRAYS, sample_count = 20)]
fn npy(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::Npy));
}

#[divan::bench(args = Input::PATHOLOGICAL.into_iter().filter(|input| *input != Input::Collisions), sample_count = 20)]
fn pathological(bencher: Bencher<'_, '_>, input: Input) {
    write(bencher, input, to(Format::Json));
}
