//! `depickle dis`: the opcodes of a pickle, on standard output.

use std::fs::File;
use std::io::{self, Read};

use depickle::error::{Error, ErrorKind};
use depickle::location::Location;

use super::args::DisArgs;
use super::exit::Status;
use super::term::Term;

/// Runs the command.
pub(super) fn run(args: &DisArgs) -> Status {
    let term = Term::new(false, false);
    let name = args.input.to_string_lossy();
    let source: Box<dyn Read + Send> = if args.input.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        match File::open(&args.input) {
            Ok(file) => Box::new(file),
            Err(e) => {
                term.error(&Error::io(e, Location::default()).in_file(&name));
                return Status::Io;
            }
        }
    };
    match depickle::disassemble(source, &mut io::stdout().lock(), &args.limits.limits()) {
        Ok(()) => Status::Ok,
        // Whoever read standard output has gone.
        Err(failure) if failure.findings().iter().any(is_broken_pipe) => Status::Ok,
        Err(failure) => {
            let failure = failure.in_file(&name);
            term.failure(&failure);
            failure.category().into()
        }
    }
}

fn is_broken_pipe(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io(source) if source.kind() == io::ErrorKind::BrokenPipe)
}
