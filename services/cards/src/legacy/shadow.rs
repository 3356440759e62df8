//! What ours would have decided, beside what the old system did. Pure.
//!
//! Ours decides by card, limits, controls and funds. Risk is not asked: it would count the payment.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authorization::{Amounts, Authorization};
use crate::reason::Reason;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    pub(crate) field: &'static str,
    pub(crate) theirs: String,
    pub(crate) ours: String,
}

/// How often the two sides differed in this way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DifferenceCount {
    /// `status`, `reason`, `response_code` or `amount`.
    #[schema(example = "reason")]
    pub field: String,
    #[schema(example = "approved")]
    pub theirs: String,
    #[schema(example = "insufficient_funds")]
    pub ours: String,
    pub count: u64,
}

/// Every decision that was compared counts once under this.
pub(crate) const COMPARED: &str = "compared";

/// The first says that there was a comparison.
pub(crate) fn compared(theirs: &Authorization, ours: Reason, amounts: Option<Amounts>) -> Vec<Difference> {
    let word = |approves: bool| if approves { "approved" } else { "declined" };
    // Ours is decided without risk, so an approval without it is the same one.
    let reason = match theirs.reason {
        None => "none",
        Some(Reason::ApprovedWithoutRisk) => Reason::Approved.name(),
        Some(reason) => reason.name(),
    };
    let code = theirs.response_code.clone().unwrap_or_default();
    let mut found = vec![Difference { field: COMPARED, theirs: String::new(), ours: String::new() }];
    let mut add = |field: &'static str, theirs: &str, ours: &str| {
        if theirs != ours {
            found.push(Difference { field, theirs: theirs.to_owned(), ours: ours.to_owned() });
        }
    };
    add("status", word(theirs.is_approved()), word(ours.is_approval()));
    add("reason", reason, ours.name());
    add("response_code", &code, ours.code());
    // By size alone: each amount would be a line of its own.
    if let (true, true, Some(one), Some(other)) = (theirs.is_approved(), ours.is_approval(), theirs.amounts, amounts) {
        match one.cardholder.minor().cmp(&other.cardholder.minor()) {
            std::cmp::Ordering::Less => add("amount", "lower", "higher"),
            std::cmp::Ordering::Greater => add("amount", "higher", "lower"),
            std::cmp::Ordering::Equal => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use kernel::{Currency, Money, Timestamp};

    use super::*;
    use crate::authorization::{Acceptor, AuthorizationId, Origin};
    use crate::life::Status;

    fn amounts(minor: i64) -> Amounts {
        let money = Money::new(minor, Currency::iso("USD").unwrap());
        Amounts { cardholder: money, merchant: money, settlement: money }
    }

    fn theirs(reason: Reason, minor: i64) -> Authorization {
        Authorization {
            id: AuthorizationId::from_bits(1),
            request_id: "test123".to_owned(),
            origin: Origin::Request,
            status: if reason.is_approval() { Status::Approved } else { Status::Declined },
            reason: Some(reason),
            response_code: Some(reason.code().to_owned()),
            approval_code: None,
            card: None,
            amounts: Some(amounts(minor)),
            totals: None,
            balance: None,
            at: Acceptor::default(),
            created_at: Timestamp::EPOCH,
            decided_at: None,
            expires_at: None,
            replayed: false,
        }
    }

    #[test]
    fn only_fields_that_differ_are_counted() {
        let fields = |theirs: &Authorization, ours: Reason, minor: i64| -> Vec<&'static str> {
            compared(theirs, ours, Some(amounts(minor))).iter().map(|one| one.field).collect()
        };
        let approved = theirs(Reason::Approved, 1_000);
        assert_eq!(fields(&approved, Reason::Approved, 1_000), [COMPARED]);
        assert_eq!(fields(&theirs(Reason::ApprovedWithoutRisk, 1_000), Reason::Approved, 1_000), [COMPARED]);
        assert_eq!(fields(&approved, Reason::Approved, 999), [COMPARED, "amount"]);
        let all = [COMPARED, "status", "reason", "response_code"];
        assert_eq!(fields(&approved, Reason::InsufficientFunds, 1_000), all);
        let paused = theirs(Reason::CardPaused, 1_000);
        assert_eq!(fields(&paused, Reason::AccountBlocked, 1_000), [COMPARED, "reason"]);
        assert_eq!(fields(&paused, Reason::CardPaused, 1), [COMPARED]);
    }
}
