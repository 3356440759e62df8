//! Metrics of scores. Accuracy is computed, but decides nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use risk_api::Metrics;

use crate::features::EntityKey;

/// One labelled row and the score that it got. Any number is a score where only the order matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Judged {
    pub(crate) score: f64,
    pub(crate) fraud: bool,
    pub(crate) at: i64,
    pub(crate) card: Option<EntityKey>,
    pub(crate) amount: f64,
}

/// Cards that are looked at each day.
const CARDS: usize = 100;
const DAY_US: i64 = 86_400_000_000;

/// Counts at one place of the list of all rows, the highest score first.
#[derive(Debug, Clone, Copy, Default)]
struct Upto {
    rows: f64,
    fraud: f64,
    money: f64,
}

/// `alerts_a_day`: rows a day that people can look at. `is_probability`: the scores may be judged as such.
pub(crate) fn judge(rows: &[Judged], alerts_a_day: u32, is_probability: bool) -> Metrics {
    let mut sorted = rows.to_vec();
    sorted.sort_by(|one, other| other.score.total_cmp(&one.score));
    let fraud = rows.iter().filter(|row| row.fraud).count() as f64;
    let count = rows.len() as f64;
    let days: HashSet<i64> = rows.iter().map(|row| row.at.div_euclid(DAY_US)).collect();
    let budget = (f64::from(alerts_a_day) * days.len() as f64).min(count);
    let at = at_budget(&sorted, budget);
    let money: f64 = rows.iter().filter(|row| row.fraud).map(|row| row.amount).sum();
    let (found, ideal) = card_precision(rows);
    let error = |row: &Judged| (row.score - f64::from(u8::from(row.fraud))).powi(2);
    let right = fraud_right(rows, is_probability);
    Metrics {
        rows: rows.len() as u64,
        fraud: fraud as u64,
        auc: auc(&sorted, fraud),
        average_precision: average_precision(&sorted, fraud),
        card_precision_100: found,
        card_precision_100_oracle: ideal,
        recall: ratio(at.fraud, fraud),
        precision: ratio(at.fraud, at.rows),
        money_recall: ratio(at.money, money),
        false_per_fraud: ratio(at.rows - at.fraud, at.fraud),
        brier: if is_probability { ratio(rows.iter().map(error).sum(), count) } else { 0.0 },
        accuracy: ratio(right, count),
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Rows that are right when a probability above a half is called fraud, and no row where scores are no probabilities.
fn fraud_right(rows: &[Judged], is_probability: bool) -> f64 {
    let said = |row: &&Judged| (is_probability && row.score >= 0.5) == row.fraud;
    rows.iter().filter(said).count() as f64
}

fn at_budget(sorted: &[Judged], budget: f64) -> Upto {
    let mut upto = Upto::default();
    for row in sorted.iter().take(budget as usize) {
        upto.rows += 1.0;
        if row.fraud {
            upto.fraud += 1.0;
            upto.money += row.amount;
        }
    }
    upto
}

/// The number of rows with equal scores, and of fraud among them.
fn ties(sorted: &[Judged]) -> impl Iterator<Item = (f64, f64)> + '_ {
    sorted.chunk_by(|one, other| one.score == other.score).map(|tied| {
        let fraud = tied.iter().filter(|row| row.fraud).count();
        (tied.len() as f64, fraud as f64)
    })
}

/// The share of pairs in which fraud has the higher score; ties count half.
fn auc(sorted: &[Judged], fraud: f64) -> f64 {
    let genuine = sorted.len() as f64 - fraud;
    if fraud == 0.0 || genuine == 0.0 {
        return 0.5;
    }
    let (mut above, mut pairs) = (0.0, 0.0);
    for (count, found) in ties(sorted) {
        let innocent = count - found;
        pairs += innocent * (above + found / 2.0);
        above += found;
    }
    pairs / (fraud * genuine)
}

fn average_precision(sorted: &[Judged], fraud: f64) -> f64 {
    let (mut rows, mut found, mut sum) = (0.0, 0.0, 0.0);
    for (count, hits) in ties(sorted) {
        rows += count;
        found += hits;
        sum += hits * found / rows;
    }
    ratio(sum, fraud)
}

/// Each day the cards with the highest score, without those that were found on an earlier day: the share of fraud among them,
/// and the share that perfect knowledge reaches.
fn card_precision(rows: &[Judged]) -> (f64, f64) {
    let mut days: BTreeMap<i64, HashMap<EntityKey, (f64, bool)>> = BTreeMap::new();
    for row in rows {
        let Some(card) = row.card else { continue };
        let cards = days.entry(row.at.div_euclid(DAY_US)).or_default();
        let (score, fraud) = cards.entry(card).or_insert((f64::NEG_INFINITY, false));
        (*score, *fraud) = (score.max(row.score), *fraud || row.fraud);
    }
    let mean = |found: Vec<f64>| ratio(found.iter().sum(), found.len() as f64);
    let by_score = daily(&days, |(score, _)| *score);
    let by_truth = daily(&days, |(_, fraud)| f64::from(u8::from(*fraud)));
    (mean(by_score), mean(by_truth))
}

fn daily(days: &BTreeMap<i64, HashMap<EntityKey, (f64, bool)>>, rank: impl Fn(&(f64, bool)) -> f64) -> Vec<f64> {
    let mut found: HashSet<EntityKey> = HashSet::new();
    let mut shares = Vec::with_capacity(days.len());
    for cards in days.values() {
        let mut listed: Vec<_> = cards.iter().filter(|(card, _)| !found.contains(card)).collect();
        // Equal scores by the card, so that a run repeats itself.
        listed.sort_by(|one, other| rank(other.1).total_cmp(&rank(one.1)).then(one.0.cmp(other.0)));
        listed.truncate(CARDS);
        let hits: Vec<EntityKey> = listed.iter().filter(|(_, (_, fraud))| *fraud).map(|(card, _)| **card).collect();
        shares.push(hits.len() as f64 / CARDS as f64);
        found.extend(hits);
    }
    shares
}
