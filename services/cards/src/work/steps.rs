//! Steps after the decision: begun with what they will book, finished with the ledger's answer. Pure.

use kernel::{Money, Timestamp};
use platform::feed::NewEvent;
use serde_json::json;

use super::command::{Beginning, Booked, Finishing, Outcome, Reply, Target};
use super::decide::{about, found, paying, subject};
use super::world::World;
use crate::Refusal;
use crate::amount;
use crate::authorization::{Amounts, AuthorizationId, Origin, StepId};
use crate::calendar;
use crate::legacy::{Side, Theirs};
use crate::life::{Ask, Line, Planned, Status, StepKind, Sums, owed_more, plan, unlinked_refund};
use crate::programme::Programme;
use crate::reason::Reason;
use crate::record::{Begun, Record, StepRecord};

pub(super) fn begin(world: &mut World, now: Timestamp, beginning: &Beginning) -> Reply {
    if let Some(known) = world.request(&beginning.named)? {
        let Outcome { record, .. } = found(world, known.authorization, true)?;
        let step = known.step.and_then(|step| world.steps.get(&step).cloned());
        return Ok(Outcome { record, step, replayed: true });
    }
    let (mut record, is_new) = target(world, now, beginning)?;
    if record.step.is_some() {
        return Err(Refusal::StepRunning);
    }
    let programme = record.card.as_ref().and_then(|card| world.programme(card.programme));
    let programme = programme.ok_or(Refusal::AuthorizationState { status: record.status, step: beginning.kind })?;
    let side = record.card.as_ref().and_then(|card| world.card(card.token)).map_or(Side::Ours, |card| card.side);
    if side == Side::Moving {
        return Err(Refusal::StepRunning);
    }
    let begun = planned(&record, &programme, now, beginning)?;
    let begun = Begun { is_theirs: side == Side::Theirs, ..begun };
    world.add_request(&beginning.named, record.id, Some(begun.id));
    let limits = if begun.kind() == StepKind::Increment {
        within_limits(world, &record, &programme, now, &begun)
    } else {
        Ok(())
    };
    if is_new {
        world.add(record.clone());
    }
    if let Err(reason) = limits {
        return end(world, record, &begun, reason, None, now);
    }
    record.due_at = Some(beginning.due_at);
    record.step = Some(begun);
    world.change(record.clone());
    Ok(Outcome { record, step: None, replayed: false })
}

/// The authorization, or a new one for a step without one.
fn target(world: &World, now: Timestamp, beginning: &Beginning) -> Result<(Record, bool), Refusal> {
    let (token, id) = match beginning.target {
        Target::Authorization(id) => return Ok((found(world, id, false)?.record, false)),
        Target::Card(token, id) => (token, id),
    };
    let unknown = || Refusal::CardUnknown { card: token.to_string() };
    let card = world.card(token).ok_or_else(unknown)?;
    let programme = world.programme(card.programme).ok_or_else(unknown)?;
    let (origin, reason) = match beginning.kind {
        StepKind::Advice => (Origin::Advice, Reason::Advised),
        StepKind::Refund => (Origin::Refund, Reason::Approved),
        StepKind::Clearing => (Origin::ForcePost, Reason::Approved),
        step => return Err(Refusal::AuthorizationState { status: Status::Pending, step }),
    };
    let day = programme.calendar().map_or(0, |calendar| calendar.periods(now).day);
    let hold_us = i64::from(programme.terms.hold_days) * 86_400_000_000;
    let record = Record {
        id,
        caller: beginning.caller.clone(),
        request_id: beginning.request_id.clone(),
        origin,
        status: Status::Approved,
        reason: Some(reason),
        card: Some(paying(card, &programme, day)),
        amounts: None,
        fee: 0,
        sums: Sums::default(),
        partial: false,
        balance: None,
        at: beginning.at.clone(),
        created_at: now,
        decided_at: Some(now),
        expires_at: (origin == Origin::Advice).then(|| now.plus_micros(hold_us)),
        step: None,
        clean_up: false,
        due_at: None,
        theirs: (card.side == Side::Theirs).then(Theirs::default),
        round: 0,
    };
    Ok((record, true))
}

/// What the step will book.
fn planned(record: &Record, programme: &Programme, now: Timestamp, beginning: &Beginning) -> Result<Begun, Refusal> {
    let own = programme.terms.currency;
    let currency = beginning.currency.unwrap_or(own);
    let given = beginning.amount.as_deref().map(|text| amount::read(text, currency)).transpose()?;
    let billed = given.map(|money| {
        programme.billed(money).ok_or_else(|| Refusal::RateMissing { currency: money.currency().to_string() })
    });
    let billed = billed.transpose()?;
    let fee = billed.filter(|_| beginning.kind == StepKind::Clearing).map_or(0, |billed| billed.fee.minor());
    let total = billed.map(|billed| billed.total.minor());
    let ask = Ask { kind: beginning.kind, amount: total, fee, is_final: beginning.is_final };
    let unlinked = record.origin == Origin::Refund && record.sums == Sums::default();
    let planned = match (unlinked, total) {
        (true, Some(amount)) => unlinked_refund(amount),
        (true, None) => return Err(Refusal::AmountInvalid { expected: "the amount to refund".to_owned() }),
        (false, _) => plan(record.status, record.sums, ask)?,
    };
    let planned = if beginning.kind == StepKind::Expiry { expired_now(record, planned)? } else { planned };
    let moved = total.unwrap_or_else(|| moved(&record.sums, &planned));
    let cardholder = Money::new(moved, own);
    let amounts =
        Amounts { cardholder, merchant: given.unwrap_or(cardholder), settlement: Money::new(moved - fee, own) };
    let tolerated = programme.tolerated(Money::new(record.sums.authorized, own), record.at.category.as_deref());
    let linked = record.origin != Origin::ForcePost;
    let above_tolerance =
        linked && beginning.kind == StepKind::Clearing && planned.sums.cleared - planned.sums.fees > tolerated;
    Ok(Begun {
        id: beginning.id,
        request_id: Some(beginning.request_id.clone()),
        ask,
        amounts,
        lines: planned.lines,
        sums: planned.sums,
        status: planned.status,
        above_tolerance,
        is_fraud: beginning.is_fraud,
        is_theirs: false,
        attempt: 0,
        begun_at: now,
    })
}

/// Before its time: the hold is released here, and not by the ledger.
fn expired_now(record: &Record, planned: Planned) -> Result<Planned, Refusal> {
    match record.sums.held {
        0 => Err(Refusal::NothingHeld { held: 0, asked: 0 }),
        amount => Ok(Planned { lines: vec![Line::Void { amount }], ..planned }),
    }
}

/// What a step without an amount is about.
fn moved(before: &Sums, planned: &Planned) -> i64 {
    let after = &planned.sums;
    let differences = [
        after.cleared - before.cleared,
        after.refunded - before.refunded,
        after.disputed - before.disputed,
        after.held - before.held,
    ];
    differences.into_iter().map(i64::abs).find(|amount| *amount > 0).unwrap_or(0)
}

fn within_limits(
    world: &World,
    record: &Record,
    programme: &Programme,
    now: Timestamp,
    begun: &Begun,
) -> Result<(), Reason> {
    let Some(card) = record.card.as_ref() else { return Err(Reason::CardUnknown) };
    let (Some(card), Some(calendar)) = (world.card(card.token), programme.calendar()) else {
        return Err(Reason::SystemError);
    };
    if let Some(reason) = card.status.declines() {
        return Err(reason);
    }
    let used = world.used(card.id, calendar.periods(now));
    let amount = begun.amounts.cardholder.minor();
    programme.terms.controls.check_amount(amount, &used)?;
    card.controls.check_amount(amount, &used)
}

pub(super) fn finish(world: &mut World, now: Timestamp, finishing: &Finishing) -> Reply {
    let Outcome { mut record, .. } = found(world, finishing.authorization, false)?;
    let Some(mut begun) = record.step.clone().filter(|begun| begun.id == finishing.step) else {
        // Another process has finished it.
        let step = world.steps.get(&finishing.step).cloned();
        return Ok(Outcome { record, step, replayed: false });
    };
    if let (Some(theirs), Some(id)) = (&mut record.theirs, finishing.theirs) {
        theirs.id = Some(id);
    }
    match finishing.booked {
        Booked::Done if begun.kind() == StepKind::Advice => {
            end(world, record, &begun, Reason::Advised, finishing.balance, now)
        }
        Booked::Done => end(world, record, &begun, Reason::Approved, finishing.balance, now),
        Booked::Refused(reason) => end(world, record, &begun, reason, finishing.balance, now),
        Booked::HoldGone => {
            hold_gone(world, &mut record);
            match plan(record.status, record.sums, begun.ask) {
                Ok(planned) => {
                    begun.replanned(planned);
                    record.step = Some(begun);
                    world.change(record.clone());
                    Ok(Outcome { record, step: None, replayed: false })
                }
                Err(_) => end(world, record, &begun, Reason::LedgerRefused, None, now),
            }
        }
    }
}

/// The hold is released, by its expiry.
fn hold_gone(world: &mut World, record: &mut Record) {
    let ask = Ask { kind: StepKind::Expiry, amount: None, fee: 0, is_final: true };
    let Ok(Planned { sums, status, .. }) = plan(record.status, record.sums, ask) else { return };
    let (released, unused) = (record.sums.held, i64::from(status == Status::Expired));
    if let Some(card) = record.card.clone() {
        world.add_use(card.id, card.day, -released, -unused);
    }
    (record.sums, record.status) = (sums, status);
}

/// Ends a step and tells it.
fn end(
    world: &mut World,
    mut record: Record,
    begun: &Begun,
    reason: Reason,
    balance: Option<Money>,
    now: Timestamp,
) -> Reply {
    let step = record.ended(begun, reason, now);
    let (Some(step), Some(card)) = (step, record.card.clone()) else {
        return Err(Refusal::AuthorizationState { status: record.status, step: begun.kind() });
    };
    (record.step, record.due_at) = (None, None);
    record.balance = balance.or(record.balance);
    let mut owed = 0;
    if reason.is_approval() {
        let freed = match begun.kind() {
            StepKind::Expiry => record.sums.held,
            _ => record.sums.authorized - begun.sums.authorized,
        };
        let ended = begun.status != record.status && matches!(begun.status, Status::Reversed | Status::Expired);
        let unused = i64::from(ended);
        let counted = i64::from(begun.kind() == StepKind::Advice);
        world.add_use(card.id, card.day, -freed, counted - unused);
        (record.sums, record.status) = (begun.sums, begun.status);
        record.amounts = record.amounts.or(Some(begun.amounts));
        // What the old system books, it settles.
        owed = if begun.is_theirs { 0 } else { owed_more(&begun.lines) };
    }
    let programme = world.programme(card.programme);
    let day = programme.map_or(0, |programme| calendar::number(programme.business_day(now)));
    let step =
        StepRecord { authorization: record.id, step, programme: card.programme, day, owed, is_fraud: begun.is_fraud };
    tell(world, &record, &step);
    world.add_step(step.clone());
    world.change(record.clone());
    Ok(Outcome { record, step: Some(step), replayed: false })
}

fn tell(world: &mut World, record: &Record, step: &StepRecord) {
    let done = step.step.reason.is_approval();
    let kind = match (step.step.kind, done) {
        (_, false) => "cards.authorization.step_declined",
        (StepKind::Increment, _) => "cards.authorization.incremented",
        (StepKind::Advice, _) => "cards.authorization.advised",
        (StepKind::Clearing, _) => "cards.clearing.booked",
        (StepKind::Reversal, _) => "cards.authorization.reversed",
        (StepKind::Expiry, _) => "cards.authorization.expired",
        (StepKind::Refund, _) => "cards.refund.booked",
        (StepKind::RefundReversal, _) => "cards.refund.reversed",
        (StepKind::Dispute, _) => "cards.dispute.opened",
        (StepKind::DisputeWon, _) => "cards.dispute.won",
        (StepKind::DisputeLost, _) => "cards.dispute.lost",
    };
    let mut data = about(record);
    if let Some(members) = data.as_object_mut() {
        members.insert("step".to_owned(), json!(step.step));
    }
    world.events.push(NewEvent::new(kind, subject(record), data));
}

/// The ledger released a hold by itself.
pub(super) fn expired(world: &mut World, now: Timestamp, id: AuthorizationId, step: StepId) -> Reply {
    world.expiry_done(id);
    let Outcome { mut record, .. } = found(world, id, false)?;
    if record.sums.held == 0 {
        return Ok(Outcome { record, step: None, replayed: true });
    }
    let (released, currency) = (record.sums.held, record.card.as_ref().map(|card| card.currency));
    hold_gone(world, &mut record);
    // A step that is running ends without the hold.
    if let Some(begun) = &mut record.step {
        let ask = Ask { kind: StepKind::Expiry, amount: None, fee: 0, is_final: true };
        if let Ok(Planned { sums, status, .. }) = plan(begun.status, begun.sums, ask) {
            (begun.sums, begun.status) = (sums, status);
        }
    }
    let (Some(currency), Some(card)) = (currency, record.card.clone()) else {
        return Ok(Outcome { record, step: None, replayed: false });
    };
    let money = Money::new(released, currency);
    let ask = Ask { kind: StepKind::Expiry, amount: Some(released), fee: 0, is_final: true };
    let amounts = Amounts { cardholder: money, merchant: money, settlement: money };
    let (sums, status) = (record.sums, record.status);
    let begun = Begun {
        id: step,
        request_id: None,
        ask,
        amounts,
        lines: Vec::new(),
        sums,
        status,
        above_tolerance: false,
        is_fraud: false,
        is_theirs: false,
        attempt: 0,
        begun_at: now,
    };
    let ended = record.ended(&begun, Reason::Approved, now);
    let day = world.programme(card.programme).map_or(0, |one| calendar::number(one.business_day(now)));
    if let Some(ended) = ended {
        let step =
            StepRecord { authorization: id, step: ended, programme: card.programme, day, owed: 0, is_fraud: false };
        tell(world, &record, &step);
        world.add_step(step);
    }
    world.change(record.clone());
    Ok(Outcome { record, step: None, replayed: false })
}
