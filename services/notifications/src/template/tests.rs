//! Every kind in every language, and values that try to do harm.

use notifications_api::{Refusal, Shape};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::kinds::{self, KINDS};

const READER: Reader<'static> = Reader { name: Some("Ann"), locale: "en", zone: "Europe/Berlin", unsubscribe: None };

fn templates() -> Templates {
    Templates::built_in("Florin").unwrap()
}

fn example(kind: &Kind) -> notifications_api::Data {
    kind.variables.iter().map(|variable| (variable.name.to_owned(), crate::preview::example(variable))).collect()
}

#[test]
fn every_kind_is_complete_in_every_language() {
    let templates = templates();
    for kind in KINDS {
        let data = example(kind);
        assert_eq!(Told(&data).check(kind), Ok(()), "{}", kind.name);
        for (locale, _) in LANGUAGES {
            let rendered = templates.message(kind, &Told(&data), Reader { locale, ..READER });
            let rendered = rendered.unwrap_or_else(|error| panic!("{locale} {}: {error}", kind.name));
            assert_eq!(rendered.locale, locale);
            for text in [&rendered.subject, &rendered.body, &rendered.short] {
                assert!(!text.is_empty() && !text.contains("{{"), "{locale} {}: {text}", kind.name);
            }
            // Each variable is shown somewhere.
            for variable in kind.variables.iter().filter(|variable| variable.shape == Shape::Text) {
                assert!(rendered.text.contains(variable.example) || rendered.subject.contains(variable.example));
            }
        }
    }
}

#[test]
fn no_language_has_a_kind_that_does_not_exist() {
    for (language, source) in LANGUAGES {
        for (kind, _) in read(language, source).unwrap().into_iter().filter(|(kind, _)| kind != "layout") {
            assert!(kinds::find(&kind).is_ok(), "{language} {kind}");
        }
    }
}

#[test]
fn a_country_falls_back_to_its_language_and_then_to_english() {
    for (locale, expected) in
        [("de-AT", "de"), ("de", "de"), ("DE_ch", "de"), ("es-MX", "es"), ("fr-FR", "en"), ("", "en"), ("en-GB", "en")]
    {
        assert_eq!(language(locale), expected, "{locale}");
    }
}

#[test]
fn a_template_with_an_unknown_variable_is_an_error() {
    let mut templates = templates();
    templates.add("en/product.news/subject".to_owned(), "{{ nobody }}".to_owned()).unwrap();
    let kind = kinds::find("product.news").unwrap();
    let error = templates.message(kind, &Told(&example(kind)), READER).unwrap_err();
    assert!(error.is_about_a_variable(), "{error}");
}

#[test]
fn a_template_that_runs_for_ever_is_stopped() {
    let mut templates = templates();
    let endless = "{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}";
    templates.add("en/product.news/subject".to_owned(), endless.to_owned()).unwrap();
    let kind = kinds::find("product.news").unwrap();
    assert!(templates.message(kind, &Told(&example(kind)), READER).is_err());
}

fn received(from: &str) -> Rendered {
    let kind = kinds::find("account.money_received").unwrap();
    let data = json!({ "amount": { "amount": "25.00", "currency": "USD" }, "from": from });
    let Value::Object(data) = data else { panic!("an object") };
    templates().message(kind, &Told(&data), Reader { name: Some(from), ..READER }).unwrap()
}

#[test]
fn values_are_shown_and_never_read() {
    let rendered = received("{{ 7 * 7 }} <script>alert(1)</script> & \"Bob\"");
    assert!(rendered.body.starts_with("{{ 7 * 7 }} <script>"), "{}", rendered.body);
    assert!(!rendered.html.contains("<script>") && rendered.html.contains("&lt;script&gt;"), "{}", rendered.html);
    assert!(!rendered.html.contains("49"));
}

#[test]
fn hostile_letters_do_not_reach_a_subject() {
    for (from, expected) in [
        ("Bob\r\nBcc: all@example.com", "Bob  Bcc: all@example.com sent"),
        ("\u{202e}boB", "boB sent"),
        ("\u{0}\u{7}Bob\u{85}", "  Bob  sent"),
    ] {
        let rendered = received(from);
        assert!(rendered.short.starts_with(expected), "{:?}", rendered.short);
        for text in [&rendered.subject, &rendered.short] {
            assert!(is_plain(text), "{text:?}");
        }
    }
    let long = received(&"x".repeat(10_000));
    assert!(long.short.chars().count() <= SHORT_CHARS_MAX && long.short.ends_with('…'));
}

#[test]
fn data_is_refused_by_the_name_of_its_variable() {
    let kind = kinds::find("account.money_received").unwrap();
    let amount = json!({ "amount": "25.00", "currency": "USD" });
    for (data, field) in [
        (json!({ "amount": amount }), "variable_missing from"),
        (json!({ "from": "Bob" }), "variable_missing amount"),
        (json!({ "amount": amount, "from": "Bob", "to": "x" }), "data.to"),
        (json!({ "amount": 25.0, "from": "Bob" }), "data.amount"),
        (json!({ "amount": { "amount": "25", "currency": "USD" }, "from": "Bob" }), "data.amount"),
        (json!({ "amount": amount, "from": 7 }), "data.from"),
        (json!({ "amount": amount, "from": "Bob\n" }), "data.from"),
        (json!({ "amount": amount, "from": "\u{202e}" }), "data.from"),
        (json!({ "amount": amount, "from": "x".repeat(2_001) }), "data.from"),
    ] {
        let Value::Object(data) = data else { panic!("an object") };
        let found = match Told(&data).check(kind).unwrap_err() {
            Refusal::VariableMissing { variable, .. } => format!("variable_missing {variable}"),
            Refusal::FieldInvalid { field, .. } => field,
            other => panic!("{other}"),
        };
        assert_eq!(found, field);
    }
}

#[test]
fn a_digest_lists_its_messages() {
    let templates = templates();
    let messages = [received("Bob"), received("<b>")];
    let digest = templates.digest(&messages, READER).unwrap();
    assert_eq!(digest.subject, "2 messages from Florin");
    assert!(digest.text.contains("* You received 25.00 USD") && digest.html.contains("&lt;b&gt;"), "{digest:?}");
}

proptest! {
    #[test]
    fn no_value_breaks_a_page(from in "\\PC{0,200}") {
        let rendered = received(&from);
        let tags = |html: &str| html.matches('<').count();
        prop_assert_eq!(tags(&rendered.html), tags(&received("Bob").html));
    }
}
