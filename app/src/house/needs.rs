//! What a room gets when it is opened: faces of other rooms, wherever these run, and their events. There is no other way
//! to reach another room.

use std::sync::{Arc, OnceLock};

use access::Gate;
use platform::feed::Feed;
use platform::room::{Face, OwnClient, Room};

use super::House;
use crate::failure::Failure;

pub(crate) trait Needs: Copy + 'static {
    type Given;

    /// The rooms that are called.
    fn names(&self) -> Vec<&'static str>;

    /// The rooms whose events are read.
    fn feeds(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The rooms that it does without where the settings do not say where they run.
    fn laters(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// To the room `to`, which runs here.
    fn give(&self, house: &House<'_>, to: &'static Room) -> Result<Self::Given, Failure>;
}

impl Needs for () {
    type Given = ();

    fn names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn give(&self, _: &House<'_>, _: &'static Room) -> Result<(), Failure> {
        Ok(())
    }
}

impl<S: ?Sized + 'static> Needs for &'static Face<S> {
    type Given = Arc<S>;

    fn names(&self) -> Vec<&'static str> {
        vec![self.name]
    }

    fn give(&self, house: &House<'_>, _: &'static Room) -> Result<Arc<S>, Failure> {
        house.face(self)
    }
}

/// The process's own copy of what tokens are checked by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TheGate;

pub(crate) const GATE: TheGate = TheGate;

impl Needs for TheGate {
    type Given = Gate;

    fn names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn give(&self, house: &House<'_>, _: &'static Room) -> Result<Gate, Failure> {
        Ok(house.gate().clone())
    }
}

/// The events of a room with an outbox, wherever it is in the list and wherever it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventsOf(&'static Room);

pub(crate) const fn events_of(room: &'static Room) -> EventsOf {
    EventsOf(room)
}

impl Needs for EventsOf {
    type Given = Arc<dyn Feed>;

    fn names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn feeds(&self) -> Vec<&'static str> {
        vec![self.0.name]
    }

    fn give(&self, house: &House<'_>, to: &'static Room) -> Result<Arc<dyn Feed>, Failure> {
        house.events_of(self.0, to)
    }
}

/// The events of several rooms, each with the room's name.
impl<const N: usize> Needs for [EventsOf; N] {
    type Given = Vec<(&'static str, Arc<dyn Feed>)>;

    fn names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn feeds(&self) -> Vec<&'static str> {
        self.iter().map(|EventsOf(room)| room.name).collect()
    }

    fn give(&self, house: &House<'_>, to: &'static Room) -> Result<Self::Given, Failure> {
        self.iter().map(|EventsOf(room)| Ok((room.name, house.events_of(room, to)?))).collect()
    }
}

/// The face of a room that is opened later, in this process or in another that the settings name. It is no call of the
/// graph: the room that is given it does without it until then, and where neither is so.
pub(crate) struct Later<S: ?Sized + 'static>(&'static Face<S>);

pub(crate) fn later<S: ?Sized + 'static>(face: &'static Face<S>) -> Later<S> {
    Later(face)
}

impl<S: ?Sized + 'static> Clone for Later<S> {
    fn clone(&self) -> Later<S> {
        *self
    }
}

impl<S: ?Sized + 'static> Copy for Later<S> {}

/// Set when the room is open.
pub(crate) type Late<S> = Arc<OnceLock<Arc<S>>>;

impl<S: ?Sized + Send + Sync + 'static> Needs for Later<S> {
    type Given = Late<S>;

    fn names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn laters(&self) -> Vec<&'static str> {
        vec![self.0.name]
    }

    fn give(&self, house: &House<'_>, _: &'static Room) -> Result<Late<S>, Failure> {
        Ok(house.late(self.0))
    }
}

/// The clients by which rooms act as themselves, for the room that issues tokens. None if all rooms are in this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnClients;

pub(crate) const OWN_CLIENTS: OwnClients = OwnClients;

impl Needs for OwnClients {
    type Given = Vec<OwnClient>;

    fn names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn give(&self, house: &House<'_>, _: &'static Room) -> Result<Vec<OwnClient>, Failure> {
        Ok(house.own_clients())
    }
}

impl<A: Needs, B: Needs> Needs for (A, B) {
    type Given = (A::Given, B::Given);

    fn names(&self) -> Vec<&'static str> {
        [self.0.names(), self.1.names()].concat()
    }

    fn feeds(&self) -> Vec<&'static str> {
        [self.0.feeds(), self.1.feeds()].concat()
    }

    fn laters(&self) -> Vec<&'static str> {
        [self.0.laters(), self.1.laters()].concat()
    }

    fn give(&self, house: &House<'_>, to: &'static Room) -> Result<Self::Given, Failure> {
        Ok((self.0.give(house, to)?, self.1.give(house, to)?))
    }
}

impl<A: Needs, B: Needs, C: Needs> Needs for (A, B, C) {
    type Given = (A::Given, B::Given, C::Given);

    fn names(&self) -> Vec<&'static str> {
        [self.0.names(), self.1.names(), self.2.names()].concat()
    }

    fn feeds(&self) -> Vec<&'static str> {
        [self.0.feeds(), self.1.feeds(), self.2.feeds()].concat()
    }

    fn laters(&self) -> Vec<&'static str> {
        [self.0.laters(), self.1.laters(), self.2.laters()].concat()
    }

    fn give(&self, house: &House<'_>, to: &'static Room) -> Result<Self::Given, Failure> {
        Ok((self.0.give(house, to)?, self.1.give(house, to)?, self.2.give(house, to)?))
    }
}
