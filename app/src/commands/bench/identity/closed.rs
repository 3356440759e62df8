//! Callers that wait for each reply before the next request, a warm-up, and a measured time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use kernel::Clock;
use serde_json::{Value, json};

use super::Bench;
use crate::commands::bench::server::Server;
use crate::failure::Failure;

/// A caller that repeats the same act.
pub(super) trait Act: Send + 'static {
    /// An error if it was not done.
    fn act(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What was done in the measured time, and by which callers.
pub(super) struct Done<A> {
    pub actors: Vec<A>,
    /// Microseconds of each.
    pub latency: Histogram<u64>,
    pub micros: u64,
    /// Microseconds of processor time that the server used meanwhile.
    pub cpu_micros: Option<u64>,
    /// Including the warm-up.
    pub acknowledged: u64,
}

impl<A> Done<A> {
    pub(super) fn per_second(&self) -> f64 {
        self.latency.len() as f64 * 1e6 / self.micros.max(1) as f64
    }

    /// Average number of cores that the server kept busy.
    pub(super) fn cores(&self) -> Option<f64> {
        Some(self.cpu_micros? as f64 / self.micros.max(1) as f64)
    }

    /// Per second of core time.
    pub(super) fn per_core(&self) -> Option<f64> {
        self.cpu_micros.filter(|micros| *micros > 0).map(|micros| self.latency.len() as f64 * 1e6 / micros as f64)
    }

    pub(super) fn value(&self, in_flight: usize, raw_per_core: f64) -> Value {
        let at = |quantile| self.latency.value_at_quantile(quantile);
        json!({
            "in_flight": in_flight,
            "done": self.latency.len(),
            "seconds": self.micros as f64 / 1e6,
            "per_second": self.per_second(),
            "server_cores": self.cores(),
            "per_core": self.per_core(),
            "raw_per_core": raw_per_core,
            "latency_us": { "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "longest": self.latency.max() },
        })
    }
}

/// Running callers, to be stopped.
pub(super) struct Loops<A> {
    measuring: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    loops: tokio::task::JoinSet<Result<One<A>, Failure>>,
}

struct One<A> {
    actor: A,
    latency: Histogram<u64>,
    acknowledged: u64,
}

impl<A: Act> Loops<A> {
    pub(super) fn start(actors: Vec<A>, clock: &Arc<dyn Clock>) -> Result<Loops<A>, Failure> {
        let (measuring, stopped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut loops = tokio::task::JoinSet::new();
        for actor in actors {
            let one = One { actor, latency: Histogram::new(3)?, acknowledged: 0 };
            loops.spawn(go_on(one, Arc::clone(&measuring), Arc::clone(&stopped), Arc::clone(clock)));
        }
        Ok(Loops { measuring, stopped, loops })
    }

    pub(super) fn measure(&self, on: bool) {
        self.measuring.store(on, Ordering::Relaxed);
    }

    /// Waits for running acts; returns the actors, the duration of each act, and their total number.
    pub(super) async fn stop(mut self) -> Result<(Vec<A>, Histogram<u64>, u64), Failure> {
        self.stopped.store(true, Ordering::Relaxed);
        let (mut actors, mut latency, mut acknowledged) = (Vec::new(), Histogram::new(3)?, 0);
        while let Some(ended) = self.loops.join_next().await {
            let one = ended??;
            latency.add(&one.latency)?;
            acknowledged += one.acknowledged;
            actors.push(one.actor);
        }
        Ok((actors, latency, acknowledged))
    }
}

async fn go_on<A: Act>(
    mut one: One<A>,
    measuring: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
) -> Result<One<A>, Failure> {
    while !stopped.load(Ordering::Relaxed) {
        let start = clock.monotonic();
        one.actor.act().await?;
        one.acknowledged += 1;
        if measuring.load(Ordering::Relaxed) {
            one.latency.record(clock.monotonic().micros_since(start))?;
        }
    }
    Ok(one)
}

pub(super) async fn run<A: Act>(bench: &Bench<'_>, server: &Server, actors: Vec<A>) -> Result<Done<A>, Failure> {
    let loops = Loops::start(actors, &bench.clock)?;
    tokio::time::sleep(Duration::from_secs(bench.options.warm_up_seconds)).await;
    let (start, cpu_before) = (bench.clock.monotonic(), server.cpu_micros());
    loops.measure(true);
    tokio::time::sleep(Duration::from_secs(bench.options.seconds)).await;
    loops.measure(false);
    let (micros, cpu_after) = (bench.clock.monotonic().micros_since(start), server.cpu_micros());
    let (actors, latency, acknowledged) = loops.stop().await?;
    if latency.is_empty() {
        return Err(Failure::new("nothing was done in the measured time"));
    }
    let cpu_micros = cpu_after.zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    Ok(Done { actors, latency, micros, cpu_micros, acknowledged })
}
