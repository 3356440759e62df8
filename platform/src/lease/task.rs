//! The lease's thread: watches, takes, renews, releases, and reports its state.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Monotonic};
use rand::RngExt;
use tokio::sync::watch;

use super::fence::fence;
use super::standing::{RoleView, View, Wish};
use super::store::{Seen, Session};
use super::{LeaseConfig, Standing};
use crate::db::DbError;

pub(super) struct Task {
    config: LeaseConfig,
    clock: Arc<dyn Clock>,
    /// Distinguishes this process from all others, and from its own predecessor.
    holder: String,
    view: watch::Sender<View>,
    standing: Standing,
    wishes: watch::Receiver<Wish>,
    session: Option<Session>,
    /// So that a database that is down for an hour does not fill the log.
    told_trouble: bool,
}

impl Task {
    pub(super) fn new(config: LeaseConfig, clock: Arc<dyn Clock>) -> Result<Task, DbError> {
        let holder = format!("{:016x}", rand::rng().random::<u64>());
        let (view, seen) = watch::channel(View::default());
        let standing = Standing::leased(seen, Arc::clone(&clock));
        let wishes = standing.wishes();
        Ok(Task { config, clock, holder, view, standing, wishes, session: None, told_trouble: false })
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing.clone()
    }

    pub(super) async fn until_closed(mut self) {
        loop {
            let wish = self.wishes.borrow_and_update().clone();
            if wish.closed {
                return self.give_up().await;
            }
            let pause = match self.round(&wish).await {
                Ok(pause) => {
                    self.told_trouble = false;
                    pause
                }
                Err(error) => {
                    self.failed(&error);
                    self.look_pause()
                }
            };
            self.step_down_when_over();
            self.measure();
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = self.wishes.changed() => {}
            }
        }
    }

    /// One look at the lease and what follows from it; returns when to look again.
    async fn round(&mut self, wish: &Wish) -> Result<Duration, DbError> {
        if wish.resigned {
            self.give_up().await;
        }
        self.connect().await?;
        if let Some((epoch, _)) = self.held() {
            return self.renew(epoch).await;
        }
        // Before the query, as for a renewal.
        let asked = self.clock.monotonic();
        let seen = self.session()?.look().await?;
        let address = wish.address.clone().filter(|_| !wish.resigned);
        match (seen.left, address) {
            (None, Some(address)) => self.take(seen, &address).await,
            _ => {
                self.tell_stand_by(&seen, asked);
                let left = seen.left.map_or(self.look_pause(), Duration::from_micros);
                Ok(left.min(self.look_pause()))
            }
        }
    }

    async fn renew(&mut self, epoch: i64) -> Result<Duration, DbError> {
        // The time counts from before the request: the database grants it later, and takes it back later.
        let asked = self.clock.monotonic();
        let holder = self.holder.clone();
        let renewed = self.session()?.renew(epoch, &holder).await?;
        let took = self.clock.monotonic().micros_since(asked);
        metrics::histogram!("lease_renewal_seconds", "service" => self.config.schema.clone()).record(took as f64 / 1e6);
        if renewed {
            self.tell_holder(epoch, asked);
            return Ok(Duration::from_millis(self.config.renew_ms));
        }
        tracing::warn!(epoch, "the lease was taken by another process");
        self.standing.lost(epoch);
        self.tell(RoleView::StandBy { epoch, address: "".into() }, asked);
        Ok(Duration::ZERO)
    }

    async fn take(&mut self, seen: Seen, address: &str) -> Result<Duration, DbError> {
        let asked = self.clock.monotonic();
        let holder = self.holder.clone();
        let Some(epoch) = self.session_mut()?.take(&holder, address).await? else {
            self.tell_stand_by(&seen, asked);
            return Ok(self.look_pause());
        };
        metrics::counter!("lease_takeovers_total", "service" => self.config.schema.clone()).increment(1);
        tracing::info!(epoch, holder, "this process holds the lease");
        self.tell_holder(epoch, asked);
        // Time spent taking it is made up at once.
        Ok(Duration::ZERO)
    }

    async fn give_up(&mut self) {
        let Some((epoch, _)) = self.held() else { return };
        self.standing.lost(epoch);
        self.tell(RoleView::StandBy { epoch, address: "".into() }, self.clock.monotonic());
        let holder = self.holder.clone();
        let given_up = match self.connect().await {
            Ok(()) => match self.session() {
                Ok(session) => session.give_up(epoch, &holder).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        match given_up {
            Ok(()) => tracing::info!(epoch, "the lease was released"),
            Err(error) => tracing::warn!(%error, epoch, "the lease was not released; it will expire"),
        }
        self.measure();
    }

    async fn connect(&mut self) -> Result<(), DbError> {
        if self.session.as_ref().is_none_or(|session| !session.is_open()) {
            self.session = Some(Session::open(&self.config, &self.holder).await?);
        }
        Ok(())
    }

    fn session(&self) -> Result<&Session, DbError> {
        self.session.as_ref().ok_or_else(not_connected)
    }

    fn session_mut(&mut self) -> Result<&mut Session, DbError> {
        self.session.as_mut().ok_or_else(not_connected)
    }

    fn held(&self) -> Option<(i64, Monotonic)> {
        match &self.view.borrow().role {
            RoleView::Holder { epoch, until, .. } => Some((*epoch, *until)),
            RoleView::StandBy { .. } => None,
        }
    }

    /// A holder that could not renew remains one until its own clock says otherwise.
    fn step_down_when_over(&mut self) {
        let Some((epoch, until)) = self.held() else { return };
        if until <= self.clock.monotonic() {
            tracing::warn!(epoch, "the lease expired before it could be renewed");
            self.view.send_modify(|view| view.role = RoleView::StandBy { epoch, address: "".into() });
        }
    }

    fn failed(&mut self, error: &DbError) {
        // Whatever was in progress on it: the next attempt starts over.
        self.session = None;
        if !self.told_trouble {
            tracing::warn!(%error, cause = ?error.source, "the lease cannot be read; trying again");
        }
        self.told_trouble = true;
    }

    fn tell_holder(&self, epoch: i64, asked: Monotonic) {
        let until = asked.plus_millis(self.config.time_ms);
        let fence = match &self.view.borrow().role {
            RoleView::Holder { epoch: known, fence, .. } if *known == epoch => fence.clone(),
            _ => fence(&self.config.schema, epoch, &self.holder),
        };
        self.tell(RoleView::Holder { epoch, until, fence }, asked);
    }

    fn tell_stand_by(&self, seen: &Seen, asked: Monotonic) {
        let address = seen.left.map_or("", |_| seen.address.as_str());
        self.tell(RoleView::StandBy { epoch: seen.epoch, address: address.into() }, asked);
    }

    fn tell(&self, role: RoleView, asked: Monotonic) {
        let in_touch_until = asked.plus_millis(self.config.time_ms);
        self.view.send_replace(View { role, in_touch_until });
    }

    fn measure(&self) {
        let (held, epoch) = match &self.view.borrow().role {
            RoleView::Holder { epoch, .. } => (1.0, *epoch),
            RoleView::StandBy { epoch, .. } => (0.0, *epoch),
        };
        metrics::gauge!("lease_held", "service" => self.config.schema.clone()).set(held);
        metrics::gauge!("lease_epoch", "service" => self.config.schema.clone()).set(epoch as f64);
    }

    /// A process waiting for the lease checks more often than its holder renews it: the time until it is found free is
    /// time without a writer.
    fn look_pause(&self) -> Duration {
        Duration::from_millis((self.config.renew_ms / 4).max(1))
    }
}

fn not_connected() -> DbError {
    DbError::new("query the lease without a connection", crate::db::Fault::Unreachable)
}
