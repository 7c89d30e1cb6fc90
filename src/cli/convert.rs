//! `depickle convert`: every input, one after another; each is reported, the highest status is returned.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek};
use std::path::{Path, PathBuf};

use depickle::error::{Error, ErrorKind, Failure};
use depickle::limits::Limit;
use depickle::location::Location;
use depickle::{Converter, Fidelity, Format, Report};

use super::args::ConvertArgs;
use super::exit::Status;
use super::files::{self, Input};
use super::ledger;
use super::output::{Hashing, Pending};
use super::split;
use super::term::Term;

/// Runs the command.
pub(super) fn run(args: &ConvertArgs) -> Status {
    let term = Term::new(args.quiet, args.verbose);
    match plan(args) {
        Ok(plan) => all(args, &plan, &term),
        Err(error) => {
            term.error(&error);
            error.category().into()
        }
    }
}

/// What holds for every input.
struct Plan {
    converter: Converter,
    format: Format,
}

fn plan(args: &ConvertArgs) -> Result<Plan, Error> {
    let format = format(args)?;
    let to_stdout = args.output.is_none() && args.out_dir.is_none();
    if to_stdout && format.is_binary() && io::stdout().is_terminal() {
        return Err(Error::misuse(format!("expected a file or a pipe for {}, found a terminal", format.name()))
            .with_hint("`-o FILE` or `--out-dir DIR` writes it to disk"));
    }
    if args.mapping.indent.is_some() && format != Format::Json {
        return Err(Error::misuse(format!("`--indent` is for json, not for {}", format.name())));
    }
    let mut options = args.mapping.options(format);
    args.tables.apply(&mut options);
    options.proto_message.clone_from(&args.proto_message);
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
    Ok(Plan { converter, format })
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

/// Whether the output goes to standard output.
fn is_stdout(args: &ConvertArgs) -> bool {
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
        return Ok(Format::Json);
    };
    let extension = output.extension().and_then(|e| e.to_str()).unwrap_or_default();
    Format::of_extension(extension).ok_or_else(|| {
        let known =
            ".json .ndjson .jsonl .msgpack .mpk .pb .parquet .arrow .feather .arrows .csv .npy .npz .safetensors";
        Error::misuse(format!("expected an extension that names a format ({known}), found `{}`", output.display()))
            .with_hint("`--to FORMAT` names the format whatever the extension")
    })
}

fn all(args: &ConvertArgs, plan: &Plan, term: &Term) -> Status {
    let (inputs, missing) = files::expand(&args.inputs);
    let single = args.out_dir.is_none();
    if single && (inputs.len() + missing.len() > 1 || inputs.iter().any(|i| i.met)) {
        let error =
            Error::misuse(format!("expected one input without `--out-dir`, found {}", inputs.len() + missing.len()))
                .with_hint("`--out-dir DIR` writes one output per input");
        term.error(&error);
        return Status::Usage;
    }
    if let Err(error) = apart(args, plan.format, &inputs) {
        term.error(&error);
        return Status::Usage;
    }
    let mut status = Status::Ok;
    let mut book = ledger::Book::new(args.ledger.is_some());
    for input in missing {
        let error = Error::io(input.why, Location::default()).in_file(&input.name);
        term.error(&error);
        book.failed(&input.name, None, &Failure::from(error), false);
        status = status.max(Status::Io);
    }
    let mut skipped = 0u64;
    let mut targets = std::collections::HashSet::new();
    for input in &inputs {
        let target = target(args, plan.format, input);
        if let Some(target) = &target
            && !targets.insert(target.clone())
        {
            let error =
                Error::misuse(format!("two inputs would be written to `{}`", target.display())).in_file(&input.name());
            term.error(&error);
            status = status.max(Status::Usage);
            continue;
        }
        match one(args, plan, input, target.as_deref(), &mut book) {
            Ok(Done::Converted(report)) => told(input, target.as_deref(), &report, term),
            Ok(Done::Split(parts)) => {
                for (target, report) in parts {
                    told(input, Some(&target), &report, term);
                }
            }
            Ok(Done::BrokenPipe) => break,
            Err(failure) if input.met && failure.is_foreign() => {
                skipped += 1;
                term.note(&format!("skipped: {failure}"));
            }
            Err(failure) => {
                term.failure(&failure);
                status = status.max(failure.category().into());
            }
        }
    }
    if skipped > 0 {
        term.warning(&format!("skipped what is no pickle: {} (`-v` names them)", counted(skipped, "file")));
    }
    if let Some(path) = &args.ledger
        && let Err(e) = book.write(path)
    {
        term.error(&Error::io(e, Location::default()).in_file(&path.to_string_lossy()));
        status = status.max(Status::Io);
    }
    status
}

/// Checks that no output would replace an input, and the ledger neither of them.
fn apart(args: &ConvertArgs, format: Format, inputs: &[Input]) -> Result<(), Error> {
    let same = |a: &Path, b: &Path| {
        a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b && a.is_file())
    };
    for input in inputs {
        let target = target(args, format, input);
        if target.as_deref().is_some_and(|target| same(target, &input.path)) {
            return Err(Error::misuse("expected an output that is not the input").in_file(&input.name()));
        }
        if let Some(ledger) = &args.ledger
            && (same(ledger, &input.path) || target.is_some_and(|target| same(ledger, &target)))
        {
            return Err(Error::misuse("expected a ledger that is neither an input nor an output")
                .in_file(&ledger.to_string_lossy()));
        }
    }
    Ok(())
}

/// The file an input is written to; `None` is standard output.
fn target(args: &ConvertArgs, format: Format, input: &Input) -> Option<PathBuf> {
    match (&args.output, &args.out_dir) {
        (Some(output), _) if output.as_os_str() == "-" => None,
        (Some(output), _) => Some(output.clone()),
        (None, Some(folder)) => {
            // Appended, so that `a.pkl` and `a.pkl.gz` never collide.
            let mut name = folder.join(&input.relative).into_os_string();
            name.push(".");
            name.push(format.extension());
            Some(PathBuf::from(name))
        }
        (None, None) => None,
    }
}

enum Done {
    Converted(Box<Report>),
    /// Several files, each with what was done for it.
    Split(Vec<(PathBuf, Report)>),
    /// Whoever read standard output has gone.
    BrokenPipe,
}

fn one(
    args: &ConvertArgs,
    plan: &Plan,
    input: &Input,
    target: Option<&Path>,
    book: &mut ledger::Book,
) -> Result<Done, Failure> {
    let name = input.name();
    let io = |e: io::Error, file: &str| Failure::from(Error::io(e, Location::default()).in_file(file));
    if args.split
        && let Some(target) = target
    {
        return split(args, plan, input, target, book);
    }
    let mut output = Hashing::new(open(args, target).map_err(|e| named(e, args, target))?, book.is_kept());
    let (result, input_hash) = if input.is_stdin() {
        let mut source = Hashing::new(io::stdin(), book.is_kept());
        let result = plan.converter.convert(&mut source, &mut output);
        (result, hash_rest(source).map_err(|e| io(e, &name))?)
    } else {
        let file = File::open(&input.path).map_err(|e| io(e, &name))?;
        // Beside the input lie the arrays that joblib put into files of their own.
        let folder = input.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let converter = plan.converter.clone().side_files(folder);
        if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            let again = if book.is_kept() { Some(file.try_clone().map_err(|e| io(e, &name))?) } else { None };
            let result = converter.convert_file(file, &mut output);
            (result, again.map(hash_all).transpose().map_err(|e| io(e, &name))?.flatten())
        } else {
            let mut source = Hashing::new(file, book.is_kept());
            let result = converter.convert(&mut source, &mut output);
            (result, hash_rest(source).map_err(|e| io(e, &name))?)
        }
    };
    let result = result.map_err(|failure| failure.in_file(&name));
    let (pending, output_hash) = output.finish();
    let report = match result {
        Ok(report) => report,
        Err(failure) if is_broken_pipe(&failure) && target.is_none() => return Ok(Done::BrokenPipe),
        Err(failure) => {
            book.failed(&name, input_hash, &failure, input.met && failure.is_foreign());
            return Err(failure);
        }
    };
    if let (Some(proto), Some(target)) = (&report.proto, target) {
        let beside = target.with_extension("proto");
        let written = Pending::file(&beside, !args.no_overwrite).and_then(|mut file| {
            io::Write::write_all(&mut file, proto.as_bytes())?;
            file.publish()
        });
        written.map_err(|e| named(e, args, Some(&beside)))?;
    }
    match pending.publish() {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe && target.is_none() => return Ok(Done::BrokenPipe),
        Err(e) => return Err(named(e, args, target)),
    }
    book.converted(&name, input_hash, target, output_hash, &report);
    Ok(Done::Converted(Box::new(report)))
}

/// Writes each table of one input to a file of its own.
fn split(
    args: &ConvertArgs,
    plan: &Plan,
    input: &Input,
    target: &Path,
    book: &mut ledger::Book,
) -> Result<Done, Failure> {
    let name = input.name();
    let io = |e: io::Error| Failure::from(Error::io(e, Location::default()).in_file(&name));
    let (converter, result, hash);
    if input.is_stdin() {
        let mut source = Hashing::new(io::stdin(), book.is_kept());
        converter = plan.converter.clone();
        result = converter.read(&mut source);
        hash = hash_rest(source).map_err(io)?;
    } else {
        let folder = input.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut source = Hashing::new(File::open(&input.path).map_err(io)?, book.is_kept());
        converter = plan.converter.clone().side_files(folder);
        result = converter.read(&mut source);
        hash = hash_rest(source).map_err(io)?;
    }
    let parts =
        result.and_then(|document| split::parts(&converter, &document, target, !args.no_overwrite, book.is_kept()));
    let parts = match parts.map_err(|failure| failure.in_file(&name)) {
        Ok(parts) => parts,
        Err(failure) => {
            book.failed(&name, hash, &failure, input.met && failure.is_foreign());
            return Err(failure);
        }
    };
    let mut reports = Vec::with_capacity(parts.len());
    for part in parts {
        part.output.publish().map_err(|e| named(e, args, Some(&part.target)))?;
        book.converted(&name, hash.clone(), Some(&part.target), part.hash, &part.report);
        reports.push((part.target, part.report));
    }
    Ok(Done::Split(reports))
}

/// The hash of an input; what a refusal left unread belongs to the file that was refused.
fn hash_rest(mut source: Hashing<impl io::Read>) -> io::Result<Option<String>> {
    if source.is_wanted() {
        io::copy(&mut source, &mut io::sink())?;
    }
    Ok(source.finish().1)
}

/// The hash of a file that was read at any place.
fn hash_all(mut file: File) -> io::Result<Option<String>> {
    file.rewind()?;
    hash_rest(Hashing::new(file, true))
}

fn open(args: &ConvertArgs, target: Option<&Path>) -> io::Result<Pending> {
    match target {
        Some(target) => Pending::file(target, !args.no_overwrite),
        None => Pending::stdout(args.mapping.strict),
    }
}

/// An error of the output, with its name.
fn named(e: io::Error, args: &ConvertArgs, target: Option<&Path>) -> Failure {
    let exists = e.kind() == io::ErrorKind::AlreadyExists && args.no_overwrite;
    let error = Error::io(e, Location::default());
    let error = if exists { error.with_hint("without `--no-overwrite` it is replaced") } else { error };
    Failure::from(error.in_file(&target.map_or("standard output".into(), Path::to_string_lossy)))
}

fn is_broken_pipe(failure: &Failure) -> bool {
    failure
        .findings()
        .iter()
        .any(|e| matches!(e.kind(), ErrorKind::Io(source) if source.kind() == io::ErrorKind::BrokenPipe))
}

/// `1 file`, `2 files`.
fn counted(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn told(input: &Input, target: Option<&Path>, report: &Report, term: &Term) {
    let name = input.name();
    term.ledger(&name, &report.ledger);
    for note in &report.notes {
        // Bytes that were left alone on request may have been data.
        if note.contains("were ignored") {
            term.warning(&format!("{name}: {note}"));
        } else {
            term.note(&format!("{name}: {note}"));
        }
    }
    let to = target.map_or("standard output".into(), Path::to_string_lossy);
    term.note(&format!(
        "{name}: {}, {} bytes read, {} bytes written to {to}, steps retyped: {}, lossy: {}",
        counted(report.pickles, "pickle"),
        report.bytes_read,
        report.bytes_written,
        report.ledger.total(Fidelity::Retyped),
        report.ledger.total(Fidelity::Lossy)
    ));
}
