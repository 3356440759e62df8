//! Where services are opened: the one list of them, and what each hands to the process that runs it.

mod books;
mod demo;
mod document;
mod first;
mod identity;
mod ledger;
mod roles;
mod shared;

use std::sync::Arc;

use access::{Gate, Vocabulary};
use axum::Router;
use kernel::Clock;
use platform::config::{Config, Section};
use platform::data_dir::DataDir;
use platform::health::Part;
use platform::http::document::merge;
use platform::room::Room;
use platform::rpc::{Http2, Methods, Transport};
use platform::shutdown::Step;
use utoipa::openapi::OpenApi;

use crate::commands::serve::Inside;
use crate::failure::Failure;

pub(crate) use first::{ADMIN, DEMO_PASSWORD, DEMO_PROGRAM, First, PROGRAM, people as first_people};
pub(crate) use roles::Roles;

/// Not a service: what stands between callers from outside and the services.
pub(crate) const EDGE: &str = "edge";
/// The name of the service, of its file and of its schema.
pub(crate) const LEDGER: &str = "ledger";
/// The same for the service that knows who people and programs are.
pub(crate) const IDENTITY: &str = "identity";
/// Every part of the house that this binary can be.
pub(crate) const KNOWN: [&str; 3] = [EDGE, LEDGER, IDENTITY];

/// The services as they describe themselves.
pub(crate) static ROOMS: &[&Room] = &[&::ledger::ROOM, &::identity::ROOM];

/// Their parts of the configuration.
pub(crate) fn sections() -> Vec<Section> {
    ROOMS.iter().map(|room| room.section()).collect()
}

/// The words of all of them.
pub(crate) fn vocabulary() -> Result<Vocabulary, Failure> {
    Ok(Vocabulary::of(ROOMS)?)
}

/// What a service is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) config: &'a Config,
    /// Of a process that runs a service; the edge alone keeps nothing.
    pub(crate) data_dir: Option<&'a DataDir>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) roles: Roles,
    pub(crate) inside: &'a Inside,
    /// Where callers from outside are answered, of a process that is the edge.
    pub(crate) address: Option<String>,
    /// Something to look at is put into a new store.
    pub(crate) demo: bool,
}

/// What the services hand back.
pub(crate) struct Started {
    /// Their routes, without prefix; mounted under `/v1` and `/api/v1` by the edge, behind the check of the token.
    pub(crate) router: Router,
    /// Routes for people and programs who have no token yet.
    pub(crate) root: Router,
    /// By which every call to this process is judged.
    pub(crate) gate: Gate,
    /// Of a process that runs identity: where the first people are made.
    pub(crate) newcomers: Option<Arc<::identity::IdentityService>>,
    /// What other processes may call.
    pub(crate) methods: Vec<Methods>,
    /// For readiness and `/status`.
    pub(crate) parts: Vec<Arc<dyn Part>>,
    /// To empty after the last request, in this order.
    pub(crate) steps: Vec<Step>,
    /// Set every few seconds.
    pub(crate) gauges: Vec<Box<dyn Fn() + Send + Sync>>,
    /// Their operations, with paths as mounted under `/v1`.
    pub(crate) api: OpenApi,
}

pub(crate) async fn start(opening: &Opening<'_>) -> Result<Started, Failure> {
    let gate = identity::gate(opening, true)?;
    let mut started = Started {
        router: Router::new(),
        root: Router::new(),
        gate,
        newcomers: None,
        methods: Vec::new(),
        parts: Vec::new(),
        steps: Vec::new(),
        gauges: Vec::new(),
        api: document::frame(),
    };
    if opening.roles.ledger {
        ledger::start(opening, &mut started).await?;
    } else if opening.roles.edge {
        ledger::call(opening, &mut started).await?;
    }
    if opening.roles.identity {
        identity::start(opening, &mut started).await?;
    } else {
        identity::call(opening, &mut started).await?;
    }
    Ok(started)
}

/// Where people log in, when the configuration says it.
pub(crate) fn issuer(config: &Config) -> Result<Option<String>, Failure> {
    Ok(config.section::<::identity::Settings>(IDENTITY)?.issuer)
}

/// The way to processes that run a service.
fn transport(opening: &Opening<'_>, addresses: &[String]) -> Result<Arc<dyn Transport>, Failure> {
    let inside = opening.inside;
    let credential = inside.credential.as_ref();
    let credential = credential.ok_or_else(|| Failure::new("calling another process needs rpc.secret_file"))?;
    let connections = opening.config.rpc.connections;
    Ok(Arc::new(Http2::new(addresses.to_vec(), connections, credential, inside.connect(), opening.clock.clone())))
}

/// What the services describe, without opening any: for `florin openapi`.
pub(crate) fn api() -> Result<OpenApi, Failure> {
    let mut api = document::frame();
    merge(&mut api, ledger_api::SERVICE, ::ledger::api())?;
    merge(&mut api, identity_api::SERVICE, ::identity::api())?;
    Ok(api)
}

#[cfg(test)]
mod tests {
    use kernel::Permission;

    use super::*;

    /// Whether a built-in role may do it to everything, or to its own; None: not at all.
    fn may(role: &str, resource: &str, action: &str) -> Option<bool> {
        let roles = vocabulary().unwrap().built_in_roles();
        let role = roles.iter().find(|known| known.name == role).unwrap();
        let mut covering = role.permissions.iter().filter(|one| one.covers(resource, action)).peekable();
        covering.peek()?;
        Some(covering.any(Permission::reaches_all))
    }

    #[test]
    fn customers_see_what_is_theirs_and_change_nothing() {
        assert_eq!(may("customer", "accounts", "read"), Some(false));
        assert_eq!(may("customer", "transactions", "read"), Some(false));
        let words = vocabulary().unwrap();
        for (resource, action) in words.actions().filter(|(what, how)| may("customer", what, how).is_some()) {
            assert_eq!((action, may("customer", resource, action)), ("read", Some(false)), "{resource}:{action}");
        }
    }

    #[test]
    fn only_administrators_administer() {
        for (resource, action) in vocabulary().unwrap().actions() {
            assert_eq!(may("admin", resource, action), Some(true), "{resource}:{action}");
            if ["users", "clients", "keys", "roles", "policies"].contains(&resource) {
                assert_eq!(may("service", resource, action), None, "{resource}:{action}");
                let reads = (resource, action) == ("users", "read");
                assert_eq!(may("employee", resource, action).is_some(), reads, "{resource}:{action}");
            }
        }
        for role in ["employee", "service", "customer"] {
            assert_eq!(may(role, "ledger", "override-floor"), None);
            assert_eq!(may(role, "books", "create"), None);
        }
    }
}
