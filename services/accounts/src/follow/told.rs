//! What an event of the ledger says about movements.

use accounts_api::AccountId;
use kernel::{Money, Timestamp};
use ledger_api::{PostedLeg, TransactionId};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::store::movement::account_of;

/// A transaction, or a step on a hold.
#[derive(Debug, Clone)]
pub(super) struct Told {
    what: What,
    pub(super) id: TransactionId,
    /// The hold that the step is about.
    pub(super) target: Option<TransactionId>,
    pub(super) recorded_at: Timestamp,
    pub(super) effective_at: Timestamp,
    pub(super) legs: Vec<Leg>,
}

#[derive(Debug, Clone)]
pub(super) struct Leg {
    /// Its log row.
    pub(super) seq: i64,
    pub(super) debit: String,
    pub(super) credit: String,
    pub(super) amount: Money,
    /// Of the hold, after this step.
    pub(super) remaining: Option<Money>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Posted,
    Held,
    HoldPosted,
    HoldChanged,
}

#[derive(Deserialize)]
struct Data {
    id: TransactionId,
    postings: Vec<PostedLeg>,
    target: Option<TransactionId>,
    recorded_at: Timestamp,
    effective_at: Timestamp,
}

impl Told {
    /// Of one folded event: cursor, type, data. Events that move and hold nothing are `None`.
    pub(super) fn of(event: &Json) -> Option<Told> {
        let [cursor, kind, data] = event.as_array()?.as_slice() else { return None };
        let what = match kind.as_str()? {
            "ledger.transaction.posted" | "ledger.transaction.reversed" => What::Posted,
            "ledger.transaction.held" => What::Held,
            "ledger.hold.posted" => What::HoldPosted,
            "ledger.hold.voided" | "ledger.hold.increased" | "ledger.hold.expired" => What::HoldChanged,
            _ => return None,
        };
        let Data { id, postings, target, recorded_at, effective_at } = Data::deserialize(data).ok()?;
        // The cursor is the last row of the transaction; each posting has one.
        let first = cursor.as_i64()? - i64::try_from(postings.len()).ok()? + 1;
        let leg = |(seq, leg): (i64, PostedLeg)| Leg {
            seq,
            debit: leg.debit.to_string(),
            credit: leg.credit.to_string(),
            amount: leg.amount,
            remaining: leg.hold.map(|hold| hold.remaining),
        };
        let legs = (first..).zip(postings).map(leg).collect();
        Some(Told { what, id, target, recorded_at, effective_at, legs })
    }

    /// Whether it is a movement, held or posted.
    pub(super) fn shows(&self) -> bool {
        self.what != What::HoldChanged
    }

    pub(super) fn is_held(&self) -> bool {
        self.what == What::Held
    }

    /// Whether it changes what a hold shows.
    pub(super) fn ends_hold(&self) -> bool {
        matches!(self.what, What::HoldPosted | What::HoldChanged)
    }
}

impl Leg {
    /// Those of its two accounts that may be of this room.
    pub(super) fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        [account_of(&self.debit), account_of(&self.credit)].into_iter().flatten()
    }
}
