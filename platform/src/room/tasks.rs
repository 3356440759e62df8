//! Background work of a room: consumers of feeds, and periodic work.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Periodic;
use crate::feed::{Actor, Consumer, Running, causes};

/// Tasks of one room, until they are closed or dropped.
pub struct Tasks {
    stop: watch::Sender<bool>,
    /// They end after the current round.
    periodic: Vec<JoinHandle<()>>,
    /// They are stopped at once: an effect is complete or absent.
    consumers: Vec<Running>,
}

impl Tasks {
    pub fn start(consumers: Vec<Arc<Consumer>>, periodic: Vec<Periodic>) -> Tasks {
        let stop = watch::Sender::new(false);
        let rounds = periodic.into_iter().map(|work| tokio::spawn(rounds(work, stop.subscribe()))).collect();
        let consumers = consumers.iter().map(Consumer::start).collect();
        Tasks { stop, periodic: rounds, consumers }
    }

    pub async fn close(mut self) {
        self.stop.send_replace(true);
        for consumer in &self.consumers {
            consumer.close().await;
        }
        for task in std::mem::take(&mut self.periodic) {
            if let Err(error) = task.await {
                tracing::error!(%error, "periodic work ended unexpectedly");
            }
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.periodic.iter().for_each(JoinHandle::abort);
    }
}

async fn rounds(work: Periodic, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        if let Err(error) = causes(Actor::system(Some(work.name)), (work.work)()).await {
            metrics::counter!("periodic_failures_total", "work" => work.name).increment(1);
            tracing::warn!(work = work.name, %error, "periodic work failed; trying again");
        }
        // The loop checks whether it was the timeout or the signal.
        let _ = tokio::time::timeout(work.every, stop.wait_for(|stop| *stop)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn periodic_work_continues_after_a_failure_until_closed() {
        let rounds = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&rounds);
        let work = move || -> crate::room::Later<()> {
            let round = counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move { if round == 0 { Err("the first round fails".into()) } else { Ok(()) } })
        };
        let periodic = Periodic { name: "sweep", every: Duration::from_secs(60), work: Box::new(work) };
        let tasks = Tasks::start(Vec::new(), vec![periodic]);
        tokio::time::sleep(Duration::from_secs(130)).await;
        assert_eq!(rounds.load(Ordering::Relaxed), 3);
        tasks.close().await;
        tokio::time::sleep(Duration::from_secs(130)).await;
        assert_eq!(rounds.load(Ordering::Relaxed), 3);
    }
}
