//! Who may touch what: one rule for every service, asked after the object is loaded and before any effect.
//!
//! Invariant: an object that is out of the caller's reach answers exactly like one that does not exist.

use std::sync::Arc;

use kernel::{Ctx, Permission};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The object belongs to somebody else; to this caller it does not exist.
    #[error("not found")]
    NotFound,
    #[error("the caller holds no permission for this")]
    Forbidden,
}

/// Whether the caller may do `action` to a `resource` of `owner` (none: the house's own, out of reach for `own`).
pub fn check(ctx: &Ctx, resource: &str, action: &str, owner: Option<&str>) -> Result<(), Denied> {
    let mut granted = covering(ctx, resource, action).peekable();
    if granted.peek().is_none() {
        return Err(Denied::Forbidden);
    }
    let own = owner == Some(&*ctx.principal.subject);
    if own || granted.any(Permission::reaches_all) { Ok(()) } else { Err(Denied::NotFound) }
}

/// What a list has to be narrowed to: nothing for a caller who may see all, else the owner to look for.
pub fn owner_term(ctx: &Ctx, resource: &str, action: &str) -> Result<Option<Arc<str>>, Denied> {
    let mut granted = covering(ctx, resource, action).peekable();
    if granted.peek().is_none() {
        return Err(Denied::Forbidden);
    }
    Ok(if granted.any(Permission::reaches_all) { None } else { Some(ctx.principal.subject.clone()) })
}

fn covering<'a>(ctx: &'a Ctx, resource: &'a str, action: &'a str) -> impl Iterator<Item = &'a Permission> {
    ctx.principal.permissions.iter().filter(move |permission| permission.covers(resource, action))
}

#[cfg(test)]
mod tests {
    use kernel::{Deadline, Principal, PrincipalKind, SystemClock};

    use super::*;

    fn caller(permissions: &[&str]) -> Ctx {
        let permissions = permissions.iter().map(|text| text.parse().unwrap());
        Ctx {
            principal: Principal::new(PrincipalKind::Customer, "cust_ann", permissions),
            deadline: Deadline::after_millis(&SystemClock, 1_000),
            request_id: "req-1".into(),
            idempotency_key: None,
        }
    }

    #[test]
    fn own_objects_are_open_and_foreign_ones_do_not_exist() {
        let ann = caller(&["accounts:read:own"]);
        assert_eq!(check(&ann, "accounts", "read", Some("cust_ann")), Ok(()));
        assert_eq!(check(&ann, "accounts", "read", Some("cust_bob")), Err(Denied::NotFound));
        assert_eq!(check(&ann, "accounts", "read", None), Err(Denied::NotFound));
        assert_eq!(owner_term(&ann, "accounts", "read"), Ok(Some("cust_ann".into())));
    }

    #[test]
    fn without_a_permission_even_an_own_object_is_forbidden() {
        let ann = caller(&["accounts:read:own"]);
        assert_eq!(check(&ann, "accounts", "write", Some("cust_ann")), Err(Denied::Forbidden));
        assert_eq!(owner_term(&ann, "cards", "read"), Err(Denied::Forbidden));
        assert_eq!(check(&caller(&[]), "accounts", "read", Some("cust_ann")), Err(Denied::Forbidden));
    }

    #[test]
    fn the_wider_of_two_permissions_counts() {
        let clerk = caller(&["accounts:read:own", "accounts:*:all"]);
        assert_eq!(check(&clerk, "accounts", "read", Some("cust_bob")), Ok(()));
        assert_eq!(check(&clerk, "accounts", "write", None), Ok(()));
        assert_eq!(owner_term(&clerk, "accounts", "read"), Ok(None));
    }
}
