//! The report of a day: what was decided, how rules and model do, and how far the world has drifted. Never accuracy alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Ctx;
use risk_api::{DailyReport, Outcome, Refusal, ReportQuery, RiskError};
use strum::VariantArray;

use crate::backtest::Tally;
use crate::model::curve::{calibration, curve};
use crate::model::judge;
use crate::service::Inner;
use crate::source::Rows;
use crate::store::{cases, decisions};
use crate::watch::{LABELS_MIN, ripened};

const DAY_US: i64 = 86_400_000_000;
const PAGE: usize = 5_000;

pub(crate) async fn daily(inner: &Arc<Inner>, ctx: &Ctx, query: ReportQuery) -> Result<DailyReport, RiskError> {
    inner.may(ctx, "risk", "read")?;
    make(inner, query).await
}

pub(crate) async fn make(inner: &Inner, query: ReportQuery) -> Result<DailyReport, RiskError> {
    let now = inner.clock.now();
    let (from, day) = match query.day {
        None => day_of(now.micros()),
        Some(day) => (start_of(&day)?, day),
    };
    let to = from + DAY_US;
    let live = inner.engine.live();
    let live = live.of(query.kind);
    let mut report = DailyReport {
        kind: query.kind,
        day,
        made_at: now,
        decisions: 0,
        outcomes: Vec::new(),
        cases_opened: 0,
        degraded: 0,
        rule_set: live.rules.as_ref().map(|rules| rules.id),
        rules: Vec::new(),
        model: live.champion.as_ref().map(|champion| champion.id),
        ripened: None,
        curve: Vec::new(),
        calibration: Vec::new(),
        drift: live.champion.as_ref().map(|champion| inner.watch.drift(query.kind, champion)).unwrap_or_default(),
    };
    count(inner, from, to, &mut report).await?;
    if let Some(rules) = &live.rules {
        let mut tally = Tally::new(rules.id, &rules.book);
        let mut rows = Rows::open(inner, query.kind, risk_api::Source::Decisions, Some(from), Some(to)).await?;
        while let Some(piece) = rows.next(inner).await? {
            for fact in &piece {
                tally.add(fact, &rules.book, inner.engine.config().thresholds);
            }
        }
        report.rules = tally.rules();
    }
    let found = ripened(inner, query.kind).await?;
    if found.judged.len() >= LABELS_MIN {
        let alerts = risk_api::Costs::default().alerts_a_day;
        report.ripened = Some(judge(&found.judged, alerts, true));
        report.curve = curve(&found.judged);
        report.calibration = calibration(&found.judged);
    }
    Ok(report)
}

async fn count(inner: &Inner, from: i64, to: i64, report: &mut DailyReport) -> Result<(), RiskError> {
    let tx = inner.db.read().await?;
    let range = decisions::Between { kind: report.kind, from, to };
    let mut at = decisions::before(&tx, from).await?;
    let mut outcomes: BTreeMap<Outcome, u64> = Outcome::VARIANTS.iter().map(|outcome| (*outcome, 0)).collect();
    loop {
        let page = decisions::between(&tx, range, at, PAGE).await?;
        let Some(last) = page.last() else { break };
        at = last.seq;
        for decided in &page {
            report.decisions += 1;
            report.degraded += u64::from(!decided.detail.degraded.is_empty());
            *outcomes.entry(decided.outcome).or_default() += 1;
        }
    }
    report.outcomes = outcomes.into_iter().map(|(outcome, count)| (outcome.name().to_owned(), count)).collect();
    report.cases_opened = cases::opened(&tx, report.kind, from, to).await?;
    Ok(())
}

/// Midnight of the day of an instant, and its date.
fn day_of(at: i64) -> (i64, String) {
    let from = at.div_euclid(DAY_US) * DAY_US;
    let date = jiff::Timestamp::from_microsecond(from).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).date();
    (from, date.to_string())
}

fn start_of(day: &str) -> Result<i64, Refusal> {
    let invalid = || Refusal::FieldInvalid { field: "day".to_owned(), expected: "a day such as 2026-01-31".to_owned() };
    let date: jiff::civil::Date = day.parse().map_err(|_| invalid())?;
    let start = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| invalid())?;
    Ok(start.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight() {
        let noon = "2026-01-31T12:00:00Z".parse::<kernel::Timestamp>().unwrap().micros();
        let (from, day) = day_of(noon);
        assert_eq!((from, day.as_str()), (noon - DAY_US / 2, "2026-01-31"));
        assert_eq!(start_of(&day), Ok(from));
        assert!(start_of("soon").is_err());
    }
}
