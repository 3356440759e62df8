//! Risk with its store in another process: calls of a hundred subjects, and the start with many known cards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::{Clock, Currency, Money, Monotonic};
use risk::Figure;
use risk_api::{Assess, Decide, Decided, EntityId, Risk, RiskError, SubjectKind};

use super::process::RiskProcess;
use crate::commands::bench::client::Whom;
use crate::commands::bench::process::Secret;
use crate::commands::bench::store::Stores;
use crate::failure::Failure;

/// Calls under way at the same time.
const IN_FLIGHT: usize = 4;
/// Cards in the calls that are measured; they are known already.
const CARDS: u64 = 10_000;
const SUBJECTS_IN_CALL: u64 = 100;
const CARDS_IN_CALL: u64 = 1_000;
const MERCHANTS: u64 = 500;
/// After a call that found the queue full.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn stored(
    stores: &Stores<'_>,
    clock: &Arc<dyn Clock>,
    seconds: u64,
    cards: u64,
    tell: impl Fn(Figure),
) -> Result<(), Failure> {
    let store = stores.create().await?;
    let secret = Secret::make(&store, "admin")?;
    let process = RiskProcess::start(&store, &secret, clock).await?;
    let begun = clock.monotonic();
    let end = begun.plus_millis(seconds * 1_000);
    let done = calls(&process, CARDS, SUBJECTS_IN_CALL, |_| clock.monotonic() < end).await?;
    tell(("decide in another process, 100 in a call", "/s", done as f64 / took(&**clock, begun)));
    let begun = clock.monotonic();
    let known = calls(&process, cards, CARDS_IN_CALL, |sent| sent < cards).await?;
    tell(("decide for new cards, 1,000 in a call", "/s", known as f64 / took(&**clock, begun)));
    process.stop().await?;

    let begun = clock.monotonic();
    let process = RiskProcess::start(&store, &secret, clock).await?;
    tell(("start to the first answer", "s", took(&**clock, begun)));
    let entities = process.until_loaded().await?;
    tell(("start to all entities in memory", "s", took(&**clock, begun)));
    tell(("entities", "", entities as f64));
    if let Some(memory) = process.memory() {
        tell(("memory of the process", "MiB", memory.peak_kb as f64 / 1_024.0));
    }
    process.stop().await
}

fn took(clock: &dyn Clock, since: Monotonic) -> f64 {
    clock.monotonic().micros_since(since).max(1) as f64 / 1e6
}

/// Calls until `goes_on` says no to the number of subjects sent; returns how many were decided.
async fn calls(
    process: &RiskProcess,
    cards: u64,
    in_call: u64,
    goes_on: impl Fn(u64) -> bool + Copy + Send + Sync,
) -> Result<u64, Failure> {
    let sent = AtomicU64::new(0);
    let caller = async || {
        let mut done = 0;
        loop {
            let first = sent.fetch_add(in_call, Ordering::Relaxed);
            if !goes_on(first) {
                return Ok::<u64, Failure>(done);
            }
            done += call(&*process.risk, &process.whom, first, in_call, cards).await?;
        }
    };
    let callers = futures_util::future::join_all((0..IN_FLIGHT).map(|_| caller()));
    callers.await.into_iter().sum()
}

async fn call(risk: &dyn Risk, whom: &Whom, first: u64, in_call: u64, cards: u64) -> Result<u64, Failure> {
    let now = whom.clock.now();
    let currency = Currency::iso("EUR")?;
    let subject = |number: u64| {
        let name = |text: String| text.parse::<EntityId>().ok();
        // One id for each subject of the whole run.
        let id = format!("bench-{}-{number}", now.micros()).parse()?;
        let mut assess = Assess::new(id, SubjectKind::CardAuthorization, now);
        assess.card = name(format!("card-{}", number % cards));
        assess.merchant = name(format!("shop-{}", number % MERCHANTS));
        assess.terminal = name(format!("term-{}", number % MERCHANTS));
        assess.amount = Some(Money::new(1_000 + (number % 5_000).cast_signed(), currency));
        Ok(assess)
    };
    let subjects = (first..first + in_call).map(subject).collect::<Result<Vec<_>, risk_api::NameError>>()?;
    loop {
        let decided = risk.decide(&whom.ctx(), Decide { subjects: subjects.clone() }).await?;
        let errors = decided.iter().filter_map(|one| match one {
            Decided::Assessed(_) => None,
            Decided::Failed { id, error } => Some((id, error)),
        });
        let errors: Vec<_> = errors.collect();
        match errors.iter().find(|(_, error)| **error != RiskError::from(platform::error::Failure::Overloaded)) {
            Some((id, error)) => return Err(Failure::new(format!("{id} has no decision: {error}"))),
            None if errors.is_empty() => return Ok(in_call),
            // The store has not caught up: the same again, which counts nothing twice.
            None => tokio::time::sleep(PAUSE).await,
        }
    }
}
