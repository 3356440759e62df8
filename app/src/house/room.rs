//! One room in the list: its description, and how it is opened.

use std::future::Future;
use std::sync::Arc;

use access::{Follow, Source};
use async_trait::async_trait;
use kernel::{Clock, Secret};
use platform::frame::{self, Frame, Offers, There};
use platform::room::{Door, Face, OpenError, Opened, Room, Routes, Site};
use platform::rpc::{Methods, RpcClient};
use serde::de::DeserializeOwned;

use super::House;
use super::needs::Needs;
use super::own::{Issue, Issuing};
use crate::failure::Failure;

pub(crate) struct Mounted {
    pub(super) room: &'static Room,
    /// The name under which other processes call it.
    pub(super) called: &'static str,
    /// The rooms that it calls.
    pub(super) calls: Vec<&'static str>,
    /// The rooms whose events it reads.
    pub(super) reads: Vec<&'static str>,
    /// The rooms that it calls if the settings say where they run.
    pub(super) laters: Vec<&'static str>,
    /// What other processes may call, on a client of the room.
    pub(super) methods: Box<dyn Fn(RpcClient) -> Methods>,
    entry: Box<dyn Enter>,
    /// For the room that makes the terms.
    pub(super) source: Option<Follows>,
    /// For the room that issues tokens.
    pub(super) issuer: Option<Issuer>,
}

pub(super) type Issuer = Box<dyn Fn(&House<'_>) -> Result<Issue, Failure>>;

/// How a room issues a token: to the client with this id and secret, for calls to this room.
type Issues<S, F> = fn(Arc<S>, Arc<dyn Clock>, String, Secret, String) -> F;

pub(super) type Follows = Box<dyn Fn(&House<'_>) -> Result<Follow, Failure>>;

/// A room, what it needs, how it is opened where it runs, and how its routes are made; the edge mounts them wherever
/// the room runs.
pub(crate) fn room<S, C, N, O, F>(
    room: &'static Room,
    face: &'static Face<S>,
    needs: N,
    open: O,
    mount: fn(Arc<S>, Door<C>) -> Result<Routes, OpenError>,
) -> Mounted
where
    S: ?Sized + Send + Sync + 'static,
    C: DeserializeOwned + 'static,
    N: Needs,
    O: Fn(Site<C>, N::Given) -> F + 'static,
    F: Future<Output = Result<Opened<S>, OpenError>>,
{
    Mounted {
        room,
        called: face.name,
        calls: needs.names(),
        reads: needs.feeds(),
        laters: needs.laters(),
        methods: Box::new(move |rpc| answered(room, face, (face.remote)(rpc.clone()), Arc::new(There::new(rpc)))),
        entry: Box::new(Entry { room, face, needs, open, mount }),
        source: None,
        issuer: None,
    }
}

/// The methods of a room that other processes may call: its face's, and those of the frame if it uses it.
pub(super) fn answered<S: ?Sized>(room: &Room, face: &Face<S>, found: Arc<S>, frame: Arc<dyn Frame>) -> Methods {
    let own = (face.serve)(found);
    if Offers::of(room).anything() { frame::serve(own, frame) } else { own }
}

impl Mounted {
    #[cfg(test)]
    pub(crate) fn name(&self) -> &'static str {
        self.room.name
    }

    /// It makes the terms by which every process checks tokens.
    pub(crate) fn tells_the_gate<S: ?Sized + 'static, T: Source>(
        self,
        face: &'static Face<S>,
        source: fn(Arc<S>, Arc<dyn Clock>) -> T,
    ) -> Mounted {
        let follow = move |house: &House<'_>| Ok(house.gate().follow(source(house.face(face)?, house.clock())));
        Mounted { source: Some(Box::new(follow)), ..self }
    }

    /// It issues the tokens by which rooms call other processes.
    pub(crate) fn issues_own_tokens<S, F>(self, face: &'static Face<S>, issue: Issues<S, F>) -> Mounted
    where
        S: ?Sized + Send + Sync + 'static,
        F: Future<Output = Result<(Secret, u64), String>> + Send + 'static,
    {
        let issuer = move |house: &House<'_>| {
            let (found, clock) = (house.face(face)?, house.clock());
            let issued =
                move |id, secret, room| -> Issuing { Box::pin(issue(found.clone(), clock.clone(), id, secret, room)) };
            Ok(Arc::new(issued) as Issue)
        };
        Mounted { issuer: Some(Box::new(issuer)), ..self }
    }

    /// Opens the room, or prepares to call it; mounts its routes if this process is the edge.
    pub(super) async fn enter(&self, house: &mut House<'_>) -> Result<(), Failure> {
        self.entry.enter(house).await
    }
}

/// Hides the differences between the types of rooms.
#[async_trait(?Send)]
trait Enter {
    async fn enter(&self, house: &mut House<'_>) -> Result<(), Failure>;
}

struct Entry<S: ?Sized + 'static, C, N, O> {
    room: &'static Room,
    face: &'static Face<S>,
    needs: N,
    open: O,
    mount: fn(Arc<S>, Door<C>) -> Result<Routes, OpenError>,
}

#[async_trait(?Send)]
impl<S, C, N, O, F> Enter for Entry<S, C, N, O>
where
    S: ?Sized + Send + Sync + 'static,
    C: DeserializeOwned + 'static,
    N: Needs,
    O: Fn(Site<C>, N::Given) -> F + 'static,
    F: Future<Output = Result<Opened<S>, OpenError>>,
{
    async fn enter(&self, house: &mut House<'_>) -> Result<(), Failure> {
        let Entry { room, face, needs, open, mount } = self;
        let (found, frame) = if house.roles().runs(room.name) {
            let site = house.site(room).await?;
            let store = (site.db.clone(), site.signal.clone());
            let opened = open(site, needs.give(house, room)?).await.map_err(Failure::of)?;
            house.forget(room, &opened).await?;
            house.settle(room, face, store, opened)?
        } else if house.roles().calls(room.name) {
            house.call(face)?
        } else {
            return Ok(());
        };
        if house.roles().is_edge() {
            house.mount(room, mount(Arc::clone(&found), house.door(room)?).map_err(Failure::of)?)?;
            house.mount(room, Routes::under_v1(frame::routes(Offers::of(room), frame)))?;
        }
        house.keep(face, found);
        Ok(())
    }
}
