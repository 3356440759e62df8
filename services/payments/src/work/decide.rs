//! Every decision about a payment, over the loaded state. Pure.

use kernel::Timestamp;
use platform::feed::NewEvent;
use serde_json::json;

use super::command::{Decision, Intent, Named, No, Outcome, Reply};
use super::world::World;
use crate::face::{Approval, HistoryStep, PaymentId, PaymentState, Rail, Refusal, Verdict, limits};
use crate::rail::{Next, step_of};
use crate::record::Record;
use crate::rules::{demands, own_limit};
use crate::state::{Happening, is_end, next};
use crate::store;

const MICROS_PER_HOUR: i64 = 3_600_000_000;
/// Who takes steps that no person takes.
pub(super) const ITSELF: &str = "payments";
/// The reason of a payment that is too large for a payee who was just added.
const NEW_PAYEE: &str = "new_payee_limit";

pub(super) fn begin(world: &mut World, now: Timestamp, intent: &Intent) -> Reply {
    if let Some(known) = known(world, intent.named)? {
        return found(world, known, true);
    }
    let asked = demands(world.policies.iter(), &intent.from, intent.amount);
    let amount = intent.amount.minor();
    let over = asked.overrun(amount, world.used(intent.use_key, intent.day, intent.month));
    let over = over.or_else(|| intent.payee_max.is_some_and(|max| amount > max).then_some(NEW_PAYEE));
    let mut record = fresh(intent, now, asked.approvals);
    (record.fee, record.approver_limits) = (asked.fee, asked.approver_limits);
    if intent.dry_run {
        if let Some(reason) = over {
            (record.state, record.reason) = (PaymentState::Rejected, Some(reason.to_owned()));
        }
        return Ok(Outcome { record, replayed: false });
    }
    if let Some(named) = intent.named {
        world.add_request(named, record.id);
    }
    world.events.push(event("payment.initiated", &record));
    world.add_step(&mut record, step(&intent.made_by, now, None));
    match over {
        Some(reason) => end(world, &mut record, PaymentState::Rejected, (ITSELF, Some(reason)), now),
        None => world.add_use(intent.use_key, intent.day, amount, 1),
    }
    world.add(record.clone(), intent.use_key);
    Ok(Outcome { record, replayed: false })
}

fn fresh(intent: &Intent, now: Timestamp, approvals_needed: u8) -> Record {
    let (state, due_at) = match (approvals_needed, intent.starts_at.filter(|starts| *starts > now)) {
        (0, None) => (PaymentState::Processing, intent.due_at),
        (0, Some(starts)) => (PaymentState::Scheduled, starts),
        (_, _) => (PaymentState::AwaitingApproval, now.plus_micros(limits::APPROVAL_HOURS * MICROS_PER_HOUR)),
    };
    let expires_at = (state == PaymentState::AwaitingApproval).then_some(due_at);
    Record {
        id: intent.id,
        state,
        reason: None,
        from: intent.from.clone(),
        owner: intent.owner.clone(),
        to: intent.to.clone(),
        payee: intent.payee,
        amount: intent.amount,
        fee: None,
        text: intent.text.clone(),
        reference: intent.reference.clone(),
        on: intent.on,
        starts_at: intent.starts_at,
        standing: intent.standing,
        rail: intent.rail.clone(),
        approvals_needed,
        approvals: Vec::new(),
        approver_limits: Vec::new(),
        made_by: intent.made_by.clone(),
        created_at: now,
        ended_at: None,
        expires_at,
        day: intent.day,
        use_key: intent.use_key,
        steps: 0,
        due_at: Some(due_at),
    }
}

pub(super) fn decide(world: &mut World, now: Timestamp, decision: &Decision) -> Reply {
    if let Some(known) = known(world, decision.named)? {
        return found(world, known, true);
    }
    let Outcome { mut record, .. } = found(world, decision.id, false)?;
    let is_late = record.expires_at.is_some_and(|expires| expires <= now);
    let Some(refused) = next(record.state, Happening::Refused).filter(|_| !is_late) else {
        return Err(Refusal::PaymentState { state: record.state.name().to_owned() }.into());
    };
    if decision.by == record.made_by {
        return Err(Refusal::OwnWork.into());
    }
    match decision.verdict {
        Verdict::Reject => {
            let reason = decision.reason.as_deref().unwrap_or("approval_refused");
            end(world, &mut record, refused, (&decision.by, Some(reason)), now);
        }
        Verdict::Approve => approve(world, &mut record, decision, now)?,
    }
    if let Some(named) = decision.named {
        world.add_request(named, record.id);
    }
    world.change(record.clone());
    Ok(Outcome { record, replayed: false })
}

fn approve(world: &mut World, record: &mut Record, decision: &Decision, now: Timestamp) -> Result<(), No> {
    if record.approvals.iter().any(|approval| approval.by == decision.by) {
        return Err(Refusal::AlreadyApproved.into());
    }
    let max = own_limit(&record.approver_limits, &decision.by, record.amount);
    if let Some(max) = max.filter(|max| max.minor() < record.amount.minor()) {
        let max = format!("{} {}", max.amount(), max.currency());
        return Err(Refusal::AboveOwnLimit { max }.into());
    }
    record.approvals.push(Approval { by: decision.by.clone(), at: now });
    if record.approvals.len() < usize::from(record.approvals_needed) {
        world.add_step(record, step(&decision.by, now, Some("approved")));
        return Ok(());
    }
    let starts = record.starts_at.filter(|starts| *starts > now);
    if let Some(state) = next(record.state, Happening::Approved { due: starts.is_none() }) {
        (record.state, record.due_at) = (state, Some(starts.unwrap_or(decision.due_at)));
        world.add_step(record, step(&decision.by, now, Some("approved")));
        world.events.push(event("payments.order.approved", record));
    }
    Ok(())
}

pub(super) fn cancel(
    world: &mut World,
    now: Timestamp,
    id: PaymentId,
    named: Option<Named>,
    (by, reason): (&str, Option<&str>),
    due_at: Timestamp,
) -> Reply {
    if let Some(known) = known(world, named)? {
        return found(world, known, true);
    }
    let Outcome { mut record, .. } = found(world, id, false)?;
    let Some(state) = next(record.state, Happening::Cancelled) else {
        return Err(Refusal::PaymentState { state: record.state.name().to_owned() }.into());
    };
    let reason = reason.unwrap_or("cancelled");
    match &mut record.rail {
        // What is held is released first.
        Some(over) if record.state == PaymentState::Held => {
            if over.file.is_some() || over.next.is_some() {
                return Err(Refusal::PaymentState { state: record.state.name().to_owned() }.into());
            }
            over.next = Some(Next::Release { end: state, reason: reason.to_owned() });
            record.due_at = Some(due_at);
            world.rail_moved(id, store::rail::Stage::Out);
            world.add_step(&mut record, step(by, now, Some(reason)));
        }
        _ => end(world, &mut record, state, (by, Some(reason)), now),
    }
    if let Some(named) = named {
        world.add_request(named, record.id);
    }
    world.change(record.clone());
    Ok(Outcome { record, replayed: false })
}

/// Its day has come, or its approvals have not.
pub(super) fn due(world: &mut World, now: Timestamp, id: PaymentId, due_at: Timestamp) -> Reply {
    let Outcome { mut record, .. } = found(world, id, false)?;
    if record.due_at.is_none_or(|due| due > now) {
        return Ok(Outcome { record, replayed: false });
    }
    match record.state {
        PaymentState::AwaitingApproval => {
            end(world, &mut record, PaymentState::Cancelled, (ITSELF, Some("approval_expired")), now);
        }
        PaymentState::Scheduled => {
            if let Some(state) = next(record.state, Happening::Due) {
                (record.state, record.due_at) = (state, Some(due_at));
                world.add_step(&mut record, step(ITSELF, now, None));
            }
        }
        _ => record.due_at = step_of(&record).map(|_| due_at),
    }
    world.change(record.clone());
    Ok(Outcome { record, replayed: false })
}

/// Every end but `settled` gives back what was reserved.
pub(super) fn end(
    world: &mut World,
    record: &mut Record,
    state: PaymentState,
    (by, reason): (&str, Option<&str>),
    now: Timestamp,
) {
    debug_assert!(is_end(state));
    let was_reserved = world.is_known(record.id);
    if state != PaymentState::Settled && was_reserved {
        world.add_use(record.use_key, record.day, -record.amount.minor(), -1);
    }
    record.state = state;
    record.reason = reason.filter(|_| state != PaymentState::Settled).map(str::to_owned);
    (record.ended_at, record.due_at) = (Some(now), None);
    world.add_step(record, step(by, now, reason));
    world.events.push(event("payment.processed", record));
    world.ended.push((state, record.amount));
}

pub(super) fn step(by: &str, at: Timestamp, reason: Option<&str>) -> HistoryStep {
    // The state is set when the step is added: it is the record's.
    HistoryStep { state: PaymentState::Processing, at, by: by.to_owned(), reason: reason.map(str::to_owned) }
}

/// Ids and amounts, no names and no texts.
pub(super) fn event(kind: &'static str, record: &Record) -> NewEvent {
    let data = json!({
        "payment": record.id,
        "rail": record.rail.as_ref().map_or(Rail::Internal, |over| over.rail),
        "state": record.state,
        "reason": record.reason,
        "from": record.from,
        "to": record.to,
        "amount": record.amount,
        "fee": record.fee.as_ref().map(|(amount, _)| amount),
        "standing_order": record.standing,
    });
    NewEvent::new(kind, record.id.to_string(), data)
}

/// The payment of a command that was sent before.
fn known(world: &World, named: Option<Named>) -> Result<Option<PaymentId>, No> {
    match named {
        Some(named) => world.request(named),
        None => Ok(None),
    }
}

pub(super) fn found(world: &World, id: PaymentId, replayed: bool) -> Reply {
    let record = world.records.get(&id).cloned();
    let record = record.ok_or_else(|| Refusal::PaymentUnknown { payment: id.to_string() })?;
    Ok(Outcome { record, replayed })
}
