//! The command line: arguments, messages, exit status. Data goes to stdout, everything else to stderr.

mod apart;
mod args;
mod convert;
mod dis;
mod exit;
mod files;
mod globals;
mod jobs;
mod ledger;
mod merge;
mod output;
mod pages;
mod plan;
mod progress;
mod run;
mod schema;
mod split;
mod term;
mod unfinished;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Status;

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    pages::allow_huge(None);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version go to stdout and are no error.
            let status = if e.use_stderr() { Status::Usage } else { Status::Ok };
            let _ = e.print();
            return status.into();
        }
    };
    let status = match cli.command {
        Command::Convert(args) => convert::run(&args),
        Command::Dis(args) => dis::run(&args),
        Command::Globals(args) => globals::run(&args),
        Command::Schema(args) => schema::run(&args),
    };
    status.into()
}
