//! Looks for due jobs, claims them, runs them, and records how they ended.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use kernel::{Clock, Timestamp};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::claim::{Run, claimed_until};
use super::listed::JobsPart;
use super::{ATTEMPTS_MAX, CLAIM_MS, Job, JobRow, table};
use crate::db::{Db, DbError, Engine};
use crate::feed::{Actor, causes};
use crate::health::Part;
use crate::room::OpenError;

/// Between two looks at the rows: other processes and people change them.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const RENEW_EVERY: Duration = Duration::from_millis(CLAIM_MS / 3);
/// The pause after a run's first failure, doubled after each further one.
const PAUSE_SECONDS: i64 = 10;

const DONE: &str = "done";

/// The jobs of one room, until it is closed or dropped.
pub struct Runner {
    inner: Arc<Inner>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

struct Inner {
    db: Db,
    room: &'static str,
    clock: Arc<dyn Clock>,
    jobs: Vec<Job>,
}

/// A run of this process.
#[derive(Clone)]
struct Claimed {
    /// The place of its job.
    place: usize,
    row: JobRow,
    holder: Arc<str>,
}

impl Runner {
    /// Starts to look for due jobs; each of them gets its row if it is new.
    pub fn start(db: Db, room: &'static str, clock: Arc<dyn Clock>, jobs: Vec<Job>) -> Runner {
        let (inner, stop) = (Arc::new(Inner { db, room, clock, jobs }), watch::Sender::new(false));
        let task = tokio::spawn(Arc::clone(&inner).rounds(stop.subscribe()));
        Runner { inner, stop, task: Some(task) }
    }

    /// For `/status`.
    pub fn part(&self) -> Arc<dyn Part> {
        Arc::new(JobsPart::new(self.inner.room, self.inner.db.clone()))
    }

    /// Stops: running jobs end after their last committed step, and may be continued by another process at once.
    pub async fn close(mut self) {
        self.stop.send_replace(true);
        let Some(task) = self.task.take() else { return };
        if let Err(error) = task.await {
            tracing::error!(%error, "the jobs ended unexpectedly");
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.task.iter().for_each(JoinHandle::abort);
    }
}

impl Inner {
    async fn rounds(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let (mut running, mut names) = (JoinSet::new(), HashSet::new());
        let mut registered = false;
        while !*stop.borrow_and_update() {
            let round = async {
                if !registered {
                    self.register().await?;
                    registered = true;
                }
                self.claim_due(&names).await
            };
            match round.await {
                Ok(claimed) => {
                    for claimed in claimed {
                        names.insert(claimed.place);
                        running.spawn(Arc::clone(&self).run(claimed));
                    }
                }
                Err(error) => tracing::warn!(room = self.room, %error, "jobs could not be looked up; trying again"),
            }
            tokio::select! {
                Some(Ok(place)) = running.join_next(), if !running.is_empty() => drop(names.remove(&place)),
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
        running.shutdown().await;
    }

    async fn register(&self) -> Result<(), DbError> {
        let tx = self.db.begin().await?;
        if self.db.engine() == Engine::Sqlite {
            // This process holds the store, so no other process is running anything.
            table::free_all(&tx).await?;
        }
        for job in &self.jobs {
            table::add(&tx, job, self.clock.now()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Claims every job that is due and not running here.
    async fn claim_due(&self, running: &HashSet<usize>) -> Result<Vec<Claimed>, DbError> {
        let tx = self.db.read().await?;
        let rows = table::all(&tx).await?;
        tx.commit().await?;
        let mut claimed = Vec::new();
        for (place, job) in self.jobs.iter().enumerate().filter(|(place, _)| !running.contains(place)) {
            let now = self.clock.now();
            let Some(row) = rows.iter().find(|row| row.name == job.name && row.is_open(now)) else { continue };
            match row.due.filter(|due| row.run.is_none() && row.asked.is_none() && job.missed.skips(*due, now)) {
                Some(due) => self.skip(job, due, now).await?,
                None => claimed.extend(self.claim(place, job).await?),
            }
        }
        Ok(claimed)
    }

    async fn skip(&self, job: &Job, due: Timestamp, now: Timestamp) -> Result<(), DbError> {
        if table::skip(&self.db, job.name, due, job.missed.next(&job.schedule, due, now)).await? {
            metrics::counter!("job_runs_total", "room" => self.room, "job" => job.name, "outcome" => "skipped")
                .increment(1);
            tracing::warn!(room = self.room, job = job.name, %due, "a run was missed and is skipped");
        }
        Ok(())
    }

    async fn claim(&self, place: usize, job: &Job) -> Result<Option<Claimed>, DbError> {
        let holder: Arc<str> = format!("{}-{:016x}", std::process::id(), rand::random::<u64>()).into();
        if !table::claim(&self.db, job.name, &holder, claimed_until(&*self.clock), self.clock.now()).await? {
            return Ok(None);
        }
        let tx = self.db.begin().await?;
        let mut rows = table::all(&tx).await?;
        tx.commit().await?;
        rows.retain(|row| row.name == job.name && *row.holder == *holder);
        Ok(rows.pop().map(|row| Claimed { place, row, holder }))
    }

    /// Runs a claimed job to its end; returns its place.
    async fn run(self: Arc<Self>, claimed: Claimed) -> usize {
        let place = claimed.place;
        let Some(job) = self.jobs.get(place) else { return place };
        // Gives the run back if this task is stopped.
        let mut kept = Kept { inner: Arc::clone(&self), claimed: Some(claimed.clone()) };
        let started = self.clock.monotonic();
        let Claimed { row, holder, .. } = claimed;
        let due = row.run.unwrap_or_else(|| self.clock.now());
        tracing::info!(room = self.room, job = job.name, %due, continued = !row.mark.is_empty(), "a job runs");
        let (clock, mark) = (Arc::clone(&self.clock), row.mark.clone());
        let run = Run { job: job.name, holder: Arc::clone(&holder), due, mark, clock };
        let work = AssertUnwindSafe(async { causes(Actor::system(Some(job.name)), (job.work)(run)).await });
        let work = work.catch_unwind();
        let outcome = tokio::select! {
            outcome = work => outcome.unwrap_or_else(|_| Err("it panicked; the line before says where".into())),
            () = self.renewed(job.name, &holder) => Err("another process took the run over".into()),
        };
        kept.claimed = None;
        let seconds = self.clock.monotonic().micros_since(started) as f64 / 1e6;
        metrics::histogram!("job_duration_seconds", "room" => self.room, "job" => job.name).record(seconds);
        if let Err(error) = self.ended(job, &row, &holder, outcome).await {
            tracing::warn!(room = self.room, job = job.name, %error, "the end of a run was not stored; it is repeated");
        }
        place
    }

    /// Renews a claim until it is lost.
    async fn renewed(&self, job: &str, holder: &str) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match table::renew(&self.db, job, holder, claimed_until(&*self.clock)).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(room = self.room, job, %error, "a claim was not renewed; trying again"),
            }
        }
    }

    async fn ended(
        &self,
        job: &Job,
        row: &JobRow,
        holder: &str,
        outcome: Result<(), OpenError>,
    ) -> Result<(), DbError> {
        let (now, names) = (self.clock.now(), [job.name, holder]);
        let count = |outcome: &'static str| {
            metrics::counter!("job_runs_total", "room" => self.room, "job" => job.name, "outcome" => outcome)
                .increment(1);
        };
        let Err(error) = outcome else {
            table::end(&self.db, names, row.due_next(job, now), now, DONE).await?;
            metrics::gauge!("job_last_success_timestamp_seconds", "room" => self.room, "job" => job.name)
                .set((now.micros() / 1_000_000) as f64);
            count(DONE);
            return Ok(());
        };
        let (failures, reason) = (row.failures + 1, error.to_string());
        count("failed");
        if failures >= ATTEMPTS_MAX {
            tracing::error!(room = self.room, job = job.name, failures, reason, "a run was given up");
            return table::end(&self.db, names, row.due_next(job, now), now, &reason).await.map(drop);
        }
        let pause = PAUSE_SECONDS << (failures - 1).clamp(0, ATTEMPTS_MAX);
        tracing::warn!(
            room = self.room,
            job = job.name,
            failures,
            reason,
            pause_s = pause,
            "a run failed; trying again"
        );
        table::free(&self.db, names, now.plus_seconds(pause), failures, &reason).await.map(drop)
    }
}

/// A run's claim, which is given back if the run is stopped before its end.
struct Kept {
    inner: Arc<Inner>,
    claimed: Option<Claimed>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let Some(Claimed { place, row, holder }) = self.claimed.take() else { return };
        let (inner, Ok(runtime)) = (Arc::clone(&self.inner), tokio::runtime::Handle::try_current()) else { return };
        // A lost one is found once the claim has expired.
        runtime.spawn(async move {
            let Some(job) = inner.jobs.get(place) else { return };
            let names = [job.name, &*holder];
            let freed = table::free(&inner.db, names, Timestamp::EPOCH, row.failures, &row.last_outcome).await;
            if let Err(error) = freed {
                tracing::warn!(room = inner.room, job = job.name, %error, "a stopped run was not given back");
            }
        });
    }
}
