//! Books that several processes share on PostgreSQL: this process's part in the lease, and calls to the holder.

use std::sync::Arc;

use kernel::Clock;
use ledger_api::{Books, RemoteBooks};
use platform::db::DbError;
use platform::health::{Facts, facts};
use platform::lease::{Lease, Role, Standing};
use platform::room::Shared;
use platform::rpc::RpcClient;
use platform::shutdown::Step;
use serde_json::json;

use super::ROOM;
use crate::{ReplicaBooks, ToHolder, WRITER};

pub(super) struct Sharing {
    lease: Lease,
    with: Shared,
    clock: Arc<dyn Clock>,
}

impl Sharing {
    /// Watches the lease, whose tables must exist.
    pub(super) fn open(with: Shared, clock: Arc<dyn Clock>) -> Result<Sharing, DbError> {
        let lease = Lease::start(with.lease.clone(), Arc::clone(&clock))?;
        Ok(Sharing { lease, with, clock })
    }

    pub(super) fn standing(&self) -> Standing {
        self.lease.standing()
    }

    /// The books as every caller of this process uses them; `here` alone is for calls that other processes pass on.
    pub(super) fn books(&self, here: Arc<dyn Books>) -> Arc<dyn Books> {
        let (standing, clock) = (self.standing(), Arc::clone(&self.clock));
        let Shared { address, credential, connect, connections, own, .. } = &self.with;
        let connect = Arc::clone(connect);
        let to_holder =
            ToHolder::new(standing.clone(), address, *connections, credential.clone(), connect, Arc::clone(&clock));
        let writer = RemoteBooks::new(
            RpcClient::new(WRITER, Arc::new(to_holder), Arc::clone(&clock))
                .of_room(ROOM.name)
                .with_own(own.clone())
                .asking_once(),
        );
        Arc::new(ReplicaBooks::new(here, Arc::new(writer), standing, clock))
    }

    /// From now on this process may become the writer. When it ends, it gives the lease up after its lanes are empty.
    pub(super) fn compete(self) -> Step {
        self.lease.compete(&self.with.address);
        Step::new("lease", async move { self.lease.close().await })
    }
}

/// A standby answers queries and passes commands on, so it is ready while it reaches the database; the holder is ready
/// if its lane takes commands.
pub(super) fn ready(standing: &Standing, accepting: bool) -> Result<(), String> {
    match (standing.is_holder(), standing.is_in_touch()) {
        (true, _) if accepting => Ok(()),
        (true, _) => Err("the lane does not accept commands".to_owned()),
        (false, true) => Ok(()),
        (false, false) => Err("the database does not answer, so the writer is unknown".to_owned()),
    }
}

/// For `/status`, where there is a lease.
pub(super) fn role(standing: &Standing) -> Facts {
    if standing.is_alone() {
        return Facts::new();
    }
    let (role, epoch, holder) = match standing.role() {
        Role::Holder { epoch } => ("holder", epoch, None),
        Role::StandBy { epoch, address } => ("stand-by", epoch, address),
    };
    facts([("role", json!(role)), ("epoch", json!(epoch)), ("holder", json!(holder))])
}
