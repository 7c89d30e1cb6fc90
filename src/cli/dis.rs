//! `depickle dis`: the opcodes of a pickle.

use super::args::DisArgs;
use super::exit::Status;

/// Runs the command.
pub(super) fn run(args: &DisArgs) -> Status {
    let _ = args;
    Status::Ok
}
