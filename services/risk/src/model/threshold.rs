//! Thresholds that follow from what mistakes cost.

use std::collections::HashSet;

use risk_api::{Costs, ThresholdLine};

use super::{Judged, Scored};

const DAY_US: i64 = 86_400_000_000;

/// The cost of each threshold on these rows; the chosen one is the cheapest of those whose alerts
/// people can look at. Everything that is declined is looked at.
pub(crate) fn table(rows: &[Judged], costs: &Costs) -> Vec<ThresholdLine> {
    let days: HashSet<i64> = rows.iter().map(|row| row.at.div_euclid(DAY_US)).collect();
    let days = days.len().max(1) as f64;
    let mut lines: Vec<_> = (1..=100_u16).map(|step| line(rows, costs, step * 10, days)).collect();
    let affordable = |line: &&mut ThresholdLine| line.alerts_a_day <= f64::from(costs.alerts_a_day);
    let cheapest = lines.iter_mut().filter(affordable).min_by(|one, other| one.total.total_cmp(&other.total));
    if let Some(line) = cheapest {
        line.chosen = true;
    }
    lines
}

fn line(rows: &[Judged], costs: &Costs, score: u16, days: f64) -> ThresholdLine {
    let mut line = ThresholdLine {
        score,
        alerts_a_day: 0.0,
        fraud_lost: 0.0,
        declines_cost: 0.0,
        reviews_cost: 0.0,
        total: 0.0,
        chosen: false,
    };
    for row in rows {
        let amount = if row.amount.is_nan() { 0.0 } else { row.amount };
        if Scored::points(row.score) < score {
            line.fraud_lost += if row.fraud { amount } else { 0.0 };
            continue;
        }
        line.alerts_a_day += 1.0 / days;
        line.reviews_cost += costs.review_fixed;
        if !row.fraud {
            line.declines_cost += costs.decline_fixed + costs.decline_margin * amount;
        }
    }
    line.total = line.fraud_lost + line.declines_cost + line.reviews_cost;
    line
}

/// The scores from which on decisions are reviewed and declined.
pub(crate) fn chosen(lines: &[ThresholdLine]) -> (u16, u16) {
    let decline = lines.iter().find(|line| line.chosen).map_or(900, |line| line.score);
    // What is half as likely is worth a look.
    ((decline / 2).max(10), decline.max(20))
}
