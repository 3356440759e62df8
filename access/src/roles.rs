//! The built-in roles. They can be read and not changed; for other needs create a role. Each room declares what they
//! hold of its own words.

use kernel::Permission;
use platform::room::Room;

use crate::Role;

pub(crate) struct BuiltIn {
    pub(crate) name: &'static str,
    description: &'static str,
    /// In addition to what the rooms grant.
    permissions: &'static [&'static str],
}

pub(crate) const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "customer", description: "reads own accounts and transactions", permissions: &[] },
    // Daily work; not the administration of users, keys and rules.
    BuiltIn {
        name: "employee",
        description: "reads everything and does the daily work for all customers, within office hours",
        permissions: &[],
    },
    BuiltIn { name: "admin", description: "may do everything", permissions: &["*:*:*"] },
    BuiltIn { name: "service", description: "a program: does the daily work and administers nobody", permissions: &[] },
];

/// Roles of rooms begin with it.
const OF_ROOM: &str = "florin-";

/// Whether the role is built in, or of a room.
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|role| role.name == name) || name.starts_with(OF_ROOM)
}

/// The role that only the room itself has, if it needs one.
pub(crate) fn of_room(room: &Room) -> Option<Role> {
    let permissions: Vec<Permission> = room.own.iter().filter_map(|text| text.parse().ok()).collect();
    let (name, description) = (format!("{OF_ROOM}{}", room.name), format!("the service {} itself", room.name));
    (!room.own.is_empty()).then_some(Role { name, description, permissions, built_in: true })
}

/// Permissions in room order. Malformed ones were refused before.
pub(crate) fn built_in(role: &BuiltIn, rooms: &[&'static Room]) -> Role {
    let grants = rooms.iter().flat_map(|room| room.grants).filter(|(name, _)| *name == role.name);
    let granted = grants.flat_map(|(_, permissions)| *permissions);
    let permissions: Vec<Permission> =
        role.permissions.iter().chain(granted).filter_map(|text| text.parse().ok()).collect();
    Role { name: role.name.to_owned(), description: role.description.to_owned(), permissions, built_in: true }
}
