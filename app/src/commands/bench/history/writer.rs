//! Writes at a fixed rate while queries run: half to the long account, with the usual share of late rows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Clock;
use ledger_api::AccountPath;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::filling::{Move, between, one_of, submit};
use crate::cli::BenchHistory;
use crate::commands::bench::books::Books;
use crate::commands::bench::client::InProcess;
use crate::failure::Failure;

/// A transfer is sent at most this long after it was due, as long as the ledger answers.
const TICK: Duration = Duration::from_millis(5);
const BATCH_MAX: u64 = 500;

/// Late rows only go into the account, so that a query's result has a lower and an upper bound.
#[derive(Default)]
pub(super) struct Lates {
    sent: Mutex<Vec<(i64, i64)>>,
    acknowledged: Mutex<Vec<(i64, i64)>>,
}

impl Lates {
    /// What was acknowledged by now and takes effect before an instant.
    pub(super) fn least(&self, before: i64) -> i64 {
        sum(&lock(&self.acknowledged), before)
    }

    /// What was sent by now and takes effect before an instant.
    pub(super) fn most(&self, before: i64) -> i64 {
        sum(&lock(&self.sent), before)
    }
}

fn lock(rows: &Mutex<Vec<(i64, i64)>>) -> MutexGuard<'_, Vec<(i64, i64)>> {
    rows.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sum(rows: &[(i64, i64)], before: i64) -> i64 {
    rows.iter().filter(|(effective, _)| *effective < before).map(|(_, delta)| delta).sum()
}

#[derive(Debug, Default)]
pub(super) struct Written {
    pub transfers: u64,
    pub wanted: u64,
    pub micros: u64,
    /// What the long account gained.
    pub moved: i64,
}

pub(super) struct Writer {
    caller: InProcess,
    paths: Arc<[AccountPath]>,
    span: (i64, i64),
    late_percent: u32,
    per_second: u64,
    lates: Arc<Lates>,
    random: StdRng,
}

impl Writer {
    pub(super) fn new(books: &Books, span: (i64, i64), options: &BenchHistory, lates: Arc<Lates>) -> Writer {
        let (late_percent, per_second) = (options.late_percent, options.writes_per_second);
        let (caller, paths) = (books.caller(), Arc::clone(&books.paths));
        Writer { caller, paths, span, late_percent, per_second, lates, random: StdRng::seed_from_u64(11) }
    }

    pub(super) async fn run(mut self, stop: Arc<AtomicBool>) -> Result<Written, Failure> {
        let clock: Arc<dyn Clock> = Arc::clone(&self.caller.whom.clock);
        let start = clock.monotonic();
        let mut written = Written::default();
        while !stop.load(Ordering::Relaxed) {
            let due = clock.monotonic().micros_since(start) * self.per_second / 1_000_000;
            let count = due.saturating_sub(written.transfers).min(BATCH_MAX);
            if count > 0 {
                written.moved += self.write(count).await?;
                written.transfers += count;
            }
            tokio::time::sleep(TICK).await;
        }
        written.micros = clock.monotonic().micros_since(start);
        written.wanted = written.micros * self.per_second / 1_000_000;
        Ok(written)
    }

    /// Returns what the long account gained.
    async fn write(&mut self, count: u64) -> Result<i64, Failure> {
        let paths = Arc::clone(&self.paths);
        let (Some((long, others)), Some(last)) = (paths.split_first(), paths.last()) else { return Ok(0) };
        let own = count.div_ceil(2);
        let moves: Vec<Move> = (0..own).filter_map(|_| self.on_the_long_one(others)).collect();
        // Between the last account and the others, so that no transfer is from an account to itself.
        let others = others.split_last().map_or(others, |(_, others)| others);
        let beside: Vec<Move> = (own..count)
            .filter_map(|_| Some(Move { other: one_of(&mut self.random, others)?, delta: 1, effective_at: None }))
            .collect();
        let late = moves.iter().filter_map(|of| Some((of.effective_at?.micros(), of.delta)));
        let late: Vec<(i64, i64)> = late.collect();
        lock(&self.lates.sent).extend(&late);
        submit(&self.caller, long, &moves).await?;
        lock(&self.lates.acknowledged).extend(&late);
        if !beside.is_empty() {
            submit(&self.caller, last, &beside).await?;
        }
        Ok(moves.iter().map(|of| of.delta).sum())
    }

    fn on_the_long_one(&mut self, others: &[AccountPath]) -> Option<Move> {
        let late = self.random.random_range(0..100) < self.late_percent;
        let effective_at = late.then(|| between(&mut self.random, self.span));
        let minor = self.random.random_range(1..=100);
        let delta = if late || self.random.random_range(0..2) == 0 { minor } else { -minor };
        Some(Move { other: one_of(&mut self.random, others)?, delta, effective_at })
    }
}
