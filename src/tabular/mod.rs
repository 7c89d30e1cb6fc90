//! The tabular view: which values are tables, what their columns are, and their rows as Arrow record batches.
//!
//! Two passes: one over all rows, which decides the types exactly, and one that builds batches of bounded size. Both take rows from
//! an iterator and keep none.

mod apart;
mod batches;
mod build;
mod chunks;
mod columns;
mod content;
mod eye;
mod find;
mod foreign;
mod frame;
pub(crate) mod long;
mod named;
mod offset;
mod plan;
mod rows;
mod scalars;
mod series;
mod shape;
mod trail;
mod typed;
mod units;
mod view;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::Error;
use crate::location::Location;
use crate::model::graph::Graph;
use crate::model::value::Value;
use crate::report::ledger::Ledger;
use crate::writers::options::WriteOptions;
pub(crate) use batches::{Building, Looking, NoTable, Terms};
use build::Site;
use columns::Columns;
use eye::Eye;
use find::{Found, Missing};
pub(crate) use rows::Decided;
use rows::{Left, Rows, Survey};
use trail::Trail;

/// Rows of one batch; the writers put several into one row group.
const BATCH_ROWS: usize = 16_384;
/// Cells of one batch, so that wide rows make short batches.
const BATCH_CELLS: usize = 4 << 20;

/// What becomes a table, and how.
pub(crate) struct Job<'g> {
    pub graph: &'g Graph,
    pub roots: &'g [Value],
    /// The path of the root.
    pub prefix: &'g str,
    pub options: &'g WriteOptions,
    /// Nested values become JSON text: for formats that have none.
    pub flat: bool,
    pub max_output: u64,
}

/// A table whose types are known.
pub(crate) struct Table<'g, 'l> {
    schema: SchemaRef,
    site: Site<'g, 'l>,
    body: Body<'g>,
}

enum Body<'g> {
    Rows(Rows, Left<'g>),
    Columns(Columns<'g>),
}

impl<'g, 'l> Table<'g, 'l> {
    /// Finds the table that the roots are, and decides on the types of its columns.
    ///
    /// # Errors
    /// `Unrepresentable` where they are no table, naming the tables inside; text that the options refuse; a table of more cells than
    /// the output may have bytes.
    pub fn open(job: &Job<'g>, ledger: &'l mut Ledger) -> Result<Self, Error> {
        let trail = Trail::new(job.prefix, ledger, job.options, job.max_output);
        let mut site = Site { eye: Eye::new(job.graph, job.options, job.max_output), trail, flat: job.flat };
        let found = match job.roots {
            [root] => find::table(job.graph, *root),
            many => find::rows(job.graph, &mut many.iter().copied()).map(|kind| Found::Roots(many, kind)),
        };
        let found = found.map_err(|missing| no_table(job, &missing))?;
        let (schema, body) = match found {
            Found::Rows(id, kind) => Self::rows(&mut site, job, rows::Source::Items(id), kind)?,
            Found::Roots(roots, kind) => Self::rows(&mut site, job, rows::Source::Roots(roots), kind)?,
            Found::Frame(id) => Self::ready(frame::frame(&mut site, job, id)?),
            Found::Series(id) => Self::ready(frame::series(&mut site, job, id)?),
            Found::Values(id) => Self::ready(frame::values(&mut site, Value::Object(id))?),
            Found::Index(id) => Self::ready(frame::index(&mut site, job, Value::Object(id))?),
            Found::Tensor(id) => Self::ready(foreign::of_tensor(&mut site, job, id)?),
            Found::Arrow(id) => Self::ready(foreign::of_arrow(&mut site, job, id)?),
            Found::Polars(id) => Self::ready(foreign::of_polars(&mut site, job, id)?),
            Found::Array(id) => Self::ready(columns::of_array(&mut site, job, id)?),
            Found::Columns(id) => {
                let (schema, columns) = Columns::of_dict(&mut site, job, id)?;
                (schema, Body::Columns(columns))
            }
        };
        Ok(Table { schema, site, body })
    }

    /// Decides on the columns of rows, in one pass over all of them.
    fn rows(
        site: &mut Site<'g, 'l>,
        job: &Job<'g>,
        source: rows::Source<'g>,
        kind: find::RowKind,
    ) -> Result<(SchemaRef, Body<'g>), Error> {
        source.note(site)?;
        let mut survey = Survey::default();
        let mut left = source.rows(job.graph);
        while let Some(row) = left.next(job.graph) {
            survey.row(site, row, kind, job.prefix, job.max_output)?;
        }
        let decided = survey.decide(&site.eye, job.flat, job.prefix)?;
        Ok((decided.schema(), Body::Rows(decided.rows(), source.rows(job.graph))))
    }

    fn ready(frame: frame::Frame<'g>) -> (SchemaRef, Body<'g>) {
        (frame.schema.clone(), Body::Columns(Columns::ready(frame)))
    }
}

/// The names and paths of the tables that a dict holds.
///
/// # Errors
/// `Unrepresentable` where it is no dict of tables.
pub(crate) fn parts(graph: &Graph, root: Value, prefix: &str) -> Result<Vec<(String, String)>, Error> {
    find::parts(graph, root, prefix).map_err(|missing| {
        Error::unrepresentable(
            format!("expected a dict of tables, found {}", missing.what),
            Location::path(prefix.to_owned()),
        )
        .with_hint("`--select` takes one table")
    })
}

impl Table<'_, '_> {
    /// The types of its columns.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// What a column cannot carry.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let arrays = match &mut self.body {
            Body::Rows(rows, left) => {
                while let Some(row) = left.next(self.site.eye.graph) {
                    if rows.push(&mut self.site, row)? {
                        break;
                    }
                }
                return batch(&self.site, &self.schema, rows);
            }
            Body::Columns(columns) => {
                let width = self.schema.fields().len().max(1);
                columns.next(&mut self.site, (BATCH_CELLS / width).clamp(1, BATCH_ROWS))?
            }
        };
        let Some(arrays) = arrays else { return Ok(None) };
        let batch = RecordBatch::try_new(self.schema.clone(), arrays).map_err(|e| self.site.trail.broken(&e))?;
        Ok(Some(batch))
    }
}

/// The batch that rows have made; `None` where it has no row.
fn batch(site: &Site<'_, '_>, schema: &SchemaRef, rows: &mut Rows) -> Result<Option<RecordBatch>, Error> {
    let Some(arrays) = rows.finish().map_err(|e| site.trail.broken(&e))? else { return Ok(None) };
    RecordBatch::try_new(schema.clone(), arrays).map(Some).map_err(|e| site.trail.broken(&e))
}

/// Says what was found instead of a table, and which tables lie inside.
fn no_table(job: &Job<'_>, missing: &Missing) -> Error {
    let offers = find::inside(job.graph, job.roots, job.prefix);
    if offers.is_empty() {
        return no_rows(missing, job.prefix);
    }
    let shown: Vec<String> = offers.iter().map(|path| format!("`--select '{path}'`")).collect();
    found(missing, job.prefix).with_hint(format!("it holds tables: {}", shown.join(", ")))
}

/// Says what was found instead of a table, where no table lies inside.
fn no_rows(missing: &Missing, prefix: &str) -> Error {
    found(missing, prefix).with_hint(format!("{TABLES}; `--to json` takes any value"))
}

fn found(missing: &Missing, prefix: &str) -> Error {
    Error::unrepresentable(format!("expected a table, found {}", missing.what), Location::path(prefix.to_owned()))
}

const TABLES: &str = "a table is a DataFrame or Series, an array, a list of dicts, of tuples of one length, of instances or of \
    scalars, a dict of columns of one length, or a file of many pickles that are rows";
