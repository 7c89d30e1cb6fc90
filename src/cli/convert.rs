//! `depickle convert`: every input is tried and reported, in the order of the inputs; the highest status is returned.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use depickle::error::{Error, Failure};
use depickle::location::Location;
use depickle::{Converter, Format, Output, Progress, Report, Spooled, Worker};

use super::args::ConvertArgs;
use super::exit::Status;
use super::files::{self, Input, Opener};
use super::jobs::{self, Part};
use super::output::{Hashing, Minding, Pending};
use super::plan::{self, Plan};
use super::progress::{Counted, Watch, Watched};
use super::run::{self, Done, Outcome, Run, Telling};
use super::split;
use super::term::Term;
use super::{apart, merge, pages, unfinished};

/// Runs the command.
pub(super) fn run(args: &ConvertArgs) -> Status {
    let term = Term::new(args.quiet, args.verbose);
    unfinished::catch_signals();
    let plan = Plan::new(args).inspect(|plan| pages::allow_huge(Some(plan.format)));
    let status = plan.and_then(|plan| all(args, &plan, &term)).unwrap_or_else(|error| {
        term.error(&error);
        error.category().into()
    });
    unfinished::sweep();
    status
}

fn all(args: &ConvertArgs, plan: &Plan, term: &Term) -> Result<Status, Error> {
    let (inputs, missing) = files::expand(&args.inputs);
    if args.out_dir.is_none() && !args.merge {
        one_input(args, inputs.len() + missing.len())?;
    }
    // With `--merge` there is one for all.
    let outputs = if args.merge { 1 } else { inputs.len() };
    let targets: Vec<Option<PathBuf>> =
        inputs.iter().take(outputs).map(|input| target(args, plan.format, input)).collect();
    apart::check(args, &inputs, &targets)?;
    let mut run = Run::new(args, term)?;
    for input in missing {
        run.missing(&input.name, input.why);
    }
    let watch = watch(args, &inputs, &run);
    let all = All {
        args,
        plan,
        inputs: &inputs,
        converter: watch.converter(plan).places(run.telling().places()),
        read: &watch.read,
    };
    if args.merge {
        merge::all(&all, &mut run);
    } else {
        each(&all, &targets, &mut run);
    }
    drop(watch);
    Ok(run.finish())
}

/// Checks that what was named is one file.
fn one_input(args: &ConvertArgs, found: usize) -> Result<(), Error> {
    let what = match args.inputs.iter().find(|input| input.is_dir()) {
        Some(folder) => Error::misuse("expected one file without `--out-dir` or `--merge`, found a folder")
            .in_file(&folder.to_string_lossy()),
        None if found > 1 => {
            Error::misuse(format!("expected one input without `--out-dir` or `--merge`, found {found}"))
        }
        None => return Ok(()),
    };
    Err(what.with_hint("`--out-dir DIR` writes one output per input, `--merge` the rows of all into one"))
}

/// The file an input is written to; `None` is standard output.
fn target(args: &ConvertArgs, format: Format, input: &Input) -> Option<PathBuf> {
    match (&args.output, &args.out_dir) {
        _ if plan::is_stdout(args) => None,
        (Some(output), _) => Some(output.clone()),
        (None, Some(folder)) => {
            // Appended, so that `a.pkl` and `a.pkl.gz` never collide.
            let mut name = folder.join(input.relative()).into_os_string();
            name.push(".");
            name.push(format.extension());
            Some(PathBuf::from(name))
        }
        (None, None) => None,
    }
}

/// What is shown of a run on a terminal, and who feeds it.
struct Shown {
    progress: Option<Arc<Progress>>,
    /// Bytes that were read from standard input or another stream.
    read: Option<Arc<AtomicU64>>,
    _watch: Option<Watch>,
}

fn watch(args: &ConvertArgs, inputs: &[Input], run: &Run<'_>) -> Shown {
    if !Watch::is_wanted(args.quiet, plan::is_stdout(args)) {
        return Shown { progress: None, read: None, _watch: None };
    }
    match inputs {
        [one] => {
            let (progress, read) = (Arc::new(Progress::new()), Arc::new(AtomicU64::new(0)));
            let len = std::fs::metadata(one.path()).ok().filter(|m| m.is_file()).map(|m| m.len());
            let watched = Watched::Input { progress: Arc::clone(&progress), read: Arc::clone(&read), len };
            Shown { progress: Some(progress), read: Some(read), _watch: Some(Watch::start(watched)) }
        }
        many => {
            let read = Arc::new(AtomicU64::new(0));
            let watched = Watched::Inputs { done: run.counter(), all: many.len() as u64, read: Arc::clone(&read) };
            Shown { progress: None, read: Some(read), _watch: Some(Watch::start(watched)) }
        }
    }
}

impl Shown {
    fn converter(&self, plan: &Plan) -> Converter {
        let converter = plan.converter.clone();
        match &self.progress {
            Some(progress) => converter.watched(Arc::clone(progress)),
            None => converter,
        }
    }
}

/// The inputs of a run, and how they are converted.
pub(super) struct All<'a> {
    pub args: &'a ConvertArgs,
    pub plan: &'a Plan,
    pub inputs: &'a [Input],
    pub converter: Converter,
    read: &'a Option<Arc<AtomicU64>>,
}

/// What a thread has of its own.
pub(super) struct Own {
    pub worker: Worker,
    pub opener: Opener,
}

impl Own {
    pub fn new(all: &All<'_>) -> Self {
        Own { worker: all.converter.worker(), opener: Opener::default() }
    }
}

/// Each input to an output of its own.
fn each(all: &All<'_>, targets: &[Option<PathBuf>], run: &mut Run<'_>) {
    let telling = run.telling();
    let first = apart::first_of_each(targets);
    let job = |own: &mut Own, n: usize, _: &mut jobs::Hand<'_, Done>| {
        let target = targets.get(n).and_then(Option::as_deref);
        let mut input_hash = None;
        let outcome = if first.get(n) == Some(&false) {
            let place = target.map_or("standard output".into(), Path::to_string_lossy);
            let error = Error::misuse(format!("two inputs would be written to `{place}`"));
            let name = all.inputs.get(n).map(Input::name).unwrap_or_default();
            Outcome::Failed(error.in_file(&name).into())
        } else {
            match target {
                Some(target) if all.args.split => split::one(all, n, target, telling.recorded, &mut input_hash),
                target => one(all, own, n, target, telling, &mut input_hash),
            }
            .unwrap_or_else(Outcome::Failed)
        };
        Done { input: n, outcome, input_hash }
    };
    jobs::in_order(
        all.inputs.len(),
        all.plan.jobs,
        || Own::new(all),
        job,
        |part| {
            let gone = match part {
                Part::Done(done) => all.inputs.get(done.input).is_some_and(|input| !run.done(input, done)),
                Part::Bytes(_) => false,
            };
            if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        },
    );
}

/// One input to one output.
fn one(
    all: &All<'_>,
    own: &mut Own,
    n: usize,
    target: Option<&Path>,
    telling: Telling,
    input_hash: &mut Option<String>,
) -> Result<Outcome, Failure> {
    let no_overwrite = all.args.no_overwrite;
    let unwritten = |e| Failure::from(run::unwritten(e, no_overwrite, target));
    let pending = match target {
        Some(target) => Pending::file(target, !no_overwrite),
        None => Pending::stdout(all.args.mapping.strict, all.args.temp_dir.as_deref()),
    };
    let mut output = Hashing::new(pending.map_err(unwritten)?, telling.recorded);
    let Own { worker, opener } = own;
    let (result, hash) = all.give(&mut Writing { worker, output: &mut output, target }, opener, n, telling.recorded);
    *input_hash = hash;
    let (pending, hash) = output.finish();
    let report = match result {
        Ok(report) => report,
        Err(failure) if target.is_none() && run::is_broken_pipe(&failure) => return Ok(Outcome::Gone),
        Err(failure) => return Err(failure),
    };
    if let (Some(proto), Some(target)) = (&report.proto, target) {
        let beside = target.with_extension("proto");
        let written = Pending::file(&beside, !no_overwrite).and_then(|mut file| {
            file.write_all(proto.as_bytes())?;
            file.publish()
        });
        written.map_err(|e| run::unwritten(e, no_overwrite, Some(&beside)))?;
    }
    match pending.publish() {
        Ok(()) => Ok(telling.written(target, report, hash)),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe && target.is_none() => Ok(Outcome::Gone),
        Err(e) => Err(unwritten(e)),
    }
}

/// Who takes inputs.
pub(super) trait Taker {
    /// Where the arrays lie that joblib put into files beside the next input.
    fn side_files(&mut self, folder: Option<&Path>);

    fn file(&mut self, file: File) -> Result<Report, Failure>;

    fn stream(&mut self, stream: &mut (dyn Read + Send)) -> Result<Report, Failure>;
}

/// A worker and where it writes to.
pub(super) struct Writing<'a> {
    pub worker: &'a mut Worker,
    pub output: &'a mut dyn Output,
    /// `None` is standard output.
    pub target: Option<&'a Path>,
}

impl Writing<'_> {
    /// Converts; what the output did not take is its own failure.
    fn convert(
        &mut self,
        convert: impl FnOnce(&mut Worker, &mut dyn Output) -> Result<Report, Failure>,
    ) -> Result<Report, Failure> {
        let mut output = Minding { output: &mut *self.output, failed: false };
        let result = convert(self.worker, &mut output);
        if output.failed { result.map_err(|failure| failure.in_file(&run::shown(self.target))) } else { result }
    }
}

impl Taker for Writing<'_> {
    fn side_files(&mut self, folder: Option<&Path>) {
        self.worker.side_files(folder);
    }

    fn file(&mut self, file: File) -> Result<Report, Failure> {
        self.convert(|worker, output| worker.convert_file_to(file, output))
    }

    fn stream(&mut self, stream: &mut (dyn Read + Send)) -> Result<Report, Failure> {
        self.convert(|worker, output| worker.convert(stream, output))
    }
}

impl All<'_> {
    /// Gives an input to who takes it; beside what came of it the hash of all its bytes, if it is `recorded`.
    pub fn give(
        &self,
        taker: &mut dyn Taker,
        opener: &mut Opener,
        n: usize,
        recorded: bool,
    ) -> (Result<Report, Failure>, Option<String>) {
        let Some(input) = self.inputs.get(n) else {
            return (Err(Error::io(io::ErrorKind::NotFound.into(), Location::default()).into()), None);
        };
        let mut hash = None;
        let result = self.give_input(taker, opener, input, recorded.then_some(&mut hash));
        (result.map_err(|failure| failure.in_file(&input.name())), hash)
    }

    fn give_input(
        &self,
        taker: &mut dyn Taker,
        opener: &mut Opener,
        input: &Input,
        hash: Option<&mut Option<String>>,
    ) -> Result<Report, Failure> {
        let io = |e: io::Error| Failure::from(Error::io(e, Location::default()));
        if input.is_stdin() {
            taker.side_files(None);
            return self.give_stream(taker, io::stdin(), hash);
        }
        let file = opener.open(input).map_err(io)?;
        taker.side_files(Some(input.folder()));
        // What was met in a folder was seen to be a file.
        if !input.is_met() && !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return self.give_stream(taker, file, hash);
        }
        let Some(hash) = hash else {
            return self.counted(taker.file(file));
        };
        let mut again = file.try_clone().map_err(io)?;
        let result = self.counted(taker.file(file));
        *hash = again.rewind().and_then(|()| hash_rest(Hashing::new(again, true))).map_err(io)?;
        result
    }

    /// Counts the bytes of a file that is done; those of a stream were counted one after another.
    fn counted(&self, result: Result<Report, Failure>) -> Result<Report, Failure> {
        if let (Some(read), Ok(report)) = (self.read, &result) {
            read.fetch_add(report.bytes_read, Ordering::Relaxed);
        }
        result
    }

    fn give_stream(
        &self,
        taker: &mut dyn Taker,
        stream: impl Read + Send,
        hash: Option<&mut Option<String>>,
    ) -> Result<Report, Failure> {
        let mut stream = Hashing::new(Counted { inner: stream, read: self.read.clone() }, hash.is_some());
        let spooled = self.converter.spool(&mut stream, self.args.temp_dir.as_deref());
        let result = spooled.map_err(Failure::from).and_then(|spooled| match spooled {
            Spooled::File(file) => taker.file(file),
            Spooled::Begun(head) => taker.stream(&mut head.as_slice().chain(&mut stream)),
        });
        if let Some(hash) = hash {
            *hash = hash_rest(stream).map_err(|e| Failure::from(Error::io(e, Location::default())))?;
        }
        result
    }
}

/// The hash of an input; what a refusal left unread belongs to the file that was refused.
pub(super) fn hash_rest(mut source: Hashing<impl Read>) -> io::Result<Option<String>> {
    io::copy(&mut source, &mut io::sink())?;
    Ok(source.finish().1)
}
