//! The definitions of features read out over the whole history, event by event: what the fast way is compared with.

use risk_api::EntityKind;

use super::catalogue::feature_index;
use super::entity::{EVENTS_MAX, EVENTS_MIN};
use super::window::{DAY_US, HOUR_US, KEPT_US, WINDOWS};
use super::{EntityKey, Subject};

#[derive(Default)]
pub(super) struct Slow {
    history: Vec<(Subject, bool)>,
    labels: Vec<(i64, EntityKey, EntityKey)>,
}

/// Names and values, missing ones as nothing.
pub(super) type Expected = Vec<(String, Option<f64>)>;

impl Slow {
    pub(super) fn observe(&mut self, subject: &Subject) -> Expected {
        let mut out = Expected::new();
        for (kind, key) in subject.entities() {
            self.entity(kind, key, subject, &mut out);
        }
        self.history.push((subject.clone(), false));
        out
    }

    pub(super) fn decline_last(&mut self) {
        self.history.last_mut().unwrap().1 = true;
    }

    pub(super) fn fraud(&mut self, subject: &Subject) {
        let key = |kind| subject.key(kind).unwrap();
        self.labels.push((subject.at, key(EntityKind::Merchant), key(EntityKind::Terminal)));
    }

    fn entity(&self, kind: EntityKind, key: EntityKey, subject: &Subject, out: &mut Expected) {
        let t = subject.at;
        let own: Vec<_> = self.history.iter().filter(|(other, _)| other.key(kind) == Some(key)).cloned().collect();
        let newest = own.iter().map(|(other, _)| other.at).chain([t]).max().unwrap();
        // A stable sort keeps the order of arrival where times are equal.
        let mut by_time = own.clone();
        by_time.sort_by_key(|(other, _)| other.at);
        let newest_before = by_time.last().map_or(i64::MIN, |(other, _)| other.at);
        let beyond = by_time.len().saturating_sub(EVENTS_MAX);
        let (folded, last) = by_time.split_at(beyond);
        let spare = last.len().saturating_sub(EVENTS_MIN);
        let kept: Vec<_> = last
            .iter()
            .enumerate()
            .filter(|(place, (other, _))| *place >= spare || other.at > newest_before - KEPT_US)
            .map(|(_, event)| event.clone())
            .filter(|(other, _)| other.at <= t)
            .chain([(subject.clone(), false)])
            .collect();
        let mut set = |name: &str, value: Option<f64>| out.push((format!("{}_{name}", kind.name()), value));
        for window in &WINDOWS {
            let within: Vec<_> = kept.iter().filter(|(other, _)| other.at > t - window.micros).collect();
            let size = window.micros / 24;
            let overlaps = |(other, _): &&(Subject, bool)| {
                let start = other.at.div_euclid(size) * size;
                let end = start + size;
                start <= t && end > t - window.micros && end > newest - window.micros
            };
            let all: Vec<_> = within.iter().copied().chain(folded.iter().filter(overlaps)).collect();
            let amounts: Vec<f64> = all.iter().filter_map(|(other, _)| other.hundredths).map(f64::from).collect();
            let (count, sum) = (amounts.len() as f64, amounts.iter().sum::<f64>());
            let mean = sum / count;
            let variance = amounts.iter().map(|amount| (amount - mean).powi(2)).sum::<f64>() / count;
            let some = |value: f64| (count > 0.0).then_some(value);
            let z = (count >= 2.0 && variance >= 0.25).then(|| (subject.amount() * 100.0 - mean) / variance.sqrt());
            let distinct = |of: &dyn Fn(&Subject) -> Option<u64>| {
                let mut found: Vec<u64> = within.iter().filter_map(|(other, _)| of(other)).collect();
                found.sort_unstable();
                found.dedup();
                Some(found.len() as f64)
            };
            let name = window.name;
            set(&format!("count_{name}"), Some(all.len() as f64));
            set(&format!("sum_{name}"), Some(sum / 100.0));
            set(&format!("mean_{name}"), some(mean / 100.0));
            set(&format!("max_{name}"), some(amounts.iter().copied().fold(0.0, f64::max) / 100.0));
            set(&format!("declines_{name}"), Some(all.iter().filter(|(_, declined)| *declined).count() as f64));
            set(&format!("merchants_{name}"), distinct(&|other| other.key(EntityKind::Merchant).map(|key| key.0)));
            set(&format!("cards_{name}"), distinct(&|other| other.key(EntityKind::Card).map(|key| key.0)));
            set(&format!("countries_{name}"), distinct(&|other| Some(u64::from(other.country)).filter(|it| *it > 0)));
            set(&format!("amount_z_{name}"), z.filter(|z| !z.is_nan()));
        }
        let before = kept.split_last().unwrap().1;
        let since = |at: i64| (t - at) as f64 / 1e6;
        set("since_last_s", before.last().map(|(other, _)| since(other.at)));
        let elsewhere =
            |other: &Subject| other.country != 0 && other.country != subject.country && subject.country != 0;
        set("since_other_country_s", before.iter().rev().find(|(it, _)| elsewhere(it)).map(|(it, _)| since(it.at)));
        self.shares(kind, key, t, newest, out);
    }

    fn shares(&self, kind: EntityKind, key: EntityKey, t: i64, newest: i64, out: &mut Expected) {
        if !matches!(kind, EntityKind::Merchant | EntityKind::Terminal) {
            return;
        }
        let end = t - 7 * DAY_US;
        for days in [1, 7, 30] {
            let step = if days == 1 { HOUR_US } else { 6 * HOUR_US };
            let kept = if days == 1 { 8 * DAY_US } else { 37 * DAY_US };
            let within = |at: i64| {
                let slot_end = (at.div_euclid(step) + 1) * step;
                slot_end <= end && slot_end > end - days * DAY_US && slot_end > newest - kept
            };
            let own = self.history.iter().filter(|(it, _)| it.key(kind) == Some(key) && within(it.at)).count() as f64;
            let labels = self.labels.iter();
            let fraud = labels.filter(|(at, merchant, terminal)| within(*at) && [*merchant, *terminal].contains(&key));
            let fraud = fraud.count() as f64;
            out.push((format!("{}_fraud_known_{days}d", kind.name()), Some(own)));
            out.push((format!("{}_fraud_share_{days}d", kind.name()), (own > 0.0).then(|| fraud / own)));
        }
    }
}

/// What the catalogue has a place for.
pub(super) fn in_catalogue(expected: Expected) -> impl Iterator<Item = (usize, String, Option<f64>)> {
    expected.into_iter().filter_map(|(name, value)| Some((feature_index(&name)?, name, value)))
}
