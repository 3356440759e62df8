//! Rules of people for categories, and profiles of CSV files.

use kernel::{Id, IdKind, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Code;

#[derive(Debug, Clone, Copy)]
pub struct RuleTag;

impl IdKind for RuleTag {
    const PREFIX: &'static str = "brule";
}

pub type RuleId = Id<RuleTag>;

/// Sets the category of transactions for which everything it names is true. The oldest matching rule counts.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddRule {
    pub category: String,
    /// Words that all occur in the text, in any case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Part of the counterparty's name, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The smallest amount, with its sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Money>,
    /// The largest amount, with its sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Money>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    pub id: RuleId,
    pub terms: AddRule,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleList {
    pub items: Vec<Rule>,
}

/// A layout of CSV files under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Profile {
    pub name: String,
    /// Separator, encoding, columns, date form, decimal mark: as `florin inspect` proposes it.
    #[schema(value_type = Object)]
    pub layout: Layout,
}

/// The layout as JSON text inside; banking checks it.
pub type Layout = std::collections::BTreeMap<String, LayoutValue>;

/// Any JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum LayoutValue {
    Flag(bool),
    Number(i64),
    Text(String),
    #[schema(no_recursion)]
    List(Vec<LayoutValue>),
    #[schema(no_recursion)]
    Map(Layout),
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutProfile {
    pub name: String,
    pub layout: Layout,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileList {
    pub items: Vec<Profile>,
}
