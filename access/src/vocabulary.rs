//! The words of permissions, scopes and policies, and the built-in roles' permissions: those of all rooms together.
//!
//! A policy that names an unknown action is refused, so that a misspelt rule does not silently protect nothing.

use std::sync::{Arc, OnceLock};

use cedar_policy::Schema;
use kernel::Permission;
use platform::frame;
use platform::room::{Resource, Room};

use crate::Role;
use crate::roles::{self, BUILT_IN};
use crate::rules::schema;

/// Cheap to clone; all clones share one state.
#[derive(Clone)]
pub struct Vocabulary(Arc<Words>);

struct Words {
    /// In room order, each resource once.
    resources: Vec<(&'static str, Vec<&'static str>)>,
    roles: Vec<Role>,
    schema: OnceLock<Result<Schema, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VocabularyError {
    #[error("{room} grants {permission} to the role {role}, but there is no such built-in role")]
    Role { room: &'static str, role: &'static str, permission: &'static str },
    #[error("{room} grants {permission} to the role {role}, but that covers no word of any room")]
    Permission { room: &'static str, role: &'static str, permission: &'static str },
}

impl Vocabulary {
    /// # Errors
    /// A grant to a role that is not built in, or of words that no room has.
    pub fn of(rooms: &[&'static Room]) -> Result<Vocabulary, VocabularyError> {
        let mut resources: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
        let of_rooms = rooms.iter().flat_map(|room| room.words);
        for (resource, actions) in of_rooms.chain(of_frame(rooms)) {
            match resources.iter_mut().find(|(known, _)| known == resource) {
                Some((_, known)) => actions.iter().for_each(|action| add(known, action)),
                None => resources.push((resource, actions.to_vec())),
            }
        }
        for (room, role, permission) in rooms.iter().flat_map(|room| granted(room)) {
            if !BUILT_IN.iter().any(|built_in| built_in.name == role) {
                return Err(VocabularyError::Role { room, role, permission });
            }
            let read = permission.parse::<Permission>();
            if !read.is_ok_and(|permission| covers_any(&resources, &permission)) {
                return Err(VocabularyError::Permission { room, role, permission });
            }
        }
        let own = rooms.iter().filter_map(|room| roles::of_room(room));
        let roles = BUILT_IN.iter().map(|role| roles::built_in(role, rooms)).chain(own).collect();
        Ok(Vocabulary(Arc::new(Words { resources, roles, schema: OnceLock::new() })))
    }

    /// Resources in room order, each with its actions.
    pub fn resources(&self) -> impl Iterator<Item = (&'static str, &[&'static str])> {
        self.0.resources.iter().map(|(resource, actions)| (*resource, actions.as_slice()))
    }

    /// Every action with its resource.
    pub fn actions(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.resources().flat_map(|(resource, actions)| actions.iter().map(move |action| (resource, *action)))
    }

    /// Whether it covers any action; a misspelt permission grants nothing to anybody.
    pub fn is_known(&self, permission: &Permission) -> bool {
        covers_any(&self.0.resources, permission)
    }

    pub fn built_in_roles(&self) -> Vec<Role> {
        self.0.roles.clone()
    }

    /// The schema of policies in Cedar's own language, for the documentation.
    pub fn schema_text(&self) -> String {
        schema::text(self)
    }

    /// The words never change, so it is parsed once.
    pub(crate) fn schema(&self) -> Result<&Schema, &str> {
        let read = || schema::read(self);
        self.0.schema.get_or_init(read).as_ref().map_err(String::as_str)
    }
}

fn add(known: &mut Vec<&'static str>, action: &'static str) {
    if !known.contains(&action) {
        known.push(action);
    }
}

/// No words at all; only administrators may do anything.
impl Default for Vocabulary {
    fn default() -> Vocabulary {
        let roles = BUILT_IN.iter().map(|role| roles::built_in(role, &[])).collect();
        Vocabulary(Arc::new(Words { resources: Vec::new(), roles, schema: OnceLock::new() }))
    }
}

/// Those of the operations that rooms have without writing them.
fn of_frame(rooms: &[&'static Room]) -> &'static [Resource] {
    let told = |room: &&'static Room| room.outbox || !room.consumes.is_empty();
    if rooms.iter().any(told) { frame::WORDS } else { &[] }
}

/// Room, role and permission of each grant.
fn granted(room: &Room) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let name = room.name;
    let each = move |(role, permissions): &(&'static str, &'static [&'static str])| {
        let role = *role;
        permissions.iter().map(move |permission| (name, role, *permission))
    };
    room.grants.iter().flat_map(each)
}

fn covers_any(resources: &[(&'static str, Vec<&'static str>)], permission: &Permission) -> bool {
    let mut actions =
        resources.iter().flat_map(|(resource, actions)| actions.iter().map(move |action| (resource, action)));
    actions.any(|(resource, action)| permission.covers(resource, action))
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vocabulary").field("resources", &self.0.resources).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) fn sample() -> Vocabulary {
    Vocabulary::of(&[&testkit::BANK]).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_must_use_known_words() {
        for known in ["accounts:read:own", "accounts:*:all", "*:read:all", "*:*:*", "metadata-keys:declare:all"] {
            assert!(sample().is_known(&known.parse().unwrap()), "{known}");
        }
        for unknown in ["acounts:read:own", "accounts:raed:all", "*:fly:all", "rotate:keys:all"] {
            assert!(!sample().is_known(&unknown.parse().unwrap()), "{unknown}");
        }
    }

    #[test]
    fn a_resource_of_two_rooms_has_the_actions_of_both() {
        static PONDS: Room = Room { words: &[("pebbles", &["read", "throw"])], ..Room::named("ponds") };
        static BEACHES: Room = Room {
            words: &[("pebbles", &["read", "collect"]), ("sand", &["read"])],
            grants: &[("customer", &["pebbles:collect:own"])],
            ..Room::named("beaches")
        };
        let words = Vocabulary::of(&[&PONDS, &BEACHES]).unwrap();
        let expected = [("pebbles", &["read", "throw", "collect"][..]), ("sand", &["read"])];
        assert_eq!(words.resources().collect::<Vec<_>>(), expected);
        let customer = words.built_in_roles().remove(0);
        assert_eq!((customer.name.as_str(), customer.permissions.len()), ("customer", 1));
    }

    #[test]
    fn a_room_with_an_outbox_brings_the_words_of_its_events() {
        static TELLS: Room = Room { outbox: true, ..Room::named("tells") };
        static LISTENS: Room = Room { consumes: &["tells"], words: &[("events", &["read"])], ..Room::named("listens") };
        for rooms in [&[&TELLS][..], &[&LISTENS], &[&TELLS, &LISTENS]] {
            let words = Vocabulary::of(rooms).unwrap();
            assert_eq!(words.resources().collect::<Vec<_>>(), [("events", &["read", "change"][..])]);
        }
    }

    #[test]
    fn a_room_has_a_role_that_nobody_else_has() {
        static PONDS: Room = Room { words: &[("pebbles", &["read"])], ..Room::named("ponds") };
        static BEACHES: Room = Room { own: &["pebbles:read:all"], ..Room::named("beaches") };
        let roles = Vocabulary::of(&[&PONDS, &BEACHES]).unwrap().built_in_roles();
        let own = roles.last().unwrap();
        assert_eq!((own.name.as_str(), own.permissions.len(), roles.len()), ("florin-beaches", 1, BUILT_IN.len() + 1));
        assert!(crate::is_built_in("florin-beaches") && !crate::is_built_in("beaches"));
    }

    #[test]
    fn a_grant_must_name_a_built_in_role_and_a_known_word() {
        static NOBODY: Room = Room {
            words: &[("pebbles", &["read"])],
            grants: &[("visitor", &["pebbles:read:own"])],
            ..Room::named("ponds")
        };
        static MISSPELT: Room = Room {
            words: &[("pebbles", &["read"])],
            grants: &[("customer", &["pebbles:raed:own"])],
            ..Room::named("ponds")
        };
        assert!(matches!(Vocabulary::of(&[&NOBODY]), Err(VocabularyError::Role { role: "visitor", .. })));
        assert!(matches!(Vocabulary::of(&[&MISSPELT]), Err(VocabularyError::Permission { room: "ponds", .. })));
    }
}
