//! Who may touch what: one rule for every service, asked after the object is loaded and before any effect.
//!
//! Invariant: an object that is out of the caller's reach answers exactly like one that does not exist.

use std::sync::Arc;

use kernel::{Asked, Ctx, Object, Permission, Principal, PrincipalKind, Proof, Timestamp, TokenScope, Verdict};

/// Two clocks of one house may differ by so much.
const LEEWAY_SECONDS: i64 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The object belongs to somebody else; to this caller it does not exist.
    #[error("not found")]
    NotFound,
    #[error("the caller holds no permission for this")]
    Forbidden,
}

/// A person has to prove again who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fresh proof with a second factor is wanted, not older than {seconds} s")]
pub struct ProofTooOld {
    pub seconds: i64,
}

/// Whether the caller may do `action` to a `resource` of `owner` (none: the house's own, out of reach for `own`).
pub fn check(ctx: &Ctx, resource: &str, action: &str, owner: Option<&str>) -> Result<(), Denied> {
    let asked = asked(ctx, resource, action, Object::Of(owner))?;
    decide(ctx, &asked)
}

/// What a list has to be narrowed to: nothing for a caller who may see all, else the owner to look for.
pub fn owner_term(ctx: &Ctx, resource: &str, action: &str) -> Result<Option<Arc<str>>, Denied> {
    let asked = asked(ctx, resource, action, Object::Listed)?;
    // A list that the rules close is refused by name: there is no object whose existence it could give away.
    decide(ctx, &asked).map_err(|_| Denied::Forbidden)?;
    Ok(if asked.reaches_all { None } else { Some(ctx.principal.subject.clone()) })
}

/// For acts that a stolen session must not be enough for: a person has proved who they are, with a second factor, within the
/// last `seconds`. Callers that are no persons prove it with every call.
pub fn check_fresh(ctx: &Ctx, now: Timestamp, seconds: i64) -> Result<(), ProofTooOld> {
    let person = matches!(ctx.principal.kind, PrincipalKind::Customer | PrincipalKind::Employee | PrincipalKind::Admin);
    let fresh = |proof: Proof| proof.second_factor && is_fresh(now, proof.at, seconds);
    if !person || ctx.principal.proof.is_some_and(fresh) {
        return Ok(());
    }
    refused(ctx, "a fresh proof is wanted", "", "");
    Err(ProofTooOld { seconds })
}

/// Whether something was proved at most so many seconds ago. Two clocks of one house may differ a little; what was proved
/// later than that by ours was so by a clock that was wrong, and would stay fresh for as long as it takes to come.
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

/// The widest of the principal's permissions that cover this, before any rule is asked; or why none does.
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

/// The one place where it is decided. Without rules of the house, own things are open and others are not.
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

/// To whoever reaches their own things only, a foreign one must not show by the rule that forbids it or fails on it.
fn seen(asked: &Asked<'_>) -> Denied {
    if matches!(plain(asked), Verdict::OutOfReach) { Denied::NotFound } else { Denied::Forbidden }
}

fn plain(asked: &Asked<'_>) -> Verdict {
    let own = match asked.object {
        Object::Of(owner) => owner == Some(&*asked.principal.subject),
        Object::Listed => true,
    };
    if asked.reaches_all || own { Verdict::Allowed } else { Verdict::OutOfReach }
}

/// The log has the reason; the caller has not.
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
    fn a_token_reaches_no_further_than_its_scopes() {
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
    fn the_wider_of_two_permissions_counts() {
        let clerk = caller(&["accounts:read:own", "accounts:*:all"]);
        assert_eq!(check(&clerk, "accounts", "read", Some("cust_bob")), Ok(()));
        assert_eq!(check(&clerk, "accounts", "write", None), Ok(()));
        assert_eq!(owner_term(&clerk, "accounts", "read"), Ok(None));
    }

    /// Says always the same.
    #[derive(Debug)]
    struct Say(Verdict);

    impl kernel::Rules for Say {
        fn decide(&self, _: &Asked<'_>) -> Verdict {
            self.0.clone()
        }
    }

    #[test]
    fn rules_narrow_what_a_permission_grants_and_never_widen_it() {
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
    fn a_person_has_to_have_proved_who_they_are_a_moment_ago_and_with_two_factors() {
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
        // Two clocks may differ a little. What is proved in the future is not fresh for as long as it takes to come.
        assert_eq!(check_fresh(&at(true, 1_005), now, 300), Ok(()));
        assert_eq!(check_fresh(&at(true, 1_006), now, 300), too_old);
        assert_eq!(check_fresh(&caller(&[]), now, 300), too_old);
        let mut service = caller(&[]);
        service.principal.kind = PrincipalKind::Service;
        assert_eq!(check_fresh(&service, now, 300), Ok(()));
    }
}
