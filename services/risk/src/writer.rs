//! Stores decisions after they were made: records with their cases and events, and some of the changed entities.
//!
//! One task writes, one transaction at a time. What could not be written is written again before anything newer, and meanwhile
//! the engine's queue fills up and refuses: an answer is never given whose record has no place.

use std::sync::Arc;
use std::time::Duration;

use platform::db::{DbError, Fault};
use platform::error::Failure;
use platform::feed::NewEvent;
use risk_api::{Case, CaseState, Verdict};
use serde_json::json;

use crate::engine::{Flush, Record};
use crate::features::{Subject, Turned};
use crate::service::Inner;
use crate::store::{cases, decisions, entities, labels};

/// Entities that are packed while the engine's lock is held.
const ENTITIES_AT_ONCE: usize = 64;
/// Entities in one transaction.
const ENTITIES_MAX: usize = 2_048;
/// Labels that counters learn in one round.
const LABELS_MAX: usize = 1_000;
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(200);

/// Runs until the task is ended.
pub(crate) async fn run(inner: Arc<Inner>) {
    let every = Duration::from_millis(inner.settings.write_every_ms);
    loop {
        inner.engine.news.notified().await;
        // What comes meanwhile shares the commit.
        tokio::time::sleep(every / 2).await;
        round(&inner).await;
    }
}

/// Writes what waits, again and again until the store takes it. Where it is dropped half way, the next round goes on with it.
pub(crate) async fn round(inner: &Inner) {
    let mut writing = inner.writing.lock().await;
    if !inner.holds() {
        *writing = None;
        return;
    }
    if writing.is_none() {
        if let Err(error) = learn(inner).await {
            tracing::warn!(%error, "labels that became known could not be read");
        }
        *writing = Some(take(inner)).filter(|flush| !flush.is_empty());
    }
    while let Some(flush) = writing.as_ref() {
        match write(inner, flush).await {
            Ok(()) => *writing = None,
            Err(_) if !inner.holds() => {
                tracing::warn!(
                    records = flush.records.len(),
                    "another process has the lease; what was not written is given up"
                );
                *writing = None;
            }
            Err(failure) => {
                let records = flush.records.len();
                tracing::error!(code = failure.code(), records, "decisions could not be written; trying again");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
}

/// Lets a round look for labels that became known meanwhile.
pub(crate) async fn wake(inner: &Inner) -> Result<(), DbError> {
    inner.engine.news.notify_one();
    Ok(())
}

/// Writes everything, before the process ends.
pub(crate) async fn settle(inner: &Inner) {
    while inner.holds() {
        round(inner).await;
        let core = inner.engine.core();
        if core.waiting() == 0 && core.is_stored() {
            return;
        }
    }
}

fn take(inner: &Inner) -> Flush {
    let mut flush = inner.engine.core().take();
    while flush.entities.len() < ENTITIES_MAX {
        let before = flush.entities.len();
        inner.engine.core().take_entities(&mut flush, ENTITIES_AT_ONCE);
        if flush.entities.len() < before + ENTITIES_AT_ONCE {
            break;
        }
    }
    flush
}

async fn write(inner: &Inner, flush: &Flush) -> Result<(), Failure> {
    let opened: Vec<Case> = flush.records.iter().filter_map(|record| case_of(inner, record)).collect();
    let term = inner.standing.term().ok_or(Failure::Unavailable)?;
    let tx = inner.db.begin_alone_under(term.fence.as_ref()).await?;
    // A commit without an answer may have happened.
    if entities::progress(&tx).await?.number >= flush.number {
        return Ok(());
    }
    decisions::add(&tx, &flush.records).await?;
    entities::forget(&tx, &flush.evicted).await?;
    entities::put(&tx, &flush.entities).await?;
    labels::learned(&tx, &flush.learned).await?;
    cases::add(&tx, &opened).await?;
    let (stored_seq, last_seq, number) = (flush.stored_seq, flush.last_seq, flush.number);
    entities::move_progress(&tx, entities::Stored { stored_seq, last_seq, number }).await?;
    let events = events(inner, flush, &opened);
    let cursor = if events.is_empty() { None } else { Some(inner.outbox.add(&tx, events).await?) };
    match &term.fence {
        None => tx.commit().await?,
        Some(fence) => tx.commit_fenced(fence).await.inspect_err(|error| {
            if error.fault == Fault::Fenced {
                inner.standing.lost(term.epoch);
            }
        })?,
    }
    if let Some(cursor) = cursor {
        inner.signal.committed(cursor);
    }
    inner.watch.opened(opened.len());
    let live = inner.engine.live();
    for record in &flush.records {
        inner.watch.recorded(record, live.of(record.kind).champion.as_deref(), f64::from(inner.settings.rule_band));
    }
    Ok(())
}

fn case_of(inner: &Inner, record: &Record) -> Option<Case> {
    record.assessment.outcome.makes_a_case().then(|| Case {
        id: inner.ids.make(),
        version: 1,
        state: CaseState::Open,
        subject: record.id.clone(),
        kind: record.kind,
        outcome: record.assessment.outcome,
        score: record.assessment.score,
        amount: record.amount,
        entity: record.holder.clone(),
        opened_at: record.decided_at,
        assigned_to: None,
        escalated: false,
        resolution: None,
        resolved_at: None,
        resolved_by: None,
        notes: Vec::new(),
    })
}

fn events(inner: &Inner, flush: &Flush, opened: &[Case]) -> Vec<NewEvent> {
    let mut events = Vec::new();
    for record in &flush.records {
        let (outcome, score) = (record.assessment.outcome, record.assessment.score);
        let codes: Vec<&str> = record.assessment.reasons.iter().map(|reason| reason.code.as_str()).collect();
        let data =
            json!({ "id": record.id, "kind": record.kind, "outcome": outcome, "score": score, "reasons": codes });
        if outcome.is_decline() {
            let data = json!({ "id": record.id, "kind": record.kind, "by": "decision", "score": score });
            events.push(NewEvent::new("fraud.detected", record.id.to_string(), data));
        }
        if inner.settings.decision_events {
            events.push(NewEvent::new("risk.decision.made", record.id.to_string(), data));
        }
    }
    events.extend(opened.iter().map(|case| {
        NewEvent::new(
            "risk.case.opened",
            case.id.to_string(),
            json!({ "case": case.id, "subject": case.subject, "outcome": case.outcome, "score": case.score }),
        )
    }));
    events
}

/// Counters learn of labels that are known by now.
async fn learn(inner: &Inner) -> Result<(), DbError> {
    let tx = inner.db.read().await?;
    for label in labels::due(&tx, inner.clock.now(), LABELS_MAX).await? {
        let Some(decided) = decisions::by_id(&tx, &label.subject).await? else { continue };
        if inner.engine.core().has_learned(label.number) {
            continue;
        }
        let all = labels::of(&tx, &label.subject).await?;
        let learned = |one: &labels::Label| one.applied.is_some() || inner.engine.core().has_learned(one.number);
        let holds = |with: bool| {
            let known = |one: &&labels::Label| learned(one) || (with && one.number == label.number);
            all.iter().find(known).map(|one| one.record.verdict)
        };
        let turned = match (holds(false) == Some(Verdict::Fraud), holds(true) == Some(Verdict::Fraud)) {
            (false, true) => Some(Turned::IntoFraud),
            (true, false) => Some(Turned::OutOfFraud),
            _ => None,
        };
        let subject = subject_of(inner, &decided.subject);
        bring(inner, &tx, &subject).await?;
        inner.engine.core().learn(label.number, &subject, turned);
    }
    Ok(())
}

/// The stored subject as counters see it.
pub(crate) fn subject_of(inner: &Inner, assess: &risk_api::Assess) -> Subject {
    let zone = assess.zone.as_deref().and_then(|zone| jiff::tz::TimeZone::get(zone).ok());
    Subject::of(assess, &inner.engine.config().rates, &zone.unwrap_or(jiff::tz::TimeZone::UTC))
}

/// The entities of a subject, where they are stored and not here.
pub(crate) async fn bring(inner: &Inner, tx: &platform::db::Tx, subject: &Subject) -> Result<(), DbError> {
    let missing = inner.engine.core().missing_of(subject);
    for (key, seq, state) in entities::by_keys(tx, &missing).await? {
        inner.engine.core().restore(key, seq, state);
    }
    Ok(())
}
