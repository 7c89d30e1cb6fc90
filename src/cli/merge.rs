//! `--merge`: the rows of many inputs in one output, in the order of the inputs; all of them or none.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use depickle::Worker;
use depickle::error::{Error, Failure};
use depickle::location::Location;

use super::convert::All;
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
        None => Pending::stdout(true),
    };
    let pending = match pending {
        Ok(pending) => pending,
        Err(e) => return run.failure(&run::unwritten(e, no_overwrite, target).into()),
    };
    let telling = run.telling();
    let mut output = Hashing::new(pending, telling.recorded);
    let (mut written, mut failed) = (0, None);
    let job = |worker: &mut Worker, n: usize, hand: &mut Hand<'_, Done>| rows(all, worker, n, target, telling, hand);
    jobs::in_order(
        all.inputs.len(),
        all.plan.jobs,
        || all.converter.worker(),
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
    let (pending, hash) = output.finish();
    let result = match failed {
        Some(e) => Err(e),
        None if run.has_failed() => {
            run.hint("nothing was written: `--merge` writes the rows of all inputs, or none");
            return run.book().merged(target, None);
        }
        None => pending.publish(),
    };
    match result {
        Ok(()) => run.book().merged(target, Some((written, hash))),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe && target.is_none() => {}
        Err(e) => run.failure(&run::unwritten(e, no_overwrite, target).into()),
    }
}

/// The rows of one input.
fn rows(
    all: &All<'_>,
    worker: &mut Worker,
    n: usize,
    target: Option<&Path>,
    telling: Telling,
    hand: &mut Hand<'_, Done>,
) -> Done {
    if let Some(input) = all.inputs.get(n).filter(|_| all.args.source_column.is_some()) {
        let Some(name) = input.path.to_str() else {
            return Done { input: n, outcome: Outcome::Failed(no_text(&input.path)), input_hash: None };
        };
        worker.comes_from(name);
    }
    let (result, input_hash) = all.convert(worker, n, telling.recorded, hand);
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
