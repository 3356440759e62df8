//! Loads live rule sets and models from the store into the engine: after each change here, and soon after a change in another
//! process.

use std::sync::Arc;

use platform::db::{DbError, Tx};
use risk_api::{Model, ModelState, RuleSet, RuleSetState, SubjectKind};
use strum::VariantArray;

use crate::decide::Thresholds;
use crate::engine::{Guarded, Live, LiveModel, LiveRules};
use crate::model::file::{ModelFile, Unsound};
use crate::rules::{compile, starter};
use crate::service::Inner;
use crate::store::{models, rule_sets};

/// Puts what is live in the store in place of what is live here.
pub(crate) async fn reload(inner: &Inner) -> Result<(), DbError> {
    let tx = inner.db.read().await?;
    let seen = changes(&tx).await?;
    let mut live = Live::default();
    for (state, is_live) in [(RuleSetState::Live, true), (RuleSetState::Shadow, false)] {
        for set in rule_sets::in_state(&tx, state).await? {
            put_rules(inner, &mut live, &set, is_live);
        }
    }
    for state in [ModelState::Champion, ModelState::Challenger] {
        for model in models::in_state(&tx, state).await? {
            put_model(inner, &tx, &mut live, &model).await?;
        }
    }
    inner.engine.set_live(live);
    *inner.seen_changes() = seen;
    Ok(())
}

/// The same, where something changed since.
pub(crate) async fn follow(inner: &Inner) -> Result<(), DbError> {
    let seen = changes(&inner.db.read().await?).await?;
    let known = *inner.seen_changes();
    if seen == known { Ok(()) } else { reload(inner).await }
}

async fn changes(tx: &Tx) -> Result<(i64, i64), DbError> {
    Ok((rule_sets::last(tx).await?.1, models::last_change(tx).await?))
}

fn put_rules(inner: &Inner, live: &mut Live, set: &RuleSet, is_live: bool) {
    let known = inner.engine.live();
    let same = |kind: SubjectKind| {
        let known = known.of(kind);
        [&known.rules, &known.shadow].into_iter().flatten().find(|rules| rules.id == set.id).cloned()
    };
    let ready = set.kinds.iter().find_map(|kind| same(*kind));
    let ready = ready.map_or_else(|| compile(&set.rules).map(|book| Arc::new(LiveRules { id: set.id, book })), Ok);
    let Ok(rules) = ready else {
        tracing::error!(rule_set = %set.id, "a live rule set cannot be read; it is left out");
        return;
    };
    for kind in &set.kinds {
        if let Some(slot) = live.of_mut(*kind) {
            if is_live {
                slot.rules = Some(Arc::clone(&rules));
            } else {
                slot.shadow = Some(Arc::clone(&rules));
            }
        }
    }
}

async fn put_model(inner: &Inner, tx: &Tx, live: &mut Live, model: &Model) -> Result<(), DbError> {
    let known = inner.engine.live();
    let known = known.of(model.summary.kind);
    let same = known.champion.iter().chain(&known.challengers).find(|one| one.id == model.summary.id).cloned();
    let loaded = match same {
        Some(loaded) => loaded,
        None => {
            let bytes = models::file(tx, model.summary.id).await?.unwrap_or_default();
            match load(inner, model, &bytes) {
                Ok(loaded) => Arc::new(loaded),
                Err(error) => {
                    tracing::error!(model = %model.summary.id, %error, "a model cannot be loaded; it is left out");
                    return Ok(());
                }
            }
        }
    };
    if let Some(slot) = live.of_mut(model.summary.kind) {
        if model.summary.state == ModelState::Champion {
            slot.champion = Some(loaded);
        } else {
            slot.challengers.push(loaded);
        }
    }
    Ok(())
}

/// Loads a model from its bytes, which are checked.
pub(crate) fn load(inner: &Inner, model: &Model, bytes: &[u8]) -> Result<LiveModel, Unsound> {
    let file = Arc::new(ModelFile::read(bytes, &model.model_sha256)?);
    let scorer = Arc::new(file.forest.clone());
    let summary = &model.summary;
    Ok(LiveModel {
        id: summary.id,
        guarded: Guarded::new(scorer, inner.settings.model_max_us),
        thresholds: Thresholds { review_from: summary.review_from, decline_from: summary.decline_from },
        file,
    })
}

/// A new store begins with rules that are live.
pub(crate) async fn begin(inner: &Inner) -> Result<(), platform::db::WriteError> {
    let tx = inner.db.begin().await?;
    tx.one_at_a_time().await?;
    if rule_sets::last(&tx).await?.0 > 0 {
        return Ok(());
    }
    let now = inner.clock.now();
    let set = RuleSet {
        id: inner.ids.make(),
        version: 1,
        state: RuleSetState::Live,
        kinds: SubjectKind::VARIANTS.to_vec(),
        note: "the rules that a new store begins with".to_owned(),
        rules: starter::rules(),
        author: "florin".to_owned(),
        created_at: now,
        proposed_by: None,
        approved_by: None,
        live_since: Some(now),
        after: None,
        problems: Vec::new(),
    };
    rule_sets::add(&tx, &set, 1).await?;
    tx.commit().await?;
    Ok(())
}
