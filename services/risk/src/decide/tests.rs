use kernel::{Id, Timestamp};
use proptest::prelude::*;
use risk_api::{EntityKind, Rule, SubjectKind};

use super::*;
use crate::features::feature_index;
use crate::rules::compile;

const NONE: Thresholds = Thresholds { review_from: 500, decline_from: 800 };

fn subject() -> Assess {
    Assess::new("s".parse().unwrap(), SubjectKind::CardAuthorization, Timestamp::from_micros(1))
}

fn rule(id: &str, action: Action) -> Rule {
    let (text, when) = (format!("rule {id}"), "true".to_owned());
    Rule { id: id.to_owned(), text, when, action, reason: None, kinds: Vec::new(), snoozed: Vec::new() }
}

fn answered(listed: Listed, actions: &[Action], probability: Option<f64>) -> Answer {
    let rules: Vec<_> = (0..).zip(actions).map(|(number, action)| rule(&format!("r{number}"), *action)).collect();
    let book = compile(&rules).unwrap();
    let (assess, row) = (subject(), Row::empty());
    let facts = Facts { assess: &assess, row: &row, listed: &listed };
    let asked = ask(Id::from_bits(1), &book, &facts);
    let model = probability.map(|probability| Modelled {
        model: Id::from_bits(2),
        scored: Scored { probability, contributions: Vec::new() },
        thresholds: Thresholds { review_from: 300, decline_from: 600 },
    });
    answer(&facts, Some((&book, &asked)), model.as_ref(), NONE)
}

fn on(denied: bool, allowed: bool) -> Listed {
    let card = |is| if is { vec![EntityKind::Card] } else { Vec::new() };
    Listed { denied: card(denied), allowed: card(allowed), watched: Vec::new() }
}

#[test]
fn lists_come_before_rules_and_rules_before_thresholds() {
    use Action::{Allow, Challenge, Decline, Review, Score};
    for (listed, actions, probability, expected) in [
        (on(true, true), vec![Allow], Some(0.0), Outcome::Decline),
        (on(false, true), vec![Decline], Some(1.0), Outcome::Approve),
        (on(false, false), vec![Review, Challenge], Some(0.0), Outcome::Challenge),
        (on(false, false), vec![Review, Action::DeclineReview, Decline], None, Outcome::Decline),
        (on(false, false), vec![Allow], Some(1.0), Outcome::Approve),
        (on(false, false), vec![Allow, Review], Some(1.0), Outcome::DeclineReview),
        (on(false, false), vec![], Some(0.3), Outcome::Review),
        (on(false, false), vec![], Some(0.6), Outcome::DeclineReview),
        (on(false, false), vec![Score(100)], Some(0.25), Outcome::Review),
        (on(false, false), vec![Score(-100)], Some(0.35), Outcome::Approve),
        (on(false, false), vec![Score(500)], None, Outcome::Review),
        (on(false, false), vec![Score(799)], None, Outcome::Review),
        (on(false, false), vec![Score(800)], None, Outcome::DeclineReview),
        (on(false, false), vec![], None, Outcome::Approve),
    ] {
        let found = answered(listed.clone(), &actions, probability);
        assert_eq!(found.outcome, expected, "{listed:?} {actions:?} {probability:?}");
    }
}

#[test]
fn the_score_stays_between_0_and_1000() {
    assert_eq!(answered(on(false, false), &[Action::Score(1_000); 5], Some(0.5)).score, 1_000);
    assert_eq!(answered(on(false, false), &[Action::Score(-1_000); 5], Some(0.5)).score, 0);
}

#[test]
fn what_decided_is_the_first_reason() {
    let actions = [Action::Score(700), Action::Review, Action::Decline];
    let codes = |listed| -> Vec<String> {
        answered(listed, &actions, None).reasons.into_iter().map(|reason| reason.code).collect()
    };
    assert_eq!(codes(on(false, false)), ["r2", "r1", "r0"]);
    assert_eq!(codes(on(true, false))[0], "list.deny");
}

#[test]
fn at_most_eight_reasons_are_given() {
    let found = answered(on(true, false), &[Action::Score(10); 20], None);
    assert_eq!(found.reasons.len(), limits::REASONS_MAX);
}

#[test]
fn the_model_says_what_moved_it() {
    let (assess, listed, mut row) = (subject(), Listed::default(), Row::empty());
    let place = feature_index("card_count_1h").unwrap();
    row.set(place, 7.0);
    let scored =
        Scored { probability: 0.4, contributions: vec![(place, 3.0), (feature_index("amount").unwrap(), -1.0)] };
    let model = Modelled { model: Id::from_bits(2), scored, thresholds: NONE };
    let found = answer(&Facts { assess: &assess, row: &row, listed: &listed }, None, Some(&model), NONE);
    let told: Vec<_> = found.reasons.iter().map(|reason| (reason.text.as_str(), reason.weight)).collect();
    assert_eq!(
        told,
        [
            ("Times the card was seen within an hour: 7, which speaks for fraud", 300),
            ("Amount: not known, which speaks against fraud", -100),
        ]
    );
}

#[test]
fn a_subject_of_tomorrow_is_ahead() {
    let now = Timestamp::from_micros(1_000_000_000);
    assert!(!is_ahead(now.plus_seconds(limits::AHEAD_MAX_S), now));
    assert!(is_ahead(now.plus_seconds(limits::AHEAD_MAX_S + 1), now));
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (-1_000..1_000).prop_map(Action::Score),
        Just(Action::Review),
        Just(Action::Challenge),
        Just(Action::DeclineReview),
        Just(Action::Decline),
        Just(Action::Allow),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn one_more_rule_that_declines_never_makes_it_milder(
        actions in proptest::collection::vec(action(), 0..6),
        probability in proptest::option::of(0.0..1.0),
    ) {
        let before = answered(on(false, false), &actions, probability);
        let more = answered(on(false, false), &[actions, vec![Action::Decline]].concat(), probability);
        prop_assert!(more.outcome >= before.outcome && more.outcome == Outcome::Decline);
    }
}
