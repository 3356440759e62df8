//! Authorizations: begun with the card's limits reserved, concluded once. Pure.

use kernel::{Money, Timestamp};
use platform::feed::NewEvent;
use serde_json::json;

use super::command::{Conclusion, Intent, Outcome, Reply};
use super::world::World;
use crate::Refusal;
use crate::amount;
use crate::authorization::{Amounts, AuthorizationId, Origin};
use crate::card::Card;
use crate::controls::Asked;
use crate::legacy::{LegacyMode, Side, Theirs};
use crate::life::{Status, Sums};
use crate::programme::Programme;
use crate::reason::Reason;
use crate::record::{Paying, Record};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Until the release of a hold that may exist is tried again.
pub(super) const CLEAN_UP_AFTER_US: i64 = 1_000_000;

pub(super) fn intend(world: &mut World, now: Timestamp, intent: &Intent) -> Reply {
    if let Some(known) = world.request(&intent.named)? {
        return found(world, known.authorization, true);
    }
    let mut record = fresh(intent, now);
    let judged = match intent.declines {
        Some(reason) => Err(reason),
        None => judge(world, now, intent, &mut record)?,
    };
    world.add_request(&intent.named, record.id, None);
    let initiated = json!({ "authorization": record.id, "card": record.card.as_ref().map(|card| card.id), "amounts": record.amounts });
    world.events.push(NewEvent::new("payment.initiated", subject(&record), initiated));
    match judged {
        Ok(()) => {
            if let Some(card) = &record.card {
                world.add_use(card.id, card.day, record.amounts.map_or(0, |all| all.cardholder.minor()), 1);
            }
            record.due_at = Some(intent.due_at);
        }
        Err(reason) => decided(world, &mut record, reason, now),
    }
    world.add(record.clone());
    Ok(Outcome { record, step: None, replayed: false })
}

fn fresh(intent: &Intent, now: Timestamp) -> Record {
    Record {
        id: intent.id,
        caller: intent.caller.clone(),
        request_id: intent.request_id.clone(),
        origin: Origin::Request,
        status: Status::Pending,
        reason: None,
        card: None,
        amounts: None,
        fee: 0,
        sums: Sums::default(),
        partial: intent.partial,
        balance: None,
        at: intent.at.clone(),
        created_at: now,
        decided_at: None,
        expires_at: None,
        step: None,
        clean_up: false,
        due_at: None,
        theirs: None,
        round: 0,
    }
}

/// Everything that is decided without risk and the ledger. The outer error is a malformed request.
fn judge(world: &World, now: Timestamp, intent: &Intent, record: &mut Record) -> Result<Result<(), Reason>, Refusal> {
    amount::has_form(&intent.amount)?;
    let card = intent.token.and_then(|token| world.card(token));
    let Some((card, programme)) = card.and_then(|card| Some((card, world.programme(card.programme)?))) else {
        let strangers = intent.bin.as_deref().and_then(|bin| world.leaving(bin));
        if let Some(currency) = intent.currency.or(strangers.map(|programme| programme.terms.currency)) {
            let asked = amount::read(&intent.amount, currency)?;
            record.amounts = strangers.map(|_| Amounts { cardholder: asked, merchant: asked, settlement: asked });
        }
        record.theirs = strangers.map(|_| Theirs::default());
        return Ok(strangers.map(|_| ()).ok_or(Reason::CardUnknown));
    };
    let own = programme.terms.currency;
    let asked = amount::read(&intent.amount, intent.currency.unwrap_or(own))?;
    let Some(calendar) = programme.calendar() else { return Ok(Err(Reason::SystemError)) };
    let periods = calendar.periods(now);
    record.card = Some(paying(card, &programme, periods.day));
    let Some(billed) = programme.billed(asked) else {
        record.amounts =
            Some(Amounts { cardholder: asked, merchant: asked, settlement: asked }).filter(|_| !card.side.is_ours());
        return Ok(sided(record, card, &programme, Err(Reason::CurrencyNotSupported)));
    };
    let settlement = Money::new(billed.total.minor() - billed.fee.minor(), own);
    record.amounts = Some(Amounts { cardholder: billed.total, merchant: asked, settlement });
    record.fee = billed.fee.minor();
    // A part of a converted amount would be another amount for the merchant.
    record.partial = intent.partial && asked.currency() == own;
    record.expires_at = Some(now.plus_micros(i64::from(programme.terms.hold_days) * MICROS_PER_DAY));
    let judged = intent.presented.check(card, &programme, now).and_then(|()| {
        let asked = asked_of(record, billed.total.minor());
        let used = world.used(card.id, periods);
        programme.terms.controls.check(&asked, &used, periods)?;
        card.controls.check(&asked, &used, periods)
    });
    Ok(sided(record, card, &programme, judged))
}

/// Of another system's card ours decides nothing, and keeps what it would have decided where the two are compared.
fn sided(record: &mut Record, card: &Card, programme: &Programme, judged: Result<(), Reason>) -> Result<(), Reason> {
    match card.side {
        Side::Ours => judged,
        Side::Moving => Err(Reason::CardMoving),
        Side::Theirs => {
            let compares = programme.legacy.as_ref().is_some_and(|legacy| legacy.mode == LegacyMode::Shadow);
            record.theirs = Some(Theirs { compares, ours: judged.err().filter(|_| compares), ..Theirs::default() });
            Ok(())
        }
    }
}

fn asked_of(record: &Record, amount: i64) -> Asked<'_> {
    let at = &record.at;
    Asked {
        amount,
        merchant: at.merchant.as_deref(),
        category: at.category.as_deref(),
        country: at.country.as_deref(),
        channel: at.channel,
    }
}

pub(crate) fn paying(card: &Card, programme: &Programme, day: i64) -> Paying {
    Paying {
        id: card.id,
        programme: programme.id,
        token: card.token,
        owner: card.owner.clone(),
        account: card.account.clone(),
        currency: programme.terms.currency,
        day,
        accounts: programme.terms.accounts.clone(),
        without_risk_up_to: programme.terms.stand_in.approve_up_to.map_or(0, |limit| limit.minor()),
    }
}

/// The first conclusion counts: of a retry and the sweeper, one wins.
pub(super) fn conclude(world: &mut World, now: Timestamp, conclusion: &Conclusion) -> Reply {
    let record = world.records.get(&conclusion.id).filter(|record| record.status == Status::Pending);
    let Some(mut record) = record.cloned() else { return found(world, conclusion.id, false) };
    let reserved = record.amounts.map_or(0, |amounts| amounts.cardholder.minor());
    let held = if conclusion.reason.is_approval() { conclusion.held.unwrap_or(reserved) } else { 0 };
    if let Some(card) = &record.card {
        let count = if conclusion.reason.is_approval() { 0 } else { -1 };
        world.add_use(card.id, card.day, held - reserved, count);
    }
    record.balance = conclusion.balance;
    record.due_at = None;
    if let Some(answered) = conclusion.answered.as_deref() {
        record.theirs = Some(answered.theirs.clone());
        record.amounts = answered.amounts.or(record.amounts);
        world.add_differences(&record, &answered.differences);
    }
    if conclusion.reason.is_approval() {
        record.sums = Sums { authorized: held, held, ..Sums::default() };
        if let Some(less) = record.money(held).filter(|_| held < reserved && record.theirs.is_none()) {
            record.amounts = Some(Amounts { cardholder: less, merchant: less, settlement: less });
        }
    } else if conclusion.clean_up {
        (record.clean_up, record.due_at) = (true, Some(now.plus_micros(CLEAN_UP_AFTER_US)));
    }
    decided(world, &mut record, conclusion.reason, now);
    world.change(record.clone());
    Ok(Outcome { record, step: None, replayed: false })
}

/// Sets the decision and tells it.
fn decided(world: &mut World, record: &mut Record, reason: Reason, now: Timestamp) {
    record.status = if reason.is_approval() { Status::Approved } else { Status::Declined };
    record.reason = Some(reason);
    record.decided_at = Some(now);
    let (outcome, kind) = match reason.is_approval() {
        true => ("approved", "cards.authorization.approved"),
        false => ("declined", "cards.authorization.declined"),
    };
    world.events.push(NewEvent::new(kind, subject(record), about(record)));
    world.events.push(NewEvent::new(
        "payment.processed",
        subject(record),
        json!({
            "authorization": record.id,
            "status": outcome,
            "reason": reason,
            "response_code": reason.code(),
            "amounts": record.amounts,
        }),
    ));
    world.decided.push((outcome, record.amounts.map(|amounts| amounts.cardholder)));
}

/// An event's data: ids and amounts, no names and no numbers.
pub(super) fn about(record: &Record) -> serde_json::Value {
    let at = &record.at;
    json!({
        "authorization": record.id,
        "card": record.card.as_ref().map(|card| card.id),
        "token": record.card.as_ref().map(|card| card.token),
        "programme": record.card.as_ref().map(|card| card.programme),
        "origin": record.origin,
        "status": record.status,
        "reason": record.reason,
        "response_code": record.reason.map(Reason::code),
        "amounts": record.amounts,
        "totals": record.totals(&record.sums),
        "merchant": at.merchant,
        "category": at.category,
        "country": at.country,
        "channel": at.channel,
        "terminal": at.terminal,
        "device": at.device,
    })
}

/// Events of one card come in order.
pub(super) fn subject(record: &Record) -> String {
    record.card.as_ref().map_or_else(|| record.id.to_string(), |card| card.id.to_string())
}

pub(super) fn cleaned_up(world: &mut World, id: AuthorizationId) -> Reply {
    let Outcome { mut record, .. } = found(world, id, false)?;
    if record.clean_up {
        (record.clean_up, record.due_at) = (false, None);
        world.change(record.clone());
    }
    Ok(Outcome { record, step: None, replayed: false })
}

pub(super) fn found(world: &World, id: AuthorizationId, replayed: bool) -> Reply {
    let record = world.records.get(&id).cloned();
    let record = record.ok_or_else(|| Refusal::AuthorizationUnknown { authorization: id.to_string() })?;
    Ok(Outcome { record, step: None, replayed })
}
