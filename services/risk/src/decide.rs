//! From a subject's features, lists, rules and model to an outcome with reasons. Pure.
//!
//! The order is fixed. The deny list declines. The allow list approves. Then every rule is asked, and the strictest action of those
//! that hit wins. Then the thresholds on the score, which is the model's probability plus what rules add; a rule that allows keeps
//! them from deciding, unless another rule asks for more.
//!
//! Invariant: a decision depends on nothing but its inputs, so that it can be made again from what was stored.

mod words;

#[cfg(test)]
mod tests;

use kernel::Timestamp;
use risk_api::{Action, Assess, Degraded, ListName, ModelId, Outcome, Reason, RuleSetId, limits};

use crate::features::Row;
use crate::lists::Listed;
use crate::model::Scored;
use crate::rules::{Inputs, RuleBook, Said};

/// The scores from which on decisions are reviewed and declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thresholds {
    pub(crate) review_from: u16,
    pub(crate) decline_from: u16,
}

/// A subject with its features and lists.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) assess: &'a Assess,
    pub(crate) row: &'a Row,
    pub(crate) listed: &'a Listed,
}

/// Results of the rules, in the order of their set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) rule_set: RuleSetId,
    pub(crate) said: Vec<Said>,
}

/// The result of the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Modelled {
    pub(crate) model: ModelId,
    pub(crate) scored: Scored,
    pub(crate) thresholds: Thresholds,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) score: u16,
    pub(crate) outcome: Outcome,
    pub(crate) reasons: Vec<Reason>,
}

/// Every rule of a set, asked about one subject.
pub(crate) fn ask(rule_set: RuleSetId, book: &RuleBook, facts: &Facts<'_>) -> Asked {
    let inputs = Inputs::new(facts.assess, facts.row, &facts.listed.watched);
    Asked { rule_set, said: book.rules.iter().map(|rule| rule.ask(&inputs)).collect() }
}

/// `without_model`: the thresholds where no model has a say.
pub(crate) fn answer(
    facts: &Facts<'_>,
    rules: Option<(&RuleBook, &Asked)>,
    model: Option<&Modelled>,
    without_model: Thresholds,
) -> Answer {
    let hits: Vec<_> = rules.map(|(book, asked)| hits(book, asked)).unwrap_or_default();
    let added: i64 = hits.iter().map(|rule| points(rule.action)).sum();
    let base = model.map_or(0, |model| i64::from(Scored::points(model.scored.probability)));
    let score = u16::try_from((base + added).clamp(0, 1_000)).unwrap_or_default();
    let mut reasons = words::of_lists(facts.listed);
    reasons.extend(hits.iter().map(|rule| Reason {
        code: rule.code.to_string(),
        text: rule.text.to_string(),
        weight: i32::try_from(points(rule.action)).unwrap_or_default(),
    }));
    if let Some(model) = model {
        reasons.extend(words::of_model(facts.row, &model.scored));
    }
    let asked_for = hits.iter().filter_map(|rule| rule.action.outcome()).max();
    let thresholds = model.map_or(without_model, |model| model.thresholds);
    let outcome = if !facts.listed.denied.is_empty() {
        Outcome::Decline
    } else if !facts.listed.allowed.is_empty() {
        Outcome::Approve
    } else {
        match asked_for {
            Some(Outcome::Approve) => Outcome::Approve,
            asked_for => asked_for.unwrap_or(Outcome::Approve).max(thresholds.outcome(score)),
        }
    };
    Answer { score, outcome, reasons: weightiest(reasons, &hits) }
}

impl Thresholds {
    fn outcome(self, score: u16) -> Outcome {
        if score >= self.decline_from {
            Outcome::DeclineReview
        } else if score >= self.review_from {
            Outcome::Review
        } else {
            Outcome::Approve
        }
    }
}

fn hits<'a>(book: &'a RuleBook, asked: &Asked) -> Vec<&'a crate::rules::Compiled> {
    let pairs = book.rules.iter().zip(&asked.said);
    pairs.filter(|(_, said)| **said == Said::Hit).map(|(rule, _)| rule).collect()
}

fn points(action: Action) -> i64 {
    match action {
        Action::Score(points) => i64::from(points),
        _ => 0,
    }
}

/// Lists first, then rules that decide by the strictness of what they ask for, then the rest by weight.
fn weightiest(mut reasons: Vec<Reason>, hits: &[&crate::rules::Compiled]) -> Vec<Reason> {
    let rank = |reason: &Reason| {
        let listed = reason.code.starts_with("list.");
        let rule = hits.iter().find(|rule| *rule.code == *reason.code && *rule.text == *reason.text);
        let outcome = rule.and_then(|rule| rule.action.outcome());
        (listed, outcome, reason.weight.unsigned_abs())
    };
    reasons.sort_by_key(|reason| std::cmp::Reverse(rank(reason)));
    reasons.truncate(limits::REASONS_MAX);
    reasons
}

/// The parts that did not take part.
pub(crate) fn degraded(has_rules: bool, model: Option<Degraded>) -> Vec<Degraded> {
    let rules = (!has_rules).then_some(Degraded::RulesMissing);
    [model, rules].into_iter().flatten().collect()
}

/// The lists that name an entity of the subject, for the explanation of a decision.
pub(crate) fn lists_of(listed: &Listed) -> Vec<(ListName, risk_api::EntityKind)> {
    let named = |list: ListName, kinds: &[risk_api::EntityKind]| {
        kinds.iter().map(move |kind| (list, *kind)).collect::<Vec<_>>()
    };
    let mut all = named(ListName::Deny, &listed.denied);
    all.extend(named(ListName::Allow, &listed.allowed));
    all.extend(named(ListName::Watch, &listed.watched));
    all
}

/// True if a subject is further ahead of the clock than clocks may differ.
pub(crate) fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at.micros_since(now) > limits::AHEAD_MAX_S * 1_000_000
}
