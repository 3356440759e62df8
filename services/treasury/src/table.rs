//! Tables that come in a request, as comma, semicolon or tab separated text with a header.

use std::collections::BTreeMap;

use crate::face::Refusal;
use crate::face::limits::ITEMS_MAX;

/// One row: its line, and its cells by the names of the header.
pub(crate) struct Row {
    pub(crate) line: u64,
    cells: BTreeMap<String, String>,
}

impl Row {
    /// A cell that has to be there.
    pub(crate) fn text(&self, column: &str) -> Result<&str, Refusal> {
        let found = self.optional(column);
        found.ok_or_else(|| self.refused(format!("expected a value in the column {column}, found none")))
    }

    pub(crate) fn optional(&self, column: &str) -> Option<&str> {
        self.cells.get(column).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    pub(crate) fn parsed<T: std::str::FromStr>(&self, column: &str, expected: &str) -> Result<T, Refusal> {
        let text = self.text(column)?;
        text.parse().map_err(|_| {
            let found: String = text.chars().take(32).collect();
            self.refused(format!("expected {expected} in the column {column}, found \"{found}\""))
        })
    }

    pub(crate) fn refused(&self, detail: impl Into<String>) -> Refusal {
        Refusal::TableInvalid { line: self.line, detail: detail.into() }
    }
}

/// All rows of a table that has these columns, and perhaps the further ones.
pub(crate) fn rows(text: &str, columns: &[&str], further: &[&str]) -> Result<Vec<Row>, Refusal> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t'].into_iter().find(|one| first.contains(char::from(*one))).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let refused = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        Refusal::TableInvalid { line, detail: error.to_string() }
    };
    let header = reader.headers().map_err(refused)?.clone();
    let unknown = header.iter().find(|name| !columns.contains(name) && !further.contains(name));
    let missing = columns.iter().find(|name| !header.iter().any(|found| found == **name));
    if let Some(detail) = unknown
        .map(|name| format!("the column \"{}\" is not known", name.chars().take(32).collect::<String>()))
        .or_else(|| missing.map(|name| format!("expected a column {name}, found none")))
    {
        return Err(Refusal::TableInvalid { line: 1, detail });
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(refused)?;
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() == ITEMS_MAX * 5 {
            return Err(Refusal::TooMany { what: "rows of a table".to_owned(), max: ITEMS_MAX * 5 });
        }
        let cells = header.iter().zip(record.iter()).map(|(name, cell)| (name.to_owned(), cell.to_owned()));
        rows.push(Row { line, cells: cells.collect() });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_the_line_that_is_wrong() {
        let found = rows("date;value\n2026-01-02;1.5\n2026-01-05;x\n", &["date", "value"], &[]).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].parsed::<f64>("value", "a number"), Ok(1.5));
        let refused = found[1].parsed::<f64>("value", "a number").unwrap_err();
        assert!(matches!(&refused, Refusal::TableInvalid { line: 3, .. }), "{refused:?}");
        assert!(refused.to_string().contains("found \"x\""), "{refused}");
        for bad in ["", "date\n", "date,value,more\n", "date,value\n1\n"] {
            let found = rows(bad, &["date", "value"], &[]);
            assert!(matches!(found.err(), Some(Refusal::TableInvalid { .. })), "{bad:?}");
        }
    }
}
