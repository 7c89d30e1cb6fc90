//! `convert --split`: a file for each table of a dict of tables. All are complete before the first is published.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use depickle::error::{Error, Failure};
use depickle::location::Location;
use depickle::{Converter, Document, Report};

use super::convert::{All, hash_rest};
use super::output::{Hashing, Pending};
use super::run::{self, Outcome, Written};

/// Writes each table of one input to a file of its own.
///
/// # Errors
/// What is wrong with the input, or with one of the outputs.
pub(super) fn one(
    all: &All<'_>,
    n: usize,
    target: &Path,
    recorded: bool,
    input_hash: &mut Option<String>,
) -> Result<Outcome, Failure> {
    let Some(input) = all.inputs.get(n) else { return Ok(Outcome::Written(Vec::new())) };
    let name = input.name();
    let io = |e: io::Error| Failure::from(Error::io(e, Location::default()).in_file(&name));
    let (converter, source): (_, Box<dyn io::Read + Send>) = if input.is_stdin() {
        (all.converter.clone(), Box::new(io::stdin()))
    } else {
        (all.converter.clone().side_files(input.folder()), Box::new(File::open(input.path()).map_err(io)?))
    };
    let mut source = Hashing::new(source, recorded);
    let result = converter.read(&mut source);
    if recorded {
        *input_hash = hash_rest(source).map_err(io)?;
    }
    let overwrite = !all.args.no_overwrite;
    let parts = result.and_then(|document| parts(&converter, &document, target, overwrite, recorded));
    let mut written = Vec::new();
    for Part { target, output, hash, report } in parts.map_err(|failure| failure.in_file(&name))? {
        output.publish().map_err(|e| run::unwritten(e, !overwrite, Some(&target)))?;
        written.push(Written { target: Some(target), report, hash });
    }
    Ok(Outcome::Written(written))
}

/// One table that was written and is not published yet.
struct Part {
    target: PathBuf,
    output: Pending,
    hash: Option<String>,
    report: Report,
}

/// Writes every table of a document beside `target`.
fn parts(
    converter: &Converter,
    document: &Document,
    target: &Path,
    overwrite: bool,
    hashed: bool,
) -> Result<Vec<Part>, Failure> {
    let mut taken = HashSet::new();
    let mut done = Vec::new();
    for (key, path) in converter.parts(document)? {
        let name = file_name(&key);
        if !taken.insert(name.to_lowercase()) {
            let what = format!("two tables would be written to one file: `{name}`");
            return Err(Error::unrepresentable(what, Location::path(path))
                .with_hint("`--select` takes one table")
                .into());
        }
        let target = beside(target, &name);
        let io = |e| Error::io(e, Location::default()).in_file(&target.to_string_lossy());
        let mut output = Hashing::new(Pending::file(&target, overwrite).map_err(io)?, hashed);
        let report = converter.clone().select(&path)?.write(document, &mut output)?;
        let (output, hash) = output.finish();
        done.push(Part { target, output, hash, report });
    }
    Ok(done)
}

/// A key as a part of a file's name: letters, digits, `-` and `_` stay, and nothing is left that means a folder.
fn file_name(key: &str) -> String {
    let mut out: String =
        key.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }).take(100).collect();
    if out.is_empty() {
        out.push('_');
    }
    out
}

/// `out.NAME.parquet` for `out.parquet`.
fn beside(target: &Path, name: &str) -> PathBuf {
    let stem = target.file_stem().unwrap_or_default().to_string_lossy();
    match target.extension() {
        Some(extension) => target.with_file_name(format!("{stem}.{name}.{}", extension.to_string_lossy())),
        None => target.with_file_name(format!("{stem}.{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(file_name("../a b/\u{e9}"), "___a_b_\u{e9}");
        assert_eq!(file_name(""), "_");
        assert_eq!(beside(Path::new("d/out.parquet"), "x"), Path::new("d/out.x.parquet"));
        assert_eq!(beside(Path::new("out"), "x"), Path::new("out.x"));
    }
}
