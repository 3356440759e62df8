//! Previews of messages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Data;

/// Renders a kind in a language; variables that are left out get example values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    #[schema(example = "account.money_received")]
    pub kind: String,
    /// `en` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "de-AT")]
    pub locale: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    pub data: Data,
}

/// A message on all channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Previewed {
    /// The language that was found: `de` for `de-AT`.
    pub locale: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// For SMS and push.
    pub short: String,
}
