//! A customer's own rules for categories.

use kernel::{Id, IdKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Category, CustomerId};

#[derive(Debug, Clone, Copy)]
pub enum RuleTag {}

impl IdKind for RuleTag {
    const PREFIX: &'static str = "rule";
}

pub type RuleId = Id<RuleTag>;

/// All that it names must be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    #[schema(value_type = String, example = "rule_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub id: RuleId,
    pub category: Category,
    /// Words that all occur in name and text.
    pub words: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleList {
    pub items: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRule {
    pub customer: CustomerId,
    pub category: Category,
    pub words: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveRule {
    pub customer: CustomerId,
    pub rule: RuleId,
}
