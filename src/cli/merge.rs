//! `--merge`: the rows of many inputs in one output, in the order of the inputs; all of them or none.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use depickle::error::{Error, Failure};
use depickle::location::Location;
use depickle::{Gather, Report};

use super::convert::{All, Own, Taker, Writing};
use super::files::Opener;
use super::jobs::{self, Hand, Part};
use super::output::{Hashing, Pending};
use super::plan;
use super::run::{self, Done, Outcome, Run, Telling};

/// Converts all inputs into the one output.
pub(super) fn all(all: &All<'_>, run: &mut Run<'_>) {
    let target = if plan::is_stdout(all.args) { None } else { all.args.output.as_deref() };
    let no_overwrite = all.args.no_overwrite;
    let pending = match target {
        Some(target) => Pending::file(target, !no_overwrite),
        // Held back until every input is converted.
        None => Pending::stdout(true, all.args.temp_dir.as_deref()),
    };
    let pending = match pending {
        Ok(pending) => pending,
        Err(e) => return run.failure(&run::unwritten(e, no_overwrite, target).into()),
    };
    let telling = run.telling();
    let mut output = Hashing::new(pending, telling.recorded);
    let result = if all.plan.format.is_tabular() {
        table(all, target, run, &mut output)
    } else {
        rows_of_all(all, target, run, &mut output)
    };
    let (pending, hash) = output.finish();
    let unwritten = |e| Failure::from(run::unwritten(e, no_overwrite, target));
    match result {
        Ok(_) if run.has_failed() => {
            run.hint("nothing was written: `--merge` writes the rows of all inputs, or none");
            run.book().merged(target, None);
        }
        Ok(written) => match pending.publish() {
            Ok(()) => run.book().merged(target, Some((written, hash))),
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe && target.is_none() => {}
            Err(e) => run.failure(&unwritten(e)),
        },
        Err(failure) => {
            run.failure(&failure);
            run.book().merged(target, None);
        }
    }
}

/// The rows of all inputs, one after another; how many bytes they are.
fn rows_of_all(
    all: &All<'_>,
    target: Option<&Path>,
    run: &mut Run<'_>,
    output: &mut dyn Write,
) -> Result<u64, Failure> {
    let telling = run.telling();
    let (mut written, mut failed) = (0, None);
    let job = |own: &mut Own, n: usize, hand: &mut Hand<'_, Done>| rows(all, own, n, target, telling, hand);
    jobs::in_order(
        all.inputs.len(),
        all.plan.jobs,
        || Own::new(all),
        job,
        |part| {
            match part {
                // Nothing will be published.
                Part::Bytes(_) if run.has_failed() => {}
                Part::Bytes(bytes) => {
                    written += bytes.len() as u64;
                    if let Err(e) = output.write_all(bytes) {
                        failed = Some(e);
                        return ControlFlow::Break(());
                    }
                }
                Part::Done(done) => {
                    if let Some(input) = all.inputs.get(done.input) {
                        run.done(input, done);
                    }
                }
            }
            ControlFlow::Continue(())
        },
    );
    match failed {
        Some(e) => Err(run::unwritten(e, all.args.no_overwrite, target).into()),
        None => Ok(written),
    }
}

/// One table of all rows; how many bytes it is.
fn table(all: &All<'_>, target: Option<&Path>, run: &mut Run<'_>, output: &mut dyn Write) -> Result<u64, Failure> {
    let telling = run.telling();
    let mut gathering = Gathering { gather: all.converter.gather()?, name: String::new() };
    let mut opener = Opener::default();
    for (n, input) in all.inputs.iter().enumerate() {
        let outcome = match input.path().to_str() {
            None if all.args.source_column.is_some() => (Err(no_text(&input.path())), None),
            _ => {
                gathering.name = input.name();
                all.give(&mut gathering, &mut opener, n, telling.recorded)
            }
        };
        let (outcome, input_hash) = match outcome {
            (Ok(report), hash) => (telling.written(target, report, None), hash),
            (Err(failure), hash) => (Outcome::Failed(failure), hash),
        };
        run.done(input, Done { input: n, outcome, input_hash });
    }
    if run.has_failed() {
        return Ok(0);
    }
    let report = gathering.gather.write(output)?;
    let name = run::shown(target);
    run.told(&name, target, &report);
    Ok(report.bytes_written)
}

/// A table in the making, and the input that comes next.
struct Gathering<'c> {
    gather: Gather<'c>,
    name: String,
}

impl Taker for Gathering<'_> {
    fn side_files(&mut self, folder: Option<&Path>) {
        self.gather.side_files(folder);
    }

    fn file(&mut self, file: File) -> Result<Report, Failure> {
        self.gather.add(file, &self.name)
    }

    fn stream(&mut self, stream: &mut (dyn Read + Send)) -> Result<Report, Failure> {
        self.gather.add(stream, &self.name)
    }
}

/// The rows of one input.
fn rows(
    all: &All<'_>,
    own: &mut Own,
    n: usize,
    target: Option<&Path>,
    telling: Telling,
    hand: &mut Hand<'_, Done>,
) -> Done {
    if let Some(input) = all.inputs.get(n).filter(|_| all.args.source_column.is_some()) {
        let path = input.path();
        let Some(name) = path.to_str() else {
            return Done { input: n, outcome: Outcome::Failed(no_text(&path)), input_hash: None };
        };
        own.worker.comes_from(name);
    }
    let Own { worker, opener } = own;
    let (result, input_hash) = all.give(&mut Writing { worker, output: hand, target }, opener, n, telling.recorded);
    let outcome = match result {
        Ok(report) => telling.written(target, report, None),
        Err(failure) => Outcome::Failed(failure),
    };
    Done { input: n, outcome, input_hash }
}

fn no_text(path: &Path) -> Failure {
    let what = "expected a file name in UTF-8, for `--source-column`, found other bytes";
    Error::unrepresentable(what, Location::default())
        .with_hint("without `--source-column` names may be any bytes")
        .in_file(&path.to_string_lossy())
        .into()
}
