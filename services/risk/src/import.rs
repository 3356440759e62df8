//! Labelled history in files: CSV with a header, or a JSON object a line.

mod read;
mod row;

#[cfg(test)]
mod tests;

pub(crate) use read::Reader;
pub(crate) use row::{Form, HistoryRow, Known, write_header, write_row};
