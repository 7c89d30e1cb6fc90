//! `--ledger FILE`: what was converted, refused and lost, with hashes, for whoever has to sign.

use std::io;
use std::path::Path;

use depickle::Report;
use depickle::error::{Error, ErrorKind, Failure, Refused};
use serde_json::{Value, json};

/// The entries of one run.
pub(super) struct Book {
    entries: Option<Vec<Value>>,
}

impl Book {
    pub fn new(kept: bool) -> Self {
        Book { entries: kept.then(Vec::new) }
    }

    pub fn is_kept(&self) -> bool {
        self.entries.is_some()
    }

    pub fn converted(
        &mut self,
        input: &str,
        input_hash: Option<String>,
        output: Option<&Path>,
        output_hash: Option<String>,
        report: &Report,
    ) {
        let Some(entries) = &mut self.entries else { return };
        let steps: Vec<Value> = report
            .ledger
            .entries()
            .map(|(step, entry)| {
                json!({
                    "fidelity": step.fidelity().as_str(),
                    "step": step.words(),
                    "count": entry.count,
                    "first": entry.places,
                })
            })
            .collect();
        entries.push(json!({
            "input": input,
            "input_sha256": input_hash,
            "status": "converted",
            "output": output.map(|p| p.to_string_lossy()),
            "output_sha256": output_hash,
            "pickles": report.pickles,
            "protocol": report.protocol,
            "compression": report.codecs,
            "bytes_read": report.bytes_read,
            "bytes_written": report.bytes_written,
            "steps": steps,
            "notes": report.notes,
        }));
    }

    pub fn failed(&mut self, input: &str, input_hash: Option<String>, failure: &Failure, skipped: bool) {
        let Some(entries) = &mut self.entries else { return };
        let findings: Vec<Value> = failure.findings().iter().map(finding).collect();
        entries.push(json!({
            "input": input,
            "input_sha256": input_hash,
            "status": if skipped { "skipped" } else { failure.category().as_str() },
            "findings": findings,
            "more_findings": failure.more(),
        }));
    }

    /// Writes the record through a temporary file.
    pub fn write(self, path: &Path) -> io::Result<()> {
        let Some(entries) = self.entries else { return Ok(()) };
        let book = json!({ "depickle": env!("CARGO_PKG_VERSION"), "inputs": entries });
        let mut out = super::output::Pending::file(path, true)?;
        serde_json::to_writer_pretty(&mut out, &book)?;
        io::Write::write_all(&mut out, b"\n")?;
        out.publish()
    }
}

fn finding(error: &Error) -> Value {
    let at = error.location();
    let (global, severity) = match error.kind() {
        ErrorKind::Refused(Refused::Global { name, severity, .. }) => (Some(name), Some(severity.as_str())),
        ErrorKind::Refused(Refused::Value { name, .. }) => (Some(name), None),
        _ => (None, None),
    };
    json!({
        "category": error.category().as_str(),
        "message": error.to_string(),
        "global": global.map(|name| json!([name.module, name.name])),
        "severity": severity,
        "opcode": at.opcode,
        "offset": at.offset,
        "path": at.path,
        "hint": error.hint(),
    })
}
