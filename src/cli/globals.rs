//! `depickle globals`: the registry as a table.

use std::io::{self, Write};

use super::args::GlobalsArgs;
use super::exit::Status;

/// Runs the command: tab-separated kind, module, name, use, guard; a header line first.
pub(super) fn run(_args: &GlobalsArgs) -> Status {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let table = || -> io::Result<()> {
        writeln!(out, "kind\tmodule\tname\tuse\tguard")?;
        for row in depickle::registry() {
            writeln!(out, "{}\t{}\t{}\t{}\t{}", row.kind, row.module, row.name, row.uses, row.guard)?;
        }
        out.flush()
    };
    match { table }() {
        Ok(()) => Status::Ok,
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Status::Ok,
        Err(_) => Status::Io,
    }
}
