//! Rules that all rooms together must follow.

mod document;
mod lists;
mod one_more;
pub(super) mod pebbles;
mod ripples;

use kernel::Permission;
use platform::config::{Config, Sources, default_text};
use platform::frame::{Offers, operations};
use platform::room::Word;

use super::all;

/// Whether a built-in role may do it to all objects, or to its own; None: not at all.
fn may(role: &str, resource: &str, action: &str) -> Option<bool> {
    let roles = all().unwrap().vocabulary().unwrap().built_in_roles();
    let role = roles.iter().find(|known| known.name == role).unwrap();
    let mut covering = role.permissions.iter().filter(|one| one.covers(resource, action)).peekable();
    covering.peek()?;
    Some(covering.any(Permission::reaches_all))
}

#[test]
fn customers_reach_only_their_own() {
    // What a bank offers is no secret.
    const FOR_ALL: (&str, &str) = ("products", "read");
    assert_eq!(may("customer", "accounts", "read"), Some(false));
    assert_eq!(may("customer", "transactions", "read"), Some(false));
    let words = all().unwrap().vocabulary().unwrap();
    for (resource, action) in words.actions().filter(|(what, how)| may("customer", what, how).is_some()) {
        assert_eq!(may("customer", resource, action), Some((resource, action) == FOR_ALL), "{resource}:{action}");
    }
    // Books, and who may use them, are changed by others.
    for room in all().unwrap().iter().filter(|room| ["ledger", "identity"].contains(&room.name)) {
        for (resource, actions) in room.words {
            for action in actions.iter().filter(|action| **action != "read") {
                assert_eq!(may("customer", resource, action), None, "{resource}:{action}");
            }
        }
    }
}

#[test]
fn what_a_room_itself_may_do_is_a_word_of_some_room() {
    let rooms = all().unwrap();
    let words = rooms.vocabulary().unwrap();
    for (room, permission) in rooms.iter().flat_map(|room| room.own.iter().map(move |own| (room.name, *own))) {
        assert!(words.is_known(&permission.parse().unwrap()), "{room} itself: {permission}");
        assert!(may("service", "vault", "find").is_none() && may("customer", "vault", "find").is_none());
    }
}

#[test]
fn only_administrators_administer() {
    for (resource, action) in all().unwrap().vocabulary().unwrap().actions() {
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

#[test]
fn every_operation_needs_an_existing_permission() {
    let (rooms, words) = (all().unwrap(), all().unwrap().vocabulary().unwrap());
    let own = rooms.iter().flat_map(|room| room.operations.iter().map(|one| (one.name.to_owned(), one.word)));
    let offered = rooms.iter().flat_map(|room| operations(Offers::of(room))).map(|one| (one.name, one.word));
    for (operation, word) in own.chain(offered) {
        if let Word::Needs { resource, action } = word {
            let known = words.actions().any(|word| word == (resource, action));
            assert!(known, "{operation} needs {resource}:{action}");
        }
    }
}

#[test]
fn every_setting_is_explained_and_every_integer_bounded() {
    let rooms = all().unwrap();
    let text = default_text(&rooms.sections());
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[1].contains(" = ") && !pair[1].starts_with('#')) {
        assert!(pair[0].starts_with("# "), "no comment above: {}", pair[1]);
    }
    let load = |variables| Config::load(&Sources { rooms: rooms.sections(), variables, ..Sources::default() });
    for row in load(Vec::new()).unwrap().effective() {
        if row.value.parse::<i64>().is_ok() {
            let name = format!("FLORIN__{}", row.key.replace('.', "__").to_uppercase());
            let refused = load(vec![(name, "-1".to_owned())]).unwrap_err().to_string();
            assert!(refused.contains(&row.key) && refused.contains("found -1"), "{refused}");
        }
    }
}
