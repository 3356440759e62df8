//! The best single rule: one feature, from one value on or up to it. What rules alone could reach at most with one condition.

use super::dataset::Dataset;
use super::{Judged, judge};
use crate::features::catalogue::names;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Single {
    column: usize,
    place: usize,
    /// 1 where high values speak for fraud, -1 where low ones do.
    sign: f64,
    threshold: f64,
}

impl Single {
    /// The one with the highest average precision on these rows.
    pub(super) fn find(data: &Dataset, rows: &[usize]) -> Option<Single> {
        let mut best: Option<(f64, Single)> = None;
        for (column, place) in data.places.iter().enumerate() {
            for sign in [1.0, -1.0] {
                let mut single = Single { column, place: *place, sign, threshold: 0.0 };
                let judged = single.judged(data, rows);
                let precision = judge(&judged, 0, false).average_precision;
                if best.as_ref().is_none_or(|(least, _)| precision > *least) {
                    single.threshold = single.best_threshold(judged);
                    best = Some((precision, single));
                }
            }
        }
        best.map(|(_, single)| single)
    }

    /// Rows by this feature alone; where it is missing the rule does not apply.
    pub(super) fn judged(&self, data: &Dataset, rows: &[usize]) -> Vec<Judged> {
        let judged = |row: &usize| {
            let meta = data.meta(*row)?;
            let value = data.columns.get(self.column).and_then(|column| column.get(*row)).copied()?;
            let score = if value.is_nan() { f64::NEG_INFINITY } else { self.sign * value };
            let fraud = meta.label.is_some_and(|(fraud, _)| fraud);
            Some(Judged { score, fraud, at: meta.at, card: meta.card, amount: meta.amount })
        };
        rows.iter().filter_map(judged).collect()
    }

    /// The condition with the highest product of precision and recall.
    fn best_threshold(&self, mut judged: Vec<Judged>) -> f64 {
        judged.sort_by(|one, other| other.score.total_cmp(&one.score));
        let (mut hits, mut best, mut threshold) = (0.0, 0.0, f64::INFINITY);
        for (count, row) in judged.iter().enumerate().filter(|(_, row)| row.score.is_finite()) {
            hits += f64::from(u8::from(row.fraud));
            let worth = hits * hits / (count as f64 + 1.0);
            if worth > best {
                (best, threshold) = (worth, row.score);
            }
        }
        threshold * self.sign
    }

    pub(super) fn text(&self) -> String {
        let name = names().get(self.place).and_then(Option::as_deref).unwrap_or_default();
        let sign = if self.sign > 0.0 { ">=" } else { "<=" };
        format!("{name} {sign} {:.4}", self.threshold)
    }
}
