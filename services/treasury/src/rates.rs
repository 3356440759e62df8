//! Rates: what currencies were worth in each other, by day, with where that comes from.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::{Ctx, Currency, Timestamp};
use platform::db::Tx;

use crate::convert::nanos;
use crate::face::*;
use crate::names::{text, too_many};
use crate::service::Inner;
use crate::store::cash;
use crate::table;

impl Inner {
    pub(crate) async fn put_rates(&self, ctx: &Ctx, command: PutRates) -> Result<RateList, TreasuryError> {
        self.may(ctx, "rates", "change")?;
        let mut items = command.items;
        if let Some(csv) = &command.csv {
            items.extend(of_table(csv)?);
        }
        if items.is_empty() {
            return Err(Refusal::field_invalid("items", "expected at least one rate").into());
        }
        if items.len() > limits::ITEMS_MAX {
            return Err(too_many("rates", limits::ITEMS_MAX));
        }
        items.iter().try_for_each(check)?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        for rate in &items {
            cash::put_rate(&tx, rate, self.now()).await?;
        }
        self.commit(tx, Vec::new()).await?;
        Ok(RateList { items })
    }

    pub(crate) async fn rates(&self, ctx: &Ctx, query: RateQuery) -> Result<RateList, TreasuryError> {
        self.may(ctx, "rates", "read")?;
        let tx = self.db.read().await?;
        Ok(RateList { items: cash::rates(&tx, query.base, query.quote, query.limit.min(limits::PAGE_MAX)).await? })
    }

    /// The rates into a currency that were known by then, in whichever direction there is one; of two the newer.
    pub(crate) async fn rates_into(
        &self,
        tx: &Tx,
        from: impl IntoIterator<Item = Currency>,
        into: Currency,
        (day, known_at): (Date, Timestamp),
    ) -> Result<BTreeMap<String, Rate>, TreasuryError> {
        let mut found = BTreeMap::new();
        for currency in from.into_iter().filter(|currency| *currency != into) {
            let there = cash::rate_at(tx, (currency, into), day, known_at).await?;
            let back = cash::rate_at(tx, (into, currency), day, known_at).await?;
            let newer = there.into_iter().chain(back).max_by_key(|rate| (rate.on, rate.base == currency));
            found.extend(newer.map(|rate| (currency.code().to_owned(), rate)));
        }
        Ok(found)
    }
}

fn of_table(csv: &str) -> Result<Vec<Rate>, Refusal> {
    let rows = table::rows(csv, &["base", "quote", "on", "rate", "source"], &[])?;
    let rate = |row: &table::Row| {
        let currency = |column| {
            Currency::iso(row.text(column)?).map_err(|error| row.refused(format!("{error} in the column {column}")))
        };
        Ok(Rate {
            base: currency("base")?,
            quote: currency("quote")?,
            on: row.parsed("on", "a day such as 2026-01-31")?,
            rate: row.text("rate")?.to_owned(),
            source: row.text("source")?.to_owned(),
        })
    };
    rows.iter().map(rate).collect()
}

fn check(rate: &Rate) -> Result<(), Refusal> {
    if rate.base == rate.quote {
        return Err(Refusal::PairInvalid { currency: rate.base.code().to_owned() });
    }
    text("source", &rate.source)?;
    match nanos(&rate.rate) {
        Some(_) => Ok(()),
        None => Err(Refusal::RateInvalid { found: rate.rate.chars().take(32).collect() }),
    }
}
