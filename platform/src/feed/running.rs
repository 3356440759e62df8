//! A running consumer, until it is closed.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinHandle;

use super::Consumer;

/// The pause after an unexpected error.
const PAUSE: Duration = Duration::from_secs(30);

/// The task; it ends when this is closed or dropped. An effect is complete or absent at that moment.
#[derive(Debug)]
pub struct Running(Mutex<Option<JoinHandle<()>>>);

impl Consumer {
    /// Starts to pull and apply events.
    pub fn start(self: &Arc<Consumer>) -> Running {
        Running(Mutex::new(Some(tokio::spawn(go_on(Arc::clone(self))))))
    }
}

/// An event whose effect panics is parked; any other panic is our own bug, and must not end the consumer silently.
async fn go_on(consumer: Arc<Consumer>) {
    loop {
        if AssertUnwindSafe(consumer.run()).catch_unwind().await.is_err() {
            tracing::error!(
                feed = consumer.feed(),
                "a consumer panicked, see the previous line; it continues after a pause"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Running {
    pub async fn close(&self) {
        if let Some(task) = self.task() {
            task.abort();
            // It was told to end, so how it ended does not matter.
            let _ = task.await;
        }
    }

    fn task(&self) -> Option<JoinHandle<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = self.task() {
            task.abort();
        }
    }
}
