//! What a gate adopts, in which order, and what it forgets.

use super::*;
use crate::Policy;

#[test]
fn a_changed_role_applies_to_cached_tokens() {
    let house = House::new();
    let token = house.token();
    assert_eq!(house.gate.verify(&token).unwrap().permissions.len(), 2);
    let terms = Terms { roles: vec![role("customer", &["assets:read:all"])], ..house.terms() };
    house.hear(2, Some(terms), Vec::new());
    let permissions = house.gate.verify(&token).unwrap().permissions;
    assert_eq!(permissions.iter().map(ToString::to_string).collect::<Vec<_>>(), ["assets:read:all"]);
    house.hear(3, Some(Terms { roles: Vec::new(), ..house.terms() }), Vec::new());
    assert!(house.gate.verify(&token).unwrap().permissions.is_empty(), "a removed role grants nothing");
}

#[test]
fn a_changed_policy_applies_to_cached_tokens() {
    let house = House::new();
    let token = house.token();
    let decided = || {
        let principal = house.gate.verify(&token).unwrap();
        let object = kernel::Object::Of(Some("cust_1"));
        let asked =
            kernel::Asked { principal: &principal, resource: "accounts", action: "read", reaches_all: false, object };
        principal.rules.as_ref().unwrap().0.decide(&asked)
    };
    assert_eq!(decided(), kernel::Verdict::Allowed);
    let mut terms = house.terms();
    terms.policies.push(Policy {
        id: "closed".to_owned(),
        description: String::new(),
        text: "forbid (principal, action == Action::\"accounts:read\", resource);".to_owned(),
        enabled: true,
        built_in: false,
    });
    house.hear(2, Some(terms), Vec::new());
    assert_eq!(decided(), kernel::Verdict::Forbidden { rules: vec!["closed".to_owned()] });
}

#[test]
fn a_removed_key_ends_its_cached_tokens() {
    let house = House::new();
    let token = house.token();
    house.gate.verify(&token).unwrap();
    let same_name = Terms { keys: vec![Minter::new("key-1").unwrap().public()], ..house.terms() };
    house.hear(2, Some(same_name), Vec::new());
    assert_eq!(house.refused(&token), TokenRefusal::UnknownKey);
    house.hear(3, Some(Terms { keys: Vec::new(), ..house.terms() }), Vec::new());
    assert_eq!(house.refused(&token), TokenRefusal::UnknownKey);
}

#[test]
fn a_new_audience_or_issuer_ends_cached_tokens() {
    let house = House::new();
    let token = house.token();
    house.gate.verify(&token).unwrap();
    house.hear(2, Some(Terms { audience: "other".to_owned(), ..house.terms() }), Vec::new());
    assert_eq!(house.refused(&token), TokenRefusal::WrongAudience);
    house.hear(3, Some(Terms { issuer: "https://other".to_owned(), ..house.terms() }), Vec::new());
    assert_eq!(house.refused(&token), TokenRefusal::WrongIssuer);
}

#[test]
fn the_later_version_wins_in_any_order() {
    let house = House::new();
    let token = house.token();
    let with = |permission: &str| Some(Terms { roles: vec![role("customer", &[permission])], ..house.terms() });
    house.hear(3, with("books:read:all"), Vec::new());
    house.hear(2, with("assets:read:all"), vec![house.revoked(1, session("another"))]);
    assert_eq!(house.gate.verify(&token).unwrap().permissions[0].to_string(), "books:read:all");
    assert_eq!(house.gate.since(), Since { version: 3, revoked: 1, wait_ms: 0 }, "its revocations are still adopted");
}

#[test]
fn revocations_may_have_gaps_repeats_and_delays() {
    let house = House::new();
    let subject = |seq, epoch| house.revoked(seq, RevokedWhat::Subject { subject: "cust_1".to_owned(), epoch });
    house.hear(1, None, vec![subject(3, 5), subject(9, 7)]);
    assert_eq!(house.gate.since().revoked, 9);
    house.hear(1, None, vec![subject(3, 5), subject(4, 6)]);
    assert_eq!(house.gate.since().revoked, 9);
    let of_epoch = |epoch| house.gate.verify(&house.signed(&Claims { epoch, ..house.claims() })).is_ok();
    assert!(!of_epoch(6) && of_epoch(7));
}

#[test]
fn expired_revocations_are_forgotten_and_others_kept() {
    let house = House::new();
    let token = house.token();
    house.hear(1, None, vec![house.revoked(1, session(house.claims().sid.as_ref().unwrap()))]);
    let count = || house.gate.0.revocations.read().unwrap().count();
    house.clock.advance_millis(3_600_000);
    house.hear(1, None, Vec::new());
    assert_eq!((count(), house.refused(&token)), (1, TokenRefusal::Revoked(crate::RevokedAs::Session)));
    house.clock.advance_millis(61_000);
    house.hear(1, None, Vec::new());
    assert_eq!((count(), house.refused(&token)), (0, TokenRefusal::Expired));
    assert_eq!(house.gate.since().revoked, 1, "it is not requested again");
}

/// A clock that is wrong for a while must not undo a revocation.
#[test]
fn a_clock_jump_forgets_no_revocation() {
    let house = House::new();
    let token = house.token();
    let (right, sid) = (house.clock.now(), house.claims().sid.unwrap());
    house.hear(1, None, vec![house.revoked(1, session(&sid))]);
    let revoked = TokenRefusal::Revoked(crate::RevokedAs::Session);
    for hours in [2, 24 * 365] {
        house.clock.set(right.plus_seconds(hours * 3_600));
        house.hear(1, None, Vec::new());
        house.clock.set(right);
        // Another cleanup is due.
        house.clock.advance_millis(61_000);
        house.clock.set(right.plus_seconds(hours * 3_600));
        house.hear(1, None, Vec::new());
        house.clock.set(right);
        house.hear(1, None, Vec::new());
        assert_eq!(house.refused(&token), revoked, "{hours} hours");
    }
}

#[test]
fn unusable_terms_are_not_adopted() {
    let house = House::new();
    let token = house.token();
    let policy = |text: &str| {
        let (id, description) = ("bad".to_owned(), String::new());
        Terms {
            policies: vec![Policy { id, description, text: text.to_owned(), enabled: true, built_in: false }],
            roles: Vec::new(),
            ..house.terms()
        }
    };
    let key = |alg: &str, x: &str| {
        let key = PublicKey { kid: "key-9".to_owned(), alg: alg.to_owned(), x: x.to_owned(), y: None };
        Terms { keys: vec![key], ..house.terms() }
    };
    for bad in [
        policy("forbid (principal, action"),
        policy("permit (principal, action, resource);"),
        Terms { zone: "Mars/Olympus".to_owned(), ..house.terms() },
        key("RS256", "AQAB"),
        key("ES256", "AQAB"),
        key("EdDSA", "AQAB"),
        key("EdDSA", "not base64!"),
    ] {
        house.hear(2, Some(bad), vec![house.revoked(1, session("another"))]);
        assert_eq!(house.gate.since(), Since { version: 1, revoked: 1, wait_ms: 0 });
        assert_eq!(house.gate.verify(&token).unwrap().permissions.len(), 2);
    }
}

#[test]
fn a_disabled_policy_is_not_evaluated() {
    let house = House::new();
    let off = Policy {
        id: "off".to_owned(),
        description: String::new(),
        text: "not even a policy".to_owned(),
        enabled: false,
        built_in: false,
    };
    house.hear(2, Some(Terms { policies: vec![off], ..house.terms() }), Vec::new());
    assert_eq!(house.gate.since().version, 2);
}

#[test]
fn built_in_policies_always_apply() {
    let house = House::new();
    house.hear(2, Some(Terms { policies: Vec::new(), ..house.terms() }), Vec::new());
    let claims = Claims { kind: "employee".to_owned(), roles: vec!["employee".to_owned()], ..house.claims() };
    let token = house.signed(&Claims { exp: claims.exp + 36_000, ..claims });
    let decided = || {
        let principal = house.gate.verify(&token).unwrap();
        let object = kernel::Object::Listed;
        let asked =
            kernel::Asked { principal: &principal, resource: "accounts", action: "read", reaches_all: true, object };
        principal.rules.as_ref().unwrap().0.decide(&asked)
    };
    assert_eq!(decided(), kernel::Verdict::Allowed);
    house.clock.set("2026-01-31T18:00:00Z".parse().unwrap());
    assert_eq!(decided(), kernel::Verdict::Forbidden { rules: vec!["office-hours".to_owned()] });
}
