//! Added policies: which are accepted, and their effect.

use super::*;

const NO_ACCOUNTS: &str = "forbid (principal, action == Action::\"accounts:read\", resource);";

fn ann_reads(rules: &RuleSet, resource: &str, action: &str) -> Verdict {
    let ann = somebody(PrincipalKind::Customer);
    rules.decide_at(&Asked { resource, action, ..asked(&ann, false, Object::Of(Some("ann"))) }, NOON)
}

#[test]
fn a_policy_applies_only_to_the_actions_it_names() {
    for (head, accounts_read, accounts_open, books_read) in [
        ("action", true, true, true),
        ("action == Action::\"accounts:read\"", true, false, false),
        ("action in [Action::\"accounts:read\", Action::\"books:read\"]", true, false, true),
        ("action in Action::\"accounts\"", true, true, false),
        ("action in [Action::\"accounts\", Action::\"books\"]", true, true, true),
        ("action == Action::\"accounts\"", false, false, false),
    ] {
        let rules = rules(&[policy("no", &format!("forbid (principal, {head}, resource);"))]);
        for (resource, action, forbids) in
            [("accounts", "read", accounts_read), ("accounts", "open", accounts_open), ("books", "read", books_read)]
        {
            let expected = if forbids { forbidden("no") } else { Verdict::Allowed };
            assert_eq!(ann_reads(&rules, resource, action), expected, "{head} {resource}:{action}");
        }
    }
}

#[test]
fn an_action_outside_the_vocabulary_is_decided() {
    let named = policy("no-flights", "forbid (principal, action == Action::\"planes:fly\", resource);");
    assert_eq!(ann_reads(&rules(&[named]), "planes", "fly"), forbidden("no-flights"));
    assert_eq!(ann_reads(&rules(&[]), "planes", "fly"), Verdict::Allowed);
    let group = policy("no-planes", "forbid (principal, action in Action::\"planes\", resource);");
    assert_eq!(ann_reads(&rules(&[group]), "planes", "fly"), forbidden("no-planes"));
}

#[test]
fn policies_see_the_caller_and_their_authentication() {
    let rules = rules(&[
        policy(
            "by-app",
            "forbid (principal, action, resource) when { principal has client && principal.client == \"app\" };",
        ),
        policy("auditors", "forbid (principal, action, resource) when { principal.roles.contains(\"auditor\") };"),
        policy("bob", "forbid (principal == Customer::\"bob\", action, resource);"),
        policy("two-factors", "forbid (principal is Admin, action, resource) unless { principal.second_factor };"),
    ]);
    let decided = |principal: &Principal| rules.decide_at(&asked(principal, true, Object::Listed), NOON);
    let ann = somebody(PrincipalKind::Customer);
    assert_eq!(decided(&ann), Verdict::Allowed);
    assert_eq!(decided(&Principal { client: Some("app".into()), ..ann.clone() }), forbidden("by-app"));
    assert_eq!(decided(&Principal { client: Some("web".into()), ..ann.clone() }), Verdict::Allowed);
    assert_eq!(decided(&Principal { roles: Arc::new(["auditor".into()]), ..ann.clone() }), forbidden("auditors"));
    assert_eq!(decided(&Principal { subject: "bob".into(), ..ann.clone() }), forbidden("bob"));
    let admin = |second_factor| {
        let proof = kernel::Proof { at: Timestamp::EPOCH, second_factor };
        Principal { kind: PrincipalKind::Admin, proof: Some(proof), ..ann.clone() }
    };
    assert_eq!(decided(&admin(false)), forbidden("two-factors"));
    assert_eq!(decided(&admin(true)), Verdict::Allowed);
}

#[test]
fn every_forbidding_rule_is_named_in_the_log() {
    let rules = rules(&[policy("one", NO_ACCOUNTS), policy("two", NO_ACCOUNTS)]);
    let Verdict::Forbidden { rules: named } = ann_reads(&rules, "accounts", "read") else { panic!() };
    assert_eq!(named, ["one", "two"]);
}

#[test]
fn a_policy_whose_evaluation_fails_denies_the_call() {
    for broken in [
        "forbid (principal, action, resource) when { principal.client == \"app\" };",
        "forbid (principal, action, resource) when { resource.height > 3 };",
        "forbid (principal, action, resource) when { context.minute * 9223372036854775807 > 0 };",
    ] {
        let rules = rules(&[policy("broken", broken)]);
        let decided = ann_reads(&rules, "accounts", "read");
        assert!(matches!(&decided, Verdict::Undecided { why } if why.contains("broken")), "{broken}: {decided:?}");
    }
}

#[test]
fn added_policies_may_only_forbid() {
    let everything = "permit (principal, action, resource);";
    assert!(
        matches!(check_policy("all", everything, &crate::vocabulary::sample()), Err(RuleError::Policy { id, .. }) if id == "all")
    );
    assert!(
        RuleSet::compile(
            &[policy("all", everything)],
            "UTC",
            &crate::vocabulary::sample(),
            Arc::new(FakeClock::default())
        )
        .is_err()
    );
}

#[test]
fn an_invalid_policy_is_refused_before_it_is_stored() {
    for (bad, said) in [
        ("", "unexpected end of input"),
        ("forbid (principal, action", "unexpected end of input"),
        (&format!("{NO_ACCOUNTS}\n{NO_ACCOUNTS}"), "unexpected token `forbid`"),
        ("forbid (principal == ?principal, action, resource);", "template"),
        ("forbid (principal, action == Action::\"acounts:read\", resource);", "acounts:read"),
        ("forbid (principal is Robot, action, resource);", "Robot"),
        ("forbid (principal, action, resource) when { principal.height > 3 };", "height"),
        ("forbid (principal, action, resource) when { principal.client == \"app\" };", "client"),
        ("forbid (principal, action, resource) when { context.minute == \"noon\" };", "type"),
        ("forbid (principal, action, resource) when { false };", "impossible"),
        ("forbid (principal, action, resource) when { 1 };", "type"),
    ] {
        let refused = check_policy("bad", bad, &crate::vocabulary::sample()).unwrap_err().to_string();
        assert!(refused.contains(said), "{bad}: {refused}");
    }
    assert_eq!(check_policy("good", NO_ACCOUNTS, &crate::vocabulary::sample()), Ok(()));
}

#[test]
fn each_mistake_in_a_policy_is_reported_once() {
    for (bad, said) in [
        ("forbid (principal", "unexpected end of input"),
        (
            "forbid (principal, action == Action::\"acounts:read\", resource);",
            "unrecognized action `Action::\"acounts:read\"`",
        ),
        (
            "forbid (principal, action, resource) when { principal.height > 3 || principal.height < 1 };",
            "attribute `height` on entity type `Admin`, `Customer`, `Employee`, `Service` not found",
        ),
        (
            "forbid (principal, action, resource) when { false };",
            "policy is impossible: the policy expression evaluates to false for all valid requests",
        ),
    ] {
        assert_eq!(
            check_policy("bad", bad, &crate::vocabulary::sample()).unwrap_err().to_string(),
            format!("policy bad: {said}")
        );
    }
}

#[test]
fn built_in_policies_keep_their_text() {
    let words = crate::vocabulary::sample();
    let schema = words.schema().unwrap();
    for own in built_in_policies() {
        let parsed: cedar_policy::PolicySet = own.text.parse().unwrap();
        let validated =
            cedar_policy::Validator::new(schema.clone()).validate(&parsed, cedar_policy::ValidationMode::Strict);
        assert!(validated.validation_passed_without_warnings(), "{}: {validated}", own.id);
    }
}

#[test]
fn an_added_policy_cannot_have_a_built_in_name() {
    let taken = policy("office-hours", NO_ACCOUNTS);
    assert!(RuleSet::compile(&[taken], "UTC", &crate::vocabulary::sample(), Arc::new(FakeClock::default())).is_err());
    let told = Policy { built_in: true, ..policy("office-hours", NO_ACCOUNTS) };
    assert_eq!(
        ann_reads(&rules(&[told]), "accounts", "read"),
        Verdict::Allowed,
        "the product's own comes with the binary"
    );
}
