//! Places to work in, and the two queues before them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{Clock, Deadline, Monotonic};
use tokio::sync::oneshot;

/// After so many requests of the first class in a row, one of the other is served.
const FIRST_IN_A_ROW: u32 = 16;
/// How much a request's time moves the mean: a sixteenth.
const MEAN_WEIGHT: u64 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    High,
    Usual,
}

impl Class {
    pub(super) fn name(self) -> &'static str {
        match self {
            Class::High => "high",
            Class::Usual => "usual",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    TooLate,
}

pub(super) struct Queue {
    running_max: usize,
    waiting_max: usize,
    clock: Arc<dyn Clock>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    running: usize,
    high: VecDeque<Waiting>,
    usual: VecDeque<Waiting>,
    high_in_a_row: u32,
    /// Of the time that requests take once they have a place, in microseconds.
    mean_us: u64,
}

struct Waiting {
    deadline: Deadline,
    grant: oneshot::Sender<Place>,
}

/// A request that is worked on. Dropped, the next one gets its place.
pub(super) struct Place {
    queue: Arc<Queue>,
    began: Monotonic,
    /// It was given to nobody.
    unused: bool,
}

impl Queue {
    pub(super) fn new(running_max: usize, waiting_max: usize, clock: Arc<dyn Clock>) -> Arc<Queue> {
        Arc::new(Queue { running_max, waiting_max, clock, now: Mutex::default() })
    }

    pub(super) fn counts(&self) -> (usize, [usize; 2]) {
        let now = self.now();
        (now.running, [now.high.len(), now.usual.len()])
    }

    /// Waits for a place, at most until the deadline.
    pub(super) async fn enter(self: &Arc<Queue>, class: Class, deadline: Deadline) -> Result<Place, Refused> {
        let (grant, granted) = oneshot::channel();
        let left_us = {
            let mut now = self.now();
            if now.running < self.running_max {
                now.running += 1;
                return Ok(self.place());
            }
            let left_us = deadline.micros_left(self.clock.monotonic());
            let ahead = now.high.len() + if class == Class::High { 0 } else { now.usual.len() };
            if now.of(class).len() >= self.waiting_max {
                return Err(Refused::Full);
            }
            // Its own time as well: a request that is begun too late is work for nothing.
            let wait_us = now.mean_us.saturating_mul(ahead as u64 + 1) / self.running_max as u64;
            if wait_us.saturating_add(now.mean_us) > left_us {
                return Err(Refused::TooLate);
            }
            now.of(class).push_back(Waiting { deadline, grant });
            left_us
        };
        let granted = tokio::time::timeout(Duration::from_micros(left_us), granted).await;
        granted.map_err(|_| Refused::TooLate)?.map_err(|_| Refused::TooLate)
    }

    /// The place of a request that ended, for the next that can still be done.
    fn pass_on(self: &Arc<Queue>, took_us: Option<u64>) {
        let mut now = self.now();
        if let Some(took_us) = took_us {
            now.mean_us = (now.mean_us * (MEAN_WEIGHT - 1) + took_us) / MEAN_WEIGHT;
        }
        while let Some(waiting) = now.next() {
            if waiting.deadline.micros_left(self.clock.monotonic()) < now.mean_us {
                // Dropped, it is refused.
                continue;
            }
            match waiting.grant.send(self.place()) {
                Ok(()) => return,
                Err(mut place) => place.unused = true,
            }
        }
        now.running -= 1;
    }

    fn place(self: &Arc<Queue>) -> Place {
        Place { queue: Arc::clone(self), began: self.clock.monotonic(), unused: false }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn of(&mut self, class: Class) -> &mut VecDeque<Waiting> {
        match class {
            Class::High => &mut self.high,
            Class::Usual => &mut self.usual,
        }
    }

    fn next(&mut self) -> Option<Waiting> {
        let usual_is_due = self.high_in_a_row >= FIRST_IN_A_ROW && !self.usual.is_empty();
        if !usual_is_due && let Some(first) = self.high.pop_front() {
            self.high_in_a_row += 1;
            return Some(first);
        }
        self.high_in_a_row = 0;
        self.usual.pop_front()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.unused {
            let took_us = self.queue.clock.monotonic().micros_since(self.began);
            self.queue.pass_on(Some(took_us));
        }
    }
}
