//! Questions to another room that wait at the same time go as one call: a call to another process costs far more than
//! what it carries.
//!
//! There is no linger but one turn of the scheduler: while one call is on its way, the next one gathers by itself. Several calls are on their way at
//! a time, so that a slow one delays no other; each caller waits for its own time only.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kernel::Ctx;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::count;

/// Waiting questions; one more is not taken.
const QUEUE_MAX: usize = 10_000;
/// Questions in one call.
const CALL_MAX: usize = 256;
/// Calls on their way.
const CALLS_MAX: usize = 8;

type Answers<A> = Pin<Box<dyn Future<Output = Vec<A>> + Send>>;
type Waiting<Q, A> = (Q, oneshot::Sender<A>);

/// Stops when it is dropped.
pub(crate) struct Gather<Q, A> {
    queue: mpsc::Sender<Waiting<Q, A>>,
}

impl<Q: Send + 'static, A: Send + 'static> Gather<Q, A> {
    /// `call` answers each question, in their order; `service` is its name in metrics.
    pub(crate) fn start(
        service: &'static str,
        call: impl Fn(Vec<Q>) -> Answers<A> + Send + Sync + 'static,
    ) -> Gather<Q, A> {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run(service, waiting, Arc::new(call)));
        Gather { queue }
    }

    /// Nothing if too many wait, or if the call ended without an answer. The caller bounds the wait.
    pub(crate) async fn ask(&self, question: Q) -> Option<A> {
        let (sender, answer) = oneshot::channel();
        self.queue.try_send((question, sender)).ok()?;
        answer.await.ok()
    }
}

/// The context of a call for several callers: that of the one who waits the longest, on behalf of no caller.
pub(crate) fn longest<'a>(callers: impl Iterator<Item = &'a Ctx>) -> Option<Ctx> {
    let mut ctx = callers.max_by_key(|ctx| ctx.deadline).cloned()?;
    ctx.principal.on_behalf_of = None;
    Some(ctx)
}

async fn run<Q: Send + 'static, A: Send + 'static>(
    service: &'static str,
    mut waiting: mpsc::Receiver<Waiting<Q, A>>,
    call: Arc<impl Fn(Vec<Q>) -> Answers<A> + Send + Sync + 'static>,
) {
    let places = Arc::new(Semaphore::new(CALLS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Some(first) = waiting.recv().await else { return };
        // Callers that one commit has woken ask one after another: the rest of them first gets its turn.
        tokio::task::yield_now().await;
        let mut taken = vec![first];
        while taken.len() < CALL_MAX
            && let Ok(next) = waiting.try_recv()
        {
            taken.push(next);
        }
        let call = Arc::clone(&call);
        tokio::spawn(async move {
            let (questions, senders): (Vec<Q>, Vec<oneshot::Sender<A>>) = taken.into_iter().unzip();
            count::gathered(service, questions.len());
            let answers = call(questions).await;
            // A caller that stopped waiting needs no answer.
            senders.into_iter().zip(answers).for_each(|(sender, answer)| drop(sender.send(answer)));
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn questions_that_wait_go_together_and_get_their_own_answers() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let doubled = Gather::start("test", move |questions: Vec<u32>| {
            counted.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(10)).await;
                questions.into_iter().map(|question| question * 2).collect()
            })
        });
        let answers = join_all((0..1_000).map(|question| doubled.ask(question))).await;
        let expected: Vec<Option<u32>> = (0..1_000).map(|question| Some(question * 2)).collect();
        assert_eq!(answers, expected);
        assert!(calls.load(Ordering::SeqCst) <= CALLS_MAX + 4, "{calls:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_call_delays_no_other() {
        let waits = Gather::start("test", |questions: Vec<u64>| {
            Box::pin(async move {
                let longest = questions.iter().copied().max().unwrap_or(0);
                tokio::time::sleep(Duration::from_secs(longest)).await;
                questions
            })
        });
        let slow = tokio::time::timeout(Duration::from_millis(1), waits.ask(1_000)).await;
        assert!(slow.is_err());
        let quick = tokio::time::timeout(Duration::from_secs(2), waits.ask(1)).await;
        assert_eq!(quick.ok().flatten(), Some(1));
    }
}
