//! The roles that come with the product. They can be read and not changed; whoever needs another cut makes a role.

use kernel::Permission;

use crate::Role;

struct BuiltIn {
    name: &'static str,
    description: &'static str,
    permissions: &'static [&'static str],
}

const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        name: "customer",
        description: "sees the accounts that are theirs, and what happened on them",
        permissions: &["accounts:read:own", "transactions:read:own"],
    },
    // Daily work; what the house itself is made of (books, assets, people, keys, rules) is not.
    BuiltIn {
        name: "employee",
        description: "sees all books, opens and changes accounts, books transactions; within office hours",
        permissions: &[
            "accounts:read:all",
            "accounts:open:all",
            "accounts:change:all",
            "transactions:read:all",
            "transactions:create:all",
            "assets:read:all",
            "books:read:all",
            "users:read:all",
        ],
    },
    BuiltIn { name: "admin", description: "may do everything", permissions: &["*:*:*"] },
    // To book below a floor is a right of named services: it takes a role of its own.
    BuiltIn {
        name: "service",
        description: "a program of the house: does the ledger's work and administers nobody",
        permissions: &[
            "accounts:*:all",
            "transactions:*:all",
            "assets:*:all",
            "books:read:all",
            "metadata-keys:*:all",
            "events:read:all",
        ],
    },
];

pub fn built_in_roles() -> Vec<Role> {
    BUILT_IN.iter().map(BuiltIn::role).collect()
}

impl BuiltIn {
    fn role(&self) -> Role {
        let permissions: Vec<Permission> = self.permissions.iter().filter_map(|text| text.parse().ok()).collect();
        Role { name: self.name.to_owned(), description: self.description.to_owned(), permissions, built_in: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(role: &str, resource: &str, action: &str) -> Option<bool> {
        let role = built_in_roles().into_iter().find(|known| known.name == role).unwrap();
        let mut covering = role.permissions.iter().filter(|one| one.covers(resource, action)).peekable();
        covering.peek()?;
        Some(covering.any(Permission::reaches_all))
    }

    #[test]
    fn every_permission_of_a_built_in_role_is_one_and_covers_something() {
        for (role, written) in built_in_roles().iter().zip(BUILT_IN) {
            assert_eq!(role.permissions.len(), written.permissions.len(), "{}", role.name);
            for permission in &role.permissions {
                assert!(crate::vocabulary::is_known(permission), "{}: {permission}", role.name);
            }
        }
    }

    #[test]
    fn customers_see_what_is_theirs_and_change_nothing() {
        assert_eq!(may("customer", "accounts", "read"), Some(false));
        assert_eq!(may("customer", "transactions", "read"), Some(false));
        let granted = crate::vocabulary::actions().filter(|(what, how)| may("customer", what, how).is_some());
        assert_eq!(granted.count(), 2);
    }

    #[test]
    fn only_administrators_administer() {
        for (resource, action) in crate::vocabulary::actions() {
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
