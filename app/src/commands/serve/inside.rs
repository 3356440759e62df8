//! What this process shares with others of the same house: the secret that they know one another by, and the port on which
//! it is called.

use std::net::SocketAddr;
use std::sync::Arc;

use kernel::Principal;
use platform::config::Config;
use platform::http::{Bound, Listener, Settings};
use platform::rpc::{self, Caller, Credential, Served, Trust};

use crate::failure::Failure;
use crate::services::Roles;

#[derive(Debug, Default)]
pub(crate) struct Inside {
    /// Of a process that calls others or is called.
    pub(crate) credential: Option<Credential>,
    bound: Option<Bound>,
}

impl Inside {
    /// Takes the port of a process that others call. Nobody is answered before [`Inside::serve`].
    pub(crate) async fn open(config: &Config, roles: Roles) -> Result<Inside, Failure> {
        // On PostgreSQL several processes may share the books, with or without an edge of their own.
        let called = roles.ledger && (!roles.edge || config.storage.database_url.is_some());
        let calls = !roles.ledger;
        if !called && !calls {
            return Ok(Inside::default());
        }
        let credential = Some(Credential::read_or_make(&config.rpc.secret_file)?);
        let bound = if called { Some(Bound::bind(config.rpc.listen, "rpc.listen").await?) } else { None };
        Ok(Inside { credential, bound })
    }

    /// Where others call this process.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.bound.as_ref().map(Bound::address)
    }

    pub(crate) fn serve(self, config: &Config, served: Arc<Served>) -> Option<Listener> {
        let (bound, credential) = self.bound.zip(self.credential)?;
        Some(bound.serve(rpc::routes(served, credential), Settings::new("internal", &config.server)))
    }
}

/// Whoever knows the secret is believed.
pub(super) struct Housemates;

impl Trust for Housemates {
    fn principal(&self, caller: Caller) -> Result<Principal, rpc::Failure> {
        match caller {
            Caller::Said(principal) => Ok(principal),
            Caller::Token(_) => Ok(Principal::nobody()),
        }
    }
}
