//! What a process knows about its part in the lease, for those who need to know: lanes, readers, health checks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use kernel::{Clock, Monotonic};
use tokio::sync::watch;

use crate::db::Fence;

/// A handle that is cheap to clone.
#[derive(Debug, Clone)]
pub struct Standing {
    leased: Option<Leased>,
}

#[derive(Debug, Clone)]
struct Leased {
    view: watch::Receiver<View>,
    wish: Arc<watch::Sender<Wish>>,
    /// Epochs up to this one are known to be over, from a refused commit.
    gone: Arc<AtomicI64>,
    clock: Arc<dyn Clock>,
}

/// What the lease's thread reports.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    pub role: RoleView,
    /// The database was in reach until then.
    pub in_touch_until: Monotonic,
}

#[derive(Debug, Clone)]
pub(super) enum RoleView {
    Holder { epoch: i64, until: Monotonic, fence: Fence },
    StandBy { epoch: i64, address: Arc<str> },
}

impl Default for RoleView {
    fn default() -> RoleView {
        RoleView::StandBy { epoch: 0, address: "".into() }
    }
}

/// What the lease's thread is asked to do.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    /// To take part, reachable at this address.
    pub address: Option<Arc<str>>,
    /// To stop taking part, although the process continues.
    pub resigned: bool,
    pub closed: bool,
}

/// A term in which this process may write.
#[derive(Debug, Clone)]
pub struct Term {
    /// A process that wrote under a different one has to read its state again.
    pub epoch: i64,
    /// `None` if there cannot be another process.
    pub fence: Option<Fence>,
}

/// The same for people and health checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    Holder {
        epoch: i64,
    },
    StandBy {
        /// The epoch of the current holder.
        epoch: i64,
        /// Where the holder answers; `None` while nobody holds the lease.
        address: Option<Arc<str>>,
    },
}

impl Default for Standing {
    fn default() -> Standing {
        Standing::alone()
    }
}

impl Standing {
    /// For a process that has its store to itself.
    pub fn alone() -> Standing {
        Standing { leased: None }
    }

    pub(super) fn leased(view: watch::Receiver<View>, clock: Arc<dyn Clock>) -> Standing {
        let (wish, gone) = (Arc::new(watch::Sender::default()), Arc::default());
        Standing { leased: Some(Leased { view, wish, gone, clock }) }
    }

    pub fn is_alone(&self) -> bool {
        self.leased.is_none()
    }

    /// The current term of this process, by its own clock.
    pub fn term(&self) -> Option<Term> {
        let Some(leased) = &self.leased else { return Some(Term { epoch: 0, fence: None }) };
        match &leased.view.borrow().role {
            RoleView::Holder { epoch, until, fence } if leased.is_on(*epoch, *until) => {
                Some(Term { epoch: *epoch, fence: Some(fence.clone()) })
            }
            RoleView::Holder { .. } | RoleView::StandBy { .. } => None,
        }
    }

    pub fn is_holder(&self) -> bool {
        self.term().is_some()
    }

    pub fn role(&self) -> Role {
        let Some(leased) = &self.leased else { return Role::Holder { epoch: 0 } };
        match &leased.view.borrow().role {
            RoleView::Holder { epoch, until, .. } if leased.is_on(*epoch, *until) => Role::Holder { epoch: *epoch },
            RoleView::Holder { epoch, .. } => Role::StandBy { epoch: *epoch, address: None },
            RoleView::StandBy { epoch, address } => Role::StandBy {
                epoch: *epoch,
                address: Some(Arc::clone(address)).filter(|address| !address.is_empty()),
            },
        }
    }

    /// Whether the database with the lease has answered recently.
    pub fn is_in_touch(&self) -> bool {
        let Some(leased) = &self.leased else { return true };
        leased.view.borrow().in_touch_until > leased.clock.monotonic()
    }

    /// Waits until nothing may be written under this epoch any more.
    pub async fn over(&self, epoch: i64) {
        let Some(leased) = &self.leased else { return std::future::pending().await };
        let mut view = leased.view.clone();
        loop {
            let left = match &view.borrow_and_update().role {
                RoleView::Holder { epoch: held, until, .. } if *held == epoch && leased.is_on(epoch, *until) => {
                    until.micros_since(leased.clock.monotonic())
                }
                RoleView::Holder { .. } | RoleView::StandBy { .. } => return,
            };
            // Either way the view is checked again.
            let _ = tokio::time::timeout(Duration::from_micros(left + 1), view.changed()).await;
        }
    }

    /// A commit was refused because this epoch is over.
    pub fn lost(&self, epoch: i64) {
        if let Some(leased) = &self.leased {
            leased.gone.fetch_max(epoch, Ordering::AcqRel);
        }
    }

    /// This process can no longer write, although it lives: another one should.
    pub fn resign(&self) {
        self.wish(|wish| wish.resigned = true);
    }

    /// Waits for a change since the last call. For a process alone there is never one.
    pub async fn changed(&mut self) {
        if let Some(leased) = &mut self.leased
            && leased.view.changed().await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }

    pub(super) fn wish(&self, change: impl FnOnce(&mut Wish)) {
        if let Some(leased) = &self.leased {
            leased.wish.send_modify(change);
        }
    }

    pub(super) fn wishes(&self) -> watch::Receiver<Wish> {
        match &self.leased {
            Some(leased) => leased.wish.subscribe(),
            None => watch::Sender::default().subscribe(),
        }
    }
}

impl Leased {
    fn is_on(&self, epoch: i64, until: Monotonic) -> bool {
        epoch > self.gone.load(Ordering::Acquire) && until > self.clock.monotonic()
    }
}
