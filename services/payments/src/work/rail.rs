//! Decisions about payments over a rail, and what follows each answer of the ledger. Pure.

use kernel::Timestamp;
use ledger_api::TransactionId;

use super::command::{No, Outcome, Reply, Said};
use super::decide::{ITSELF, end, event, found, step};
use super::world::World;
use crate::books::Booked;
use crate::face::{PaymentId, PaymentState, RailFile, Refusal};
use crate::rail::{Next, OverRail, Step, step_of};
use crate::record::Record;
use crate::state::{Happening, next};
use crate::store::rail::Stage;

/// After which a booking that has to succeed is tried again.
const AGAIN_US: i64 = 15 * 60 * 1_000_000;

/// The first answer of the ledger counts.
pub(super) fn conclude(
    world: &mut World,
    now: Timestamp,
    id: PaymentId,
    (asked, booked): (Step, &Booked),
    spare: TransactionId,
    due_at: Timestamp,
) -> Reply {
    let Outcome { mut record, .. } = found(world, id, false)?;
    if step_of(&record) != Some(asked) {
        return Ok(Outcome { record, replayed: false });
    }
    let (happening, reason) = match booked {
        Booked::Done => (Happening::Booked, None),
        Booked::Refused(code) => (Happening::Rejected, Some(code.as_str())),
    };
    match (asked, reason) {
        (Step::Pay, _) => {
            if let Some(state) = next(record.state, happening) {
                end(world, &mut record, state, (ITSELF, reason), now);
            }
        }
        (_, None) => done(world, &mut record, asked, now),
        (_, Some(code)) => refused(world, &mut record, (asked, code), spare, now),
    }
    if record.due_at.is_none() && step_of(&record).is_some() {
        record.due_at = Some(due_at);
    }
    world.change(record.clone());
    Ok(Outcome { record, replayed: false })
}

fn done(world: &mut World, record: &mut Record, asked: Step, now: Timestamp) {
    let decided = record.rail.as_mut().and_then(|over| over.next.take());
    record.due_at = None;
    match (asked, decided) {
        (Step::Hold, _) => {
            record.state = PaymentState::Held;
            world.add_step(record, step(ITSELF, now, None));
            world.rail_added(record.id, now);
        }
        (Step::Leave, _) => {
            record.state = PaymentState::Submitted;
            world.add_step(record, step(ITSELF, now, None));
            world.events.push(event("payments.order.submitted", record));
        }
        (Step::Settle, _) => end(world, record, PaymentState::Settled, (ITSELF, None), now),
        (Step::GiveBack, Some(Next::GiveBack { reason })) => {
            end(world, record, PaymentState::Rejected, (ITSELF, Some(&reason)), now);
        }
        (Step::Return, Some(Next::Return { reason, amount })) => {
            if let Some(over) = &mut record.rail {
                over.returned = Some(amount);
            }
            end(world, record, PaymentState::Returned, (ITSELF, Some(&reason)), now);
        }
        (Step::Release, Some(Next::Release { end: state, reason })) => {
            end(world, record, state, (ITSELF, Some(&reason)), now);
        }
        (Step::Suspend, Some(Next::Suspend { end: state, reason, amount })) => {
            if let Some(over) = record.rail.as_mut().filter(|_| state == PaymentState::Returned) {
                over.returned = Some(amount);
            }
            end(world, record, state, (ITSELF, Some(&reason)), now);
        }
        _ => {}
    }
}

fn refused(world: &mut World, record: &mut Record, (asked, code): (Step, &str), spare: TransactionId, now: Timestamp) {
    record.due_at = None;
    let (state, amount) = (record.state, record.amount);
    let id = record.id;
    let Some(over) = &mut record.rail else { return };
    if asked.must_succeed() {
        // A refused id stays refused.
        match asked {
            Step::Settle => over.ids.settle = spare,
            _ => over.ids.suspend = spare,
        }
        record.due_at = Some(now.plus_micros(AGAIN_US));
        world.add_step(record, step(ITSELF, now, Some(code)));
        return;
    }
    match (asked, over.next.take()) {
        (Step::Leave, _) => {
            over.file = None;
            over.next = Some(Next::Release { end: PaymentState::Rejected, reason: code.to_owned() });
            world.rail_moved(id, Stage::Out);
        }
        (Step::GiveBack, Some(Next::GiveBack { reason })) => {
            over.next = Some(Next::Suspend { end: PaymentState::Rejected, reason, amount });
        }
        (Step::Return, Some(Next::Return { reason, amount })) => {
            over.next = Some(Next::Suspend { end: PaymentState::Returned, reason, amount });
        }
        // The hold has expired: it is released already.
        (Step::Release, Some(Next::Release { end: state, reason })) => {
            end(world, record, state, (ITSELF, Some(&reason)), now);
        }
        _ => {
            if let Some(state) = next(state, Happening::Rejected) {
                end(world, record, state, (ITSELF, Some(code)), now);
            }
        }
    }
}

/// The file and its payments are one commit.
pub(super) fn cut(world: &mut World, now: Timestamp, file: &RailFile, due_at: Timestamp) -> Reply {
    let mut first = None;
    for id in world.waiting.clone() {
        let Ok(Outcome { mut record, .. }) = found(world, id, false) else { continue };
        let is_free = |over: &OverRail| over.rail == file.rail && over.file.is_none() && over.next.is_none();
        let Some(over) = record.rail.as_mut().filter(|over| record.state == PaymentState::Held && is_free(over)) else {
            continue;
        };
        over.file = Some(file.id);
        record.due_at = Some(due_at);
        world.rail_moved(id, Stage::In(file.id));
        world.add_step(&mut record, step(ITSELF, now, Some("in_file")));
        world.change(record.clone());
        first = first.or(Some(record));
    }
    let record = first.ok_or(No::NothingWaits)?;
    world.new_files.push(file.clone());
    Ok(Outcome { record, replayed: false })
}

/// Writes down what is to be booked. What was said before changes nothing.
pub(super) fn said(world: &mut World, now: Timestamp, id: PaymentId, said: &Said, due_at: Timestamp) -> Reply {
    let Outcome { mut record, .. } = found(world, id, false)?;
    let state = record.state;
    let contradiction = || Refusal::PaymentState { state: state.name().to_owned() };
    let over = record.rail.as_mut().filter(|over| over.file.is_some()).ok_or_else(contradiction)?;
    if over.next.is_some() {
        return Err(No::Busy);
    }
    let decided = match (state, said) {
        (PaymentState::Submitted, Said::Accepted { code }) if over.accepted.as_ref() != Some(code) => {
            over.accepted = Some(code.clone());
            world.add_step(&mut record, step(ITSELF, now, Some(code)));
            world.change(record.clone());
            return Ok(Outcome { record, replayed: false });
        }
        (PaymentState::Submitted, Said::Rejected { reason }) => Next::GiveBack { reason: reason.clone() },
        (PaymentState::Submitted, Said::Debited) => Next::Settle,
        (PaymentState::Settled, Said::Returned { reason, amount }) => {
            Next::Return { reason: reason.clone(), amount: *amount }
        }
        (PaymentState::Submitted | PaymentState::Settled | PaymentState::Returned, Said::Accepted { .. })
        | (PaymentState::Rejected, Said::Rejected { .. } | Said::Accepted { .. })
        | (PaymentState::Settled | PaymentState::Returned, Said::Debited)
        | (PaymentState::Returned, Said::Returned { .. }) => return Ok(Outcome { record, replayed: true }),
        _ => return Err(contradiction().into()),
    };
    over.next = Some(decided);
    record.due_at = Some(due_at);
    world.change(record.clone());
    Ok(Outcome { record, replayed: false })
}
