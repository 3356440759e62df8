use kernel::{Currency, Money, Timestamp};
use proptest::prelude::*;
use risk_api::{Assess, Entity, Extra, Snooze};

use super::*;
use crate::features::{Row, feature_index};

fn rule(when: &str) -> Rule {
    Rule {
        id: "one".to_owned(),
        text: "a rule".to_owned(),
        when: when.to_owned(),
        action: Action::Decline,
        reason: None,
        kinds: Vec::new(),
        snoozed: Vec::new(),
    }
}

fn subject() -> Assess {
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let mut assess = Assess::new("s1".parse().unwrap(), SubjectKind::CardAuthorization, at);
    assess.card = Some("tok_1".parse().unwrap());
    assess.amount = Some(Money::new(12_000, Currency::iso("EUR").unwrap()));
    assess.category = Some("5411".parse().unwrap());
    assess.country = Some("DE".parse().unwrap());
    assess.extra.insert("level".to_owned(), Extra::Number(3.0));
    assess.extra.insert("segment".to_owned(), Extra::Word("gold".to_owned()));
    assess
}

fn row() -> Row {
    let mut row = Row::empty();
    for (name, value) in [("amount", 120.0), ("card_count_1h", 4.0), ("card_mean_7d", 0.0), ("card_sum_1d", 1e300)] {
        row.set(feature_index(name).unwrap(), value);
    }
    row
}

fn ask(when: &str) -> Said {
    let book = compile(&[rule(when)]).unwrap_or_else(|problems| panic!("{when}: {problems:?}"));
    book.rules[0].ask(&Inputs::new(&subject(), &row(), &[EntityKind::Merchant]))
}

fn mistake(when: &str) -> Mistake {
    compile(&[rule(when)]).expect_err(when).remove(0)
}

#[test]
fn conditions_mean_what_they_say() {
    for when in [
        "amount > 100.0 && card_count_1h >= 4",
        "amount == 120 || false",
        "!(amount < 100)",
        "amount / 4 == 30.0 && amount % 50 == 20 && amount - 20 == 100 && -amount < 0 && amount * 2 + 1 == 241",
        "currency == \"EUR\" && country != 'US' && kind == 'card_authorization' && category == \"5411\"",
        "country in ['FR', 'DE'] && card_count_1h in [3, 4.0]",
        "card.startsWith('tok_') && card.endsWith('1') && card.contains('k_') && size(card) == 5",
        "(amount > 100 ? 'big' : 'small') == 'big'",
        "(amount > 100) == true",
        "merchant_watched && !card_watched && !present",
        "numbers.level == 3 && words.segment == 'gold'",
        "known(amount) && !known(card_speed_kmh) && known(words.segment) && !known(numbers.other) && !known(merchant)",
        "amount > 1 // a comment\n && true",
    ] {
        assert_eq!(ask(when), Said::Hit, "{when}");
    }
    for when in ["amount < 100", "country in []", "merchant_watched && false", "1 > 2 ? true : false"] {
        assert_eq!(ask(when), Said::Quiet, "{when}");
    }
}

#[test]
fn what_cannot_be_worked_out_does_not_apply() {
    let missing = |name: &str| Said::Skipped(Skip::Missing(name.into()));
    assert_eq!(ask("card_speed_kmh > 10"), missing("card_speed_kmh"));
    assert_eq!(ask("merchant == 'm'"), missing("merchant"));
    assert_eq!(ask("numbers.other > 1"), missing("numbers.other"));
    assert_eq!(ask("amount / card_mean_7d > 1"), Said::Skipped(Skip::DivisionByZero));
    assert_eq!(ask("amount % 0 > 1"), Said::Skipped(Skip::DivisionByZero));
    assert_eq!(ask("card_sum_1d * card_sum_1d > 1"), Said::Skipped(Skip::NotFinite));
}

#[test]
fn one_side_that_settles_it_is_enough() {
    for (when, expected) in [
        ("card_speed_kmh > 10 && amount < 0", Said::Quiet),
        ("amount < 0 && card_speed_kmh > 10", Said::Quiet),
        ("card_speed_kmh > 10 || amount > 0", Said::Hit),
        ("amount > 0 || card_speed_kmh > 10", Said::Hit),
    ] {
        assert_eq!(ask(when), expected, "{when}");
    }
}

#[test]
fn a_mistake_is_told_at_its_place() {
    for (when, line, column, text) in [
        ("amount > 'x'", 1, 10, "expected a number, found a text"),
        ("true &&\n  card_cout_1h > 2", 2, 3, "perhaps card_count_1h is meant"),
        ("amount", 1, 1, "expected a condition, found a number"),
        ("amount == 'x'", 1, 11, "expected a number, found a text"),
        ("country > 'A'", 1, 1, "expected a number, found a text"),
        ("[1, 2].all(x, x > 1)", 1, 11, "macros"),
        ("has(numbers.level)", 1, 4, "ask known"),
        ("matches(card, 'a')", 1, 8, "expected a function that there is"),
        ("card.matches('(a+)+')", 1, 1, "expected a function that there is"),
        ("amount in [1, 'a']", 1, 15, "expected a number as a constant"),
        ("amount in country", 1, 11, "expected a list"),
        ("{'a': 1} == {'a': 1}", 1, 1, "maps and messages"),
        ("null == null", 1, 1, "bytes and null"),
        ("amount >", 1, 9, "expected a condition in CEL"),
        ("", 1, 1, "expected a condition in CEL"),
    ] {
        let found = mistake(when);
        assert!(found.text.contains(text), "{when}: {found:?}");
        assert_eq!((found.line, found.column), (line, column), "{when}: {found:?}");
    }
}

#[test]
fn huge_conditions_are_refused() {
    let nested = format!("{}true{}", "(".repeat(2_000), ")".repeat(2_000));
    let chain = vec!["amount"; 500].join("+") + " > 1";
    let many = vec!["amount > 1"; 150].join(" && ");
    let not = "!".repeat(3_000) + "true";
    let list = format!("amount in [{}]", vec!["1"; 1_500].join(","));
    let choice = "true ? true : ".repeat(280) + "true";
    let members = format!("a{} == 1", ".b".repeat(2_000));
    for (when, text) in [
        (nested.as_str(), "levels of brackets"),
        (&format!("amount > {}", "1".repeat(4_096)), "bytes"),
        (&chain, "levels"),
        (&many, "parts"),
        (&not, "signs"),
        (&list, "commas"),
        (&choice, "levels"),
        (&members, "signs"),
        (&"[".repeat(4_000), "levels of brackets"),
        ("amount > 1e999", "invalid double literal"),
    ] {
        let found = mistake(when);
        assert!(found.text.contains(text), "{}: {found:?}", when.chars().take(40).collect::<String>());
    }
    assert!(matches!(mistake("amount > 99999999999999999999999999").column, 1..=11));
}

#[test]
fn a_long_list_is_one_part() {
    let words: Vec<_> = (0..400).map(|number| format!("'{number:04}'")).collect();
    assert_eq!(ask(&format!("category in [{}]", words.join(","))), Said::Quiet);
    let numbers: Vec<_> = (0..400).map(|number| format!("-{number}.5")).collect();
    assert_eq!(ask(&format!("amount in [{}]", numbers.join(","))), Said::Quiet);
}

#[test]
fn a_set_of_too_many_rules_is_refused() {
    let rules: Vec<_> = (0..10_000).map(|number| Rule { id: format!("r{number}"), ..rule("true") }).collect();
    assert!(compile(&rules).unwrap_err()[0].text.contains("at most 500 rules"));
}

#[test]
fn rules_of_one_id_are_refused() {
    assert!(compile(&[rule("true"), rule("true")]).unwrap_err()[0].text.contains("an id of its own"));
}

#[test]
fn a_rule_is_silent_for_other_kinds_and_while_snoozed() {
    let (subject, row) = (subject(), row());
    let inputs = Inputs::new(&subject, &row, &[]);
    let said = |rule: Rule| compile(&[rule]).unwrap().rules[0].ask(&inputs);
    assert_eq!(said(Rule { kinds: vec![SubjectKind::Login], ..rule("true") }), Said::OtherKind);
    let entity = Entity { kind: EntityKind::Card, id: "tok_1".parse().unwrap() };
    let until = |until| Rule { snoozed: vec![Snooze { entity: entity.clone(), until }], ..rule("true") };
    assert_eq!(said(until(subject.at.plus_seconds(1))), Said::Snoozed);
    assert_eq!(said(until(subject.at)), Said::Hit);
}

#[test]
fn the_starter_set_is_twenty_sound_rules() {
    let book = compile(&starter::rules()).unwrap();
    assert_eq!(book.rules.len(), 20);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_reading_panic(when in "[a-z0-9_()\\[\\]{}<>=!&|?:+*/%.,'\" -]{0,80}") {
        let _ = compile(&[rule(&when)]);
    }
}

/// The examples of `docs/risk.md`.
#[test]
fn the_documented_examples_are_true() {
    let page = include_str!("../../../../docs/risk.md");
    let json = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let documented: Rule = serde_json::from_str(json).unwrap();
    assert!(compile(&[documented]).is_ok());
    let examples = page.split("| condition | result |\n|---|---|\n").nth(1).unwrap();
    let mut seen = 0;
    for line in examples.lines().take_while(|line| line.starts_with('|')) {
        let (when, result) = line.trim_matches(['|', ' ']).split_once("` | ").unwrap();
        let said = match ask(when.trim_start_matches('`')) {
            Said::Hit => "hit".to_owned(),
            Said::Skipped(skip) => format!("skipped: {skip}"),
            _ => "no hit".to_owned(),
        };
        assert_eq!(said, result, "{when}");
        seen += 1;
    }
    assert_eq!(seen, 7);
}
