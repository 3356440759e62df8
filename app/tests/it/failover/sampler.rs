//! Keeps asking all members who holds the lease. A member that claims an epoch in an answer to a question asked after
//! another member claimed a later epoch is a second writer.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kernel::{Clock, Monotonic, SystemClock};
use tokio::task::JoinHandle;

use crate::failover::house::{House, MEMBERS};

pub(crate) struct Sampler {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Vec<Claim>>>,
}

#[derive(Debug, Clone, Copy)]
struct Claim {
    member: usize,
    epoch: i64,
    asked: Monotonic,
    answered: Monotonic,
}

#[derive(Debug)]
pub(crate) struct Samples {
    claims: usize,
    epochs: i64,
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} claims of the lease seen, {} epochs", self.claims, self.epochs)
    }
}

impl Sampler {
    pub(crate) fn start(house: &Arc<House>) -> Sampler {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..MEMBERS).map(|place| tokio::spawn(sample(Arc::clone(house), place, Arc::clone(&stop))));
        Sampler { tasks: tasks.collect(), stop }
    }

    pub(crate) async fn finish(self) -> Samples {
        self.stop.store(true, Ordering::Relaxed);
        let mut claims = Vec::new();
        for task in self.tasks {
            claims.extend(task.await.unwrap());
        }
        check(&claims);
        Samples { claims: claims.len(), epochs: claims.iter().map(|claim| claim.epoch).max().unwrap_or(0) }
    }
}

async fn sample(house: Arc<House>, member: usize, stop: Arc<AtomicBool>) -> Vec<Claim> {
    let mut claims = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let asked = SystemClock.monotonic();
        if let Some(epoch) = house.member(member).claims().await {
            claims.push(Claim { member, epoch, asked, answered: SystemClock.monotonic() });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    claims
}

fn check(claims: &[Claim]) {
    assert!(claims.len() > 100, "only {} claims were seen", claims.len());
    let mut by_answer = claims.to_vec();
    by_answer.sort_by_key(|claim| claim.answered);
    let mut by_question = claims.to_vec();
    by_question.sort_by_key(|claim| claim.asked);
    let mut answered = by_answer.iter().peekable();
    let mut latest: Option<Claim> = None;
    for claim in &by_question {
        while let Some(earlier) = answered.next_if(|earlier| earlier.answered <= claim.asked) {
            latest = latest.filter(|latest| latest.epoch >= earlier.epoch).or(Some(*earlier));
        }
        if let Some(latest) = latest {
            assert!(claim.epoch >= latest.epoch, "two writers: {claim:?} after {latest:?}");
            assert!(
                claim.epoch > latest.epoch || claim.member == latest.member,
                "two holders of one epoch: {claim:?}, {latest:?}"
            );
        }
    }
}
