//! Rows that a model learns from or is judged on, by columns, and how time splits them.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::features::{EntityKey, Row};

/// A row without its features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Meta {
    pub(crate) at: i64,
    pub(crate) card: Option<EntityKey>,
    pub(crate) amount: f64,
    /// True for fraud, and when it became known; absent without a label.
    pub(crate) label: Option<(bool, i64)>,
}

/// Chosen features of many rows, in order of time.
#[derive(Debug, Default)]
pub(crate) struct Dataset {
    /// Places in the catalogue.
    pub(crate) places: Vec<usize>,
    /// One for each place.
    pub(crate) columns: Vec<Vec<f64>>,
    pub(crate) metas: Vec<Meta>,
    /// Since when cards are known to be compromised.
    known: HashMap<EntityKey, i64>,
    /// Over what was pushed, in order.
    hasher: Sha256,
}

/// Numbers of rows.
pub(crate) type Rows = Vec<usize>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) train_from: i64,
    pub(crate) train_to: i64,
    pub(crate) test_from: i64,
    pub(crate) test_to: i64,
}

impl Dataset {
    pub(crate) fn new(places: Vec<usize>) -> Dataset {
        let columns = vec![Vec::new(); places.len()];
        Dataset { places, columns, ..Dataset::default() }
    }

    pub(crate) fn push(&mut self, row: &Row, meta: Meta) {
        self.hasher.update(meta.at.to_le_bytes());
        self.hasher.update([meta.label.map_or(2, |(fraud, _)| u8::from(fraud))]);
        for (place, column) in self.places.iter().zip(&mut self.columns) {
            let value = row.get(*place).unwrap_or(f64::NAN);
            self.hasher.update(value.to_le_bytes());
            column.push(value);
        }
        self.know(&meta);
        self.metas.push(meta);
    }

    /// A row that is not used by itself still tells of its card.
    pub(crate) fn know(&mut self, meta: &Meta) {
        if let (Some(card), Some((true, known_at))) = (meta.card, meta.label) {
            let since = self.known.entry(card).or_insert(known_at);
            *since = known_at.min(*since);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.metas.len()
    }

    /// SHA-256 over all rows in order.
    pub(crate) fn sha256(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }

    pub(crate) fn meta(&self, row: usize) -> Option<&Meta> {
        self.metas.get(row)
    }

    /// The chosen rows, one column after the other.
    pub(crate) fn matrix(&self, rows: &[usize]) -> Vec<f64> {
        let column = |column: &Vec<f64>| -> Vec<f64> {
            rows.iter().map(|row| column.get(*row).copied().unwrap_or(f64::NAN)).collect()
        };
        self.columns.iter().flat_map(column).collect()
    }

    /// 1 for fraud.
    pub(crate) fn labels(&self, rows: &[usize]) -> Vec<f64> {
        let fraud = |row: &usize| self.meta(*row).and_then(|meta| meta.label).is_some_and(|(fraud, _)| fraud);
        rows.iter().map(|row| f64::from(u8::from(fraud(row)))).collect()
    }

    /// Rows of [from, to) whose label was known by `known_by`.
    pub(crate) fn labelled(&self, from: i64, to: i64, known_by: i64) -> Rows {
        let within =
            |meta: &Meta| (from..to).contains(&meta.at) && meta.label.is_some_and(|(_, known_at)| known_at <= known_by);
        self.metas.iter().enumerate().filter(|(_, meta)| within(meta)).map(|(row, _)| row).collect()
    }

    /// The same without what happened on cards that were known to be compromised by then: nobody would have let them.
    pub(crate) fn without_known_cards(&self, rows: Rows) -> Rows {
        let is_free = |row: &usize| {
            let Some(meta) = self.meta(*row) else { return false };
            meta.card.and_then(|card| self.known.get(&card)).is_none_or(|since| *since > meta.at)
        };
        rows.into_iter().filter(is_free).collect()
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
