//! Accounts and assets: opening, limits, freezing, closing, metadata.

use std::sync::Arc;

use kernel::{Money, Timestamp};
use ledger_api::{AccountChange, AccountStatus, ChangeAccount, DeclareAsset, Limits, Metadata, OpenAccount, Refusal};

use super::create::{check_currency, find};
use super::{digest_of, remember_keyed, replay, take_scope};
use crate::account::{AccountFacts, Head, OPEN};
use crate::command::{AccountAnswer, AssetAnswer, Outcome, Reach, Tag};
use crate::format::{AccountEvent, AccountRow, AccountState, AssetRow, Opening, Row, metadata_hash};
use crate::state::{MetadataEntry, Space, State};

pub(super) fn open(state: &mut State, now: Timestamp, tag: &Tag, open: &OpenAccount) -> Outcome<AccountAnswer> {
    if let Some(earlier) = replay::of_account(state, tag) {
        return earlier;
    }
    if let Some(no) = state.account_no(&open.path) {
        return replay::of_opening(state, no, open).map_err(Into::into);
    }
    check_new(state, open)
        .map_err(|refusal| remember_keyed(state, tag, digest_of(&without_metadata(open)), refusal))?;
    let (no, seq) = (state.next_account(), state.next_seq());
    let account_state = AccountState {
        floor: floor(&open.limits),
        ceiling: open.limits.ceiling.map(|money| money.minor()),
        ..with_metadata(state, OPEN, seq, tag, &open.metadata)
    };
    let text = |name: &Option<ledger_api::Reference>| name.as_ref().map(ToString::to_string);
    let opening = Opening {
        path: open.path.to_string(),
        currency: open.currency.code().to_owned(),
        scale: open.currency.scale(),
        normal: open.normal,
        owner: text(&open.owner),
        reference: text(&open.reference),
    };
    let facts = AccountFacts {
        no,
        path: open.path.clone(),
        currency: open.currency,
        normal: open.normal,
        owner: open.owner.clone(),
        reference: open.reference.clone(),
        opened_seq: seq,
        opened_at: now.micros(),
    };
    if let Some(reference) = &open.reference {
        state.take_reference(Space::Account, reference.as_str(), open.path.to_string(), no);
    }
    state.open(facts, Head::new(account_state));
    state.group.reindexed.insert(no);
    record(state, tag, no, AccountEvent::Opened(Box::new(opening)), open.metadata.clone())
}

pub(super) fn change(
    state: &mut State,
    _now: Timestamp,
    tag: &Tag,
    reach: &Reach,
    change: &ChangeAccount,
) -> Outcome<AccountAnswer> {
    if let Some(earlier) = replay::of_account(state, tag) {
        return earlier;
    }
    match try_change(state, tag, reach, change) {
        Ok((no, event, metadata)) => record(state, tag, no, event, metadata),
        Err(refusal) => Err(remember_keyed(state, tag, digest_of(&change_without_metadata(change)), refusal)),
    }
}

fn try_change(
    state: &mut State,
    tag: &Tag,
    reach: &Reach,
    change: &ChangeAccount,
) -> Result<(u64, AccountEvent, Metadata), Refusal> {
    let no = find(state, reach, &change.path)?;
    let seq = state.next_seq();
    // Found a line above.
    let entry = state.entry(no).expect("an account that was found is loaded").clone();
    let account = change.path.clone();
    let before = entry.head.state;
    if before.status == AccountStatus::Closed && !matches!(change.change, AccountChange::Close) {
        return Err(Refusal::AccountClosed { account });
    }
    let mut metadata =
        state.group.metadata.get(&before.metadata_seq).map(|entry| entry.body.clone()).unwrap_or_default();
    let (event, after) = match &change.change {
        AccountChange::Freeze => (AccountEvent::Frozen, AccountState { status: AccountStatus::Frozen, ..before }),
        AccountChange::Unfreeze => (AccountEvent::Unfrozen, AccountState { status: AccountStatus::Open, ..before }),
        AccountChange::Close => {
            check_closable(&entry.facts, &entry.head)?;
            (AccountEvent::Closed, AccountState { status: AccountStatus::Closed, ..before })
        }
        AccountChange::SetLimits(limits) => {
            check_limits(limits, &entry.facts)?;
            let ceiling = limits.ceiling.map(|money| money.minor());
            (AccountEvent::LimitsSet, AccountState { floor: floor(limits), ceiling, ..before })
        }
        AccountChange::SetMetadata(wanted) => {
            metadata = wanted.clone();
            state.group.reindexed.insert(no);
            (AccountEvent::MetadataSet, with_metadata(state, before, seq, tag, wanted))
        }
    };
    if let Some(head) = state.head_mut(no) {
        head.state = after;
    }
    Ok((no, event, metadata))
}

/// Writes the row of a change that has been made, and returns the account as it is now.
fn record(state: &mut State, tag: &Tag, no: u64, event: AccountEvent, metadata: Metadata) -> Outcome<AccountAnswer> {
    let entry = state.entry(no).expect("an account that was changed is loaded").clone();
    let Head { state: account_state, sums, version, .. } = *entry.head;
    let seq = state.push_row(Row::Account(AccountRow { event, account: no, state: account_state, version, sums }));
    take_scope(state, tag, seq);
    state.group.changed_accounts.insert(no);
    state.group.rewritten.insert(no);
    let facts = Arc::clone(&entry.facts);
    Ok(AccountAnswer { facts, state: account_state, sums, version, metadata, replayed: false })
}

pub(super) fn declare(state: &mut State, tag: &Tag, declare: &DeclareAsset) -> Outcome<AssetAnswer> {
    if let Some(earlier) = replay::of_asset(state, tag) {
        return earlier;
    }
    let (code, scale) = (declare.code.clone(), declare.scale);
    match state.assets.get(&code) {
        Some(known) if *known == scale => Ok(AssetAnswer { code, scale, replayed: true }),
        Some(known) => {
            let refusal = Refusal::AssetExists { asset: code, scale: *known };
            Err(remember_keyed(state, tag, digest_of(declare), refusal))
        }
        None => {
            let seq = state.push_row(Row::Asset(AssetRow { code: code.clone(), scale }));
            state.declare(&code, scale, seq);
            take_scope(state, tag, seq);
            Ok(AssetAnswer { code, scale, replayed: false })
        }
    }
}

/// Metadata may be personal data, and a digest in the log can never be erased.
fn without_metadata(open: &OpenAccount) -> OpenAccount {
    OpenAccount { metadata: Metadata::new(), ..open.clone() }
}

fn change_without_metadata(change: &ChangeAccount) -> ChangeAccount {
    match change.change {
        AccountChange::SetMetadata(_) => {
            ChangeAccount { change: AccountChange::SetMetadata(Metadata::new()), ..change.clone() }
        }
        _ => change.clone(),
    }
}

fn check_new(state: &State, open: &OpenAccount) -> Result<(), Refusal> {
    check_currency(state, open.currency)?;
    let Some(reference) = &open.reference else { return Ok(()) };
    match state.group.references.get(&(Space::Account, reference.to_string())) {
        Some(taken_by) => Err(Refusal::ReferenceTaken { reference: reference.clone(), taken_by: taken_by.clone() }),
        None => Ok(()),
    }
}

fn check_closable(facts: &AccountFacts, head: &Head) -> Result<(), Refusal> {
    let account = facts.path.clone();
    if head.holds > 0 {
        return Err(Refusal::AccountHasHolds { account });
    }
    if head.sums.standing(facts.normal).posted != 0 {
        return Err(Refusal::AccountNotZero { account });
    }
    Ok(())
}

fn check_limits(limits: &Limits, facts: &AccountFacts) -> Result<(), Refusal> {
    let foreign = |money: &Money| money.currency() != facts.currency;
    match [limits.floor, limits.ceiling].into_iter().flatten().find(foreign) {
        None => Ok(()),
        Some(money) => Err(Refusal::CurrencyMismatch {
            account: facts.path.clone(),
            expected: facts.currency.to_string(),
            given: money.currency().to_string(),
        }),
    }
}

/// By default an account may not go below zero.
pub(super) fn floor(limits: &Limits) -> Option<i64> {
    match limits.floor {
        Some(money) => Some(money.minor()),
        None if limits.may_go_negative => None,
        None => Some(0),
    }
}

fn with_metadata(state: &mut State, before: AccountState, seq: u64, tag: &Tag, wanted: &Metadata) -> AccountState {
    if wanted.is_empty() {
        return AccountState { metadata: None, metadata_seq: 0, ..before };
    }
    let body = serde_json::to_string(wanted).unwrap_or_default();
    state.set_metadata(seq, MetadataEntry { salt: tag.salt.to_vec(), body: wanted.clone() });
    AccountState { metadata: Some(metadata_hash(&tag.salt, &body)), metadata_seq: seq, ..before }
}
