//! The roles that come with the product. They can be read and not changed; whoever needs another cut makes a role. What they hold,
//! each room says of its own words.

use kernel::Permission;
use platform::room::Room;

use crate::Role;

pub(crate) struct BuiltIn {
    pub(crate) name: &'static str,
    description: &'static str,
    /// Beside what the rooms grant.
    permissions: &'static [&'static str],
}

pub(crate) const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "customer", description: "sees what is theirs, and what happened to it", permissions: &[] },
    // Daily work; what the house itself is made of (people, keys, rules) is not.
    BuiltIn {
        name: "employee",
        description: "sees and does the daily work, for all customers; within office hours",
        permissions: &[],
    },
    BuiltIn { name: "admin", description: "may do everything", permissions: &["*:*:*"] },
    BuiltIn {
        name: "service",
        description: "a program of the house: does the daily work and administers nobody",
        permissions: &[],
    },
];

/// Whether the role comes with the product.
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|role| role.name == name)
}

/// Permissions in the order of the rooms. Those that cannot be read were refused before.
pub(crate) fn built_in(role: &BuiltIn, rooms: &[&'static Room]) -> Role {
    let grants = rooms.iter().flat_map(|room| room.grants).filter(|(name, _)| *name == role.name);
    let granted = grants.flat_map(|(_, permissions)| *permissions);
    let permissions: Vec<Permission> =
        role.permissions.iter().chain(granted).filter_map(|text| text.parse().ok()).collect();
    Role { name: role.name.to_owned(), description: role.description.to_owned(), permissions, built_in: true }
}
