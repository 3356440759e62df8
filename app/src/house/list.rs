//! The list of rooms, and what follows from their descriptions alone.

use std::collections::BTreeSet;

use access::Vocabulary;
use platform::config::Section;
use platform::frame::{self, Offers};
use platform::http::document::merge;
use platform::room::Room;
use utoipa::openapi::OpenApi;

use super::{EDGE, Mounted, document};
use crate::failure::Failure;

/// In the order in which they are opened: none calls a later one.
pub(crate) struct Rooms {
    all: Vec<Mounted>,
}

impl Rooms {
    /// # Errors
    /// A sentence about an invalid list.
    pub(crate) fn of(all: Vec<Mounted>) -> Result<Rooms, Failure> {
        let mut known = BTreeSet::from([EDGE]);
        for Mounted { room, called, calls, .. } in &all {
            let name = room.name;
            if let Some(later) = calls.iter().find(|called| !known.contains(*called)) {
                return Err(Failure::new(format!("{name} calls {later}, which is not before it in the list of rooms")));
            }
            if *called != name {
                return Err(Failure::new(format!("the face of the room {name} has a different name, {called}")));
            }
            if !known.insert(name) {
                return Err(Failure::new(format!("there are two rooms {name}")));
            }
            if let Some(other) = all.iter().find(|other| other.room.name != name && is_named(other.room, room.service))
            {
                let (other, service) = (other.room.name, room.service);
                return Err(Failure::new(format!("operators know both {name} and {other} as {service}")));
            }
        }
        let rooms = Rooms { all };
        rooms.all.iter().try_for_each(|one| rooms.reads_as_described(one))?;
        Ok(rooms)
    }

    /// A room is given the outboxes that its description names. The ledger's events are read by its face.
    fn reads_as_described(&self, Mounted { room, reads, .. }: &Mounted) -> Result<(), Failure> {
        let name = room.name;
        let publishes = |other: &str| self.iter().any(|room| room.name == other && room.outbox);
        if let Some(other) = reads.iter().find(|other| !publishes(other)) {
            return Err(Failure::new(format!("{name} reads the events of {other}, which publishes none")));
        }
        if let Some(other) = reads.iter().find(|other| !room.consumes.contains(other)) {
            return Err(Failure::new(format!(
                "{name} reads the events of {other}, which its description does not name"
            )));
        }
        match room.consumes.iter().find(|other| publishes(other) && !reads.contains(other)) {
            Some(other) => Err(Failure::new(format!("{name} consumes the events of {other}, but is not given them"))),
            None => Ok(()),
        }
    }

    pub(super) fn mounted(&self) -> &[Mounted] {
        &self.all
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static Room> + Clone {
        self.all.iter().map(|mounted| mounted.room)
    }

    /// The room with this name, or with the name that operators use.
    pub(crate) fn named(&self, name: &str) -> Option<&'static Room> {
        self.iter().find(|room| is_named(room, name))
    }

    /// The room that makes the terms by which tokens are checked.
    pub(crate) fn source(&self) -> Option<&'static str> {
        self.all.iter().find(|mounted| mounted.source.is_some()).map(|mounted| mounted.room.name)
    }

    /// Their sections of the configuration.
    pub(crate) fn sections(&self) -> Vec<Section> {
        self.iter().map(Room::section).collect()
    }

    /// The vocabulary of all of them.
    pub(crate) fn vocabulary(&self) -> Result<Vocabulary, Failure> {
        Ok(Vocabulary::of(&self.iter().collect::<Vec<_>>())?)
    }

    /// The descriptions, without opening any room.
    pub(crate) fn document(&self) -> Result<OpenApi, Failure> {
        let mut api = document::frame();
        for room in self.iter() {
            merge(&mut api, room.name, (room.document)())?;
            let offers = Offers::of(room);
            if offers.anything() {
                merge(&mut api, room.name, frame::document(offers))?;
            }
        }
        self.aliases_apart(&api)?;
        Ok(api)
    }

    /// A path for older guides belongs to one room, and is in no other's description.
    fn aliases_apart(&self, api: &OpenApi) -> Result<(), Failure> {
        let mut taken: Vec<(&str, String)> = Vec::new();
        for room in self.iter() {
            for alias in room.aliases.iter().map(|alias| format!("/v1{alias}")) {
                let covers = |path: &str| path == alias || path.starts_with(&format!("{alias}/"));
                let described = api.paths.paths.keys().find(|path| covers(path));
                let other = taken.iter().find(|(_, known)| covers(known)).map(|(_, known)| known);
                if let Some(path) = described.or(other) {
                    let name = room.name;
                    return Err(Failure::new(format!(
                        "{path} is another room's, and {name} answers under {alias} too"
                    )));
                }
                taken.push((room.name, alias));
            }
        }
        Ok(())
    }
}

/// By its own name, or by the one that operators use.
fn is_named(room: &Room, name: &str) -> bool {
    room.name == name || room.service == name
}
