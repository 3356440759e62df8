//! Categories: the code's name, unless a rule of people says otherwise. A person's own choice is never touched here.

use banking_api::{AddRule, Code};
use kernel::Money;

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) code: Code,
    pub(crate) amount: Money,
    pub(crate) counterparty: Option<&'a str>,
    pub(crate) text: &'a [String],
}

/// Rules in the order in which they count, ready for comparison.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<AddRule>);

impl Rules {
    pub(crate) fn new(rules: impl IntoIterator<Item = AddRule>) -> Rules {
        let lower = |mut rule: AddRule| {
            rule.words = rule.words.iter().map(|word| word.to_lowercase()).collect();
            rule.counterparty = rule.counterparty.map(|name| name.to_lowercase());
            rule
        };
        Rules(rules.into_iter().map(lower).collect())
    }

    pub(crate) fn category(&self, facts: &Facts<'_>) -> String {
        if self.0.is_empty() {
            return facts.code.name().to_owned();
        }
        let text = facts.text.join(" ").to_lowercase();
        let name = facts.counterparty.unwrap_or_default().to_lowercase();
        let matching = self.0.iter().find(|rule| matches(rule, facts, &text, &name));
        matching.map_or_else(|| facts.code.name().to_owned(), |rule| rule.category.clone())
    }
}

fn matches(rule: &AddRule, facts: &Facts<'_>, text: &str, name: &str) -> bool {
    let bound = |bound: &Option<Money>, is_within: fn(i64, i64) -> bool| {
        bound.is_none_or(|bound| {
            bound.currency() == facts.amount.currency() && is_within(facts.amount.minor(), bound.minor())
        })
    };
    rule.code.is_none_or(|code| code == facts.code)
        && rule.words.iter().all(|word| text.contains(word.as_str()))
        && rule.counterparty.as_ref().is_none_or(|part| name.contains(part.as_str()))
        && bound(&rule.at_least, |minor, least| minor >= least)
        && bound(&rule.at_most, |minor, most| minor <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str) -> Money {
        Money::parse(amount, "EUR").unwrap()
    }

    #[test]
    fn the_first_rule_whose_terms_are_all_true_sets_the_category() {
        let rent = AddRule { category: "rent".to_owned(), words: vec!["RENT".to_owned()], ..AddRule::default() };
        let large = AddRule { category: "large".to_owned(), at_most: Some(money("-1000.00")), ..AddRule::default() };
        let acme = AddRule { category: "acme".to_owned(), counterparty: Some("Acme".to_owned()), ..AddRule::default() };
        let coded = AddRule { category: "banks".to_owned(), code: Some(Code::Fee), ..AddRule::default() };
        let rules = Rules::new([rent, large, acme, coded]);
        for (code, amount, name, text, expected) in [
            (Code::Other, "-900.00", None, "Rent January", "rent"),
            (Code::Other, "-1000.00", Some("ACME Inc."), "invoice", "large"),
            (Code::Other, "-999.99", Some("ACME Inc."), "invoice", "acme"),
            (Code::Fee, "-1.00", None, "", "banks"),
            (Code::Payroll, "-1.00", None, "", "payroll"),
        ] {
            let text = [text.to_owned()];
            let facts = Facts { code, amount: money(amount), counterparty: name, text: &text };
            assert_eq!(rules.category(&facts), expected);
        }
        let other =
            Facts { code: Code::Other, amount: Money::parse("-5000", "JPY").unwrap(), counterparty: None, text: &[] };
        assert_eq!(rules.category(&other), "other");
    }
}
