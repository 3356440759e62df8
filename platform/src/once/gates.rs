//! Duplicates in one process wait here for each other, before they take a connection: a caller that repeats itself many
//! times must not use up the connections of all callers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use super::Scope;

type Gate = Arc<tokio::sync::Mutex<()>>;

/// One per command in progress.
#[derive(Debug, Default)]
pub(super) struct Gates {
    open: Mutex<HashMap<Scope, Gate>>,
}

/// A command waits here and is then in progress; when this is dropped, the next one proceeds.
#[derive(Debug)]
pub(super) struct Place {
    gates: Arc<Gates>,
    pub(super) scope: Scope,
    gate: Option<Gate>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Gates {
    /// `None` if a duplicate is in progress for longer than that.
    pub(super) async fn enter(self: &Arc<Gates>, scope: Scope, patience: Duration) -> Option<Place> {
        let gate = Arc::clone(self.open().entry(scope.clone()).or_default());
        let mut place = Place { gates: Arc::clone(self), scope, gate: Some(Arc::clone(&gate)), held: None };
        place.held = Some(tokio::time::timeout(patience, gate.lock_owned()).await.ok()?);
        Some(place)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Scope, Gate>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.gates.open();
        self.held.take();
        self.gate.take();
        // Only the map's own reference is left; and no other can be made while the map is locked.
        if open.get(&self.scope).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            open.remove(&self.scope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(10);

    fn scope(key: &str) -> Scope {
        Scope { principal: "ann".into(), operation: "create", key: key.parse().unwrap() }
    }

    #[tokio::test]
    async fn duplicates_take_turns_and_others_do_not_wait() {
        let gates = Arc::new(Gates::default());
        let first = gates.enter(scope("1"), SHORT).await.unwrap();
        assert!(gates.enter(scope("1"), SHORT).await.is_none());
        let other = gates.enter(scope("2"), SHORT).await.unwrap();
        let second = tokio::spawn({
            let gates = Arc::clone(&gates);
            async move { gates.enter(scope("1"), LONG).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop((first, other));
        assert!(second.await.unwrap());
        assert!(gates.open().is_empty());
    }

    #[tokio::test]
    async fn giving_up_waiting_leaves_nothing() {
        let gates = Arc::new(Gates::default());
        let first = gates.enter(scope("1"), SHORT).await.unwrap();
        let waiting = Box::pin(gates.enter(scope("1"), LONG));
        assert!(tokio::time::timeout(SHORT, waiting).await.is_err());
        drop(first);
        assert!(gates.open().is_empty());
    }
}
