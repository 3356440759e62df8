//! Precision and recall over all thresholds, and whether probabilities mean what they say.

use risk_api::{CalibrationBin, Point};

use super::{Judged, Scored};

const POINTS: u16 = 100;
const BINS: usize = 10;

/// One point for every ten of the 1000.
pub(crate) fn curve(rows: &[Judged]) -> Vec<Point> {
    let fraud = rows.iter().filter(|row| row.fraud).count() as f64;
    let genuine = rows.len() as f64 - fraud;
    let point = |score: u16| {
        let (mut hits, mut wrong) = (0.0, 0.0);
        for row in rows.iter().filter(|row| Scored::points(row.score) >= score) {
            if row.fraud { hits += 1.0 } else { wrong += 1.0 }
        }
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Point {
            score,
            precision: share(hits, hits + wrong),
            recall: share(hits, fraud),
            false_rate: share(wrong, genuine),
        }
    };
    (0..POINTS).map(|step| point(step * (1_000 / POINTS))).collect()
}

/// Bins of equal width in log odds would be empty where fraud is rare: these hold the same number of rows, the last ones fewer.
pub(crate) fn calibration(rows: &[Judged]) -> Vec<CalibrationBin> {
    let mut sorted: Vec<_> = rows.to_vec();
    sorted.sort_by(|one, other| one.score.total_cmp(&other.score));
    let mut bins = Vec::new();
    let mut rest = sorted.as_slice();
    while !rest.is_empty() && bins.len() < BINS {
        // Half of what is left, so that the rare high probabilities have bins of their own.
        let take = if bins.len() + 1 == BINS { rest.len() } else { rest.len().div_ceil(2) };
        let (bin, further) = rest.split_at(take);
        let count = bin.len() as f64;
        bins.push(CalibrationBin {
            probability: bin.iter().map(|row| row.score).sum::<f64>() / count,
            observed: bin.iter().filter(|row| row.fraud).count() as f64 / count,
            rows: bin.len() as u64,
        });
        rest = further;
    }
    bins
}
