//! The rules' decisions, as tables and properties.

mod policies;
mod properties;

use kernel::{Principal, Timestamp};
use testkit::FakeClock;

use super::*;
use crate::Policy;

/// Noon on a Saturday; only employees are affected.
pub(super) const NOON: Moment = Moment { minute: 720, weekday: 6 };

pub(super) fn rules(policies: &[Policy]) -> RuleSet {
    RuleSet::compile(policies, "UTC", &crate::vocabulary::sample(), Arc::new(FakeClock::default())).unwrap()
}

pub(super) fn policy(id: &str, text: &str) -> Policy {
    let (id, text) = (id.to_owned(), text.to_owned());
    Policy { id, description: String::new(), text, enabled: true, built_in: false }
}

pub(super) fn somebody(kind: PrincipalKind) -> Principal {
    Principal::new(kind, "ann", [])
}

pub(super) fn asked<'a>(principal: &'a Principal, reaches_all: bool, object: Object<'a>) -> Asked<'a> {
    Asked { principal, resource: "accounts", action: "read", reaches_all, object }
}

fn forbidden(rule: &str) -> Verdict {
    Verdict::Forbidden { rules: vec![rule.to_owned()] }
}

#[test]
fn own_objects_are_allowed_and_others_out_of_reach() {
    let rules = rules(&[]);
    for kind in under_rules() {
        let ann = somebody(kind);
        let decided = |all, object| rules.decide_at(&asked(&ann, all, object), NOON);
        assert_eq!(decided(false, Object::Of(Some("ann"))), Verdict::Allowed);
        assert_eq!(decided(false, Object::Listed), Verdict::Allowed);
        for foreign in [Object::Of(Some("bob")), Object::Of(Some("Ann")), Object::Of(Some("")), Object::Of(None)] {
            assert_eq!(decided(false, foreign), Verdict::OutOfReach, "{foreign:?}");
            assert_eq!(decided(true, foreign), Verdict::Allowed, "{foreign:?}");
        }
    }
}

#[test]
fn employees_work_from_nine_to_five_fifty_nine() {
    let rules = rules(&[]);
    for (minute, open) in
        [(0, false), (539, false), (540, true), (720, true), (1_079, true), (1_080, false), (1_439, false)]
    {
        for weekday in 1..=7 {
            let decided =
                |kind| rules.decide_at(&asked(&somebody(kind), true, Object::Listed), Moment { minute, weekday });
            let expected = if open { Verdict::Allowed } else { forbidden("office-hours") };
            assert_eq!(decided(PrincipalKind::Employee), expected, "{minute}");
            for other in [PrincipalKind::Customer, PrincipalKind::Admin, PrincipalKind::Service] {
                assert_eq!(decided(other), Verdict::Allowed, "{other:?} at {minute}");
            }
        }
    }
}

#[test]
fn office_hours_follow_the_time_zone_through_clock_changes() {
    let clock = FakeClock::default();
    let rules = RuleSet::compile(&[], "Europe/Berlin", &crate::vocabulary::sample(), Arc::new(clock.clone())).unwrap();
    let clerk = somebody(PrincipalKind::Employee);
    for (at, open) in [
        // Summer time: two hours ahead of UTC.
        ("2026-03-29T06:59:59.999999Z", false),
        ("2026-03-29T07:00:00Z", true),
        ("2026-03-29T15:59:59.999999Z", true),
        ("2026-03-29T16:00:00Z", false),
        // The day before, and from the last Sunday of October on: one hour.
        ("2026-03-28T07:59:59Z", false),
        ("2026-03-28T08:00:00Z", true),
        ("2026-10-25T07:59:59Z", false),
        ("2026-10-25T08:00:00Z", true),
        ("2026-10-25T16:59:59Z", true),
        ("2026-10-25T17:00:00Z", false),
    ] {
        clock.set(at.parse::<Timestamp>().unwrap());
        let decided = rules.decide(&asked(&clerk, true, Object::Listed));
        assert_eq!(decided == Verdict::Allowed, open, "{at}");
    }
}

#[test]
fn principals_without_a_token_are_not_subject_to_rules() {
    let rules = rules(&[]);
    for kind in [PrincipalKind::Operator, PrincipalKind::Demo, PrincipalKind::Nobody] {
        let decided = rules.decide_at(&asked(&somebody(kind), true, Object::Listed), NOON);
        assert!(matches!(decided, Verdict::Undecided { .. }), "{kind:?}");
    }
}
