//! The arguments, as clap reads them and `--help` shows them.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use depickle::{
    Compression, DictAs, Format, Limits, Mapping, NonFinite, Policy, Py2Str, SchemaFormat, Surrogates, Trailing,
    WriteOptions,
};

const EXIT_STATUS: &str = "\
Exit status:
  0  converted
  1  input or output failed
  2  wrong usage
  3  refused: a name that is not known to be data, or data with impossible arguments
  4  malformed: bytes that no correct reader accepts
  5  a limit was reached
  6  the format can't carry a value (or --strict)
  130  interrupted (SIGINT, SIGTERM): nothing half is left
  With several inputs all are tried, each is reported, and the highest status is returned.";

const CONVERT_EXAMPLES: &str = "\
Examples:
  depickle convert data.pkl                            JSON to stdout
  depickle convert data.pkl -o data.msgpack            the format follows the extension
  depickle convert frame.pkl -o frame.parquet          a DataFrame, or rows, as pandas reads it back
  depickle convert cache/ --out-dir json/              a folder, recursively
  depickle convert cache/ --merge -o all.ndjson        many inputs, one output
  depickle convert data.pkl.gz --to ndjson | head      compression is seen by content
  depickle convert data.pkl -o data.json --lossless    every value exactly, readable back
  depickle convert jobs.pkl --allow 'shop.models.*'    instances of these classes as records";

const DIS_EXAMPLES: &str = "\
Examples:
  depickle dis data.pkl                what python3 -m pickletools prints, of every pickle in the file
  depickle dis data.pkl.gz | less      compression is seen by content
  depickle dis - < broken.pkl          up to the break, which goes to stderr";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  depickle schema rows.pkl                         a line for each column, in Arrow's types
  depickle schema rows.pkl --format json-schema    a JSON Schema for the rows
  depickle schema data.pkl --select '$.orders' --format proto --proto-message Order";

const GLOBALS_EXAMPLES: &str = "\
Examples:
  depickle globals                     kind, module, name, use and guard, separated by tabs
  depickle globals | grep datetime     what is known of datetime";

/// Gets data out of Python pickles, safely and without Python.
///
/// Nothing in a pickle is ever executed, imported or called: an input that refers to a name that is not known to be data is
/// refused, with every such name listed.
#[derive(Parser)]
#[command(version, about, max_term_width = 110, after_help = EXIT_STATUS, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Convert pickles to JSON, NDJSON, MessagePack, Protocol Buffers, Parquet, Arrow or CSV
    #[command(after_help = format!("{CONVERT_EXAMPLES}\n\n{EXIT_STATUS}"))]
    Convert(Box<ConvertArgs>),
    /// Print the opcodes of a pickle, in the manner of pickletools.dis, up to a break if there is one
    #[command(after_help = format!("{DIS_EXAMPLES}\n\n{EXIT_STATUS}"))]
    Dis(DisArgs),
    /// Print the registry: every name that is known to be data, as a table
    #[command(after_help = format!("{GLOBALS_EXAMPLES}\n\n{EXIT_STATUS}"))]
    Globals(GlobalsArgs),
    /// Print the columns of a table and their types
    #[command(after_help = format!("{SCHEMA_EXAMPLES}\n\n{EXIT_STATUS}"))]
    Schema(Box<SchemaArgs>),
}

#[derive(Args)]
pub(super) struct ConvertArgs {
    /// Files, folders (recursive), globs, or `-` for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Write to this file; its extension names the format (one input, or --merge)
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    pub output: Option<PathBuf>,
    /// Write below this folder, mirroring the inputs' tree; extensions are appended
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// The format; without it the extension of -o, else JSON
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub to: Option<FormatArg>,
    /// Write the rows of all inputs into one output, or nothing where one fails: the items of a root list, else the root
    /// (NDJSON, MessagePack, Parquet, Arrow, CSV)
    #[arg(long, conflicts_with = "out_dir")]
    pub merge: bool,
    /// Add a column to each row that names the input it came from
    #[arg(long, value_name = "NAME")]
    pub source_column: Option<String>,
    /// Convert so many inputs at a time [default: one for each core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Write each table of a dict of tables to a file of its own: `out.NAME.parquet`
    #[arg(long)]
    pub split: bool,
    /// Write rows as Protocol Buffers messages of this name; their .proto is written beside the output
    #[arg(long, value_name = "NAME")]
    pub proto_message: Option<String>,
    /// Refuse to replace files that exist
    #[arg(long)]
    pub no_overwrite: bool,
    /// Write a record of what was converted, refused and lost, with SHA-256 hashes, as JSON
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// An out-of-band buffer of a protocol 5 pickle; again for each, in the order of its pickler (one input)
    #[arg(long = "buffer", value_name = "FILE")]
    pub buffers: Vec<PathBuf>,
    /// Put what comes from a pipe and is large into a temporary file here [default: the system's folder for them]
    #[arg(long, value_name = "DIR")]
    pub temp_dir: Option<PathBuf>,
    #[command(flatten)]
    pub mapping: MappingArgs,
    #[command(flatten)]
    pub tables: TableArgs,
    #[command(flatten)]
    pub policy: PolicyArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Read every input whole, as what cannot be converted in batches is read
    #[arg(long, hide = true)]
    pub whole: bool,
    /// Only errors on stderr
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say what was done with each input, and what was retyped
    #[arg(short, long)]
    pub verbose: bool,
}

#[derive(Args)]
#[command(next_help_heading = "Mapping")]
pub(super) struct MappingArgs {
    /// Tag what the format has no type for, so that every value comes back exactly
    #[arg(long)]
    pub lossless: bool,
    /// Turn the first lossy step into an error, before anything is published
    #[arg(long)]
    pub strict: bool,
    /// Indent JSON by N spaces per level
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "2", require_equals = true,
          value_parser = clap::value_parser!(u8).range(0..=16))]
    pub indent: Option<u8>,
    /// Write only the value at PATH, such as '$.rows[3].price' (as messages print it)
    #[arg(long, value_name = "PATH")]
    pub select: Option<String>,
    /// How 8-bit strings of Python 2 are read [default: auto]
    #[arg(long, value_enum, value_name = "HOW")]
    pub py2_str: Option<Py2StrArg>,
    /// What NaN and infinities become where the format has none [default: null]
    #[arg(long, value_enum, value_name = "HOW")]
    pub non_finite: Option<NonFiniteArg>,
    /// What strings with lone surrogates become [default: error]
    #[arg(long, value_enum, value_name = "HOW")]
    pub surrogates: Option<SurrogatesArg>,
    /// Put the class of an instance under this key
    #[arg(long, value_name = "NAME")]
    pub class_key: Option<String>,
}

#[derive(Args)]
#[command(next_help_heading = "Tables")]
pub(super) struct TableArgs {
    /// How Parquet is compressed [default: zstd]
    #[arg(long, value_enum, value_name = "HOW")]
    pub compression: Option<CompressionArg>,
    /// Rows of one row group of Parquet, at most [default: 1048576]
    #[arg(long, value_name = "N")]
    pub row_group_size: Option<NonZeroUsize>,
    /// What dicts inside columns become [default: auto]
    #[arg(long, value_enum, value_name = "HOW")]
    pub dict_as: Option<DictAsArg>,
    /// What separates the cells of CSV: one ASCII character, or `\t` [default: ,]
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    pub delimiter: Option<u8>,
}

#[derive(Args)]
#[command(next_help_heading = "Policy")]
pub(super) struct PolicyArgs {
    /// Admit names that match, such as 'shop.models.*': their instances are read as records; nothing is loaded
    #[arg(long, value_name = "PATTERN")]
    pub allow: Vec<String>,
    /// What is done with bytes after the last pickle that are none
    #[arg(long, value_enum, default_value = "error", value_name = "HOW")]
    pub trailing: TrailingArg,
}

#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArgs {
    /// Memory for values and text of one input [default: 8G, and 64 MiB + 64 times the input]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub max_memory: Option<u64>,
    /// Levels of nested values [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub max_depth: Option<u32>,
    /// Entries of the memo [default: 4294967296]
    #[arg(long, value_name = "N")]
    pub max_memo: Option<u64>,
    /// Values of one input [default: 2147483648]
    #[arg(long, value_name = "N")]
    pub max_nodes: Option<u64>,
    /// Decimal digits of one number [default: 4300]
    #[arg(long, value_name = "N")]
    pub max_digits: Option<u32>,
    /// Bytes that a compressed input may become [default: 64G]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub max_decompressed: Option<u64>,
    /// How many times larger than the input the decompressed stream may be [default: 1000]
    #[arg(long, value_name = "N")]
    pub max_ratio: Option<u64>,
    /// Layers of compression around one pickle [default: 4]
    #[arg(long, value_name = "N")]
    pub max_layers: Option<u32>,
    /// Members of one archive [default: 1000000]
    #[arg(long, value_name = "N")]
    pub max_members: Option<u64>,
    /// Bytes of output [default: 64 MiB or 64 times the input, whichever is larger]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub max_output: Option<u64>,
    /// Findings in one report [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_findings: Option<u32>,
}

#[derive(Args)]
pub(super) struct DisArgs {
    /// A file, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Args)]
pub(super) struct SchemaArgs {
    /// A file, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// What the schema is written as
    #[arg(long, value_enum, default_value = "arrow", value_name = "FORMAT")]
    pub format: SchemaFormatArg,
    /// The table at PATH, such as '$.orders' (as messages print it)
    #[arg(long, value_name = "PATH")]
    pub select: Option<String>,
    /// The name of the message [default: Row]
    #[arg(long, value_name = "NAME")]
    pub proto_message: Option<String>,
    #[command(flatten)]
    pub tables: TableArgs,
    #[command(flatten)]
    pub policy: PolicyArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum SchemaFormatArg {
    /// Arrow's types, a line for each column
    Arrow,
    /// A JSON Schema, draft 2020-12
    JsonSchema,
    /// A Protocol Buffers message
    Proto,
}

impl From<SchemaFormatArg> for SchemaFormat {
    fn from(arg: SchemaFormatArg) -> Self {
        match arg {
            SchemaFormatArg::Arrow => SchemaFormat::Arrow,
            SchemaFormatArg::JsonSchema => SchemaFormat::JsonSchema,
            SchemaFormatArg::Proto => SchemaFormat::Proto,
        }
    }
}

#[derive(Args)]
pub(super) struct GlobalsArgs {}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum FormatArg {
    Json,
    #[value(alias = "jsonl")]
    Ndjson,
    Msgpack,
    Protobuf,
    Npy,
    Npz,
    Safetensors,
    Parquet,
    #[value(alias = "feather")]
    Arrow,
    ArrowStream,
    Csv,
}

impl From<FormatArg> for Format {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Json => Format::Json,
            FormatArg::Ndjson => Format::Ndjson,
            FormatArg::Msgpack => Format::MessagePack,
            FormatArg::Protobuf => Format::Protobuf,
            FormatArg::Npy => Format::Npy,
            FormatArg::Npz => Format::Npz,
            FormatArg::Safetensors => Format::Safetensors,
            FormatArg::Parquet => Format::Parquet,
            FormatArg::Arrow => Format::Arrow,
            FormatArg::ArrowStream => Format::ArrowStream,
            FormatArg::Csv => Format::Csv,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Py2StrArg {
    /// Text where it is valid UTF-8, else bytes
    Auto,
    /// UTF-8; anything else is an error
    #[value(name = "utf-8", alias = "utf8")]
    Utf8,
    /// Latin-1
    #[value(name = "latin-1", alias = "latin1")]
    Latin1,
    /// Bytes
    Bytes,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum NonFiniteArg {
    /// null, which is lossy
    Null,
    /// The strings NaN, Infinity, -Infinity
    String,
    /// An error
    Error,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum SurrogatesArg {
    /// An error
    Error,
    /// \udXXX escapes (JSON only)
    Escape,
    /// U+FFFD, which is lossy
    Replace,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum CompressionArg {
    Zstd,
    Snappy,
    Gzip,
    Lz4,
    None,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum DictAsArg {
    /// A struct, or a map where keys vary from dict to dict
    Auto,
    /// A struct with a field for every key
    Struct,
    /// A map
    Map,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum TrailingArg {
    /// They make the input malformed
    Error,
    /// They are noted and left alone
    Ignore,
}

impl MappingArgs {
    /// The options for a format.
    pub fn options(&self, format: Format) -> WriteOptions {
        let mut options = WriteOptions::new(format);
        options.mapping = if self.lossless { Mapping::Lossless } else { Mapping::Natural };
        options.indent = self.indent;
        options.py2_str = match self.py2_str {
            None | Some(Py2StrArg::Auto) => Py2Str::Auto,
            Some(Py2StrArg::Utf8) => Py2Str::Utf8,
            Some(Py2StrArg::Latin1) => Py2Str::Latin1,
            Some(Py2StrArg::Bytes) => Py2Str::Bytes,
        };
        options.non_finite = match self.non_finite {
            None | Some(NonFiniteArg::Null) => NonFinite::Null,
            Some(NonFiniteArg::String) => NonFinite::String,
            Some(NonFiniteArg::Error) => NonFinite::Error,
        };
        options.surrogates = match self.surrogates {
            None | Some(SurrogatesArg::Error) => Surrogates::Error,
            Some(SurrogatesArg::Escape) => Surrogates::Escape,
            Some(SurrogatesArg::Replace) => Surrogates::Replace,
        };
        options.class_key = self.class_key.clone();
        options.loss = if self.strict { depickle::Loss::Error } else { depickle::Loss::Ledger };
        options
    }
}

impl TableArgs {
    /// Adds what is said about tables.
    pub fn apply(&self, options: &mut WriteOptions) {
        options.compression = match self.compression {
            None | Some(CompressionArg::Zstd) => Compression::Zstd,
            Some(CompressionArg::Snappy) => Compression::Snappy,
            Some(CompressionArg::Gzip) => Compression::Gzip,
            Some(CompressionArg::Lz4) => Compression::Lz4,
            Some(CompressionArg::None) => Compression::None,
        };
        options.row_group_size = self.row_group_size.unwrap_or(options.row_group_size);
        options.dict_as = match self.dict_as {
            None | Some(DictAsArg::Auto) => DictAs::Auto,
            Some(DictAsArg::Struct) => DictAs::Struct,
            Some(DictAsArg::Map) => DictAs::Map,
        };
        options.delimiter = self.delimiter.unwrap_or(options.delimiter);
    }
}

/// One ASCII character that can separate cells.
fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [b'"' | b'\r' | b'\n'] => Err("expected a character other than a quote or the end of a line".to_owned()),
        [one] if one.is_ascii() => Ok(*one),
        b"\\t" => Ok(b'\t'),
        _ => Err("expected one ASCII character such as `;`, or `\\t`".to_owned()),
    }
}

impl PolicyArgs {
    pub fn policy(&self) -> Result<Policy, depickle::error::Error> {
        self.allow.iter().try_fold(Policy::new(), |policy, pattern| policy.allow(pattern))
    }

    pub fn trailing(&self) -> Trailing {
        match self.trailing {
            TrailingArg::Error => Trailing::Error,
            TrailingArg::Ignore => Trailing::Ignore,
        }
    }
}

impl LimitArgs {
    pub fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        let set = |slot: &mut u64, value: Option<u64>| *slot = value.unwrap_or(*slot);
        set(&mut limits.max_memory, self.max_memory);
        set(&mut limits.max_memo, self.max_memo);
        set(&mut limits.max_nodes, self.max_nodes);
        set(&mut limits.max_decompressed, self.max_decompressed);
        set(&mut limits.max_ratio, self.max_ratio);
        set(&mut limits.max_members, self.max_members);
        limits.max_depth = self.max_depth.unwrap_or(limits.max_depth);
        limits.max_digits = self.max_digits.unwrap_or(limits.max_digits);
        limits.max_layers = self.max_layers.unwrap_or(limits.max_layers);
        limits.max_findings = self.max_findings.unwrap_or(limits.max_findings);
        limits.max_output = self.max_output.or(limits.max_output);
        limits
    }
}

/// A number of bytes: `1048576`, `64K`, `512M`, `8G`, `1T` (powers of 1024; `MiB` and the like too).
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err("expected a number of bytes such as 1048576, 64M or 8G".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "expected a number of bytes such as 1048576, 64M or 8G".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "expected fewer than 2^64 bytes".to_owned())
}
