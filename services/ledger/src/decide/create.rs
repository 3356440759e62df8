//! A new transaction: who pays whom how much, now or held for later.

use std::sync::Arc;

use kernel::{Currency, Timestamp, allocate};
use ledger_api::{AccountPath, NewTransaction, Override, Posting, Refusal, Share, Side, WantedStatus, limits};

use super::digest_of;
use super::record::{Leg, Recorder, check_open};
use crate::account::AccountFacts;
use crate::command::{Reach, Tag};
use crate::format::{LegKind, TransactionHead};
use crate::state::{Hold, Space, State};

pub(super) fn create(
    state: &mut State,
    now: Timestamp,
    reach: &Reach,
    tag: &Tag,
    create: &NewTransaction,
) -> Result<(), Refusal> {
    check_versions(state, reach, create)?;
    check_times(now, create)?;
    check_reference(state, create.reference.as_ref())?;
    let (recorder, head) = record(state, now, reach, create)?;
    recorder.finish(state, tag, head, &create.metadata);
    Ok(())
}

/// A scheduled transaction that is due now. The accounts' owners were checked when it was scheduled, and they never
/// change.
pub(super) fn carry_out(state: &mut State, now: Timestamp, id: u128, create: &NewTransaction) -> Result<(), Refusal> {
    check_versions(state, &Reach::All, create)?;
    check_times(now, create)?;
    let (recorder, head) = record(state, now, &Reach::All, create)?;
    recorder.finish_scheduled(state, id, head);
    Ok(())
}

/// All rows without the head.
fn record(
    state: &mut State,
    now: Timestamp,
    reach: &Reach,
    create: &NewTransaction,
) -> Result<(Recorder, TransactionHead), Refusal> {
    let kind = match create.status {
        WantedStatus::Posted => LegKind::Posted,
        WantedStatus::Pending => LegKind::Pending,
    };
    let mut recorder = Recorder::effective(state, now, create.effective_at);
    for posting in &create.postings {
        for leg in legs(state, reach, kind, posting)? {
            check_effective(state, create, &leg)?;
            let seq = recorder.leg(state, leg)?;
            if kind == LegKind::Pending {
                hold(state, seq, &leg, create.expires_at.unwrap_or(default_expiry(now)));
            }
        }
    }
    let head = TransactionHead {
        effective_at: create.effective_at.map(Timestamp::micros),
        expires_at: create.expires_at.map(Timestamp::micros),
        reference: create.reference.as_ref().map(ToString::to_string),
        asked: asked(&create.postings),
        ..TransactionHead::default()
    };
    Ok((recorder, head))
}

/// Rows show accounts and amounts; if the request said more, a digest of it is stored.
pub(super) fn asked(postings: &[Posting]) -> Option<[u8; 16]> {
    let worked_out = |posting: &Posting| posting.up_to_available || !posting.split.is_empty();
    postings.iter().any(worked_out).then(|| digest_of(&postings))
}

fn check_versions(state: &State, reach: &Reach, create: &NewTransaction) -> Result<(), Refusal> {
    for condition in &create.if_version {
        let no = find(state, reach, &condition.account)?;
        let found = state.entry(no).map_or(0, |entry| entry.head.version);
        if found != condition.version {
            let account = condition.account.clone();
            return Err(Refusal::VersionMismatch { account, expected: condition.version, found });
        }
    }
    Ok(())
}

fn check_times(now: Timestamp, create: &NewTransaction) -> Result<(), Refusal> {
    if let Some(effective_at) = create.effective_at.filter(|effective_at| *effective_at > now) {
        return Err(Refusal::EffectiveInFuture { effective_at });
    }
    check_expiry(now, create)
}

/// For what is held from this moment on.
pub(super) fn check_expiry(now: Timestamp, create: &NewTransaction) -> Result<(), Refusal> {
    if let Some(expires_at) = create.expires_at.filter(|expires_at| *expires_at <= now) {
        return Err(Refusal::ExpiresInPast { expires_at });
    }
    let latest = now.plus_seconds(limits::HOLD_SECONDS_MAX);
    match create.expires_at.filter(|expires_at| *expires_at > latest) {
        Some(expires_at) => Err(Refusal::ExpiryTooFar { expires_at, latest }),
        None => Ok(()),
    }
}

pub(super) fn check_reference(state: &State, reference: Option<&ledger_api::Reference>) -> Result<(), Refusal> {
    let Some(reference) = reference else { return Ok(()) };
    match state.group.references.get(&(Space::Transaction, reference.to_string())) {
        Some(taken_by) => Err(Refusal::ReferenceTaken { reference: reference.clone(), taken_by: taken_by.clone() }),
        None => Ok(()),
    }
}

fn check_effective(state: &State, create: &NewTransaction, leg: &Leg) -> Result<(), Refusal> {
    let Some(effective_at) = create.effective_at else { return Ok(()) };
    for facts in [leg.debit, leg.credit].into_iter().filter_map(|no| state.facts(no)) {
        if effective_at.micros() < facts.opened_at {
            return Err(Refusal::EffectiveBeforeOpening { account: facts.path.clone() });
        }
    }
    Ok(())
}

/// One pair of accounts in a posting; a posting without a split has one, of any weight.
struct Part {
    debit: u64,
    credit: u64,
    weight: u64,
}

/// The legs of one posting: one, or one per share of a split.
fn legs(state: &State, reach: &Reach, kind: LegKind, posting: &Posting) -> Result<Vec<Leg>, Refusal> {
    let parts = parts(state, reach, posting)?;
    let currency = posting.amount.currency();
    check_currency(state, currency)?;
    for no in parts.iter().flat_map(|part| [part.debit, part.credit]) {
        check_open(state, no)?;
        check_account_currency(state, no, currency)?;
    }
    let amount = if posting.up_to_available { available(state, &parts, posting)? } else { posting.amount.minor() };
    let weights: Vec<u64> = parts.iter().map(|part| part.weight).collect();
    // Weights are shares that add up to a whole, and the amount is bounded, so this never fails.
    let amounts = allocate(amount, &weights).unwrap_or_default();
    let overrides_floor = posting.override_limit == Some(Override::Floor);
    let leg = |(part, amount): (Part, i64)| {
        let Part { debit, credit, .. } = part;
        (amount > 0).then_some(Leg { kind, debit, credit, amount, released: 0, overrides_floor, hold: None })
    };
    Ok(parts.into_iter().zip(amounts).filter_map(leg).collect())
}

fn parts(state: &State, reach: &Reach, posting: &Posting) -> Result<Vec<Part>, Refusal> {
    let find = |path: &AccountPath| find(state, reach, path);
    let share = |share: &Share| Ok((find(&share.account)?, share.percent.millionths()));
    match (&posting.debit, &posting.credit) {
        (Some(debit), Some(credit)) => Ok(vec![Part { debit: find(debit)?, credit: find(credit)?, weight: 1 }]),
        (Some(debit), None) => {
            let debit = find(debit)?;
            let part = |one| share(one).map(|(credit, weight)| Part { debit, credit, weight });
            posting.split.iter().map(part).collect()
        }
        (None, Some(credit)) => {
            let credit = find(credit)?;
            let part = |one| share(one).map(|(debit, weight)| Part { debit, credit, weight });
            posting.split.iter().map(part).collect()
        }
        // Refused as malformed before it gets here.
        (None, None) => Ok(Vec::new()),
    }
}

pub(super) fn find(state: &State, reach: &Reach, path: &AccountPath) -> Result<u64, Refusal> {
    let known = state.account_no(path).filter(|no| state.facts(*no).is_some_and(|facts| reach.covers(&facts)));
    known.ok_or_else(|| Refusal::AccountUnknown { account: path.clone() })
}

pub(super) fn check_currency(state: &State, currency: Currency) -> Result<(), Refusal> {
    if currency.is_iso() {
        return Ok(());
    }
    let code = currency.code();
    match state.assets.get(code) {
        None => Err(Refusal::CurrencyUnknown { currency: code.to_owned() }),
        Some(expected) if *expected != currency.scale() => {
            Err(Refusal::CurrencyScale { currency: code.to_owned(), expected: *expected, given: currency.scale() })
        }
        Some(_) => Ok(()),
    }
}

pub(super) fn check_account_currency(state: &State, no: u64, currency: Currency) -> Result<(), Refusal> {
    match state.facts(no).filter(|facts| facts.currency != currency) {
        None => Ok(()),
        Some(facts) => Err(Refusal::CurrencyMismatch {
            account: facts.path.clone(),
            expected: facts.currency.to_string(),
            given: currency.to_string(),
        }),
    }
}

/// The most that can leave the debited accounts of a posting, up to its amount. For a split, each part has to fit.
fn available(state: &State, parts: &[Part], posting: &Posting) -> Result<i64, Refusal> {
    let mut amount = posting.amount.minor();
    let mut shortest = None;
    for part in parts {
        for (no, grows_by, is_whole) in
            [(part.debit, Side::Debit, posting.debit.is_some()), (part.credit, Side::Credit, posting.credit.is_some())]
        {
            let Some((facts, room)) = room(state, no, grows_by) else { continue };
            let most = if is_whole { room } else { whole_for(room, part.weight, parts) };
            if most < amount {
                amount = most;
                shortest = Some((facts, room));
            }
        }
    }
    match shortest {
        Some((facts, room)) if amount == 0 => Err(Refusal::InsufficientFunds {
            account: facts.path.clone(),
            asked: posting.amount,
            available: facts.money(room),
        }),
        _ => Ok(amount),
    }
}

/// An account's balance above its floor, if the posting takes from it and it has one.
fn room(state: &State, no: u64, grows_by: Side) -> Option<(Arc<AccountFacts>, i64)> {
    let entry = state.entry(no).filter(|entry| entry.facts.normal != grows_by)?;
    let lowest = entry.head.sums.standing(entry.facts.normal).lowest();
    let room = lowest.saturating_sub(entry.head.state.floor?).max(0);
    Some((Arc::clone(&entry.facts), room))
}

/// The largest whole of which a part of this weight is at most `room`.
fn whole_for(room: i64, weight: u64, parts: &[Part]) -> i64 {
    let total: u64 = parts.iter().map(|part| part.weight).sum();
    let whole = (i128::from(room) * i128::from(total)).checked_div(i128::from(weight));
    whole.and_then(|whole| i64::try_from(whole).ok()).unwrap_or(i64::MAX)
}

/// The default expiry of a pending transaction.
pub(crate) fn default_expiry(recorded_at: Timestamp) -> Timestamp {
    recorded_at.plus_seconds(limits::HOLD_SECONDS_DEFAULT)
}

fn hold(state: &mut State, seq: u64, leg: &Leg, expires_at: Timestamp) {
    let expires_at = expires_at.micros();
    state.set_hold(seq, Hold { posted: 0, released: 0, remaining: leg.amount, expires_at, expired: false });
    for no in [leg.debit, leg.credit] {
        if let Some(head) = state.head_mut(no) {
            head.holds += 1;
        }
    }
}
