//! `depickle schema`: what the columns of a table are, as Arrow, as a JSON Schema, or as a Protocol Buffers message.

use std::io::{self, Write};

use depickle::error::{Error, Failure};
use depickle::location::Location;
use depickle::{Converter, Format, WriteOptions};

use super::args::SchemaArgs;
use super::exit::Status;
use super::term::Term;

/// Runs the command.
pub(super) fn run(args: &SchemaArgs) -> Status {
    let term = Term::new(false, false);
    let name = args.input.to_string_lossy();
    match text(args).map_err(|failure| failure.in_file(&name)) {
        Ok(text) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => Status::Ok,
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Status::Ok,
            Err(e) => {
                term.error(&Error::io(e, Location::default()));
                Status::Io
            }
        },
        Err(failure) => {
            term.failure(&failure);
            failure.category().into()
        }
    }
}

fn text(args: &SchemaArgs) -> Result<String, Failure> {
    let mut options = WriteOptions::new(Format::Arrow);
    args.tables.apply(&mut options);
    options.proto_message.clone_from(&args.proto_message);
    let mut converter = Converter::with_options(options)
        .policy(args.policy.policy()?)
        .trailing(args.policy.trailing())
        .limits(args.limits.limits());
    if let Some(path) = &args.select {
        converter = converter.select(path)?;
    }
    let document = if args.input.as_os_str() == "-" {
        converter.read(io::stdin())?
    } else {
        let folder = args.input.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
        let file = std::fs::File::open(&args.input).map_err(|e| Error::io(e, Location::default()))?;
        converter = converter.side_files(folder);
        converter.read(file)?
    };
    Ok(converter.schema(&document, args.format.into())?)
}
