//! Entities, the accounts that are linked to them, and rates.

use jiff::civil::Date;
use kernel::{Currency, Id, IdKind, Money, Percent, Timestamp};
use ledger_api::Side;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountTag {}

impl IdKind for AccountTag {
    const PREFIX: &'static str = "tacc";
}

pub type AccountId = Id<AccountTag>;

/// Whose holidays are no business days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HolidayCalendar {
    /// Monday to Friday.
    #[default]
    Weekdays,
    /// The Federal Reserve's.
    UnitedStates,
    /// The euro's payment system.
    Target,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityTerms {
    /// For people.
    #[schema(example = "Acme Inc.")]
    pub title: String,
    /// Its own currency.
    #[schema(example = "USD")]
    pub currency: Currency,
    #[serde(default)]
    pub calendar: HolidayCalendar,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutEntity {
    pub name: String,
    pub terms: EntityTerms,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entity {
    #[schema(example = "acme-us")]
    pub name: String,
    pub title: String,
    pub currency: Currency,
    pub calendar: HolidayCalendar,
}

/// By name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntityList {
    pub items: Vec<Entity>,
}

/// Where an account's balances come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An account of banking, by its id.
    Bank(String),
    /// An account of the ledger's main book, by its path.
    Ledger(String),
}

/// The days of a year for interest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayBasis {
    #[default]
    Actual360,
    Actual365,
}

/// What holds for an account, all of it at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountTerms {
    /// For people.
    #[schema(example = "Operating account")]
    pub name: String,
    /// The bank, as positions are grouped by it; `ledger` if it is left out for an account of the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "chase")]
    pub bank: Option<String>,
    /// No sweep takes the balance below it; zero unless given. Below zero it is an overdraft within the credit limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Money>,
    /// A year's interest on balances above zero, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2.5")]
    pub credit_rate: Option<Percent>,
    /// The same on balances below zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debit_rate: Option<Percent>,
    #[serde(default)]
    pub basis: DayBasis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddAccount {
    /// The entity whose account it is.
    #[schema(example = "acme-us")]
    pub entity: String,
    pub source: Source,
    pub terms: AccountTerms,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    pub id: AccountId,
    pub terms: AccountTerms,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    #[schema(value_type = String)]
    pub id: AccountId,
    pub entity: String,
    pub source: Source,
    pub currency: Currency,
    /// Of an account of the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<Side>,
    pub terms: AccountTerms,
    pub created_at: Timestamp,
}

/// In the order in which they were linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    pub items: Vec<Account>,
}

/// What one unit of a currency is worth in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    #[schema(example = "EUR")]
    pub base: Currency,
    #[schema(example = "USD")]
    pub quote: Currency,
    #[schema(value_type = String, format = Date)]
    pub on: Date,
    /// A decimal above zero, with at most nine decimal places.
    #[schema(example = "1.0834")]
    pub rate: String,
    /// Where it comes from.
    #[schema(example = "ECB")]
    pub source: String,
}

/// A list, or a table with a header and the columns `base`, `quote`, `on`, `rate` and `source`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutRates {
    #[serde(default)]
    pub items: Vec<Rate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateQuery {
    pub base: Currency,
    pub quote: Currency,
    pub limit: usize,
}

/// The newest day first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RateList {
    pub items: Vec<Rate>,
}

impl Source {
    /// Under which its balances are kept.
    pub(crate) fn key(&self) -> String {
        match self {
            Source::Bank(id) => format!("bank:{id}"),
            Source::Ledger(path) => format!("ledger:{path}"),
        }
    }
}
