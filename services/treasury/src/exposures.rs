//! Exposures, and the histories of the factors that they are to.

use jiff::civil::Date;
use kernel::{Ctx, Money};
use platform::db::Tx;
use quant::series::{self, Point};
use serde::{Deserialize, Serialize};

use crate::accounts::in_currency;
use crate::convert::{date_of, number_of};
use crate::face::*;
use crate::names::{factor_name, name, too_many};
use crate::refuse::{named, refused};
use crate::service::Inner;
use crate::store::{EXPOSURES, FACTORS, HISTORIES};
use crate::table;

pub(crate) const WORD: &str = "market-risk";

/// One row of `factor_history`: days and values, the oldest first.
#[derive(Serialize, Deserialize)]
pub(crate) struct History {
    points: Vec<(i64, f64)>,
}

impl Inner {
    pub(crate) async fn put_exposures(&self, ctx: &Ctx, command: PutExposures) -> Result<ExposureList, TreasuryError> {
        self.may(ctx, WORD, "change")?;
        if command.items.len() > limits::EXPOSURES_MAX {
            return Err(too_many("exposures", limits::EXPOSURES_MAX));
        }
        let mut items = command.items;
        items.sort_by(|one, other| one.name.cmp(&other.name));
        for (place, one) in items.iter().enumerate() {
            name("name", &one.name)?;
            factor_name("factor", &one.factor)?;
            in_currency(one.amount, self.reporting)?;
            if items.get(place + 1).is_some_and(|next| next.name == one.name) {
                return Err(Refusal::field_invalid("items", format!("{} is there twice", one.name)).into());
            }
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        for known in EXPOSURES.all::<Exposure>(&tx).await? {
            EXPOSURES.remove(&tx, &known.name).await?;
        }
        for one in &items {
            EXPOSURES.put(&tx, &one.name, one).await?;
        }
        self.commit(tx, Vec::new()).await?;
        Ok(ExposureList { items })
    }

    pub(crate) async fn exposures(&self, ctx: &Ctx) -> Result<ExposureList, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        Ok(ExposureList { items: EXPOSURES.all(&self.db.read().await?).await? })
    }

    pub(crate) async fn put_factor(&self, ctx: &Ctx, command: PutFactor) -> Result<Factor, TreasuryError> {
        self.may(ctx, WORD, "change")?;
        factor_name("name", &command.name)?;
        let points = of_table(&command.csv)?;
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return Err(Refusal::TooFew { field: "csv".to_owned(), min: 1, found: 0 }.into());
        };
        let (from, to) = (first.date, last.date);
        series_of(&command.name, command.kind, command.measure, points.clone())?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let known: Option<Factor> = FACTORS.get(&tx, &command.name).await?;
        if known.is_none() && FACTORS.count(&tx).await? >= limits::FACTORS_MAX {
            return Err(too_many("factors", limits::FACTORS_MAX));
        }
        let points: Vec<(i64, f64)> = points.iter().map(|point| (number_of(point.date), point.value)).collect();
        let factor = Factor {
            name: command.name,
            kind: command.kind,
            measure: command.measure,
            version: known.map_or(1, |known| known.version.saturating_add(1)),
            from,
            to,
            days: points.len(),
        };
        FACTORS.put(&tx, &factor.name, &factor).await?;
        HISTORIES.put(&tx, &factor.name, &History { points }).await?;
        self.commit(tx, Vec::new()).await?;
        Ok(factor)
    }

    pub(crate) async fn factors(&self, ctx: &Ctx) -> Result<FactorList, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        Ok(FactorList { items: FACTORS.all(&self.db.read().await?).await? })
    }
}

/// A factor as `quant` takes it; nothing if there is none of this name.
pub(crate) async fn factor_of(tx: &Tx, name: &str) -> Result<Option<(Factor, series::Factor)>, TreasuryError> {
    let factor: Option<Factor> = FACTORS.get(tx, name).await?;
    let history: Option<History> = HISTORIES.get(tx, name).await?;
    let (Some(factor), Some(history)) = (factor, history) else { return Ok(None) };
    let points = history.points.into_iter().map(|(day, value)| Point { date: date_of(day), value }).collect();
    let series = series_of(name, factor.kind, factor.measure, points)?;
    Ok(Some((factor, series)))
}

fn series_of(
    name: &str,
    kind: ReturnKind,
    measure: Measure,
    points: Vec<Point>,
) -> Result<series::Factor, TreasuryError> {
    let kind = match kind {
        ReturnKind::Log => series::ReturnKind::Log,
        ReturnKind::Simple => series::ReturnKind::Simple,
        ReturnKind::Absolute => series::ReturnKind::Absolute,
    };
    let series = match measure {
        Measure::Levels => series::Factor::from_levels(name, kind, &points),
        Measure::Returns => series::Factor::from_returns(name, kind, points),
    };
    series.map_err(|error| refused(error, "csv"))
}

fn of_table(csv: &str) -> Result<Vec<Point>, Refusal> {
    let rows = table::rows(csv, &["date", "value"], &[])?;
    let point = |row: &table::Row| {
        let date: Date = row.parsed("date", "a day such as 2026-01-31")?;
        let value: f64 = row.parsed("value", "a decimal number")?;
        if !value.is_finite() {
            return Err(row.refused("expected a finite number"));
        }
        Ok(Point { date, value })
    };
    rows.iter().map(point).collect()
}

/// Exposures to one factor are one, so that their order does not matter.
pub(crate) fn quant_exposures(exposures: &[Exposure]) -> Vec<quant::risk::Exposure> {
    let one = |exposure: &Exposure| quant::risk::Exposure { factor: exposure.factor.clone(), amount: exposure.amount };
    exposures.iter().map(one).collect()
}

/// What exposures to one factor come to.
pub(crate) fn exposure_to(exposures: &[Exposure], factor: &str, currency: kernel::Currency) -> Money {
    let sum =
        exposures.iter().filter(|one| one.factor == factor).map(|one| i128::from(one.amount.minor())).sum::<i128>();
    Money::new(i64::try_from(sum).unwrap_or(i64::MAX), currency)
}

/// Lined up by date.
pub(crate) fn aligned(factors: &[series::Factor]) -> Result<series::History, TreasuryError> {
    Ok(series::History::align(factors).map_err(|error| named(error, "history"))?)
}
