//! Scheduled transactions as shown to callers before they are executed, or if they never were.

use kernel::{Timestamp, allocate};
use ledger_api::{
    NewTransaction, PostedLeg, Posting, Refusal, ScheduledFailure, Transaction, TransactionId, TransactionKind,
    TransactionStatus,
};
use platform::error::Refusal as _;

use crate::command::Recorded;
use crate::schedule::{Plan, Stage};

pub(super) fn transaction(plan: &Plan, recorded: &Recorded) -> Transaction {
    let recorded_at = Timestamp::from_micros(recorded.at);
    let name = |reference: &Option<String>| reference.as_ref().and_then(|reference| reference.parse().ok());
    let bare = |id, kind, status| Transaction {
        id: TransactionId::from_bits(id),
        kind,
        status,
        postings: Vec::new(),
        balances: Vec::new(),
        target: None,
        reversed_by: None,
        failure: None,
        recorded_at,
        effective_at: recorded_at,
        expires_at: None,
        reference: None,
        metadata: recorded.metadata.clone(),
        replayed: recorded.replayed,
        dry_run: recorded.dry_run,
        as_of_seq: None,
    };
    match plan {
        Plan::Cancellation(row) => Transaction {
            target: Some(TransactionId::from_bits(row.target)),
            reference: name(&row.reference),
            ..bare(row.id, TransactionKind::Cancellation, TransactionStatus::Cancelled)
        },
        Plan::Scheduled { row, stage, refusal } => {
            // Only our own rows are read here.
            let wanted = row.transaction().unwrap_or_default();
            Transaction {
                postings: postings(&wanted),
                failure: refusal.as_deref().map(failure),
                effective_at: Timestamp::from_micros(row.due_at),
                expires_at: wanted.expires_at,
                reference: name(&row.reference),
                ..bare(row.id, TransactionKind::Scheduled, status(*stage))
            }
        }
    }
}

fn status(stage: Stage) -> TransactionStatus {
    match stage {
        // An executed one is shown by its rows.
        Stage::Waits | Stage::CarriedOut => TransactionStatus::Scheduled,
        Stage::Failed => TransactionStatus::Failed,
        Stage::Cancelled => TransactionStatus::Cancelled,
    }
}

/// What will move; for a posting that takes what is available, at most.
fn postings(wanted: &NewTransaction) -> Vec<PostedLeg> {
    wanted.postings.iter().flat_map(legs).collect()
}

fn legs(posting: &Posting) -> Vec<PostedLeg> {
    let leg = |debit: &ledger_api::AccountPath, credit: &ledger_api::AccountPath, minor| PostedLeg {
        debit: debit.clone(),
        credit: credit.clone(),
        amount: kernel::Money::new(minor, posting.amount.currency()),
        hold: None,
        overrides_floor: posting.override_limit.is_some(),
    };
    let weights: Vec<u64> = posting.split.iter().map(|share| share.percent.millionths()).collect();
    // Shares add up to a whole, or the command would have been refused.
    let amounts = allocate(posting.amount.minor(), &weights).unwrap_or_default();
    let shares = posting.split.iter().map(|share| &share.account).zip(amounts).filter(|(_, minor)| *minor > 0);
    match (&posting.debit, &posting.credit) {
        (Some(debit), Some(credit)) => vec![leg(debit, credit, posting.amount.minor())],
        (Some(debit), None) => shares.map(|(credit, minor)| leg(debit, credit, minor)).collect(),
        (None, Some(credit)) => shares.map(|(debit, minor)| leg(debit, credit, minor)).collect(),
        (None, None) => Vec::new(),
    }
}

pub(crate) fn failure(refusal: &str) -> ScheduledFailure {
    match serde_json::from_str::<Refusal>(refusal) {
        Ok(refusal) => ScheduledFailure { code: refusal.code().to_owned(), text: refusal.to_string() },
        Err(_) => ScheduledFailure {
            code: "internal".to_owned(),
            text: "it could not be executed for an internal reason".to_owned(),
        },
    }
}
