//! The permission check: one rule for every service, applied after the object is loaded and before any effect.
//!
//! Invariant: an object outside of the caller's reach answers exactly like one that does not exist.

use std::sync::Arc;

use kernel::{Asked, Ctx, Object, Permission, Principal, PrincipalKind, Proof, Timestamp, TokenScope, Verdict};

/// Maximum clock difference between two machines.
const LEEWAY_SECONDS: i64 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The object belongs to somebody else; for this caller it does not exist.
    #[error("not found")]
    NotFound,
    #[error("the caller holds no permission for this")]
    Forbidden,
}

/// The user has to authenticate again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("needs an authentication with a second factor within the last {seconds} s")]
pub struct ProofTooOld {
    pub seconds: i64,
}

/// Whether the caller may do `action` on a `resource` of `owner` (`None`: unowned, out of reach for `own`).
pub fn check(ctx: &Ctx, resource: &str, action: &str, owner: Option<&str>) -> Result<(), Denied> {
    let asked = asked(ctx, resource, action, Object::Of(owner))?;
    decide(ctx, &asked)
}

/// The owner to which a list must be narrowed; `None` for a caller who may see all.
pub fn owner_term(ctx: &Ctx, resource: &str, action: &str) -> Result<Option<Arc<str>>, Denied> {
    let asked = asked(ctx, resource, action, Object::Listed)?;
    // A list that the rules forbid is refused openly: there is no object whose existence that could reveal.
    decide(ctx, &asked).map_err(|_| Denied::Forbidden)?;
    Ok(if asked.reaches_all { None } else { Some(ctx.principal.subject.clone()) })
}

/// For operations that a stolen session must not allow: a user must have authenticated with a second factor within the
/// last `seconds`. Callers that are not users prove who they are with every call.
pub fn check_fresh(ctx: &Ctx, now: Timestamp, seconds: i64) -> Result<(), ProofTooOld> {
    let person = matches!(ctx.principal.kind, PrincipalKind::Customer | PrincipalKind::Employee | PrincipalKind::Admin);
    let fresh = |proof: Proof| proof.second_factor && is_fresh(now, proof.at, seconds);
    if !person || ctx.principal.proof.is_some_and(fresh) {
        return Ok(());
    }
    refused(ctx, "the authentication is too old or too weak", "", "");
    Err(ProofTooOld { seconds })
}

/// Whether an authentication is at most `seconds` old. Clocks may differ a little; an authentication further in the
/// future comes from a wrong clock and would otherwise stay fresh until that time has passed.
pub fn is_fresh(now: Timestamp, proved: Timestamp, seconds: i64) -> bool {
    let age_us = now.micros_since(proved);
    (-LEEWAY_SECONDS * 1_000_000..=seconds.saturating_mul(1_000_000)).contains(&age_us)
}

fn asked<'a>(ctx: &'a Ctx, resource: &'a str, action: &'a str, object: Object<'a>) -> Result<Asked<'a>, Denied> {
    reach(&ctx.principal, resource, action, object).map_err(|why| {
        refused(ctx, why, resource, action);
        Denied::Forbidden
    })
}

/// The widest of the principal's permissions that cover this, before any rule is evaluated; otherwise the reason why
/// none does.
pub fn reach<'a>(
    principal: &'a Principal,
    resource: &'a str,
    action: &'a str,
    object: Object<'a>,
) -> Result<Asked<'a>, &'static str> {
    let mut granted = principal.permissions.iter().filter(|permission| permission.covers(resource, action)).peekable();
    if granted.peek().is_none() {
        return Err("no permission covers it");
    }
    let within = |scopes: &Arc<[TokenScope]>| scopes.iter().any(|scope| scope.covers(resource, action));
    if !principal.scopes.as_ref().is_none_or(within) {
        return Err("no scope of the token covers it");
    }
    let reaches_all = granted.any(Permission::reaches_all);
    Ok(Asked { principal, resource, action, reaches_all, object })
}

/// The one place where this is decided. Without rules, the caller's own objects are allowed and others are not.
fn decide(ctx: &Ctx, asked: &Asked<'_>) -> Result<(), Denied> {
    let verdict = match &ctx.principal.rules {
        Some(rules) => rules.0.decide(asked),
        None => plain(asked),
    };
    let refused = |why: &str| refused(ctx, why, asked.resource, asked.action);
    match verdict {
        Verdict::Allowed => Ok(()),
        Verdict::OutOfReach => {
            refused("it belongs to somebody else");
            Err(Denied::NotFound)
        }
        Verdict::Forbidden { rules } => {
            refused(&format!("forbidden by {}", rules.join(", ")));
            Err(seen(asked))
        }
        Verdict::Undecided { why } => {
            refused(&why);
            Err(seen(asked))
        }
    }
}

/// A caller whose reach is their own objects must not learn from a rule's refusal or failure that another one's object
/// exists.
fn seen(asked: &Asked<'_>) -> Denied {
    if matches!(plain(asked), Verdict::OutOfReach) { Denied::NotFound } else { Denied::Forbidden }
}

/// The decision where no rule forbids anything.
pub fn plain(asked: &Asked<'_>) -> Verdict {
    let own = match asked.object {
        Object::Of(owner) => owner == Some(&*asked.principal.subject),
        Object::Listed => true,
    };
    if asked.reaches_all || own { Verdict::Allowed } else { Verdict::OutOfReach }
}

/// The log gets the reason; the caller does not.
fn refused(ctx: &Ctx, why: &str, resource: &str, action: &str) {
    tracing::info!(target: "access", subject = &*ctx.principal.subject, resource, action, why, "not permitted");
}

#[cfg(test)]
mod tests {
    use kernel::{Deadline, SystemClock};

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
    fn own_objects_are_allowed_and_others_do_not_exist() {
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
    fn a_token_is_limited_to_its_scopes() {
        let mut clerk = caller(&["accounts:*:all", "cards:*:all"]);
        let scopes = ["read:accounts", "write:cards"].map(|text| text.parse().unwrap());
        clerk.principal.scopes = Some(Arc::new(scopes));
        assert_eq!(check(&clerk, "accounts", "read", None), Ok(()));
        assert_eq!(check(&clerk, "cards", "issue", None), Ok(()));
        for (resource, action) in [("accounts", "open"), ("cards", "read"), ("assets", "read")] {
            assert_eq!(check(&clerk, resource, action, None), Err(Denied::Forbidden));
            assert_eq!(owner_term(&clerk, resource, action), Err(Denied::Forbidden));
        }
        clerk.principal.scopes = Some(Arc::new([]));
        assert_eq!(check(&clerk, "accounts", "read", None), Err(Denied::Forbidden));
    }

    #[test]
    fn the_widest_permission_counts() {
        let clerk = caller(&["accounts:read:own", "accounts:*:all"]);
        assert_eq!(check(&clerk, "accounts", "read", Some("cust_bob")), Ok(()));
        assert_eq!(check(&clerk, "accounts", "write", None), Ok(()));
        assert_eq!(owner_term(&clerk, "accounts", "read"), Ok(None));
    }

    /// Always gives the same decision.
    #[derive(Debug)]
    struct Say(Verdict);

    impl kernel::Rules for Say {
        fn decide(&self, _: &Asked<'_>) -> Verdict {
            self.0.clone()
        }
    }

    #[test]
    fn rules_narrow_permissions_and_never_widen_them() {
        let under = |permission: &str, verdict: Verdict| {
            let mut ctx = caller(&[permission]);
            ctx.principal.rules = Some(kernel::RulesInForce(Arc::new(Say(verdict))));
            ctx
        };
        let forbidden = || Verdict::Forbidden { rules: vec!["office-hours".to_owned()] };
        let undecided = || Verdict::Undecided { why: "broken".to_owned() };
        assert_eq!(check(&under("accounts:read:all", Verdict::Allowed), "cards", "read", None), Err(Denied::Forbidden));
        assert_eq!(check(&under("accounts:read:all", Verdict::Allowed), "accounts", "read", None), Ok(()));
        for (verdict, seen) in [
            (Verdict::OutOfReach, Denied::NotFound),
            (forbidden(), Denied::Forbidden),
            (undecided(), Denied::Forbidden),
        ] {
            let all = under("accounts:read:all", verdict);
            assert_eq!(check(&all, "accounts", "read", Some("cust_bob")), Err(seen));
            assert_eq!(owner_term(&all, "accounts", "read"), Err(Denied::Forbidden));
        }
        for verdict in [forbidden(), undecided()] {
            let own = under("accounts:read:own", verdict);
            assert_eq!(check(&own, "accounts", "read", Some("cust_bob")), Err(Denied::NotFound));
            assert_eq!(check(&own, "accounts", "read", Some("cust_ann")), Err(Denied::Forbidden));
        }
    }

    #[test]
    fn a_user_needs_a_recent_authentication_with_two_factors() {
        let at = |second_factor, seconds: i64| {
            let mut ctx = caller(&[]);
            let at = Timestamp::EPOCH.plus_seconds(seconds);
            ctx.principal.proof = Some(Proof { at, second_factor });
            ctx
        };
        let now = Timestamp::EPOCH.plus_seconds(1_000);
        let too_old = Err(ProofTooOld { seconds: 300 });
        assert_eq!(check_fresh(&at(true, 700), now, 300), Ok(()));
        assert_eq!(check_fresh(&at(true, 699), now, 300), too_old);
        assert_eq!(check_fresh(&at(false, 999), now, 300), too_old);
        // Clocks may differ a little. An authentication further in the future is not fresh until its time comes.
        assert_eq!(check_fresh(&at(true, 1_005), now, 300), Ok(()));
        assert_eq!(check_fresh(&at(true, 1_006), now, 300), too_old);
        assert_eq!(check_fresh(&caller(&[]), now, 300), too_old);
        let mut service = caller(&[]);
        service.principal.kind = PrincipalKind::Service;
        assert_eq!(check_fresh(&service, now, 300), Ok(()));
    }
}
