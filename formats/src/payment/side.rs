//! One side of a payment: who, where, with which account at which bank.

use serde::Serialize;

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    pub name: Option<String>,
    pub address: Address,
    /// A person's or an organisation's identification.
    pub id: Option<String>,
    pub is_person: bool,
    pub iban: Option<String>,
    pub number: Option<String>,
    pub currency: Option<String>,
    /// BIC of the bank.
    pub bic: Option<String>,
    /// The bank's number in a clearing system, and which one: `021000021` of `USABA`.
    pub clearing_number: Option<String>,
    pub clearing_system: Option<String>,
    /// On whose behalf.
    pub ultimate: Option<String>,
}

/// Structured, or hybrid with up to two free lines; older ones have free lines only.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Address {
    pub street: Option<String>,
    pub building: Option<String>,
    pub post_code: Option<String>,
    pub town: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub lines: Vec<String>,
}
