//! What holds for every input of a run: the converter, and whether the options go together.

use std::fs::File;
use std::io::{self, IsTerminal, Read};

use depickle::error::Error;
use depickle::limits::Limit;
use depickle::location::Location;
use depickle::{Converter, Format, Items, Source};

use super::args::{ConvertArgs, MappingArgs, SurrogatesArg};

pub(super) struct Plan {
    pub converter: Converter,
    pub format: Format,
    /// Threads that convert.
    pub jobs: usize,
}

impl Plan {
    /// Reads the options.
    ///
    /// # Errors
    /// Options that do not go together, or that would have no effect.
    pub fn new(args: &ConvertArgs) -> Result<Plan, Error> {
        let format = format(args)?;
        let to_stdout = is_stdout(args);
        if to_stdout && format.is_binary() && io::stdout().is_terminal() {
            return Err(Error::misuse(format!("expected a file or a pipe for {}, found a terminal", format.name()))
                .with_hint("`-o FILE` or `--out-dir DIR` writes it to disk"));
        }
        has_effect(&args.mapping, format)?;
        columns_have_effect(args, format)?;
        if args.source_column.is_some() && !args.merge {
            return Err(Error::misuse("expected `--merge` with `--source-column`, found it alone"));
        }
        let mut options = args.mapping.options(format);
        args.tables.apply(&mut options);
        options.proto_message.clone_from(&args.proto_message);
        tables_and_messages(args, format)?;
        if args.merge {
            mergeable(args, format)?;
            options.items = Items::Rows;
            options.source = args.source_column.clone().map(|column| Source { column, name: String::new() });
        }
        let mut converter = Converter::with_options(options)
            .policy(args.policy.policy()?)
            .trailing(args.policy.trailing())
            .limits(args.limits.limits());
        if let Some(path) = &args.mapping.select {
            converter = converter.select(path)?;
        }
        if args.whole {
            converter = converter.whole();
        }
        if to_stdout && !args.mapping.strict {
            converter = converter.checked_first();
        }
        if !args.buffers.is_empty() {
            converter = converter.buffers(buffers(args)?);
        }
        let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from);
        // What the files of an input are called is known only once it was read; one input after another knows what is taken.
        let jobs = if args.split { 1 } else { jobs };
        Ok(Plan { converter, format, jobs })
    }
}

/// Whether the one output is standard output.
pub(super) fn is_stdout(args: &ConvertArgs) -> bool {
    match &args.output {
        Some(output) => output.as_os_str() == "-",
        None => args.out_dir.is_none(),
    }
}

/// The format that `--to`, else the extension of `-o` names; JSON without either.
fn format(args: &ConvertArgs) -> Result<Format, Error> {
    if let Some(to) = args.to {
        return Ok(to.into());
    }
    let Some(output) = args.output.as_deref().filter(|output| output.as_os_str() != "-") else {
        return Ok(if args.merge { Format::Ndjson } else { Format::Json });
    };
    let extension = output.extension().and_then(|e| e.to_str()).unwrap_or_default();
    Format::of_extension(extension).ok_or_else(|| {
        let known =
            ".json .ndjson .jsonl .msgpack .mpk .pb .parquet .arrow .feather .arrows .csv .npy .npz .safetensors";
        Error::misuse(format!("expected an extension that names a format ({known}), found `{}`", output.display()))
            .with_hint("`--to FORMAT` names the format whatever the extension")
    })
}

/// The out-of-band buffers of the one input.
fn buffers(args: &ConvertArgs) -> Result<Vec<Vec<u8>>, Error> {
    if args.inputs.len() > 1 {
        return Err(Error::misuse(format!("expected one input with `--buffer`, found {}", args.inputs.len())));
    }
    let allowed = args.limits.limits().max_memory;
    let mut buffers = Vec::new();
    for path in &args.buffers {
        let failed = |e| Error::io(e, Location::default()).in_file(&path.to_string_lossy());
        let mut buffer = Vec::new();
        let file = File::open(path).map_err(failed)?;
        let read = io::copy(&mut file.take(allowed.saturating_add(1)), &mut buffer).map_err(failed)?;
        if read > allowed {
            return Err(Limit::Memory.exceeded(read, allowed, Location::default()).in_file(&path.to_string_lossy()));
        }
        buffers.push(buffer);
    }
    Ok(buffers)
}

/// Checks that what is written beside the output, or instead of it, has a place.
fn tables_and_messages(args: &ConvertArgs, format: Format) -> Result<(), Error> {
    if args.proto_message.is_some() && format != Format::Protobuf {
        return Err(Error::misuse(format!("`--proto-message` is for protobuf, not for {}", format.name())));
    }
    if args.proto_message.is_some() && is_stdout(args) {
        return Err(Error::misuse("expected a file for the messages, beside which their `.proto` is written")
            .with_hint(
                "`-o FILE` or `--out-dir DIR` writes it; `depickle schema --format proto` prints the `.proto` alone",
            ));
    }
    if args.split && (!format.is_tabular() || is_stdout(args)) {
        return Err(Error::misuse("`--split` writes files of a format of tables")
            .with_hint("`--to parquet -o FILE` or `--out-dir DIR` names them"));
    }
    Ok(())
}

/// Checks that the rows of many inputs can stand in one output.
fn mergeable(args: &ConvertArgs, format: Format) -> Result<(), Error> {
    if !matches!(format, Format::Ndjson | Format::MessagePack) && !format.is_tabular() {
        return Err(Error::misuse(format!("expected a format of rows with `--merge`, found {}", format.name()))
            .with_hint("`--to ndjson`, `--to msgpack` and `--to parquet` are such formats"));
    }
    if args.split {
        return Err(Error::misuse("expected one of `--merge` and `--split`, found both"));
    }
    if args.source_column.is_some() && args.mapping.lossless {
        return Err(Error::misuse("expected rows as they are with `--lossless`, found `--source-column`")
            .with_hint("without `--lossless` rows get the column"));
    }
    if args.inputs.iter().filter(|input| input.as_os_str() == "-").count() > 1 {
        return Err(Error::misuse("expected standard input once, found it twice"));
    }
    Ok(())
}

/// Checks that no option was given that changes nothing: whoever gave it expects something else.
fn has_effect(args: &MappingArgs, format: Format) -> Result<(), Error> {
    let none = |flag: &str, why: &str| {
        let what = format!("`{flag}` has no effect {why}");
        Err(Error::misuse(what).with_hint("without it the output is the same"))
    };
    if args.indent.is_some() && format != Format::Json {
        return Err(Error::misuse(format!("`--indent` is for json, not for {}", format.name())));
    }
    let given = [
        ("--py2-str", args.py2_str.is_some()),
        ("--non-finite", args.non_finite.is_some()),
        ("--surrogates", args.surrogates.is_some()),
        ("--class-key", args.class_key.is_some()),
    ];
    for (flag, _) in given.iter().filter(|(_, given)| *given) {
        let flag = *flag;
        match format {
            Format::Protobuf => return none(flag, "for protobuf, which keeps every value as it is"),
            Format::Npy | Format::Npz | Format::Safetensors => {
                return none(flag, &format!("for {}, which holds arrays", format.name()));
            }
            _ if args.lossless => return none(flag, "with `--lossless`, which keeps every value as it is"),
            Format::MessagePack if flag == "--non-finite" => {
                return none(flag, "for msgpack, which has NaN and the infinities");
            }
            _ if format.is_tabular() && flag == "--non-finite" => {
                return none(flag, &format!("for {}, which has NaN and the infinities", format.name()));
            }
            _ => {}
        }
    }
    if matches!(args.surrogates, Some(SurrogatesArg::Escape)) && !matches!(format, Format::Json | Format::Ndjson) {
        return Err(Error::misuse(format!(
            "expected `--surrogates error` or `replace` for {}, found `escape`, which JSON alone has",
            format.name()
        )));
    }
    Ok(())
}

/// The same for what is said about tables.
fn columns_have_effect(args: &ConvertArgs, format: Format) -> Result<(), Error> {
    let tables = &args.tables;
    let is_parquet = format == Format::Parquet;
    let nests = format.is_tabular() && format != Format::Csv || args.proto_message.is_some();
    let given = [
        ("--compression", tables.compression.is_some(), is_parquet, "parquet"),
        ("--row-group-size", tables.row_group_size.is_some(), is_parquet, "parquet"),
        ("--dict-as", tables.dict_as.is_some(), nests, "tables whose columns nest"),
        ("--delimiter", tables.delimiter.is_some(), format == Format::Csv, "csv"),
    ];
    match given.iter().find(|(_, given, matters, _)| *given && !matters) {
        Some((flag, _, _, wanted)) => {
            Err(Error::misuse(format!("`{flag}` is for {wanted}, not for {}", format.name())))
        }
        None => Ok(()),
    }
}
