//! Repeated commands. The same command gets its first reply, built from the rows and marked as replayed; a different
//! command under the same id or key is refused, with the first field that differs if the rows can tell.

use kernel::{Money, Timestamp};
use ledger_api::{Metadata, NewTransaction, OpenAccount, Operation, Posting, Refusal, TransactionId, WantedStatus};
use serde::Serialize;

use super::account::floor;
use super::create::asked;
use super::{digest_of, record};
use crate::command::{AccountAnswer, AssetAnswer, Line, Outcome, Reach, Recorded, Refused, Tag};
use crate::format::{AccountEvent, CancelledRow, LegKind, LegRow, RefusalRow, Row, ScheduledRow, metadata_hash};
use crate::schedule::operation_text;
use crate::state::State;

/// The content of an operation, without its id, reference and metadata.
#[derive(Serialize)]
pub(crate) enum Operands<'a> {
    Create(&'a WantedStatus, &'a [Posting], Option<Timestamp>, Option<Timestamp>),
    Schedule(&'a WantedStatus, &'a [Posting], Option<Timestamp>, Option<Timestamp>),
    Cancel(TransactionId),
    Post(TransactionId, &'a [Money], bool),
    Void(TransactionId, &'a [Money]),
    Increase(TransactionId, &'a [Money]),
    Reverse(TransactionId),
}

impl<'a> Operands<'a> {
    pub(crate) fn of(operation: &'a Operation) -> Operands<'a> {
        match operation {
            Operation::Create(create) if create.scheduled => {
                Operands::Schedule(&create.status, &create.postings, create.effective_at, create.expires_at)
            }
            Operation::Create(create) => {
                Operands::Create(&create.status, &create.postings, create.effective_at, create.expires_at)
            }
            Operation::Post(post) => Operands::Post(post.transaction, &post.amounts, post.is_final),
            Operation::Void(void) => Operands::Void(void.transaction, &void.amounts),
            Operation::Increase(increase) => Operands::Increase(increase.transaction, &increase.amounts),
            Operation::Reverse(reverse) => Operands::Reverse(reverse.transaction),
            Operation::Cancel(cancel) => Operands::Cancel(cancel.transaction),
        }
    }
}

/// The outcome that a line already has, if any.
pub(super) fn of_line(state: &State, now: Timestamp, reach: &Reach, line: &Line) -> Option<Outcome<Recorded>> {
    if let Some(known) = known_scope(state, &line.tag) {
        return Some(known.and_then(|seq| of_transaction(state, now, seq)));
    }
    let first = *state.group.known.get(&line.tag.id)?;
    let transaction = TransactionId::from_bits(line.tag.id);
    let difference = match state.row(first) {
        Some(Row::Refusal(row)) => refused_difference(state, reach, row, &line.operation),
        // Another owner's id is taken, without saying by what.
        Some(Row::Leg(_) | Row::Scheduled(_) | Row::Cancelled(_)) if !reach.covers_transaction(state, first) => {
            Some("accounts")
        }
        Some(Row::Leg(_)) => difference(state, first, &line.operation),
        Some(Row::Scheduled(row)) => scheduled_difference(state, first, row, &line.operation),
        Some(Row::Cancelled(row)) => cancelled_difference(state, first, row, &line.operation),
        _ => Some("kind"),
    };
    match difference {
        Some(field) => Some(Err(Refusal::IdTaken { transaction, field: field.to_owned() }.into())),
        None => Some(of_transaction(state, now, first)),
    }
}

/// The row that an idempotency key led to, or the refusal of a different command under it.
fn known_scope(state: &State, tag: &Tag) -> Option<Outcome<u64>> {
    let scope = tag.scope?;
    let entry = state.group.scopes.get(&scope.key)?;
    Some(if entry.command == scope.command { Ok(entry.seq) } else { Err(Refusal::IdempotencyKeyTaken.into()) })
}

fn of_transaction(state: &State, now: Timestamp, first: u64) -> Outcome<Recorded> {
    match state.row(first) {
        Some(Row::Refusal(row)) => Err(replayed(row)),
        _ => {
            let metadata = metadata(state, first);
            Ok(Recorded { replayed: true, ..record::recorded(state, first, now, metadata) })
        }
    }
}

fn replayed(row: &RefusalRow) -> Refused {
    // Only our own rows are read here; one that cannot be read is as good as an unknown transaction.
    let transaction = TransactionId::from_bits(row.id);
    let refusal = serde_json::from_str(&row.refusal).unwrap_or(Refusal::TransactionUnknown { transaction });
    Refused { refusal, replayed: true }
}

fn metadata(state: &State, seq: u64) -> Metadata {
    state.group.metadata.get(&seq).map(|entry| entry.body.clone()).unwrap_or_default()
}

fn refused_difference(state: &State, reach: &Reach, row: &RefusalRow, operation: &Operation) -> Option<&'static str> {
    if row.command != refused_digest(operation) {
        return Some("command");
    }
    let target = operation.target().and_then(|target| state.group.known.get(&target.bits()).copied());
    (!reach.covers_refusal(state, &replayed(row).refusal, target)).then_some("accounts")
}

/// How a refused command is recognised: all of it except its id and its metadata, which may be personal data.
pub(super) fn refused_digest(operation: &Operation) -> [u8; 16] {
    let conditions = match operation {
        Operation::Create(create) => create.if_version.as_slice(),
        _ => &[],
    };
    digest_of(&(Operands::of(operation), operation.reference(), conditions))
}

fn difference(state: &State, first: u64, operation: &Operation) -> Option<&'static str> {
    let legs = state.legs(first);
    let head = legs.first()?.head.as_ref()?;
    let kind_differs = match operation {
        Operation::Create(create) if create.scheduled => return Some("scheduled"),
        Operation::Create(create) => legs.first()?.kind != created_kind(create),
        Operation::Post(_) => legs.first()?.kind != LegKind::Post,
        Operation::Void(_) => legs.first()?.kind != LegKind::Void,
        Operation::Increase(_) => legs.first()?.kind != LegKind::Increase,
        Operation::Reverse(_) => legs.first()?.kind != LegKind::Reversal,
        Operation::Cancel(_) => true,
    };
    if kind_differs {
        return Some("status");
    }
    let operands_differ = match operation {
        Operation::Create(create) => created_difference(state, &legs, create),
        other if head.target != other.target().map(TransactionId::bits) => Some("transaction"),
        other => (head.asked != Some(digest_of(&Operands::of(other)))).then_some("amounts"),
    };
    let reference = operation.reference().map(ToString::to_string);
    operands_differ.or((head.reference != reference).then_some("reference")).or(metadata_differs(
        state,
        first,
        head.metadata,
        operation.metadata(),
    )
    .then_some("metadata"))
}

/// The row has the whole command as it was sent, apart from the metadata.
fn scheduled_difference(state: &State, first: u64, row: &ScheduledRow, operation: &Operation) -> Option<&'static str> {
    let Operation::Create(create) = operation else { return Some("status") };
    let Some(known) = row.transaction() else { return Some("command") };
    let fields = [
        ("scheduled", !create.scheduled),
        ("status", create.status != known.status),
        ("effective_at", create.effective_at != known.effective_at),
        ("expires_at", create.expires_at != known.expires_at),
        ("number of postings", create.postings.len() != known.postings.len()),
        ("postings", create.postings != known.postings),
        ("if_version", create.if_version != known.if_version),
        // Any other property that a transaction may get in the future.
        ("command", operation_text(create) != row.operation),
        ("reference", create.reference != known.reference),
        ("metadata", metadata_differs(state, first, row.metadata, &create.metadata)),
    ];
    fields.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}

fn cancelled_difference(state: &State, first: u64, row: &CancelledRow, operation: &Operation) -> Option<&'static str> {
    let Operation::Cancel(cancel) = operation else { return Some("status") };
    let fields = [
        ("transaction", cancel.transaction.bits() != row.target),
        ("reference", cancel.reference.as_ref().map(ToString::to_string) != row.reference),
        ("metadata", metadata_differs(state, first, row.metadata, &cancel.metadata)),
    ];
    fields.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}

fn created_kind(create: &NewTransaction) -> LegKind {
    match create.status {
        WantedStatus::Posted => LegKind::Posted,
        WantedStatus::Pending => LegKind::Pending,
    }
}

fn created_difference(state: &State, legs: &[&LegRow], create: &NewTransaction) -> Option<&'static str> {
    let head = legs.first()?.head.as_ref()?;
    if head.effective_at != create.effective_at.map(Timestamp::micros) {
        return Some("effective_at");
    }
    if head.expires_at != create.expires_at.map(Timestamp::micros) {
        return Some("expires_at");
    }
    let asked = asked(&create.postings);
    if head.asked != asked {
        return Some("postings");
    }
    if asked.is_some() {
        return None;
    }
    if legs.len() != create.postings.len() {
        return Some("number of postings");
    }
    legs.iter().zip(&create.postings).find_map(|(leg, posting)| posting_difference(state, leg, posting))
}

fn posting_difference(state: &State, leg: &LegRow, posting: &Posting) -> Option<&'static str> {
    let (debit, credit) = (state.facts(leg.debit)?, state.facts(leg.credit)?);
    if posting.debit.as_ref() != Some(&debit.path) {
        return Some("debit");
    }
    if posting.credit.as_ref() != Some(&credit.path) {
        return Some("credit");
    }
    if posting.amount != debit.money(leg.amount) {
        return Some("amount");
    }
    (posting.override_limit.is_some() != leg.overrides_floor).then_some("override")
}

/// Erased metadata can no longer be compared, and counts as equal.
fn metadata_differs(state: &State, first: u64, stored: Option<[u8; 32]>, given: &Metadata) -> bool {
    match (stored, state.group.metadata.get(&first)) {
        (None, _) => !given.is_empty(),
        (Some(_), None) => false,
        (Some(stored), Some(entry)) => {
            stored != metadata_hash(&entry.salt, &serde_json::to_string(given).unwrap_or_default())
        }
    }
}

/// The first reply to an account command that was sent with the same idempotency key.
pub(super) fn of_account(state: &State, tag: &Tag) -> Option<Outcome<AccountAnswer>> {
    let seq = match known_scope(state, tag)? {
        Ok(seq) => seq,
        Err(refused) => return Some(Err(refused)),
    };
    match state.row(seq)? {
        Row::Refusal(row) => Some(Err(replayed(row))),
        Row::Account(row) => {
            let facts = state.facts(row.account)?;
            Some(Ok(AccountAnswer::of_row(facts, row, metadata(state, row.state.metadata_seq))))
        }
        _ => Some(Err(Refusal::IdempotencyKeyTaken.into())),
    }
}

/// The first reply to a declaration that was sent with the same idempotency key.
pub(super) fn of_asset(state: &State, tag: &Tag) -> Option<Outcome<AssetAnswer>> {
    let seq = match known_scope(state, tag)? {
        Ok(seq) => seq,
        Err(refused) => return Some(Err(refused)),
    };
    Some(match state.row(seq)? {
        Row::Refusal(row) => Err(replayed(row)),
        Row::Asset(row) => Ok(AssetAnswer { code: row.code.clone(), scale: row.scale, replayed: true }),
        _ => Err(Refusal::IdempotencyKeyTaken.into()),
    })
}

/// An existing account: the reply of its opening, if that had the same content.
pub(super) fn of_opening(state: &State, no: u64, open: &OpenAccount) -> Result<AccountAnswer, Refusal> {
    let facts = state.facts(no).expect("an account that was found is loaded");
    let Some(Row::Account(row)) = state.row(facts.opened_seq) else {
        return Err(Refusal::AccountExists { account: open.path.clone(), field: "opening".to_owned() });
    };
    let AccountEvent::Opened(opening) = &row.event else {
        return Err(Refusal::AccountExists { account: open.path.clone(), field: "opening".to_owned() });
    };
    let text = |name: &Option<ledger_api::Reference>| name.as_ref().map(ToString::to_string);
    let fields = [
        // First, so that nothing else is revealed about another owner's account.
        ("owner", opening.owner != text(&open.owner)),
        ("currency", opening.currency != open.currency.code() || opening.scale != open.currency.scale()),
        ("normal", opening.normal != open.normal),
        ("floor", row.state.floor != floor(&open.limits)),
        ("ceiling", row.state.ceiling != open.limits.ceiling.map(|money| money.minor())),
        ("reference", opening.reference != text(&open.reference)),
        ("metadata", metadata_differs(state, facts.opened_seq, row.state.metadata, &open.metadata)),
    ];
    match fields.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(Refusal::AccountExists { account: open.path.clone(), field: field.to_owned() }),
        None => Ok(AccountAnswer::of_row(facts, row, metadata(state, row.state.metadata_seq))),
    }
}
