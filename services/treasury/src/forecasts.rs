//! Forecasts as they are asked for, kept each day, and held against what came.

use std::collections::BTreeMap;

use kernel::{Ctx, Currency, Money};
use platform::db::{DbError, Tx};
use platform::error::Failure;
use quant::forecast::{Accounted, Setting, Trained as Model, by_lead, train};
use serde::{Deserialize, Serialize};

use crate::accounts::account_unknown;
use crate::convert::{date_of, number_of};
use crate::face::*;
use crate::outlook::{self, Found, History, Known, Question};
use crate::position;
use crate::positions::Book;
use crate::refuse::refused;
use crate::service::Inner;
use crate::store::cash::{self, Kind};
use crate::store::{MODELS, flow, outlook as kept};

pub(crate) const WORD: &str = "forecasts";
/// How far back kept forecasts are held against what came.
const ACCURACY_DAYS: i64 = 400;

/// Some accounts of one currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    Account(AccountId),
    Entity(String, String),
    Currency(String),
}

/// One row of `model`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) trained: Model,
    pub(crate) data_to: jiff::civil::Date,
}

/// What a forecast is made from.
pub(crate) struct Given {
    series: String,
    history: History,
    known: Vec<Known>,
    question: Question,
    pub(crate) models: BTreeMap<String, Model>,
}

impl Scope {
    fn has(&self, account: &Account) -> bool {
        match self {
            Scope::Account(id) => account.id == *id,
            Scope::Entity(entity, code) => account.entity == *entity && account.currency.code() == code,
            Scope::Currency(code) => account.currency.code() == code,
        }
    }

    fn series(&self, step: Step) -> String {
        let step = <&str>::from(step);
        match self {
            Scope::Account(id) => format!("account:{id}/{step}"),
            Scope::Entity(entity, code) => format!("entity:{entity}:{code}/{step}"),
            Scope::Currency(code) => format!("currency:{code}/{step}"),
        }
    }
}

impl Inner {
    pub(crate) async fn forecast(&self, ctx: &Ctx, query: ForecastQuery) -> Result<Forecast, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        let scope = scope(&query)?;
        let given = {
            let tx = self.db.read().await?;
            let book = self.book(&tx).await?;
            self.given(&tx, &book, &scope, query.step).await?.ok_or_else(|| no_accounts(&scope))?
        };
        let (forecast, news) = self.calculated(given).await?;
        if !news.is_empty() {
            let tx = self.db.begin().await?;
            store_models(&tx, &forecast, &news).await?;
            self.commit(tx, Vec::new()).await?;
        }
        Ok(forecast)
    }

    /// The daily forecast of one account, for a plan of moves.
    pub(crate) async fn daily(&self, tx: &Tx, book: &Book, account: AccountId) -> Result<Forecast, TreasuryError> {
        let given = self.given(tx, book, &Scope::Account(account), Step::Day).await?;
        Ok(self.calculated(given.ok_or_else(|| account_unknown(account))?).await?.0)
    }

    pub(crate) async fn given(
        &self,
        tx: &Tx,
        book: &Book,
        scope: &Scope,
        step: Step,
    ) -> Result<Option<Given>, TreasuryError> {
        let accounts: Vec<&Account> = book.accounts.iter().filter(|account| scope.has(account)).collect();
        let Some(first) = accounts.first() else { return Ok(None) };
        let today = number_of(self.today());
        let mut history = History { days: BTreeMap::new(), last: i64::MIN, opening: None };
        for account in &accounts {
            let held = book.held(account);
            if let Some(booked) = held.balance(Kind::Booked) {
                let day = if held.is_current { today } else { number_of(booked.day) };
                history.last = history.last.max(day);
                history.opening = Some(history.opening.unwrap_or(0).saturating_add(booked.minor));
            }
        }
        if history.opening.is_none() {
            history.last = today;
        }
        let mut known = Vec::new();
        for account in &accounts {
            for (day, category, minor) in cash::days(tx, &account.source.key(), date_of(history.last)).await? {
                let sum = history.days.entry(category).or_default().entry(day).or_default();
                *sum = sum.saturating_add(minor);
            }
            let open = flow::open(tx, &account.id.to_string()).await?;
            known.extend(open.iter().map(|one| Known {
                category: one.category.clone(),
                day: number_of(one.due),
                minor: one.rest(),
            }));
        }
        let series = scope.series(step);
        let prefix = format!("{series}/");
        let models = MODELS.starting_with::<Kept>(tx, &prefix).await?;
        let models = models.into_iter().map(|(key, kept)| (key, kept.trained)).collect();
        let calendar = position::calendar(book.calendar(&first.entity));
        let question = Question { step, calendar, currency: first.currency };
        Ok(Some(Given { series, history, known, question, models }))
    }

    /// Away from the threads that answer calls; with the models that had to be fitted.
    pub(crate) async fn calculated(&self, given: Given) -> Result<(Forecast, Vec<(String, Model)>), TreasuryError> {
        let made_at = self.now();
        let work = move || {
            let found = found(&given)?;
            let Found { points, components, models } = found;
            let known = &given.models;
            let is_new = |(key, trained): &(String, Model)| known.get(key) != Some(trained);
            let forecast = Forecast {
                series: given.series.clone(),
                data_to: date_of(given.history.last),
                opening: given.history.opening.map(|minor| Money::new(minor, given.question.currency)),
                points,
                components,
                made_at,
            };
            Ok((forecast, models.into_iter().filter(is_new).collect()))
        };
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a forecast panicked");
            TreasuryError::from(Failure::Internal)
        })?;
        done.map_err(|error| refused(error, "history"))
    }

    /// Keeps the daily forecasts of all accounts as of today, once for each last day of their history.
    pub(crate) async fn keep_daily(&self) -> Result<(), TreasuryError> {
        let accounts: Vec<AccountId> = {
            let tx = self.db.read().await?;
            self.book(&tx).await?.accounts.iter().map(|account| account.id).collect()
        };
        for account in accounts {
            let given = {
                let tx = self.db.read().await?;
                let book = self.book(&tx).await?;
                let scope = Scope::Account(account);
                let given = self.given(&tx, &book, &scope, Step::Day).await?;
                let last = given.as_ref().map(|given| date_of(given.history.last));
                let is_kept = match last {
                    Some(last) => !kept::kept(&tx, &scope.series(Step::Day), last).await?.is_empty(),
                    None => true,
                };
                given.filter(|given| !is_kept && given.history.opening.is_some())
            };
            let Some(given) = given else { continue };
            let (forecast, news) = self.calculated(given).await?;
            let tx = self.db.begin().await?;
            store_models(&tx, &forecast, &news).await?;
            kept::keep(&tx, &forecast).await?;
            self.commit(tx, Vec::new()).await?;
        }
        Ok(())
    }

    pub(crate) async fn accuracy(&self, ctx: &Ctx, query: AccuracyQuery) -> Result<AccuracyList, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        let account = self.account_of(query.account).await?;
        let tx = self.db.read().await?;
        let from = date_of(number_of(self.today()) - ACCURACY_DAYS);
        let forecasts = kept::kept(&tx, &Scope::Account(account.id).series(Step::Day), from).await?;
        let mut actual = BTreeMap::<i64, i64>::new();
        for (day, _, minor) in cash::days(&tx, &account.source.key(), self.today()).await? {
            let sum = actual.entry(day).or_default();
            *sum = sum.saturating_add(minor);
        }
        let known_to = forecasts.first().map_or(i64::MIN, |newest| number_of(newest.data_to));
        let mut pairs = Vec::new();
        for forecast in &forecasts {
            for (lead, point) in (1..).zip(&forecast.points) {
                let day = number_of(point.from);
                let units = |money: Money| money.minor() as f64;
                if day <= known_to {
                    let actual = actual.get(&day).copied().unwrap_or(0) as f64;
                    let net = point.net;
                    let (p10, p50, p90) = (units(net.p10), units(net.p50), units(net.p90));
                    pairs.push(Accounted { lead, p10, p50, p90, actual });
                }
            }
        }
        let records = by_lead(&pairs).map_err(|error| refused(error, "forecasts"))?;
        let money = |units: f64| Money::new(units.round_ties_even() as i64, account.currency);
        let shown = |record: quant::forecast::LeadRecord| Accuracy {
            lead: record.lead,
            count: record.count,
            bias: money(record.bias),
            mean_absolute_error: money(record.mean_absolute_error),
            coverage: record.coverage,
        };
        Ok(AccuracyList { items: records.into_iter().map(shown).collect() })
    }
}

/// A model that was fitted to the same series, or one with less at its end, is used again; else the method in use has to be
/// beaten.
fn found(given: &Given) -> Result<Found, quant::QuantError> {
    let model = |key: &str, values: &[f64], setting: &Setting| match given.models.get(key) {
        Some(known) if known.setting == *setting && known.fitted_to <= values.len() => Ok(known.clone()),
        known => train(values, setting, known.map(|known| known.method)),
    };
    outlook::outlook(&given.history, &given.known, &given.question, &model)
}

async fn store_models(tx: &Tx, forecast: &Forecast, news: &[(String, Model)]) -> Result<(), DbError> {
    for (component, trained) in news {
        let kept = Kept { trained: trained.clone(), data_to: forecast.data_to };
        MODELS.put(tx, &format!("{}/{component}", forecast.series), &kept).await?;
    }
    Ok(())
}

fn scope(query: &ForecastQuery) -> Result<Scope, Refusal> {
    let code = |currency: Currency| currency.code().to_owned();
    match (&query.account, &query.entity, query.currency) {
        (Some(account), None, None) => Ok(Scope::Account(*account)),
        (None, Some(entity), Some(currency)) => Ok(Scope::Entity(entity.clone(), code(currency))),
        (None, None, Some(currency)) => Ok(Scope::Currency(code(currency))),
        _ => Err(Refusal::field_invalid("account", "expected an account, an entity and a currency, or a currency")),
    }
}

fn no_accounts(scope: &Scope) -> Refusal {
    match scope {
        Scope::Account(id) => Refusal::AccountUnknown { account: id.to_string() },
        Scope::Entity(entity, code) => Refusal::AccountUnknown { account: format!("{entity} in {code}") },
        Scope::Currency(code) => Refusal::AccountUnknown { account: format!("any in {code}") },
    }
}
