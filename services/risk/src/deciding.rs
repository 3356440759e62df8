//! Decides about many subjects: looks at their form, fetches what memory lacks, and lets the engine answer each.

use std::sync::Arc;

use kernel::Ctx;
use risk_api::{Decide, Decided, Refusal, RiskError, limits};

use crate::engine::{Engine, Ready};
use crate::service::Inner;
use crate::store::{decisions, entities};

pub(crate) async fn decide(inner: &Arc<Inner>, ctx: &Ctx, command: Decide) -> Result<Vec<Decided>, RiskError> {
    inner.may(ctx, "risk", "decide")?;
    let found = command.subjects.len();
    if found > limits::ASSESSMENTS_MAX {
        return Err(Refusal::TooMany { what: "subjects".to_owned(), max: limits::ASSESSMENTS_MAX, found }.into());
    }
    let engine = &inner.engine;
    let ready: Vec<_> = command
        .subjects
        .into_iter()
        .map(|assess| {
            let id = assess.id.clone();
            engine.ready(assess).map_err(|refusal| Box::new(Decided::Failed { id, error: refusal.into() }))
        })
        .collect();
    fetch(inner, engine, &ready).await?;
    let decided = ready.into_iter().map(|one| match one {
        Ok(ready) => inner.watch.decided(engine.decide(ready)),
        Err(failed) => *failed,
    });
    Ok(decided.collect())
}

/// Stored entities that are not here yet, and answers that memory has forgotten.
async fn fetch(inner: &Inner, engine: &Engine, ready: &[Result<Ready, Box<Decided>>]) -> Result<(), RiskError> {
    let sound: Vec<&Ready> = ready.iter().filter_map(|one| one.as_ref().ok()).collect();
    let (missing, doubtful) = (engine.missing(&sound), engine.doubtful(&sound));
    if missing.is_empty() && doubtful.is_empty() {
        return Ok(());
    }
    let tx = inner.db.read().await?;
    let found = entities::by_keys(&tx, &missing).await?;
    let mut answers = Vec::new();
    for id in &doubtful {
        answers.extend(decisions::by_id(&tx, id).await?);
    }
    let mut core = engine.core();
    for (key, seq, state) in found {
        core.restore(key, seq, state);
    }
    for answer in answers {
        core.remember(&answer.id, answer.subject.at.micros(), answer.content, Some(answer.assessment()));
    }
    Ok(())
}
