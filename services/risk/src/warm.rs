//! Loads counters and lists from the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use platform::db::{DbError, Tx};
use risk_api::{LabelSource, ListName, Verdict, limits};
use strum::VariantArray;

use crate::engine::Stored;
use crate::features::Turned;
use crate::service::Inner;
use crate::store::{decisions, entities, labels, lists};
use crate::writer::{bring, subject_of};

const PAGE: usize = 2_000;

/// The work before the first decision: steps whose entities were not stored are repeated.
pub(crate) async fn resume(inner: &Inner) -> Result<(), DbError> {
    let tx = inner.db.read().await?;
    let stored = entities::progress(&tx).await?;
    inner.engine.core().resume(stored.last_seq, stored.number);
    replay(inner, &tx, stored.stored_seq).await?;
    let newest = decisions::newest(&tx).await?;
    let horizon = newest.map_or(i64::MIN, |at| at.plus_seconds(limits::AHEAD_MAX_S + 1).micros());
    inner.engine.core().remembers_from(horizon);
    load_lists(inner, &tx).await
}

/// Decisions and labels in the order in which counters saw them.
async fn replay(inner: &Inner, tx: &Tx, stored_seq: i64) -> Result<(), DbError> {
    let mut at = stored_seq;
    loop {
        let made = decisions::after(tx, at, PAGE).await?;
        let learned = labels::applied_after(tx, at, PAGE).await?;
        if made.is_empty() && learned.is_empty() {
            return Ok(());
        }
        let ends = [
            made.last().map(|one| one.seq).filter(|_| made.len() == PAGE),
            learned.last().and_then(|one| one.applied).filter(|_| learned.len() == PAGE),
        ];
        let end = ends.into_iter().flatten().min().unwrap_or(i64::MAX);
        let mut labels = learned.into_iter().filter(|one| one.applied.is_some_and(|seq| seq <= end)).peekable();
        for one in made.into_iter().filter(|one| one.seq <= end) {
            while let Some(label) = labels.next_if(|label| label.applied < Some(one.seq)) {
                replay_label(inner, tx, &label).await?;
            }
            let subject = subject_of(inner, &one.subject);
            bring(inner, tx, &subject).await?;
            let stored = Stored { seq: one.seq, subject, is_decline: one.outcome.is_decline() };
            inner.engine.core().replay(&stored);
            at = at.max(one.seq);
        }
        for label in labels {
            replay_label(inner, tx, &label).await?;
            at = at.max(label.applied.unwrap_or_default());
        }
        at = if end == i64::MAX { at } else { end };
        if end == i64::MAX {
            return Ok(());
        }
    }
}

async fn replay_label(inner: &Inner, tx: &Tx, label: &labels::Label) -> Result<(), DbError> {
    let (Some(seq), Some(decided)) = (label.applied, decisions::by_id(tx, &label.subject).await?) else {
        return Ok(());
    };
    // What held when it was learned: the labels that were learned before, and with this one.
    let all = labels::of(tx, &label.subject).await?;
    let held = |until: i64| {
        let known = |one: &&labels::Label| one.applied.is_some_and(|applied| applied <= until);
        all.iter().find(known).is_some_and(|one| one.record.verdict == Verdict::Fraud)
    };
    let turned = match (held(seq - 1), held(seq)) {
        (false, true) => Turned::IntoFraud,
        (true, false) => Turned::OutOfFraud,
        _ => return Ok(()),
    };
    let subject = subject_of(inner, &decided.subject);
    bring(inner, tx, &subject).await?;
    inner.engine.core().replay_label(&subject, turned, seq);
    Ok(())
}

async fn load_lists(inner: &Inner, tx: &Tx) -> Result<(), DbError> {
    for list in ListName::VARIANTS {
        let mut last = None;
        loop {
            let page = lists::after(tx, *list, None, last.as_ref(), PAGE).await?;
            inner.engine.with_lists(|lists| {
                for entry in &page {
                    lists.put(*list, entry.entity.kind, entry.entity.id.as_str(), entry.expires_at);
                }
            });
            match page.last() {
                Some(entry) if page.len() == PAGE => last = Some(entry.entity.clone()),
                _ => break,
            }
        }
    }
    Ok(())
}

/// Every stored entity, while decisions are made already: what they need meanwhile they fetch themselves.
pub(crate) async fn warm(inner: Arc<Inner>) {
    let (mut last, epoch) = (i64::MIN, inner.epoch.load(Ordering::Acquire));
    // Another term of the lease begins with empty counters and its own round of this.
    while inner.epoch.load(Ordering::Acquire) == epoch {
        let page = async {
            let tx = inner.db.read().await?;
            entities::after(&tx, last, PAGE).await
        };
        match page.await {
            Ok(page) => {
                let mut core = inner.engine.core();
                let Some((key, ..)) = page.last() else {
                    core.warmed();
                    tracing::info!(entities = core.entities(), bytes = core.bytes(), "every entity is in memory");
                    return;
                };
                last = key.0.cast_signed();
                for (key, seq, state) in page {
                    core.restore(key, seq, state);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "entities could not be read; trying again");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
        tokio::task::yield_now().await;
    }
}

/// The source of labels from cases.
pub(crate) const OF_A_CASE: LabelSource = LabelSource::Review;
