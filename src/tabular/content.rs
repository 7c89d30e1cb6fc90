//! What the batches of a column are taken from: an array that is there, or values and elements that become arrays batch by batch.

use arrow::array::{Array, ArrayRef};

use super::apart::Apart;
use super::build::{Builder, Site};
use super::series;
use crate::error::Error;
use crate::model::column::Column as View;
use crate::model::graph::Walk;

/// A column of a table whose rows are counted.
pub(super) struct Column<'g> {
    /// `None` where the column is the table itself.
    pub name: Option<String>,
    pub content: Content<'g>,
}

pub(super) enum Content<'g> {
    Ready(ArrayRef),
    /// Values of the graph.
    Values(Walk, Box<Builder>),
    /// Cells of a column of any values.
    Cells(Box<Cells<'g>>),
    /// Elements that stay in the input.
    Apart(Box<Apart<'g>>),
}

pub(super) struct Cells<'g> {
    pub column: View<'g>,
    pub builder: Builder,
}

impl<'g> Content<'g> {
    /// How many rows there are; values of the graph are counted by whoever found them.
    pub fn len(&self) -> Option<usize> {
        match self {
            Content::Ready(array) => Some(array.len()),
            Content::Values(..) => None,
            Content::Cells(cells) => Some(cells.column.len),
            Content::Apart(apart) => Some(apart.len()),
        }
    }
}

impl<'g> Column<'g> {
    /// The array of the next `count` rows, of which the first is the one at `at`.
    ///
    /// # Errors
    /// What a column cannot carry; elements that cannot be read.
    pub fn next(&mut self, site: &mut Site<'g, '_>, at: usize, count: usize) -> Result<ArrayRef, Error> {
        if let Content::Ready(array) = &self.content {
            return Ok(array.slice(at, count));
        }
        match &self.name {
            Some(name) => site.trail.column(name, at as u64),
            None => site.trail.before_row(at as u64),
        }
        match &mut self.content {
            Content::Ready(array) => Ok(array.slice(at, count)),
            Content::Values(walk, builder) => {
                for _ in 0..count {
                    let Some(value) = site.eye.graph.next_item(walk) else { break };
                    site.trail.next_item();
                    builder.push(site, value)?;
                }
                builder.finish().map_err(|e| site.trail.broken(&e))
            }
            Content::Cells(cells) => {
                series::build(site, &cells.column, &mut cells.builder, at..at.saturating_add(count))
            }
            Content::Apart(apart) => apart.read(site, at, count),
        }
    }
}
