//! The rooms of the program, as it lists them: a test names a room only where it is about that room.

use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Room {
    pub(crate) name: String,
    pub(crate) reads: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) aliases: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Catalogue {
    rooms: Vec<Room>,
}

pub(crate) fn rooms() -> &'static [Room] {
    static ROOMS: OnceLock<Vec<Room>> = OnceLock::new();
    ROOMS.get_or_init(|| {
        let out = Command::new(env!("CARGO_BIN_EXE_florin")).arg("catalogue").env_clear().output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let catalogue: Catalogue = serde_json::from_slice(&out.stdout).unwrap();
        catalogue.rooms
    })
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    rooms().iter().map(|room| &*room.name)
}

/// Settings of a process that calls all of them at this address.
pub(crate) fn elsewhere(at: &str) -> impl Iterator<Item = (String, String)> {
    names().flat_map(move |name| {
        let key = format!("FLORIN__SERVICES__{}", name.to_uppercase());
        [(format!("{key}__MODE"), "remote".to_owned()), (format!("{key}__ADDRESSES"), at.to_owned())]
    })
}

#[test]
fn the_catalogue_lists_rooms_with_their_calls_readers_and_methods() {
    let ledger = rooms().iter().find(|room| room.name == "ledger").unwrap();
    assert!(ledger.aliases.is_empty(), "those paths are of the accounts: {:?}", ledger.aliases);
    assert!(ledger.methods.iter().any(|method| method == "submit"), "{:?}", ledger.methods);
    let identity = rooms().iter().find(|room| room.name == "identity").unwrap();
    assert!(identity.methods.iter().any(|method| method == "events_after"), "the frame's methods are listed too");
    for (place, room) in rooms().iter().enumerate() {
        assert!(!room.methods.is_empty(), "{} answers nothing", room.name);
        assert!(room.reads.iter().all(|read| names().any(|name| name == read)), "{room:?}");
        assert!(names().take(place).all(|earlier| earlier != room.name), "{} is listed twice", room.name);
    }
}
