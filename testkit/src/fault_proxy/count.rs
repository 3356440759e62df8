//! What a proxy has observed and done, so that a test can check that a fault took effect.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Direction, ToxicKind};

#[derive(Debug, Default)]
pub(super) struct Counts {
    obeyed: AtomicU64,
    connections: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    felt: [AtomicU64; ToxicKind::ALL.len()],
}

impl Counts {
    /// The port is in the state that this change's faults require.
    pub(super) fn obey(&self, change: u64) {
        self.obeyed.store(change + 1, Ordering::SeqCst);
    }

    pub(super) fn obeyed(&self) -> Option<u64> {
        self.obeyed.load(Ordering::SeqCst).checked_sub(1)
    }

    /// Returns the previous number.
    pub(super) fn connected(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn passed(&self, direction: Direction, bytes: usize) {
        let counter = if direction == Direction::Up { &self.up } else { &self.down };
        counter.fetch_add(bytes as u64, Ordering::SeqCst);
    }

    pub(super) fn bytes(&self, direction: Direction) -> u64 {
        let of = |one: Direction, counter: &AtomicU64| {
            if direction.covers(one) { counter.load(Ordering::SeqCst) } else { 0 }
        };
        of(Direction::Up, &self.up) + of(Direction::Down, &self.down)
    }

    pub(super) fn feel(&self, kind: ToxicKind) {
        self.felt[kind as usize].fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn felt(&self, kind: ToxicKind) -> u64 {
        self.felt[kind as usize].load(Ordering::SeqCst)
    }
}
