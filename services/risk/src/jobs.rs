//! Work that takes minutes, apart from the calls that begin it: one job of a kind at a time, with progress, cancelled on request.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Ctx;
use risk_api::{BacktestResult, CancelJob, Job, JobId, JobKind, JobState, ModelId, Refusal, RiskError};
use serde::Serialize;

use crate::service::{Inner, not_found};
use crate::store::jobs as store;

#[derive(Debug, Default)]
pub(crate) struct Jobs(Mutex<HashMap<JobKind, (JobId, Arc<Progress>)>>);

/// The progress of a running job, and its cancellation.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    stage: Mutex<String>,
    cancelled: AtomicBool,
}

/// The result of a job.
#[derive(Debug)]
pub(crate) enum Made {
    Model(ModelId),
    Backtest(Box<BacktestResult>),
}

/// Why a job made nothing.
#[derive(Debug)]
pub(crate) enum Ended {
    Cancelled,
    Failed(String),
}

impl<E: std::error::Error> From<E> for Ended {
    fn from(error: E) -> Ended {
        Ended::Failed(error.to_string())
    }
}

pub(crate) type Work = Pin<Box<dyn Future<Output = Result<Made, Ended>> + Send>>;

impl Progress {
    /// Returns false if the job was cancelled.
    pub(crate) fn at(&self, stage: &str, done: u64, total: u64) -> bool {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        stage.clone_into(&mut self.stage());
        !self.cancelled.load(Ordering::Relaxed)
    }

    fn stage(&self) -> MutexGuard<'_, String> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Jobs {
    fn running(&self) -> MutexGuard<'_, HashMap<JobKind, (JobId, Arc<Progress>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks jobs of this kind.
    #[cfg(test)]
    pub(crate) fn hold(&self, kind: JobKind) {
        self.running().insert(kind, (JobId::from_bits(0), Arc::default()));
    }

    /// False while another job of its kind runs.
    fn claim(&self, job: &Job, progress: &Arc<Progress>) -> bool {
        let mut running = self.running();
        if running.contains_key(&job.kind) {
            return false;
        }
        running.insert(job.kind, (job.id, Arc::clone(progress)));
        true
    }

    /// The job with its progress as it is now.
    fn told(&self, mut job: Job) -> Job {
        if let Some((_, progress)) = self.running().get(&job.kind).filter(|(id, _)| *id == job.id) {
            job.done = progress.done.load(Ordering::Relaxed);
            job.total = Some(progress.total.load(Ordering::Relaxed)).filter(|total| *total > 0);
            job.stage.clone_from(&progress.stage());
        }
        job
    }
}

/// Begins a job; a repeat of the command gets the first one.
pub(crate) async fn begin(
    inner: &Arc<Inner>,
    ctx: &Ctx,
    kind: JobKind,
    command: &(impl Serialize + Sync),
    work: impl FnOnce(Arc<Progress>, JobId) -> Work,
) -> Result<Job, RiskError> {
    let operation = if kind == JobKind::Training { "train_model" } else { "backtest" };
    let turn = inner.once.begin(ctx, operation, command).await?;
    let tx = inner.db.begin().await?;
    if let Some(id) = turn.again::<JobId>(&tx).await? {
        return store::by_id(&tx, id).await?.map(|job| inner.jobs.told(job)).ok_or_else(not_found);
    }
    let job = Job {
        id: inner.ids.make(),
        kind,
        state: JobState::Running,
        done: 0,
        total: None,
        stage: "reading".to_owned(),
        started_at: inner.clock.now(),
        ended_at: None,
        author: ctx.principal.subject.to_string(),
        error: None,
        model: None,
        backtest: None,
    };
    let progress = Arc::new(Progress::default());
    progress.at(&job.stage, 0, 0);
    if !inner.jobs.claim(&job, &progress) {
        return Err(turn.refused(tx, Refusal::JobRunning.into()).await);
    }
    let stored = async {
        store::add(&tx, &job).await?;
        turn.made(&tx, &job.id).await?;
        Ok::<_, RiskError>(tx.commit().await?)
    };
    if let Err(error) = stored.await {
        inner.jobs.running().remove(&kind);
        return Err(error);
    }
    tokio::spawn(run(Arc::clone(inner), job.clone(), work(progress, job.id)));
    Ok(job)
}

async fn run(inner: Arc<Inner>, job: Job, work: Work) {
    // One that panics has failed, and makes room for the next.
    let outcome = tokio::spawn(work).await.unwrap_or_else(|error| Err(Ended::Failed(error.to_string())));
    let mut job = inner.jobs.told(job);
    job.ended_at = Some(inner.clock.now());
    match outcome {
        Ok(made) => {
            (job.state, job.stage) = (JobState::Done, "done".to_owned());
            match made {
                Made::Model(id) => job.model = Some(id),
                Made::Backtest(result) => job.backtest = Some(*result),
            }
        }
        Err(Ended::Cancelled) => job.state = JobState::Cancelled,
        Err(Ended::Failed(why)) => {
            tracing::warn!(job = %job.id, %why, "a job failed");
            (job.state, job.error) = (JobState::Failed, Some(why));
        }
    }
    let end = async {
        let tx = inner.db.begin().await?;
        store::change(&tx, &job).await?;
        Ok::<_, RiskError>(tx.commit().await?)
    };
    if let Err(error) = end.await {
        tracing::error!(job = %job.id, %error, "the end of a job could not be written");
    }
    inner.jobs.running().remove(&job.kind);
}

pub(crate) async fn one(inner: &Arc<Inner>, ctx: &Ctx, id: JobId) -> Result<Job, RiskError> {
    inner.may(ctx, "risk", "read")?;
    let tx = inner.db.read().await?;
    let job = store::by_id(&tx, id).await?.ok_or_else(not_found)?;
    Ok(if job.state == JobState::Running { inner.jobs.told(job) } else { job })
}

/// It ends soon. A job that has ended does not change.
pub(crate) async fn cancel(inner: &Arc<Inner>, ctx: &Ctx, command: CancelJob) -> Result<Job, RiskError> {
    let CancelJob { id, kind } = command;
    let (resource, action) = if kind == JobKind::Training { ("models", "train") } else { ("rules", "change") };
    inner.may(ctx, resource, action)?;
    let tx = inner.db.read().await?;
    let job = store::by_id(&tx, id).await?.filter(|job| job.kind == kind).ok_or_else(not_found)?;
    if let Some((_, progress)) = inner.jobs.running().get(&kind).filter(|(running, _)| *running == id) {
        progress.cancelled.store(true, Ordering::Relaxed);
    }
    Ok(inner.jobs.told(job))
}

/// Jobs of a process that ended have failed.
pub(crate) async fn end_orphans(inner: &Inner) -> Result<(), RiskError> {
    let tx = inner.db.begin().await?;
    for mut job in store::in_state(&tx, JobState::Running).await? {
        (job.state, job.ended_at) = (JobState::Failed, Some(inner.clock.now()));
        job.error = Some("the process that ran it ended".to_owned());
        store::change(&tx, &job).await?;
    }
    tx.commit().await?;
    Ok(())
}
