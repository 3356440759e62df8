//! Opens the rooms one after another, and collects what they return.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use access::Gate;
use axum::Router;
use kernel::Clock;
use platform::config::Config;
use platform::crypto::SubjectKeys;
use platform::db::Budget;
use platform::feed::Feed;
use platform::frame::{Frame, RemoteFeed, There};
use platform::health::Part;
use platform::outbound::Outbound;
use platform::room::about::Elsewhere;
use platform::room::{Door, Face, Last, OwnClient, Room, Routes};
use platform::rpc::{Methods, OwnTokens};
use platform::shutdown::Step;
use platform::telemetry::Metric;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::calls::{self, Called};
use super::needs::Late;
use super::own::{self, Issue, Own, Tokens};
use super::publication::Publication;
use super::{Roles, Rooms, gate};
use crate::commands::serve::Inside;
use crate::failure::Failure;

/// What is needed to open the rooms.
pub(crate) struct Opening<'a> {
    pub(crate) rooms: &'a Rooms,
    pub(crate) config: &'a Config,
    /// What all stores share.
    pub(crate) budget: Budget,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) roles: &'a Roles,
    pub(crate) inside: &'a Inside,
    /// For calls to other organisations.
    pub(crate) outbound: Outbound,
    /// The address for outside callers, in a process that is the edge.
    pub(crate) address: Option<String>,
    /// A new store gets some example data.
    pub(crate) demo: bool,
}

/// What the rooms return.
#[derive(Default)]
pub(crate) struct Started {
    pub(crate) routes: Routes,
    /// What other processes may call.
    pub(crate) methods: Vec<Methods>,
    /// For readiness and `/status`.
    pub(crate) parts: Vec<Arc<dyn Part>>,
    /// Updated every few seconds.
    pub(crate) gauges: Vec<Box<dyn Fn() + Send + Sync>>,
    /// Run before the first request.
    pub(crate) lasts: Vec<Last>,
    /// Run after the last request: the steps of each room, in order.
    pub(crate) steps: Vec<Vec<Step>>,
}

/// The deployment while it is being opened.
pub(crate) struct House<'a> {
    pub(super) opening: &'a Opening<'a>,
    gate: Gate,
    /// By their names: each an `Arc` of the face's trait.
    faces: HashMap<&'static str, Box<dyn Any>>,
    /// By their names: each a [`Late`] of the face's trait.
    late: RefCell<HashMap<&'static str, Box<dyn Any>>>,
    /// Of the rooms that this process calls in others.
    clients: HashMap<&'static str, Called>,
    /// Of the rooms with an outbox that run here.
    pub(super) events: HashMap<&'static str, Arc<Publication>>,
    pub(super) started: Started,
    /// The keys of data subjects, once a room has needed them.
    pub(super) subjects: OnceCell<SubjectKeys>,
    /// Of the rooms that run here, where there are other processes.
    own: Option<Arc<dyn OwnTokens>>,
    /// How rooms get tokens of their own, once the room that issues them is open.
    issue: Arc<OnceLock<Issue>>,
}

impl<'a> House<'a> {
    pub(crate) async fn open(opening: &'a Opening<'a>) -> Result<(Gate, Started), Failure> {
        let gate = gate::open(opening)?;
        let own = opening.rooms.iter().flat_map(|room| room.metrics);
        access::METRICS.iter().chain(own).for_each(Metric::describe);
        let publishing = opening.rooms.iter().filter(|room| room.outbox && opening.roles.runs(room.name));
        let events = publishing.map(|room| (room.name, Arc::new(Publication::of(room.name)))).collect();
        let (faces, late, issue) = (HashMap::new(), RefCell::default(), Arc::new(OnceLock::new()));
        let own = opening.inside.credential.as_ref().map(|credential| {
            let here = opening.rooms.iter().map(|room| room.name).filter(|room| opening.roles.runs(room));
            let (gate, clock) = (gate.clone(), Arc::clone(&opening.clock));
            Arc::new(Tokens::new(here, credential, gate, clock, Arc::clone(&issue))) as Arc<dyn OwnTokens>
        });
        let clients = calls::all(opening, own.clone())?;
        let mut house = House {
            opening,
            gate,
            faces,
            late,
            clients,
            events,
            started: Started::default(),
            subjects: OnceCell::new(),
            own,
            issue,
        };
        for mounted in opening.rooms.mounted() {
            mounted.enter(&mut house).await?;
        }
        for issuer in opening.rooms.mounted().iter().filter_map(|mounted| mounted.issuer.as_ref()) {
            let issue = issuer(&house)?;
            // There is one such room.
            let _ = house.issue.set(issue);
        }
        if gate::is_fed(opening) {
            for follow in opening.rooms.mounted().iter().filter_map(|mounted| mounted.source.as_ref()) {
                let follow = follow(&house)?;
                house.started.steps.push(vec![Step::new(gate::NAME, async move { follow.close().await })]);
            }
        }
        house.started.parts.push(Arc::new(gate::GatePart(house.gate.clone())));
        Ok((house.gate, house.started))
    }

    pub(super) fn roles(&self) -> &'a Roles {
        self.opening.roles
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.opening.clock)
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// A room that has been opened, wherever it runs.
    pub(super) fn face<S: ?Sized + 'static>(&self, face: &Face<S>) -> Result<Arc<S>, Failure> {
        let found = self.faces.get(face.name).and_then(|face| face.downcast_ref::<Arc<S>>());
        found.cloned().ok_or_else(|| Failure::new(format!("{} is called, but was not opened", face.name)))
    }

    /// The events of a room for a reader that runs here: those of this process, whether or not the room has been opened,
    /// or those of another process, which the reader asks as itself.
    pub(super) fn events_of(&self, room: &Room, reader: &Room) -> Result<Arc<dyn Feed>, Failure> {
        if let Some(events) = self.events.get(room.name) {
            return Ok(Arc::clone(events) as Arc<dyn Feed>);
        }
        let rpc = self.called(room.name)?.rpc.clone();
        Ok(Arc::new(RemoteFeed::new(rpc, Arc::new(self.own(reader)), self.clock())))
    }

    fn called(&self, room: &str) -> Result<&Called, Failure> {
        let found = self.clients.get(room);
        found.ok_or_else(|| Failure::new(format!("{room} runs elsewhere, but this process does not call it")))
    }

    /// How a room that runs here acts as itself.
    pub(super) fn own(&self, room: &Room) -> Own {
        Own::new(room, self.gate.clone())
    }

    /// The tokens by which rooms that run here call other processes.
    pub(super) fn own_tokens(&self) -> Option<Arc<dyn OwnTokens>> {
        self.own.clone()
    }

    /// The clients of all rooms, where there are other processes.
    pub(super) fn own_clients(&self) -> Vec<OwnClient> {
        let Some(credential) = &self.opening.inside.credential else { return Vec::new() };
        let own = |room: &'static Room| {
            let id = own::id_of(room.name);
            let own = (!room.own.is_empty()).then(|| id.clone());
            let roles = ["service".to_owned()].into_iter().chain(own).collect();
            OwnClient { secret: credential.derived(&id), id, room: room.name, roles }
        };
        self.opening.rooms.iter().map(own).collect()
    }

    /// The place of a room that is opened later.
    pub(super) fn late<S: ?Sized + Send + Sync + 'static>(&self, face: &Face<S>) -> Late<S> {
        let mut late = self.late.borrow_mut();
        let place = late.entry(face.name).or_insert_with(|| Box::new(Late::<S>::default()));
        place.downcast_ref::<Late<S>>().cloned().unwrap_or_default()
    }

    pub(super) fn keep<S: ?Sized + 'static>(&mut self, face: &Face<S>, found: Arc<S>) {
        if let Some(late) = self.late.borrow().get(face.name).and_then(|late| late.downcast_ref::<Late<S>>()) {
            // A room is opened once.
            let _ = late.set(Arc::clone(&found));
        }
        self.faces.insert(face.name, Box::new(found));
    }

    /// # Errors
    /// Another room answers under one of these paths, whether or not the document has it.
    pub(super) fn mount(&mut self, room: &Room, routes: Routes) -> Result<(), Failure> {
        let Routes { v1, guarded, root } = &mut self.started.routes;
        for (all, own) in [(v1, routes.v1), (guarded, routes.guarded), (root, routes.root)] {
            *all = merged(std::mem::take(all), own)
                .map_err(|said| Failure::new(format!("{} answers under a path of another room: {said}", room.name)))?;
        }
        Ok(())
    }

    pub(super) fn door<C: DeserializeOwned>(&self, room: &Room) -> Result<Door<C>, Failure> {
        let Opening { config, demo, .. } = *self.opening;
        let address = self.opening.address.clone().unwrap_or_default();
        Ok(Door { settings: config.section(room.name)?, clock: self.clock(), address, demo })
    }

    /// A room in other processes.
    pub(super) fn call<S: ?Sized + 'static>(&mut self, face: &Face<S>) -> Result<(Arc<S>, Arc<dyn Frame>), Failure> {
        let Called { rpc, breaker } = self.called(face.name)?.clone();
        self.started.parts.push(Arc::new(Elsewhere::new(face.name, rpc.clone(), self.clock(), breaker)));
        let frame: Arc<dyn Frame> = Arc::new(There::new(rpc.clone()));
        Ok(((face.remote)(rpc), frame))
    }
}

/// Two routes on one path. The router cannot be asked for its paths, and refuses them by a panic.
fn merged(all: Router, own: Router) -> Result<Router, String> {
    catch_unwind(AssertUnwindSafe(|| all.merge(own))).map_err(|refusal| match refusal.downcast::<String>() {
        Ok(said) => *said,
        Err(_) => "two routes are the same".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};

    use super::*;

    #[test]
    fn two_routes_on_one_path_are_refused_by_name() {
        let login = || Router::new().route("/login", get(async || "login"));
        let refused = merged(login(), login()).map(drop).unwrap_err();
        assert!(refused.contains("/login"), "{refused}");
        assert!(merged(login(), Router::new().route("/login", post(async || "login"))).is_ok());
    }
}
