//! The review queue: who looks at what, and what they say of it. A resolution is a label.

use std::sync::Arc;

use kernel::Ctx;
use platform::db::Tx;
use platform::feed::NewEvent;
use risk_api::{
    Case, CaseChange, CaseId, CaseNote, CasePage, CaseQuery, CaseState, ChangeCase, Label, Refusal, Resolution,
    RiskError, Verdict, limits,
};
use serde_json::json;

use crate::feedback;
use crate::service::{Inner, not_found};
use crate::store::cases as store;
use crate::warm::OF_A_CASE;

/// Notes of one case at most.
const NOTES_MAX: usize = 200;
/// Cases that are escalated in one round.
const ESCALATED_MAX: usize = 500;

pub(crate) async fn page(inner: &Arc<Inner>, ctx: &Ctx, query: CaseQuery) -> Result<CasePage, RiskError> {
    inner.may(ctx, "cases", "read")?;
    let limit = query.limit.unwrap_or(limits::PAGE_DEFAULT).clamp(1, limits::PAGE_MAX);
    let tx = inner.db.read().await?;
    let mut cases = store::before(&tx, &query, limit + 1).await?;
    let is_last = cases.len() <= limit;
    cases.truncate(limit);
    cases.iter_mut().for_each(|case| case.notes.clear());
    let next = if is_last { None } else { cases.last().map(|case| case.id) };
    Ok(CasePage { cases, next })
}

pub(crate) async fn one(inner: &Arc<Inner>, ctx: &Ctx, id: CaseId) -> Result<Case, RiskError> {
    inner.may(ctx, "cases", "read")?;
    let tx = inner.db.read().await?;
    store::by_id(&tx, id).await?.ok_or_else(not_found)
}

pub(crate) async fn change(inner: &Arc<Inner>, ctx: &Ctx, command: ChangeCase) -> Result<Case, RiskError> {
    inner.may(ctx, "cases", "change")?;
    let turn = inner.once.begin(ctx, "change_case", &command).await?;
    let tx = inner.db.begin().await?;
    if let Some(id) = turn.again::<CaseId>(&tx).await? {
        return store::by_id(&tx, id).await?.ok_or_else(not_found);
    }
    let changed = move_on(inner, &tx, ctx, command).await;
    match changed {
        Ok((case, events)) => {
            turn.made(&tx, &case.id).await?;
            inner.commit(tx, events).await?;
            inner.engine.news.notify_one();
            Ok(case)
        }
        Err(error) => Err(turn.refused(tx, error).await),
    }
}

async fn move_on(inner: &Inner, tx: &Tx, ctx: &Ctx, command: ChangeCase) -> Result<(Case, Vec<NewEvent>), RiskError> {
    tx.one_at_a_time().await?;
    let mut case = store::by_id(tx, command.id).await?.ok_or_else(not_found)?;
    if case.version != command.version {
        return Err(Refusal::CaseChanged { version: case.version }.into());
    }
    let resolved = case.state == CaseState::Resolved;
    let mut events = Vec::new();
    let what = match command.change {
        CaseChange::Reopen { .. } if !resolved => return Err(Refusal::CaseOpen.into()),
        CaseChange::Assign { .. } | CaseChange::Resolve { .. } if resolved => return Err(Refusal::CaseResolved.into()),
        CaseChange::Assign { to } => {
            case.state = if to.is_some() { CaseState::Assigned } else { CaseState::Open };
            case.assigned_to = to;
            "assigned"
        }
        CaseChange::Note { text } => {
            note(inner, ctx, &mut case, text)?;
            "noted"
        }
        CaseChange::Reopen { note: text } => {
            note(inner, ctx, &mut case, text)?;
            (case.state, case.resolution, case.resolved_at, case.resolved_by) = (CaseState::Open, None, None, None);
            "reopened"
        }
        CaseChange::Resolve { resolution, note: text } => {
            if let Some(text) = text {
                note(inner, ctx, &mut case, text)?;
            }
            (case.state, case.resolution) = (CaseState::Resolved, Some(resolution));
            case.resolved_at = Some(inner.clock.now());
            case.resolved_by = Some(ctx.principal.subject.to_string());
            "resolved"
        }
    };
    case.version += 1;
    if !store::change(tx, &case).await? {
        return Err(Refusal::CaseChanged { version: case.version }.into());
    }
    if let Some(verdict) = case.resolution.filter(|_| what == "resolved").and_then(verdict_of) {
        let label = Label { id: case.subject.clone(), verdict, source: OF_A_CASE, known_at: None, note: None };
        feedback::note(inner, tx, ctx, label, &mut events).await?;
    }
    let kind = match what {
        "assigned" => "risk.case.assigned",
        "noted" => "risk.case.noted",
        "reopened" => "risk.case.reopened",
        _ => "risk.case.resolved",
    };
    let data = json!({ "case": case.id, "subject": case.subject, "assigned_to": case.assigned_to, "resolution": case.resolution });
    events.push(NewEvent::new(kind, case.id.to_string(), data));
    Ok((case, events))
}

fn verdict_of(resolution: Resolution) -> Option<Verdict> {
    match resolution {
        Resolution::Fraud => Some(Verdict::Fraud),
        Resolution::Genuine => Some(Verdict::Genuine),
        Resolution::Unsure => None,
    }
}

fn note(inner: &Inner, ctx: &Ctx, case: &mut Case, text: String) -> Result<(), Refusal> {
    let invalid = |expected: &str| Refusal::FieldInvalid { field: "text".to_owned(), expected: expected.to_owned() };
    if !(1..=limits::NOTE_BYTES_MAX).contains(&text.len()) {
        return Err(invalid("1 to 1000 bytes"));
    }
    if case.notes.len() >= NOTES_MAX {
        return Err(invalid("a case with fewer than 200 notes"));
    }
    case.notes.push(CaseNote { at: inner.clock.now(), author: ctx.principal.subject.to_string(), text });
    Ok(())
}

/// Cases that have been open for too long.
pub(crate) async fn escalate(inner: &Inner) -> Result<(), RiskError> {
    if !inner.holds() {
        return Ok(());
    }
    let before = inner.clock.now().plus_seconds(-3_600 * i64::from(inner.settings.case_escalate_hours));
    let tx = inner.db.begin().await?;
    let mut events = Vec::new();
    for mut case in store::to_escalate(&tx, before, ESCALATED_MAX).await? {
        (case.escalated, case.version) = (true, case.version + 1);
        if store::change(&tx, &case).await? {
            let data = json!({ "case": case.id, "subject": case.subject, "opened_at": case.opened_at });
            events.push(NewEvent::new("risk.case.escalated", case.id.to_string(), data));
            metrics::counter!("fraud_alerts_total", "severity" => "warning").increment(1);
        }
    }
    if events.is_empty() { Ok(()) } else { inner.commit(tx, events).await }
}
