//! Counts shared by all edges: a courier takes what waits to Redis, all of it in one round trip.
//!
//! Requests that arrive while a round trip is under way share the next one, and those of one subject are one command. If
//! there is no answer in time, nobody waits for Redis until it has answered a new connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use redis::Script;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::count::Totals;
use super::link::{self, Link, Target};

/// Requests that wait for the next round trip; one more is decided locally.
const QUEUE_MAX: usize = 4_096;
/// Requests in one round trip.
const BATCH_MAX: usize = 1_024;
/// Between two attempts to connect.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// One subject of a request, as this process knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Its name in the shared store.
    pub(super) name: String,
    /// What this process had counted before the request.
    pub(super) known: [u32; 3],
    /// The numbers of the windows.
    pub(super) indexes: [u32; 3],
}

/// Requests of one subject, in one round trip.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) known: [u32; 3],
    pub(super) indexes: [u32; 3],
    pub(super) delta: i64,
    /// Which request and which of its subjects, in order.
    waiting: Vec<(usize, usize)>,
}

/// A request on its way.
struct Letter {
    asked: Vec<Asked>,
    /// None: a request that was refused is given back.
    answer: Option<oneshot::Sender<Vec<[Totals; 3]>>>,
}

pub(super) struct Shared {
    letters: mpsc::Sender<Letter>,
    state: Arc<State>,
    wait_max: Duration,
    courier: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    up: AtomicBool,
    /// Why it is not up.
    why: Mutex<String>,
}

impl Shared {
    pub(super) fn start(target: Target, timeout_ms: u64) -> Shared {
        let (letters, inbox) = mpsc::channel(QUEUE_MAX);
        let (state, wait_max) = (Arc::new(State::default()), Duration::from_millis(timeout_ms));
        state.is_down("not connected yet");
        let courier = Courier { target, script: link::script(), inbox, state: Arc::clone(&state), wait_max };
        Shared { letters, state, wait_max, courier: tokio::spawn(courier.run()) }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state.up.load(Ordering::Acquire)
    }

    /// Why counts are not shared at the moment.
    pub(super) fn why_down(&self) -> Option<String> {
        let why = || self.state.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (!self.is_up()).then(why)
    }

    /// Counts a request everywhere; nothing without an answer in time.
    pub(super) async fn count(&self, asked: Vec<Asked>) -> Option<Vec<[Totals; 3]>> {
        let (answer, answered) = oneshot::channel();
        self.letters.try_send(Letter { asked, answer: Some(answer) }).ok()?;
        tokio::time::timeout(self.wait_max, answered).await.ok()?.ok()
    }

    /// A request that was counted is refused after all.
    pub(super) fn give_back(&self, asked: Vec<Asked>) {
        let asked = asked.into_iter().map(|one| Asked { known: [0; 3], ..one }).collect();
        // A count that is one too high for a day is better than a queue without a bound.
        let _ = self.letters.try_send(Letter { asked, answer: None });
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.courier.abort();
    }
}

impl State {
    fn is_up(&self) {
        self.up.store(true, Ordering::Release);
        metrics::gauge!("limits_shared").set(1.0);
    }

    fn is_down(&self, why: &str) {
        why.clone_into(&mut self.why.lock().unwrap_or_else(PoisonError::into_inner));
        self.up.store(false, Ordering::Release);
        metrics::gauge!("limits_shared").set(0.0);
    }
}

struct Courier {
    target: Target,
    script: Script,
    inbox: mpsc::Receiver<Letter>,
    state: Arc<State>,
    wait_max: Duration,
}

impl Courier {
    async fn run(mut self) {
        loop {
            let is_late;
            match self.target.connect(&self.script).await {
                Ok(link) => {
                    tracing::info!("rate limits are shared through Redis");
                    self.state.is_up();
                    let end = self.deliver(link).await;
                    tracing::warn!(why = end.to_string(), "rate limits are counted in this process only");
                    self.state.is_down(&end.to_string());
                    // A connection that was closed may have been idle for long, and the next one may be fine.
                    is_late = matches!(end, End::Late(_));
                }
                Err(error) => {
                    self.state.is_down(&failure(&error));
                    is_late = true;
                }
            }
            metrics::counter!("limits_shared_failures_total").increment(1);
            if is_late {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
            // Nobody waits for these any more.
            while self.inbox.try_recv().is_ok() {}
        }
    }

    /// Round trip after round trip, until one fails.
    async fn deliver(&mut self, link: Link) -> End {
        let mut letters = Vec::with_capacity(BATCH_MAX);
        loop {
            letters.clear();
            if self.inbox.recv_many(&mut letters, BATCH_MAX).await == 0 {
                // The limits are gone, and this task with them.
                std::future::pending::<()>().await;
            }
            letters.retain(|letter| letter.answer.as_ref().is_none_or(|answer| !answer.is_closed()));
            let groups = groups(&letters);
            let trip = join_all(groups.iter().map(|group| link.clone().count(&self.script, group)));
            let Ok(totals) = tokio::time::timeout(self.wait_max, trip).await else {
                return End::Late(self.wait_max);
            };
            match totals.into_iter().collect::<Result<Vec<_>, _>>() {
                Ok(totals) => answer(&mut letters, &groups, &totals),
                Err(error) => return End::Failed(failure(&error)),
            }
        }
    }
}

/// Why a connection is not used any more.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("no answer in {} ms", .0.as_millis())]
    Late(Duration),
    #[error("{0}")]
    Failed(String),
}

/// The requests of each subject and window, together.
fn groups(letters: &[Letter]) -> Vec<Group> {
    let (mut groups, mut places) = (Vec::<Group>::new(), HashMap::new());
    for (which, letter) in letters.iter().enumerate() {
        for (part, asked) in letter.asked.iter().enumerate() {
            let place = *places.entry((&*asked.name, asked.indexes)).or_insert_with(|| {
                let (name, known, indexes) = (asked.name.clone(), asked.known, asked.indexes);
                groups.push(Group { name, known, indexes, delta: 0, waiting: Vec::new() });
                groups.len() - 1
            });
            let Some(group) = groups.get_mut(place) else { continue };
            if letter.answer.is_none() {
                group.delta -= 1;
                continue;
            }
            group.delta += 1;
            group.waiting.push((which, part));
            group.known.iter_mut().zip(asked.known).for_each(|(known, here)| *known = here.min(*known));
        }
    }
    groups
}

/// Each request gets the counts with itself as the last one.
fn answer(letters: &mut [Letter], groups: &[Group], totals: &[[Totals; 3]]) {
    let mut answers: Vec<Vec<[Totals; 3]>> =
        letters.iter().map(|letter| vec![[Totals::default(); 3]; letter.asked.len()]).collect();
    for (group, totals) in groups.iter().zip(totals) {
        for (place, (which, part)) in group.waiting.iter().enumerate() {
            let after = u32::try_from(group.waiting.len() - place - 1).unwrap_or(u32::MAX);
            let own = totals.map(|total| Totals { now: total.now.saturating_sub(after), ..total });
            if let Some(slot) = answers.get_mut(*which).and_then(|answer| answer.get_mut(*part)) {
                *slot = own;
            }
        }
    }
    for (letter, own) in letters.iter_mut().zip(answers) {
        if let Some(answer) = letter.answer.take() {
            // A request that stopped waiting has been decided locally.
            let _ = answer.send(own);
        }
    }
}

/// Without addresses and credentials, which the error itself may have.
fn failure(error: &redis::RedisError) -> String {
    error.category().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(names: &[&str], known: u32) -> (Letter, oneshot::Receiver<Vec<[Totals; 3]>>) {
        let (answer, answered) = oneshot::channel();
        let asked = |name: &&str| Asked { name: (*name).to_owned(), known: [known; 3], indexes: [1; 3] };
        (Letter { asked: names.iter().map(asked).collect(), answer: Some(answer) }, answered)
    }

    #[test]
    fn requests_of_one_subject_share_a_command_and_get_their_own_counts() {
        let (one, first) = letter(&["app", "here"], 4);
        let (two, second) = letter(&["app", "there"], 5);
        let back = Letter { asked: vec![Asked { name: "app".to_owned(), ..Asked::default() }], answer: None };
        let mut letters = vec![one, two, back];
        let groups = groups(&letters);
        let shape: Vec<_> = groups.iter().map(|group| (&*group.name, group.indexes[0], group.delta)).collect();
        assert_eq!(shape, [("app", 1, 2), ("here", 1, 1), ("there", 1, 1), ("app", 0, -1)]);
        assert_eq!(groups[0].known, [4; 3]);
        let totals = |now| [Totals { now, before: 0 }; 3];
        answer(&mut letters, &groups, &[totals(12), totals(3), totals(1), totals(0)]);
        let now = |answered: oneshot::Receiver<Vec<[Totals; 3]>>| {
            answered.blocking_recv().unwrap().iter().map(|totals| totals[0].now).collect::<Vec<_>>()
        };
        assert_eq!((now(first), now(second)), (vec![11, 3], vec![12, 1]));
    }
}
