//! The longest commit: the ledger's lane times each of its groups, from reading the commands to their replies, and
//! records that as a metric. In a benchmark this is the recorder, so the longest one is exact and not estimated from
//! buckets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::failure::Failure;

const GROUP_SECONDS: &str = "lane_group_seconds";

static LONGEST_US: AtomicU64 = AtomicU64::new(0);

/// Once per process, before its first ledger starts.
pub(super) fn watch() -> Result<(), Failure> {
    metrics::set_global_recorder(Listener { longest: Arc::new(Longest) })?;
    Ok(())
}

pub(super) fn begin() {
    LONGEST_US.store(0, Ordering::Relaxed);
}

/// Microseconds of the longest group since `begin`, over all ledgers of this process.
pub(super) fn longest() -> u64 {
    LONGEST_US.load(Ordering::Relaxed)
}

#[derive(Debug)]
struct Longest;

impl HistogramFn for Longest {
    fn record(&self, seconds: f64) {
        LONGEST_US.fetch_max((seconds * 1e6).round() as u64, Ordering::Relaxed);
    }
}

/// Records this one metric and nothing else.
#[derive(Debug)]
struct Listener {
    longest: Arc<Longest>,
}

impl Recorder for Listener {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        match key.name() {
            GROUP_SECONDS => Histogram::from_arc(Arc::clone(&self.longest)),
            _ => Histogram::noop(),
        }
    }
}
