//! Training as a job: reads labelled rows, learns, and puts a candidate into the registry.

use std::sync::Arc;

use kernel::{Ctx, Timestamp};
use platform::feed::NewEvent;
use risk_api::{Job, JobKind, Model, ModelId, ModelState, ModelSummary, Refusal, RiskError, SubjectKind, Train};
use serde_json::json;

use crate::features::catalogue::{definitions_sha256, names};
use crate::features::feature_index;
use crate::jobs::{self, Ended, Made, Progress};
use crate::model::LEARNED;
use crate::model::dataset::{Dataset, Meta, Split};
use crate::model::threshold::chosen;
use crate::model::train::{NotTrained, Order, Trained, split, train};
use crate::service::Inner;
use crate::source::Rows;
use crate::store::{history, models};
use crate::writer::subject_of;

/// Rows that one training holds in memory.
const ROWS_MAX: usize = 2_000_000;
const DAY_US: i64 = 86_400_000_000;
const DAYS_MAX: u32 = 3_650;

pub(crate) async fn begin(inner: &Arc<Inner>, ctx: &Ctx, command: Train) -> Result<Job, RiskError> {
    inner.may(ctx, "models", "train")?;
    if command.from.zip(command.to).is_some_and(|(from, to)| from >= to) {
        return Err(Refusal::RangeEmpty.into());
    }
    let days = [("delay_days", command.delay_days, 0), ("test_days", command.test_days, 1)];
    if let Some((field, ..)) = days.into_iter().find(|(_, days, least)| !(*least..=DAYS_MAX).contains(days)) {
        let expected = format!("between 1 and {DAYS_MAX} days");
        return Err(Refusal::FieldInvalid { field: field.to_owned(), expected }.into());
    }
    let costs = command.costs;
    if ![costs.decline_margin, costs.decline_fixed, costs.review_fixed]
        .into_iter()
        .all(|cost| (0.0..1e9).contains(&cost))
    {
        return Err(
            Refusal::FieldInvalid { field: "costs".to_owned(), expected: "costs of zero or more".to_owned() }.into()
        );
    }
    let (own, order, author) = (Arc::clone(inner), command.clone(), ctx.principal.subject.to_string());
    let work = move |progress, _| -> jobs::Work {
        Box::pin(async move { Ok(Made::Model(run(&own, order, author, progress).await?)) })
    };
    jobs::begin(inner, ctx, JobKind::Training, &command, work).await
}

/// Reads, learns and stores; the same for a job and for the command line.
pub(crate) async fn run(
    inner: &Arc<Inner>,
    order: Train,
    author: String,
    progress: Arc<Progress>,
) -> Result<ModelId, Ended> {
    let range = range(inner, &order).await?;
    let (data, split) = read(inner, &order, range, &progress).await?;
    let learning = Order { split, seed: order.seed, costs: order.costs, parameters: None };
    let work = move || train(&data, &learning, &|stage, done, total| progress.at(stage, done, total));
    match tokio::task::spawn_blocking(work).await? {
        Ok(trained) => store(inner, &order, split, trained, author).await,
        Err(NotTrained::Cancelled) => Err(Ended::Cancelled),
        Err(NotTrained::TooFew { part, rows, fraud }) => {
            let refusal = Refusal::TooFewRows {
                part: part.to_owned(),
                rows,
                min: crate::model::train::ROWS_MIN as u64,
                fraud,
                fraud_min: crate::model::train::FRAUD_MIN as u64,
            };
            Err(Ended::Failed(refusal.to_string()))
        }
        Err(other) => Err(other.into()),
    }
}

/// First and after the last instant that are asked for, or that there are.
async fn range(inner: &Inner, order: &Train) -> Result<(i64, i64), Ended> {
    let tx = inner.db.read().await?;
    let there = match order.source {
        risk_api::Source::History => history::range(&tx, order.kind).await?.map(|it| (it.first_at, it.last_at + 1)),
        risk_api::Source::Decisions => Some((0, inner.clock.now().micros())),
    };
    let (first, end) =
        there.ok_or_else(|| Ended::Failed("there is no history of this kind; import some first".to_owned()))?;
    Ok((order.from.map_or(first, Timestamp::micros), order.to.map_or(end, Timestamp::micros)))
}

async fn read(
    inner: &Inner,
    order: &Train,
    (from, to): (i64, i64),
    progress: &Progress,
) -> Result<(Dataset, Split), Ended> {
    let split = split(from, to, order.delay_days, order.test_days);
    if split.train_to <= split.train_from {
        let days = i64::from(order.delay_days + order.test_days);
        return Err(Ended::Failed(format!(
            "expected a range of more than {days} days, found {}",
            (to - from) / DAY_US
        )));
    }
    let mut rows = Rows::open(inner, order.kind, order.source, Some(from), Some(to)).await?;
    let mut data = Dataset::new(LEARNED.iter().filter_map(|name| feature_index(name)).collect());
    while let Some(piece) = rows.next(inner).await? {
        for (past, _) in piece {
            let subject = subject_of(inner, &past.assess);
            let card = subject.key(risk_api::EntityKind::Card);
            let meta = Meta { at: subject.at, card, amount: subject.amount(), label: past.label };
            let is_used = meta.at < split.train_to || meta.at >= split.test_from;
            if is_used {
                data.push(&past.row, meta);
            } else {
                data.know(&meta);
            }
        }
        if data.len() > ROWS_MAX {
            return Err(Ended::Failed(format!("expected at most {ROWS_MAX} rows; ask for a shorter range")));
        }
        if !progress.at("reading", data.len() as u64, 0) {
            return Err(Ended::Cancelled);
        }
    }
    Ok((data, split))
}

async fn store(inner: &Inner, order: &Train, split: Split, trained: Trained, author: String) -> Result<ModelId, Ended> {
    let (file, model_sha256) = trained.file.write()?;
    let tx = inner.db.begin().await?;
    tx.one_at_a_time().await?;
    let version = models::last_version(&tx, order.kind).await? + 1;
    let model = described(inner, order, split, &trained, author, (version, model_sha256, file.len()));
    models::add(&tx, &model, &file, models::last_change(&tx).await? + 1).await?;
    let data = json!({ "model": model.summary.id, "kind": order.kind, "version": version, "metrics": trained.metrics });
    let event = NewEvent::new("risk.model.trained", model.summary.id.to_string(), data);
    inner.commit(tx, vec![event]).await?;
    Ok(model.summary.id)
}

fn described(
    inner: &Inner,
    order: &Train,
    split: Split,
    trained: &Trained,
    author: String,
    (version, model_sha256, bytes): (u32, String, usize),
) -> Model {
    let (review_from, decline_from) = chosen(&trained.thresholds);
    let at = Timestamp::from_micros;
    let name = |place: usize| names().get(place).cloned().flatten().unwrap_or_default();
    Model {
        summary: ModelSummary {
            id: inner.ids.make(),
            kind: order.kind,
            version,
            state: ModelState::Candidate,
            author,
            created_at: inner.clock.now(),
            note: order.note.clone(),
            metrics: trained.metrics,
            review_from,
            decline_from,
            champion_since: None,
        },
        parameters: trained.parameters,
        rows_sha256: trained.rows_sha256.clone(),
        features_sha256: definitions_sha256(),
        model_sha256,
        model_bytes: bytes as u64,
        seed: order.seed,
        train_from: at(split.train_from),
        train_to: at(split.train_to),
        delay_days: order.delay_days,
        test_from: at(split.test_from),
        test_to: at(split.test_to),
        train_rows: trained.train.0,
        train_fraud: trained.train.1,
        test_rows: trained.test.0,
        test_fraud: trained.test.1,
        best_rule: trained.best_rule,
        best_rule_text: trained.best_rule_text.clone(),
        logistic: trained.logistic,
        nothing: trained.nothing,
        thresholds: trained.thresholds.clone(),
        curve: trained.curve.clone(),
        importance: trained.importance.iter().map(|(place, weight)| (name(*place), *weight)).collect(),
        proposed_by: None,
        approved_by: None,
        despite: None,
        after: None,
    }
}

/// The kind that commands speak of when they name none.
pub(crate) const USUAL_KIND: SubjectKind = SubjectKind::CardAuthorization;
