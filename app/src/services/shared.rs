//! A ledger whose books several processes share on PostgreSQL: this process's part in the lease, and the way to whoever
//! holds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{ReplicaBooks, ToHolder, WRITER};
use ledger_api::{Books, RemoteBooks};
use platform::config::DatabaseUrl;
use platform::lease::{Lease, LeaseConfig, Role, Standing};
use platform::rpc::{Credential, RpcClient};
use platform::shutdown::Step;
use serde_json::{Value, json};

use super::{Opening, Started};
use crate::failure::Failure;

pub(super) struct Shared {
    lease: Lease,
    /// Where others call this process.
    address: String,
    credential: Credential,
}

impl Shared {
    /// Watches the lease in the tables of `schema`, which have to be there.
    pub(super) fn open(opening: &Opening<'_>, url: &DatabaseUrl, schema: &str) -> Result<Shared, Failure> {
        let (lease, inside) = (&opening.config.lease, opening.inside);
        let (Some(address), Some(credential)) = (inside.address(), inside.credential.clone()) else {
            return Err(Failure::new("a ledger on PostgreSQL needs rpc.listen and rpc.secret_file"));
        };
        let config = LeaseConfig {
            url: url.expose().to_owned(),
            schema: schema.to_owned(),
            time_ms: lease.time_ms,
            renew_ms: lease.renew_ms,
        };
        let lease = Lease::start(config, opening.clock.clone())?;
        Ok(Shared { lease, address, credential })
    }

    pub(super) fn standing(&self) -> Standing {
        self.lease.standing()
    }

    /// The books as every caller of this process sees them; those of `here` alone are for processes that pass something on.
    pub(super) fn books(&self, opening: &Opening<'_>, here: Arc<dyn Books>, started: &mut Started) -> Arc<dyn Books> {
        started.methods.push(ledger_api::methods(WRITER, Arc::clone(&here)));
        let (standing, clock) = (self.standing(), opening.clock.clone());
        let connections = opening.config.rpc.connections;
        let (credential, connect) = (self.credential.clone(), opening.inside.connect());
        let to_holder =
            ToHolder::new(standing.clone(), &self.address, connections, credential, connect, Arc::clone(&clock));
        let writer = RemoteBooks::new(RpcClient::new(WRITER, Arc::new(to_holder), Arc::clone(&clock)).asking_once());
        Arc::new(ReplicaBooks::new(here, Arc::new(writer), standing, clock))
    }

    /// From now on this process may become the writer. Behind the lanes, when it ends, it gives that up.
    pub(super) fn compete(self, started: &mut Started) {
        self.lease.compete(&self.address);
        started.steps.push(Step::new("lease", async move { self.lease.close().await }));
    }
}

/// A stand-by answers and passes on, so it is ready while it reaches the database; the holder if its lane takes commands.
pub(super) fn ready(standing: &Standing, accepting: bool) -> Result<(), String> {
    match (standing.is_holder(), standing.is_in_touch()) {
        (true, _) if accepting => Ok(()),
        (true, _) => Err("the lane takes no commands".to_owned()),
        (false, true) => Ok(()),
        (false, false) => Err("the database does not answer, and so nobody knows who writes".to_owned()),
    }
}

/// For `/status`, where there is a lease at all.
pub(super) fn facts(standing: &Standing) -> BTreeMap<&'static str, Value> {
    if standing.is_alone() {
        return BTreeMap::new();
    }
    let (role, epoch, holder) = match standing.role() {
        Role::Holder { epoch } => ("holder", epoch, None),
        Role::StandBy { epoch, address } => ("stand-by", epoch, address),
    };
    BTreeMap::from([("role", json!(role)), ("epoch", json!(epoch)), ("holder", json!(holder))])
}
