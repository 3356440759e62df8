//! Properties that hold for every request.

use proptest::prelude::*;

use super::*;
use crate::vocabulary::sample;

fn kinds() -> impl Strategy<Value = PrincipalKind> {
    proptest::sample::select(under_rules().to_vec())
}

fn actions() -> impl Strategy<Value = (&'static str, &'static str)> {
    proptest::sample::select(sample().actions().collect::<Vec<_>>())
}

fn owners() -> impl Strategy<Value = Option<Option<String>>> {
    proptest::option::of(proptest::option::of(proptest::sample::select(vec!["ann".to_owned(), "bob".to_owned()])))
}

/// Conditions that an administrator might write, some of which fail.
fn conditions() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "true",
        "context.minute > 600",
        "context.weekday == 6 || context.weekday == 7",
        "principal.subject == \"ann\"",
        "!(resource has owner)",
        "resource.owner == \"bob\"",
        "context.reach == \"all\" && !context.listed",
        "principal.roles.contains(\"auditor\")",
    ])
}

fn added() -> impl Strategy<Value = Vec<Policy>> {
    let heads = proptest::sample::select(vec![
        "principal, action",
        "principal is Employee, action",
        "principal is Service, action in Action::\"accounts\"",
        "principal == Customer::\"ann\", action",
        "principal in Admin::\"ann\", action",
        "principal, action == Action::\"accounts:read\"",
        "principal, action in Action::\"transactions\"",
    ]);
    let one = (heads, conditions(), proptest::bool::ANY);
    proptest::collection::vec(one, 0..4).prop_map(|all| {
        let text = |(number, (head, condition, when)): (usize, (&str, &str, bool))| {
            let word = if when { "when" } else { "unless" };
            policy(&format!("added-{number}"), &format!("forbid ({head}, resource) {word} {{ {condition} }};"))
        };
        all.into_iter().enumerate().map(text).collect()
    })
}

/// Without Cedar: what permission and ownership alone would decide.
fn granted(asked: &Asked<'_>) -> bool {
    match asked.object {
        _ if asked.reaches_all => true,
        Object::Listed => true,
        Object::Of(owner) => owner == Some(&*asked.principal.subject),
    }
}

/// 09:00 to 17:59.
fn within_office_hours(moment: Moment) -> bool {
    let hour = moment.minute / 60;
    (9..18).contains(&hour)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn rules_never_widen_what_permissions_grant(
        policies in added(), kind in kinds(), (resource, action) in actions(), object in owners(),
        reaches_all: bool, minute in 0_u16..1_440, weekday in 1_u8..=7,
    ) {
        let ann = somebody(kind);
        let object = object.as_ref().map_or(Object::Listed, |owner| Object::Of(owner.as_deref()));
        let asked = Asked { principal: &ann, resource, action, reaches_all, object };
        let moment = Moment { minute, weekday };
        let bare = rules(&[]).decide_at(&asked, moment);
        let with = rules(&policies).decide_at(&asked, moment);
        prop_assert!(with != Verdict::Allowed || granted(&asked), "{asked:?}");
        prop_assert!(with != Verdict::Allowed || bare == Verdict::Allowed, "added policies allow more: {policies:?}");
    }

    #[test]
    fn a_reach_of_own_never_includes_other_owners(
        policies in added(), kind in kinds(), (resource, action) in actions(), owner in proptest::option::of("[a-z]{0,4}"),
    ) {
        prop_assume!(owner.as_deref() != Some("ann"));
        let ann = somebody(kind);
        let asked = Asked { principal: &ann, resource, action, reaches_all: false, object: Object::Of(owner.as_deref()) };
        prop_assert_ne!(rules(&policies).decide_at(&asked, NOON), Verdict::Allowed);
    }

    #[test]
    fn office_hours_match_a_plain_function(kind in kinds(), minute in 0_u16..1_440, weekday in 1_u8..=7) {
        let moment = Moment { minute, weekday };
        let open = kind != PrincipalKind::Employee || within_office_hours(moment);
        let decided = rules(&[]).decide_at(&asked(&somebody(kind), true, Object::Of(None)), moment);
        prop_assert_eq!(decided == Verdict::Allowed, open);
    }

    #[test]
    fn selection_by_action_and_kind_decides_like_the_whole_set(
        policies in added(), kind in kinds(), (resource, action) in actions(), object in owners(),
        reaches_all: bool, minute in 0_u16..1_440,
    ) {
        let ann = somebody(kind);
        let object = object.as_ref().map_or(Object::Listed, |owner| Object::Of(owner.as_deref()));
        let asked = Asked { principal: &ann, resource, action, reaches_all, object };
        let rules = rules(&policies);
        let moment = Moment { minute, weekday: 6 };
        prop_assert_eq!(rules.decide_at(&asked, moment), rules.decide_by_all(&asked, moment));
    }
}

/// Conditions about the time, of the forms that an administrator might write.
fn about_time() -> impl Strategy<Value = String> {
    let operators = proptest::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let one =
        (operators, 0_u16..1_440, proptest::bool::ANY, 0_u8..4).prop_map(
            |(operator, minute, turned, form)| match form {
                0 => format!("context.minute * 2 {operator} {minute}"),
                1 => format!("context.weekday {operator} {}", minute % 9),
                _ if turned => format!("{minute} {operator} context.minute"),
                _ => format!("context.minute {operator} {minute}"),
            },
        );
    proptest::collection::vec((one, proptest::bool::ANY), 1..4).prop_map(|all| {
        let text = |(one, not): (String, bool)| if not { format!("!({one})") } else { one };
        all.into_iter().map(text).collect::<Vec<_>>().join(" && ")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn decisions_change_only_at_the_known_minutes(condition in about_time(), weekday in 1_u8..=7) {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let facts = crate::Facts::of("timed", &text).unwrap();
        let rules = rules(&[policy("timed", &text)]);
        let ann = somebody(PrincipalKind::Customer);
        let decided = |minute, weekday| rules.decide_at(&asked(&ann, true, Object::Listed), Moment { minute, weekday });
        let mut held = decided(0, weekday);
        for minute in 1..1_440 {
            let now = decided(minute, weekday);
            prop_assert!(now == held || facts.minutes.contains(&minute), "{condition} turns at {minute}");
            prop_assert!(facts.weekday || now == decided(minute, 8 - weekday), "{condition} looks at the day");
            held = now;
        }
    }
}

#[test]
fn every_minute_of_a_day_is_within_office_hours_or_not() {
    let (rules, clerk) = (rules(&[]), somebody(PrincipalKind::Employee));
    let open = (0..1_440).filter(|minute| {
        let moment = Moment { minute: *minute, weekday: 1 };
        let decided = rules.decide_at(&asked(&clerk, true, Object::Listed), moment);
        assert_eq!(decided == Verdict::Allowed, within_office_hours(moment), "{minute}");
        decided == Verdict::Allowed
    });
    assert_eq!(open.count(), 9 * 60);
}
