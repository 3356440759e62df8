//! The rules of the ledger, without any I/O: commands fold over the loaded [`State`], one named outcome each.
//!
//! Reading order: this page, then `create` (the hot path), `record` (how a posting moves two accounts), `settle` (what
//! happens to holds), `reverse`, `schedule`, `account`, and `replay` (repeated commands).

mod account;
mod create;
mod record;
mod replay;
mod reverse;
mod schedule;
mod settle;
#[cfg(test)]
mod tests;

use kernel::Timestamp;
use ledger_api::{Operation, Refusal};
use sha2::{Digest, Sha256};

use crate::command::{Body, Command, Line, Lines, Outcome, Reach, Recorded, Refused, Reply, Tag};
use crate::format::{RefusalRow, Row};
use crate::schedule::Due;
use crate::state::{ScopeEntry, State};

pub(crate) use create::default_expiry;
pub(crate) use schedule::one_owner;

/// What is due at the start of a group: expired holds, and scheduled transactions.
pub(crate) fn begin(state: &mut State, now: Timestamp) {
    for due in std::mem::take(&mut state.group.due) {
        match due {
            Due::Release { first, id } => settle::expire(state, first, id),
            Due::CarryOut(seq) => schedule::carry_out(state, now, seq),
            Due::GiveUp(seq) => schedule::give_up(state, seq),
        }
    }
}

pub(crate) fn decide(state: &mut State, now: Timestamp, command: &Command) -> Reply {
    match &command.body {
        Body::Lines(lines) => Reply::Lines(decide_lines(state, now, &command.reach, lines)),
        Body::Open(open, tag) => Reply::Account(account::open(state, now, tag, open)),
        Body::Change(change, tag) => Reply::Account(account::change(state, now, tag, &command.reach, change)),
        Body::Declare(declare, tag) => Reply::Asset(account::declare(state, tag, declare)),
    }
}

fn decide_lines(state: &mut State, now: Timestamp, reach: &Reach, lines: &Lines) -> Vec<Outcome<Recorded>> {
    let start = state.mark();
    let outcomes = match lines.atomic {
        true => all_or_nothing(state, now, reach, &lines.lines),
        false => lines.lines.iter().map(|line| one(state, now, reach, line)).collect(),
    };
    if !lines.dry_run {
        return outcomes;
    }
    state.take_back(start);
    let unreal = |recorded| Recorded { dry_run: true, ..recorded };
    outcomes.into_iter().map(|outcome| outcome.map(unreal)).collect()
}

/// One line by itself: executed, or refused and remembered.
fn one(state: &mut State, now: Timestamp, reach: &Reach, line: &Line) -> Outcome<Recorded> {
    attempt(state, now, reach, line).map_err(|refused| remember(state, line, refused))
}

fn all_or_nothing(state: &mut State, now: Timestamp, reach: &Reach, lines: &[Line]) -> Vec<Outcome<Recorded>> {
    let start = state.mark();
    let mut done = Vec::with_capacity(lines.len());
    for (place, line) in lines.iter().enumerate() {
        match attempt(state, now, reach, line) {
            Ok(recorded) => done.push(recorded),
            Err(refused) => {
                state.take_back(start);
                return fail_together(state, now, reach, lines, place, refused);
            }
        }
    }
    done.into_iter().map(Ok).collect()
}

/// The line that failed keeps its own refusal; the others name it, unless they already have an outcome.
fn fail_together(
    state: &mut State,
    now: Timestamp,
    reach: &Reach,
    lines: &[Line],
    failed: usize,
    refused: Refused,
) -> Vec<Outcome<Recorded>> {
    let outcome = |(place, line): (usize, &Line)| match replay::of_line(state, now, reach, line) {
        Some(earlier) => earlier,
        None if place == failed => Err(remember(state, line, refused.clone())),
        None => Err(remember(state, line, Refusal::SiblingFailed { line: failed }.into())),
    };
    lines.iter().enumerate().map(outcome).collect()
}

/// Leaves no trace if it refuses.
fn attempt(state: &mut State, now: Timestamp, reach: &Reach, line: &Line) -> Outcome<Recorded> {
    if let Some(earlier) = replay::of_line(state, now, reach, line) {
        return earlier;
    }
    let start = state.mark();
    let first = state.next_seq();
    let carried_out = match &line.operation {
        Operation::Create(create) if create.scheduled => schedule::schedule(state, now, reach, &line.tag, create),
        Operation::Create(create) => create::create(state, now, reach, &line.tag, create),
        Operation::Post(post) => settle::post(state, now, reach, &line.tag, post),
        Operation::Void(void) => settle::void(state, now, reach, &line.tag, void),
        Operation::Increase(increase) => settle::increase(state, now, reach, &line.tag, increase),
        Operation::Reverse(reverse) => reverse::reverse(state, now, reach, &line.tag, reverse),
        Operation::Cancel(cancel) => schedule::cancel(state, reach, &line.tag, cancel),
    };
    match carried_out {
        Ok(()) => {
            take_scope(state, &line.tag, first);
            Ok(record::recorded(state, first, now, line.operation.metadata().clone()))
        }
        Err(refusal) => {
            state.take_back(start);
            Err(refusal.into())
        }
    }
}

/// Records a refusal that depends on the state of the books, so that a repeat is refused too.
fn remember(state: &mut State, line: &Line, refused: Refused) -> Refused {
    remember_as(state, &line.tag, replay::refused_digest(&line.operation), refused)
}

/// The same for commands without a caller's id: without a key they cannot be repeated.
fn remember_keyed(state: &mut State, tag: &Tag, command: [u8; 16], refusal: Refusal) -> Refused {
    match tag.scope {
        Some(_) => remember_as(state, tag, command, refusal.into()),
        None => refusal.into(),
    }
}

fn remember_as(state: &mut State, tag: &Tag, command: [u8; 16], refused: Refused) -> Refused {
    if refused.replayed || !refused.refusal.is_remembered() {
        return refused;
    }
    // A refusal is plain data; it always has a JSON form.
    let refusal = serde_json::to_string(&refused.refusal).unwrap_or_default();
    let seq = state.push_row(Row::Refusal(RefusalRow { id: tag.id, command, refusal }));
    state.take_id(tag.id, seq);
    take_scope(state, tag, seq);
    refused
}

fn take_scope(state: &mut State, tag: &Tag, seq: u64) {
    if let Some(scope) = tag.scope {
        state.take_scope(scope.key, ScopeEntry { command: scope.command, seq });
    }
}

/// Recognises the request if the rows do not show it.
fn digest_of(asked: &impl serde::Serialize) -> [u8; 16] {
    let text = serde_json::to_vec(asked).unwrap_or_default();
    let full: [u8; 32] = Sha256::digest(&text).into();
    let mut digest = [0; 16];
    digest.copy_from_slice(full.split_at(16).0);
    digest
}
