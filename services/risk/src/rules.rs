//! Rules that an analyst writes: read once, checked, and run on a tree of our own.
//!
//! The syntax is CEL, read by the `cel` crate; the language is a subset with types and bounds. A condition is at most 4 KiB long, 32
//! levels deep and 200 nodes large, its lists hold at most 1,000 entries, and it has neither macros nor loops: what runs is bounded
//! by what was read. A condition that cannot be worked out (a missing feature, a division by zero) does not apply, by name.
//!
//! Start reading at [`compile`], then `check` (from CEL to the tree) and `tree` (the tree, and how it is run).

mod check;
pub(crate) mod inputs;
mod scan;
pub(crate) mod starter;
mod syntax;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use kernel::Timestamp;
use risk_api::{Action, EntityKind, Mistake, Rule, RuleResult, SubjectKind, limits};

pub(crate) use inputs::Inputs;
use tree::{Skip, Test};

use crate::features::EntityKey;

/// A rule set that runs.
#[derive(Debug)]
pub(crate) struct RuleBook {
    pub(crate) rules: Vec<Compiled>,
}

#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) id: Box<str>,
    pub(crate) code: Box<str>,
    pub(crate) text: Box<str>,
    pub(crate) action: Action,
    kinds: Vec<SubjectKind>,
    snoozed: HashMap<EntityKey, Timestamp>,
    when: Test,
}

/// The result of one rule for one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Hit,
    Quiet,
    /// It is not for this kind of subject.
    OtherKind,
    Snoozed,
    Skipped(Skip),
}

/// Reads every rule.
///
/// # Errors
/// Everything that is wrong with them, with its place.
pub(crate) fn compile(rules: &[Rule]) -> Result<RuleBook, Vec<Mistake>> {
    let mut problems = of_the_set(rules);
    let mut compiled = Vec::with_capacity(rules.len());
    for (rule, read) in rules.iter().zip(syntax::read_all(rules)) {
        match read.and_then(|read| check::condition(&read)) {
            Ok(when) => compiled.push(Compiled::new(rule, when)),
            Err(found) => {
                let at = |found: Found| Mistake {
                    rule: rule.id.clone(),
                    line: found.line,
                    column: found.column,
                    text: found.text,
                };
                problems.extend(found.into_iter().map(at));
            }
        }
    }
    if problems.is_empty() { Ok(RuleBook { rules: compiled }) } else { Err(problems) }
}

/// A mistake at a position of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    line: u32,
    column: u32,
    text: String,
}

fn of_the_set(rules: &[Rule]) -> Vec<Mistake> {
    let mut problems = Vec::new();
    let mut say = |rule: &str, text: String| problems.push(Mistake { rule: rule.to_owned(), line: 1, column: 1, text });
    if rules.len() > limits::RULES_MAX {
        say("", format!("expected at most {} rules, found {}", limits::RULES_MAX, rules.len()));
    }
    let mut ids = HashSet::new();
    for rule in rules {
        if !ids.insert(&rule.id) {
            say(&rule.id, "expected an id of its own, found one that another rule has".to_owned());
        }
        let plain = |text: &str| {
            let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
            (1..=64).contains(&text.len()) && text.bytes().all(letter)
        };
        if !plain(&rule.id) || !rule.reason.as_deref().is_none_or(plain) {
            say(&rule.id, "expected an id and a reason of 1 to 64 small letters, digits, dots and _".to_owned());
        }
        if !(1..=limits::NOTE_BYTES_MAX).contains(&rule.text.len()) {
            say(&rule.id, format!("expected a text of 1 to {} bytes", limits::NOTE_BYTES_MAX));
        }
        if rule.snoozed.len() > limits::SNOOZES_MAX {
            say(&rule.id, format!("expected at most {} snoozed entities", limits::SNOOZES_MAX));
        }
        if matches!(rule.action, Action::Score(points) if !(-1_000..=1_000).contains(&points)) {
            say(&rule.id, "expected a score between -1000 and 1000".to_owned());
        }
    }
    problems
}

impl Compiled {
    fn new(rule: &Rule, when: Test) -> Compiled {
        let snoozed = rule.snoozed.iter();
        let snoozed =
            snoozed.map(|snooze| (EntityKey::of(snooze.entity.kind, snooze.entity.id.as_str()), snooze.until));
        Compiled {
            id: rule.id.as_str().into(),
            code: rule.reason.as_deref().unwrap_or(&rule.id).into(),
            text: rule.text.as_str().into(),
            action: rule.action,
            kinds: rule.kinds.clone(),
            snoozed: snoozed.collect(),
            when,
        }
    }

    pub(crate) fn ask(&self, inputs: &Inputs<'_>) -> Said {
        let assess = inputs.assess;
        if !self.kinds.is_empty() && !self.kinds.contains(&assess.kind) {
            return Said::OtherKind;
        }
        if !self.snoozed.is_empty() && self.is_snoozed(inputs) {
            return Said::Snoozed;
        }
        match self.when.ask(inputs) {
            Ok(true) => Said::Hit,
            Ok(false) => Said::Quiet,
            Err(skip) => Said::Skipped(skip),
        }
    }

    fn is_snoozed(&self, inputs: &Inputs<'_>) -> bool {
        use strum::VariantArray;
        let mut entities = EntityKind::VARIANTS.iter().filter_map(|kind| Some((*kind, inputs.assess.entity(*kind)?)));
        entities.any(|(kind, id)| {
            let until = self.snoozed.get(&EntityKey::of(kind, id.as_str()));
            until.is_some_and(|until| inputs.assess.at < *until)
        })
    }
}

impl Said {
    pub(crate) fn result(&self, rule: &Compiled) -> RuleResult {
        let skipped = match self {
            Said::Hit | Said::Quiet => None,
            Said::OtherKind => Some("other_kind".to_owned()),
            Said::Snoozed => Some("snoozed".to_owned()),
            Said::Skipped(skip) => Some(skip.to_string()),
        };
        RuleResult { rule: rule.id.to_string(), hit: *self == Said::Hit, skipped }
    }
}
