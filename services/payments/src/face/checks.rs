//! Payments compared with the ledger.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::face::PaymentId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecksQuery {
    /// The payment after which the page starts.
    pub after: Option<PaymentId>,
    pub limit: usize,
}

/// The oldest payments first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecksPage {
    pub checked: u64,
    /// Empty in a healthy house.
    pub wrong: Vec<Wrong>,
    pub next: Option<PaymentId>,
}

/// A payment that disagrees with the ledger or with the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wrong {
    #[schema(value_type = String)]
    pub payment: PaymentId,
    /// `transaction_missing`, `booked_and_not_settled`, `amount_differs`, `reversed_elsewhere`, `given_back_twice` or
    /// `approved_by_its_maker`.
    #[schema(example = "transaction_missing")]
    pub what: String,
}
