//! The registry of models: candidates, challengers that score and decide nothing, one champion of each kind.

use std::sync::Arc;

use kernel::Ctx;
use platform::db::Tx;
use platform::feed::NewEvent;
use risk_api::{
    ChangeModel, Comparison, Metrics, Model, ModelChange, ModelId, ModelState, ModelSummary, Refusal, RiskError,
    SubjectKind, limits,
};
use serde_json::json;

use crate::live;
use crate::model::{Judged, judge};
use crate::service::{Inner, not_found};
use crate::store::models as store;
use crate::store::{decisions, labels};

/// Labelled decisions that both scored, for a comparison on live traffic.
const COMPARED_MIN: u64 = 1_000;
/// The newest labelled decisions that are looked at.
const COMPARED_MAX: usize = 100_000;
const PAGE: usize = 1_000;

pub(crate) async fn change(inner: &Arc<Inner>, ctx: &Ctx, command: ChangeModel) -> Result<Model, RiskError> {
    let trains = matches!(command.change, ModelChange::Challenge | ModelChange::Reject);
    let (action, operation) = if trains { ("train", "edit_model") } else { ("promote", "promote_model") };
    inner.may(ctx, "models", action)?;
    // Looked at before the transaction: it may take a while.
    let comparison = match command.change {
        ModelChange::Approve { .. } => Some(compared(inner, command.id).await?),
        _ => None,
    };
    let turn = inner.once.begin(ctx, operation, &command).await?;
    let tx = inner.db.begin().await?;
    if let Some(id) = turn.again::<ModelId>(&tx).await? {
        return store::by_id(&tx, id).await?.ok_or_else(not_found);
    }
    match move_on(inner, &tx, ctx, &command, comparison).await {
        Ok((model, events)) => {
            turn.made(&tx, &model.summary.id).await?;
            inner.commit(tx, events).await?;
            live::reload(inner).await?;
            Ok(model)
        }
        Err(error) => Err(turn.refused(tx, error).await),
    }
}

async fn move_on(
    inner: &Inner,
    tx: &Tx,
    ctx: &Ctx,
    command: &ChangeModel,
    comparison: Option<Comparison>,
) -> Result<(Model, Vec<NewEvent>), RiskError> {
    tx.one_at_a_time().await?;
    let mut model = store::by_id(tx, command.id).await?.ok_or_else(not_found)?;
    let changed = store::last_change(tx).await? + 1;
    let (who, kind) = (ctx.principal.subject.to_string(), model.summary.kind);
    let mut events = Vec::new();
    match (&command.change, model.summary.state) {
        (ModelChange::Challenge, ModelState::Candidate) => {
            loadable(inner, tx, &model).await?;
            let challengers = store::in_state(tx, ModelState::Challenger).await?;
            if challengers.iter().filter(|one| one.summary.kind == kind).count() >= limits::CHALLENGERS_MAX {
                return Err(Refusal::ChallengersFull { max: limits::CHALLENGERS_MAX }.into());
            }
            model.summary.state = ModelState::Challenger;
        }
        (ModelChange::Propose, ModelState::Candidate | ModelState::Challenger) => {
            loadable(inner, tx, &model).await?;
            model.proposed_by = Some(who);
        }
        (ModelChange::Approve { despite }, ModelState::Candidate | ModelState::Challenger) => {
            approvable(&model, &who, comparison.filter(|_| despite.is_none()))?;
            loadable(inner, tx, &model).await?;
            model.after = dethrone(tx, kind, changed).await?;
            (model.approved_by, model.despite) = (Some(who), despite.clone());
            crown(inner, &mut model);
            events.push(event("risk.model.promoted", &model));
        }
        (ModelChange::Reject, ModelState::Candidate | ModelState::Challenger) => {
            model.summary.state = ModelState::Rejected;
        }
        (ModelChange::RollBack, ModelState::Champion) => {
            let before = match model.after {
                Some(before) => store::by_id(tx, before).await?,
                None => None,
            };
            let mut before = before.ok_or(Refusal::NothingBefore)?;
            loadable(inner, tx, &before).await?;
            crown(inner, &mut before);
            model.summary.state = ModelState::Retired;
            store::change(tx, &before, changed).await?;
            events.push(event("risk.model.rolled_back", &before));
        }
        (change, state) => {
            return Err(Refusal::ModelState { state, change: name(change).to_owned() }.into());
        }
    }
    store::change(tx, &model, changed).await?;
    Ok((model, events))
}

/// Proposed, by other people than the approver, and not worse than the champion by more than the margin.
fn approvable(model: &Model, who: &str, comparison: Option<Comparison>) -> Result<(), Refusal> {
    let proposed_by = model.proposed_by.as_ref().ok_or(Refusal::NotProposed)?;
    if who == model.summary.author || who == proposed_by {
        return Err(Refusal::SecondPersonNeeded);
    }
    match comparison {
        Some(found) if found.worse_by > found.margin => {
            Err(Refusal::ChallengerWorse { worse_by: found.worse_by, margin: found.margin })
        }
        _ => Ok(()),
    }
}

fn name(change: &ModelChange) -> &'static str {
    match change {
        ModelChange::Challenge => "challenge",
        ModelChange::Propose => "propose",
        ModelChange::Approve { .. } => "approve",
        ModelChange::Reject => "reject",
        ModelChange::RollBack => "roll_back",
    }
}

fn event(kind: &'static str, model: &Model) -> NewEvent {
    let summary = &model.summary;
    let data = json!({ "model": summary.id, "kind": summary.kind, "version": summary.version, "approved_by": model.approved_by, "despite": model.despite });
    NewEvent::new(kind, summary.id.to_string(), data)
}

fn crown(inner: &Inner, model: &mut Model) {
    (model.summary.state, model.summary.champion_since) = (ModelState::Champion, Some(inner.clock.now()));
}

/// The champion of a kind makes room.
async fn dethrone(tx: &Tx, kind: SubjectKind, changed: i64) -> Result<Option<ModelId>, RiskError> {
    for mut champion in store::in_state(tx, ModelState::Champion).await? {
        if champion.summary.kind == kind {
            champion.summary.state = ModelState::Retired;
            store::change(tx, &champion, changed).await?;
            return Ok(Some(champion.summary.id));
        }
    }
    Ok(None)
}

/// Refuses a model that cannot be loaded: damaged, of other features, or too large.
async fn loadable(inner: &Inner, tx: &Tx, model: &Model) -> Result<(), RiskError> {
    let bytes = store::file(tx, model.summary.id).await?.unwrap_or_default();
    live::load(inner, model, &bytes).map_err(|error| Refusal::ModelUnsound { why: error.to_string() })?;
    Ok(())
}

pub(crate) async fn one(inner: &Arc<Inner>, ctx: &Ctx, id: ModelId) -> Result<Model, RiskError> {
    inner.may(ctx, "risk", "read")?;
    let tx = inner.db.read().await?;
    store::by_id(&tx, id).await?.ok_or_else(not_found)
}

pub(crate) async fn list(inner: &Arc<Inner>, ctx: &Ctx, kind: SubjectKind) -> Result<Vec<ModelSummary>, RiskError> {
    inner.may(ctx, "risk", "read")?;
    let tx = inner.db.read().await?;
    Ok(store::of_kind(&tx, kind).await?.into_iter().map(|model| model.summary).collect())
}

pub(crate) async fn compare(inner: &Arc<Inner>, ctx: &Ctx, id: ModelId) -> Result<Comparison, RiskError> {
    inner.may(ctx, "risk", "read")?;
    compared(inner, id).await
}

/// On labelled decisions that both scored where there are enough, else by each one's own test rows.
async fn compared(inner: &Inner, id: ModelId) -> Result<Comparison, RiskError> {
    let tx = inner.db.read().await?;
    let model = store::by_id(&tx, id).await?.ok_or_else(not_found)?;
    let champions = store::in_state(&tx, ModelState::Champion).await?;
    let champion = champions.into_iter().find(|one| one.summary.kind == model.summary.kind && one.summary.id != id);
    let margin = f64::from(inner.settings.champion_margin) / 1_000.0;
    let mut comparison = Comparison {
        challenger: id,
        champion: champion.as_ref().map(|champion| champion.summary.id),
        decisions: 0,
        on_test_rows: true,
        challenger_metrics: model.summary.metrics,
        champion_metrics: champion.as_ref().map(|champion| champion.summary.metrics),
        worse_by: 0.0,
        margin,
    };
    if let Some(champion) = &champion {
        let (one, other) = scored_by_both(&tx, id, champion.summary.id).await?;
        if one.rows >= COMPARED_MIN && one.fraud > 0 {
            (comparison.decisions, comparison.on_test_rows) = (one.rows, false);
            (comparison.challenger_metrics, comparison.champion_metrics) = (one, Some(other));
        }
        let other = comparison.champion_metrics.unwrap_or_default();
        comparison.worse_by = other.average_precision - comparison.challenger_metrics.average_precision;
    }
    Ok(comparison)
}

/// Decisions of which both gave a probability, whatever they were then to each other.
async fn scored_by_both(tx: &Tx, one: ModelId, other: ModelId) -> Result<(Metrics, Metrics), RiskError> {
    let (mut by_one, mut by_other, mut last) = (Vec::new(), Vec::new(), 0);
    while by_one.len() < COMPARED_MAX {
        let page = labels::holding(tx, last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        for label in page {
            let Some(decided) = decisions::by_id(tx, &label.subject).await? else { continue };
            let gave = |model: ModelId| {
                let own = decided.detail.probability.filter(|_| decided.detail.model == Some(model));
                let beside = decided.detail.challengers.iter().find(|(id, _)| *id == model);
                own.or(beside.map(|(_, probability)| *probability))
            };
            if let Some((first, second)) = gave(one).zip(gave(other)) {
                let judged = |score| judged(&decided, &label, score);
                by_one.push(judged(first));
                by_other.push(judged(second));
            }
        }
    }
    let alerts = risk_api::Costs::default().alerts_a_day;
    Ok((judge(&by_one, alerts, true), judge(&by_other, alerts, true)))
}

/// A labelled decision with a score.
pub(crate) fn judged(decided: &decisions::Decided, label: &labels::Label, score: f64) -> Judged {
    let amount = crate::features::feature_index("amount").and_then(|place| decided.row.get(place));
    let card = decided.subject.card.as_ref();
    Judged {
        score,
        fraud: label.record.verdict == risk_api::Verdict::Fraud,
        at: decided.subject.at.micros(),
        card: card.map(|card| crate::features::EntityKey::of(risk_api::EntityKind::Card, card.as_str())),
        amount: amount.unwrap_or_default(),
    }
}
