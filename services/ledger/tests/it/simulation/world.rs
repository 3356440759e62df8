//! One world from its seed to its end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use platform::rpc::Credential;
use turmoil::{Builder, Sim};

use crate::simulation::plan::{self, Act, LEDGER};
use crate::simulation::seeds::{Template, room};
use crate::simulation::stage::{CLIENTS, Met, READERS, Stage};
use crate::simulation::{client, judge, ledger_host, reader};

/// Steps of the simulated time.
const TICK: Duration = Duration::from_millis(5);
/// Longest duration of a world.
const LONGEST: Duration = Duration::from_secs(40);

pub(crate) struct Ended {
    /// A digest of everything that happened, and when.
    pub(crate) trace: u64,
    pub(crate) findings: Vec<String>,
    pub(crate) met: Met,
}

pub(crate) fn run(template: &Template, seed: u64) -> Ended {
    let room = room();
    fs::copy(template.file(), room.path().join("ledger.db")).expect("copy the ledger");
    let stage = Stage::new(seed, room.path().to_owned(), credential(room.path()));
    let mut sim = peopled(&stage);
    if let Err(error) = go_on(&mut sim, &stage) {
        stage.found(format!("the world did not come to its end: {error}"));
    }
    drop(sim);
    // A bug planted in the world must not deceive the judge.
    #[cfg(feature = "planted")]
    let planted = platform::planted::take();
    alone(judge::judge(Arc::clone(&stage)));
    #[cfg(feature = "planted")]
    platform::planted::plant(planted);
    let findings = stage.findings.lock().unwrap().clone();
    let met = *stage.met.lock().unwrap();
    Ended { trace: stage.trace(), findings, met }
}

fn peopled(stage: &Arc<Stage>) -> Sim<'static> {
    let mut sim = Builder::new()
        .rng_seed(stage.seed)
        .tick_duration(TICK)
        .simulation_duration(LONGEST)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(25))
        .build();
    let at = |stage: &Arc<Stage>| Arc::clone(stage);
    let ledger = at(stage);
    sim.host(LEDGER, move || ledger_host::run(Arc::clone(&ledger)));
    for number in 0..READERS {
        let stage = at(stage);
        sim.host(plan::reader(number), move || reader::run(Arc::clone(&stage), number));
    }
    for number in 0..CLIENTS {
        sim.client(plan::client(number), client::run(at(stage), number));
    }
    sim.client("watch", client::watch(at(stage)));
    sim
}

/// Step by step until all clients have ended, with the plan's faults at their times.
fn go_on(sim: &mut Sim<'static>, stage: &Stage) -> turmoil::Result {
    let mut acts = stage.plan.acts.iter().peekable();
    loop {
        while let Some((_, act)) = acts.next_if(|((ms, _), _)| u128::from(*ms) <= sim.elapsed().as_millis()) {
            carry_out(sim, stage, act);
        }
        if sim.step()? || !stage.findings.lock().unwrap().is_empty() {
            return Ok(());
        }
    }
}

fn carry_out(sim: &mut Sim<'static>, stage: &Stage, act: &Act) {
    match act {
        Act::Crash(whom) => {
            stage.meet(|met| met.crashes += 1);
            sim.crash(whom.as_str());
        }
        Act::Restart(whom) => sim.bounce(whom.as_str()),
        Act::CutOff(whom) => {
            stage.meet(|met| met.cut_off += 1);
            sim.partition(whom.as_str(), LEDGER);
        }
        Act::Repair(whom) => sim.repair(whom.as_str(), LEDGER),
        Act::Hold(whom) => {
            stage.meet(|met| met.held += 1);
            sim.hold(whom.as_str(), LEDGER);
        }
        Act::Release(whom) => sim.release(whom.as_str(), LEDGER),
        Act::SetClock(millis) => {
            stage.meet(|met| met.clocks += 1);
            stage.skew_us.fetch_add(millis * 1_000, Ordering::Relaxed);
        }
    }
}

/// The same in every world: a secret of a different length would change the messages.
fn credential(dir: &Path) -> Credential {
    let path = dir.join("secret");
    fs::write(&path, "a-secret-that-every-simulated-world-shares").expect("write a secret");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("close a secret");
    Credential::read(&path).expect("read a secret")
}

/// Outside of any world.
pub(crate) fn alone<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("start a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, work)
}
