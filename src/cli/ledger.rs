//! `--ledger FILE`: what was converted, refused and lost, with hashes, for whoever has to sign.

use std::io::{self, Write};
use std::path::Path;

use depickle::Report;
use depickle::error::{Error, ErrorKind, Failure, Refused};
use serde_json::{Value, json};

/// The entries of one run.
pub(super) struct Book {
    entries: Option<Vec<Value>>,
    /// The one output of all inputs.
    merged: Option<Value>,
}

impl Book {
    pub fn new(kept: bool) -> Self {
        Book { entries: kept.then(Vec::new), merged: None }
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

    /// The inputs were to become one output: its bytes and their hash, if it was published.
    pub fn merged(&mut self, output: Option<&Path>, published: Option<(u64, Option<String>)>) {
        let is_published = published.is_some();
        let (bytes, hash) = published.unwrap_or_default();
        self.merged = Some(json!({
            "output": output.map(|p| p.to_string_lossy()),
            "published": is_published,
            "output_sha256": hash,
            "bytes_written": bytes,
        }));
    }

    /// Writes the record.
    pub fn write(self, out: &mut impl io::Write) -> io::Result<()> {
        let Some(entries) = self.entries else { return Ok(()) };
        let book = match self.merged {
            Some(merged) => json!({ "depickle": env!("CARGO_PKG_VERSION"), "merged": merged, "inputs": entries }),
            None => json!({ "depickle": env!("CARGO_PKG_VERSION"), "inputs": entries }),
        };
        let mut out = io::BufWriter::new(out);
        serde_json::to_writer_pretty(&mut out, &book)?;
        out.write_all(b"\n")?;
        out.flush()
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
