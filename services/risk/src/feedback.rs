//! Labels: whether subjects were fraud, as it became known.

use std::sync::Arc;

use kernel::Ctx;
use platform::db::{DbError, Tx};
use platform::feed::NewEvent;
use risk_api::{CaseState, Feedback, Label, LabelRecord, Noted, Refusal, Resolution, RiskError, Verdict, limits};
use serde_json::json;

use crate::service::Inner;
use crate::store::{cases, decisions, labels};

pub(crate) async fn feedback(inner: &Arc<Inner>, ctx: &Ctx, command: Feedback) -> Result<Vec<Noted>, RiskError> {
    inner.may(ctx, "labels", "create")?;
    let found = command.labels.len();
    if found > limits::LABELS_MAX {
        return Err(Refusal::TooMany { what: "labels".to_owned(), max: limits::LABELS_MAX, found }.into());
    }
    let tx = inner.db.begin().await?;
    // Two writers would give the same number away.
    tx.one_at_a_time().await?;
    let (mut noted, mut events) = (Vec::with_capacity(found), Vec::new());
    for label in command.labels {
        noted.push(note(inner, &tx, ctx, label, &mut events).await?);
    }
    inner.commit(tx, events).await?;
    inner.engine.news.notify_one();
    Ok(noted)
}

/// One label, in a transaction that has others.
pub(crate) async fn note(
    inner: &Inner,
    tx: &Tx,
    ctx: &Ctx,
    label: Label,
    events: &mut Vec<NewEvent>,
) -> Result<Noted, DbError> {
    let (id, now) = (label.id.clone(), inner.clock.now());
    let invalid = |field: &str, expected: &str| {
        let refusal = Refusal::FieldInvalid { field: field.to_owned(), expected: expected.to_owned() };
        Noted::Failed { id: id.clone(), error: refusal.into() }
    };
    if label.note.as_ref().is_some_and(|note| note.len() > limits::NOTE_BYTES_MAX) {
        return Ok(invalid("note", "at most 1000 bytes"));
    }
    let decided = decisions::by_id(tx, &label.id).await?;
    if decided.as_ref().zip(label.known_at).is_some_and(|(decided, known_at)| known_at < decided.subject.at) {
        return Ok(invalid("known_at", "a time that is not before the subject's"));
    }
    let all = labels::of(tx, &label.id).await?;
    let record = LabelRecord {
        verdict: label.verdict,
        source: label.source,
        known_at: label.known_at.unwrap_or(now),
        recorded_at: now,
        author: ctx.principal.subject.to_string(),
        note: label.note,
    };
    let answer = |holds: bool| match (&decided, holds) {
        (None, _) => Noted::Waiting { id: id.clone() },
        (Some(_), true) => Noted::Holds { id: id.clone() },
        (Some(_), false) => Noted::Superseded { id: id.clone() },
    };
    let same = |one: &labels::Label| {
        let known = one.record.known_at == record.known_at || label.known_at.is_none();
        known && LabelRecord { known_at: record.known_at, recorded_at: now, ..one.record.clone() } == record
    };
    if let Some(place) = all.iter().position(same) {
        return Ok(answer(place == 0));
    }
    let number = labels::last_number(tx).await? + 1;
    let holds = all.first().is_none_or(|first| first.record.known_at <= record.known_at);
    if record.verdict == Verdict::Fraud {
        let data = json!({ "id": label.id, "by": "label", "source": record.source, "known_at": record.known_at });
        events.push(NewEvent::new("fraud.detected", label.id.to_string(), data));
    }
    reopen(tx, &label.id, &record, events).await?;
    labels::add(tx, &[labels::Label { number, subject: label.id.clone(), record, applied: None }]).await?;
    Ok(answer(holds))
}

/// A case that was resolved otherwise is open again.
async fn reopen(
    tx: &Tx,
    subject: &risk_api::SubjectId,
    label: &LabelRecord,
    events: &mut Vec<NewEvent>,
) -> Result<(), DbError> {
    let Some(mut case) = cases::of(tx, subject).await? else { return Ok(()) };
    let says = match label.verdict {
        Verdict::Fraud => Resolution::Fraud,
        Verdict::Genuine => Resolution::Genuine,
    };
    if case.state != CaseState::Resolved || case.resolution == Some(says) {
        return Ok(());
    }
    let text = format!("reopened: a label says {}", label.verdict.name());
    case.notes.push(risk_api::CaseNote { at: label.recorded_at, author: label.author.clone(), text });
    (case.state, case.resolution, case.version) = (CaseState::Open, None, case.version + 1);
    (case.resolved_at, case.resolved_by) = (None, None);
    cases::change(tx, &case).await?;
    let data = json!({ "case": case.id, "subject": case.subject });
    events.push(NewEvent::new("risk.case.reopened", case.id.to_string(), data));
    Ok(())
}
