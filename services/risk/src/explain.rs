//! Explains decisions, shows the features of an entity, and tries a rule on a stored decision.

use std::sync::Arc;

use kernel::{Ctx, Timestamp};
use platform::db::Tx;
use risk_api::{
    Decision, Entity, EntityFeatures, FeatureValue, ListedAs, Refusal, RiskError, RuleResult, SubjectId, TryRule,
};

use crate::features::{EntityKey, Row};
use crate::lists::Listed;
use crate::rules::{Inputs, compile};
use crate::service::{Inner, not_found};
use crate::store::{cases, decisions, entities, labels, lists, rule_sets};

pub(crate) async fn decision(inner: &Arc<Inner>, ctx: &Ctx, id: SubjectId) -> Result<Decision, RiskError> {
    inner.may(ctx, "risk", "read")?;
    let (tx, found) = stored(inner, &id).await?;
    let labels = labels::of(&tx, &id).await?.into_iter().map(|label| label.record).collect();
    let case = cases::of(&tx, &id).await?.map(|case| case.id);
    let value = |name: &str| crate::features::feature_index(name).and_then(|place| found.row.get(place));
    Ok(Decision {
        lists: listed(&tx, &found).await?,
        rules: rules(&tx, &found).await?,
        features: named(&found.row),
        contributions: found.detail.contributions(value),
        probability: found.detail.probability,
        decided_at: found.decided_at,
        assessment: found.assessment(),
        subject: found.subject,
        labels,
        case,
    })
}

/// The decision, and the transaction that sees it. One that was made a moment ago is written first.
async fn stored(inner: &Inner, id: &SubjectId) -> Result<(Tx, decisions::Decided), RiskError> {
    let tx = inner.db.read().await?;
    if let Some(found) = decisions::by_id(&tx, id).await? {
        return Ok((tx, found));
    }
    drop(tx);
    if !inner.engine.core().remembers(id) {
        return Err(not_found());
    }
    crate::writer::round(inner).await;
    let tx = inner.db.read().await?;
    let found = decisions::by_id(&tx, id).await?.ok_or_else(not_found)?;
    Ok((tx, found))
}

/// Every rule of the set: what is not stored was quiet.
async fn rules(tx: &Tx, found: &decisions::Decided) -> Result<Vec<RuleResult>, RiskError> {
    let Some(id) = found.detail.rule_set else { return Ok(Vec::new()) };
    let set = rule_sets::by_id(tx, id).await?;
    let said = |rule: &risk_api::Rule| {
        let told = found.detail.rules.iter().find(|told| told.rule == rule.id).cloned();
        told.unwrap_or_else(|| RuleResult { rule: rule.id.clone(), hit: false, skipped: None })
    };
    Ok(set.map(|set| set.rules.iter().map(said).collect()).unwrap_or_default())
}

async fn listed(tx: &Tx, found: &decisions::Decided) -> Result<Vec<ListedAs>, RiskError> {
    let mut all = Vec::new();
    for (list, kind) in &found.detail.lists {
        let Some(id) = found.subject.entity(*kind) else { continue };
        let entity = Entity { kind: *kind, id: id.clone() };
        let entry = lists::entry(tx, *list, &entity).await?;
        let reason = entry.map_or_else(|| "no longer on the list".to_owned(), |entry| entry.reason);
        all.push(ListedAs { list: *list, entity, reason });
    }
    Ok(all)
}

fn named(row: &Row) -> Vec<FeatureValue> {
    row.named().map(|(name, value)| FeatureValue { name: name.to_owned(), value }).collect()
}

pub(crate) async fn entity(inner: &Arc<Inner>, ctx: &Ctx, entity: Entity) -> Result<EntityFeatures, RiskError> {
    inner.may(ctx, "risk", "read")?;
    let key = EntityKey::of(entity.kind, entity.id.as_str());
    let tx = inner.db.read().await?;
    let is_here = inner.engine.core().entity(key).is_some();
    if !is_here {
        for (key, seq, state) in entities::by_keys(&tx, &[key]).await? {
            inner.engine.core().restore(key, seq, state);
        }
    }
    let mut lists = Vec::new();
    for list in <risk_api::ListName as strum::VariantArray>::VARIANTS {
        let entry = lists::entry(&tx, *list, &entity).await?;
        let holds = entry.filter(|entry| entry.expires_at.is_none_or(|end| end > inner.clock.now()));
        lists.extend(holds.map(|entry| ListedAs { list: *list, entity: entity.clone(), reason: entry.reason }));
    }
    let core = inner.engine.core();
    let found = core.entity(key);
    Ok(EntityFeatures {
        last_at: found.map(|state| Timestamp::from_micros(state.newest())),
        features: found.map(|state| named(&state.peek())).unwrap_or_default(),
        bytes: found.map_or(0, |state| u32::try_from(state.bytes()).unwrap_or(u32::MAX)),
        lists,
        entity,
    })
}

/// Inputs and features as they were, and the rule as it is.
pub(crate) async fn try_rule(inner: &Arc<Inner>, ctx: &Ctx, command: TryRule) -> Result<RuleResult, RiskError> {
    inner.may(ctx, "rules", "change")?;
    let book = compile(std::slice::from_ref(&command.rule)).map_err(|problems| {
        let found = problems.first();
        let place = found.map(|found| format!("{}:{}: {}", found.line, found.column, found.text)).unwrap_or_default();
        Refusal::FieldInvalid { field: "rule.when".to_owned(), expected: place }
    })?;
    let (_, found) = stored(inner, &command.decision).await?;
    let watched = watched(&found);
    let inputs = Inputs::new(&found.subject, &found.row, &watched.watched);
    let rule = book.rules.first().ok_or_else(not_found)?;
    Ok(rule.ask(&inputs).result(rule))
}

/// The lists as they were when it was decided.
pub(crate) fn watched(found: &decisions::Decided) -> Listed {
    let mut listed = Listed::default();
    for (list, kind) in &found.detail.lists {
        match list {
            risk_api::ListName::Deny => listed.denied.push(*kind),
            risk_api::ListName::Allow => listed.allowed.push(*kind),
            risk_api::ListName::Watch => listed.watched.push(*kind),
        }
    }
    listed
}
