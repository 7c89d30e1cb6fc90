//! What the user decides about the output.

use std::num::NonZeroUsize;

/// The formats that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// One JSON document.
    Json,
    /// One JSON text per line.
    Ndjson,
    /// MessagePack, one object per pickle.
    MessagePack,
    /// Length-delimited messages of `proto/depickle/v1/value.proto`.
    Protobuf,
    /// One array as numpy's `.npy`.
    Npy,
    /// A dict of arrays as numpy's `.npz`.
    Npz,
    /// A dict of arrays or tensors as safetensors.
    Safetensors,
    /// A table as Parquet.
    Parquet,
    /// A table as an Arrow IPC file (Feather).
    Arrow,
    /// A table as an Arrow IPC stream.
    ArrowStream,
    /// A table as CSV.
    Csv,
}

impl Format {
    /// The name `--to` takes.
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::MessagePack => "msgpack",
            Format::Protobuf => "protobuf",
            Format::Npy => "npy",
            Format::Npz => "npz",
            Format::Safetensors => "safetensors",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
            Format::ArrowStream => "arrow-stream",
            Format::Csv => "csv",
        }
    }

    /// The extension of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::MessagePack => "msgpack",
            Format::Protobuf => "pb",
            Format::Npy => "npy",
            Format::Npz => "npz",
            Format::Safetensors => "safetensors",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
            Format::ArrowStream => "arrows",
            Format::Csv => "csv",
        }
    }

    /// The format of a file extension (without the dot, any case).
    pub fn of_extension(extension: &str) -> Option<Format> {
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Format::Json),
            "ndjson" | "jsonl" => Some(Format::Ndjson),
            "msgpack" | "mpk" => Some(Format::MessagePack),
            "pb" => Some(Format::Protobuf),
            "npy" => Some(Format::Npy),
            "npz" => Some(Format::Npz),
            "safetensors" => Some(Format::Safetensors),
            "parquet" => Some(Format::Parquet),
            "arrow" | "feather" => Some(Format::Arrow),
            "arrows" => Some(Format::ArrowStream),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }

    /// Whether the output is bytes that a terminal should not get.
    pub fn is_binary(self) -> bool {
        match self {
            Format::Npy | Format::Npz | Format::Safetensors => true,
            Format::Json | Format::Ndjson | Format::Csv => false,
            Format::MessagePack | Format::Protobuf | Format::Parquet | Format::Arrow | Format::ArrowStream => true,
        }
    }

    /// Whether it holds tables only.
    pub fn is_tabular(self) -> bool {
        match self {
            Format::Json | Format::Ndjson | Format::MessagePack | Format::Protobuf => false,
            Format::Npy | Format::Npz | Format::Safetensors => false,
            Format::Parquet | Format::Arrow | Format::ArrowStream | Format::Csv => true,
        }
    }
}

/// Which mapping is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mapping {
    /// What a reader of the format expects; the ledger says what was retyped or lost.
    #[default]
    Natural,
    /// Every value tagged where the format has no type for it; every step exact.
    Lossless,
}

/// What a schema is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaFormat {
    /// Arrow's types, a line for each column.
    Arrow,
    /// A JSON Schema (draft 2020-12) for the rows.
    JsonSchema,
    /// A Protocol Buffers message for the rows.
    Proto,
}

/// How Python 2's 8-bit strings are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Py2Str {
    /// As text where it is valid UTF-8, else as bytes.
    #[default]
    Auto,
    /// As UTF-8; anything else is an error.
    Utf8,
    /// As Latin-1.
    Latin1,
    /// As bytes.
    Bytes,
}

/// What becomes of NaN and the infinities where the format has no number for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonFinite {
    /// Null, which is lossy.
    #[default]
    Null,
    /// The strings `NaN`, `Infinity`, `-Infinity`.
    String,
    /// An error.
    Error,
}

/// What becomes of a str with lone surrogates, which no UTF-8 can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Surrogates {
    /// An error.
    #[default]
    Error,
    /// JSON's `\udXXX` escapes; an error in other formats.
    Escape,
    /// U+FFFD, which is lossy.
    Replace,
}

/// What the items of a root list become, and the pickles of a file of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Items {
    /// As the format has it: a line each in NDJSON, parts of one value in the other formats.
    #[default]
    OfFormat,
    /// Rows that stand alone, one after another, so that the outputs of several inputs can be put together. NDJSON and
    /// MessagePack have them.
    Rows,
}

/// A column that says where a row came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The column's name. Each row is an object with text keys, of which none is this one.
    pub column: String,
    /// What stands in it.
    pub name: String,
}

/// What becomes of the first lossy step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// It is counted in the ledger.
    #[default]
    Ledger,
    /// It is an error (`--strict`).
    Error,
}

/// How the pages of a Parquet file are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Zstandard, level 3.
    #[default]
    Zstd,
    /// Snappy.
    Snappy,
    /// gzip.
    Gzip,
    /// LZ4, raw blocks.
    Lz4,
    /// Not at all.
    None,
}

/// What dicts inside the columns of a table become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DictAs {
    /// A struct, or a map where keys vary: more than 16 of them, of which a dict has fewer than a quarter on average.
    #[default]
    Auto,
    /// A struct with a field for every key.
    Struct,
    /// A map.
    Map,
}

/// What the user decides about the output.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOptions {
    /// The format.
    pub format: Format,
    /// Natural or lossless.
    pub mapping: Mapping,
    /// Spaces per level of JSON; `None` writes no white space.
    pub indent: Option<u8>,
    /// Python 2's 8-bit strings.
    pub py2_str: Py2Str,
    /// NaN and the infinities.
    pub non_finite: NonFinite,
    /// Lone surrogates.
    pub surrogates: Surrogates,
    /// The key under which a record's class stands; `None` drops the class.
    pub class_key: Option<String>,
    /// What a lossy step does.
    pub loss: Loss,
    /// The items of a root list.
    pub items: Items,
    /// A column that is added to each row: with [`Items::Rows`], in the natural mapping.
    pub source: Option<Source>,
    /// Parquet's compression.
    pub compression: Compression,
    /// Rows of one row group of Parquet, at most.
    pub row_group_size: NonZeroUsize,
    /// Dicts inside the columns of a table.
    pub dict_as: DictAs,
    /// Rows of Protocol Buffers are messages of this name, which have the columns of a table as fields.
    pub proto_message: Option<String>,
    /// What separates the cells of CSV: one ASCII character.
    pub delimiter: u8,
}

/// Rows of one row group unless said otherwise.
const ROW_GROUP_SIZE: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 20) - 1);

impl WriteOptions {
    /// The defaults for a format.
    pub fn new(format: Format) -> Self {
        WriteOptions {
            format,
            mapping: Mapping::Natural,
            indent: None,
            py2_str: Py2Str::Auto,
            non_finite: NonFinite::Null,
            surrogates: Surrogates::Error,
            class_key: None,
            loss: Loss::Ledger,
            items: Items::OfFormat,
            source: None,
            compression: Compression::Zstd,
            row_group_size: ROW_GROUP_SIZE,
            dict_as: DictAs::Auto,
            proto_message: None,
            delimiter: b',',
        }
    }
}
