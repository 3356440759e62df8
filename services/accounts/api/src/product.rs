//! Products: the terms under which accounts are opened.

use jiff::civil::Date;
use kernel::{Currency, Id, IdKind, Money, Percent, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Fee, Rate};

#[derive(Debug, Clone, Copy)]
pub enum ProductTag {}

impl IdKind for ProductTag {
    const PREFIX: &'static str = "prod";
}

pub type ProductId = Id<ProductTag>;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProductKind {
    Current,
    Savings,
    /// A deposit for a time: its rates are those of the day on which it begins.
    Term,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProductState {
    Draft,
    Active,
    Retired,
}

/// The share of a year that the night after a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum DayCount {
    /// 1/365.
    #[serde(rename = "act/365f")]
    Act365F,
    /// 1/360.
    #[serde(rename = "act/360")]
    Act360,
    /// 1/366 in a leap year, else 1/365.
    #[serde(rename = "act/act")]
    ActAct,
    /// Twelve months of 30 days: 0 over the night from the 30th to the 31st, 3/360 or 2/360 over the end of February.
    #[serde(rename = "30e/360")]
    ThirtyE360,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TierMode {
    /// The rate of the tier that the balance reaches, for all of it.
    Whole,
    /// Each part of the balance at its own rate.
    Slice,
}

/// When accrued interest is posted to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Posting {
    Daily,
    Monthly,
    Quarterly,
    Yearly,
    /// Of term deposits only, which have no other.
    AtMaturity,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InterestTerms {
    pub day_count: DayCount,
    pub tiers: TierMode,
    pub posting: Posting,
    /// Percent of posted interest that is withheld as tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "25")]
    pub tax: Option<Percent>,
}

/// A rate for balances from an amount on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    pub from: Money,
    pub rate: Rate,
}

/// The rates and fees from a day on, until the next ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    #[schema(value_type = String, format = Date, example = "2027-01-01")]
    pub from: Date,
    /// For balances above zero; the first tier begins at zero.
    #[serde(default)]
    pub credit: Vec<Tier>,
    /// For balances below zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdraft: Option<Rate>,
    /// If it is left out, the fees from before stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees: Option<Vec<Fee>>,
}

/// Transfers out of an account, as payments and cards count them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_transfer: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_month: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_per_day: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_per_month: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Overdraft {
    /// The largest that an account may be granted.
    pub largest: Money,
}

/// Of term deposits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// 1 to 120.
    #[schema(example = 12)]
    pub months: u16,
    /// For all days of a deposit that ends early.
    pub early_rate: Rate,
}

/// A version in use never changes; rates and fees are set by day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interest: Option<InterestTerms>,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdraft: Option<Overdraft>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_balance: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit: Option<Deposit>,
    /// Days between the announcement of rates and fees and their first day.
    #[serde(default)]
    pub notice_days: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Product {
    #[schema(value_type = String, example = "prod_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub id: ProductId,
    pub name: String,
    pub kind: ProductKind,
    pub currency: Currency,
    pub state: ProductState,
    /// The version that new accounts get; 0 before the first activation.
    pub version: u32,
    /// The newest version, which may be a draft.
    pub newest: u32,
    /// Of the newest version.
    pub terms: Terms,
    /// By their first day.
    pub rates: Vec<Rates>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProduct {
    #[schema(example = "Savings", min_length = 1, max_length = 140)]
    pub name: String,
    pub kind: ProductKind,
    pub currency: Currency,
    #[serde(default)]
    pub terms: Terms,
    /// The first rates; others are announced later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Rates>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVersion {
    pub id: ProductId,
    pub terms: Terms,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRates {
    pub id: ProductId,
    pub rates: Rates,
    /// From a day that is over: days since then are recomputed, and the difference accrues today.
    #[serde(default)]
    pub correction: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ProductId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductPage {
    pub items: Vec<Product>,
    pub more: bool,
}
