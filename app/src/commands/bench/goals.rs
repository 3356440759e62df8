//! The goals on the command line: what was required, what was measured, and whether the command fails.

use serde_json::{Value, json};

use crate::failure::Failure;

#[derive(Default)]
pub(super) struct Goals {
    all: Vec<Goal>,
}

struct Goal {
    /// Such as "transfers a second, 16 in flight".
    what: String,
    limit: Limit,
    measured: Option<f64>,
}

#[derive(Clone, Copy)]
pub(super) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Goals {
    /// Does nothing if the goal is not set.
    pub(super) fn at_least(&mut self, what: impl Into<String>, wanted: Option<f64>, measured: Option<f64>) {
        self.all.extend(wanted.map(|wanted| Goal { what: what.into(), limit: Limit::AtLeast(wanted), measured }));
    }

    pub(super) fn at_most(&mut self, what: impl Into<String>, wanted: Option<f64>, measured: Option<f64>) {
        self.all.extend(wanted.map(|wanted| Goal { what: what.into(), limit: Limit::AtMost(wanted), measured }));
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.all
            .iter()
            .map(|goal| format!("goal {}: {}", if goal.is_met() { "met" } else { "MISSED" }, goal.sentence()))
    }

    pub(super) fn value(&self) -> Value {
        self.all.iter().map(Goal::value).collect()
    }

    /// Fails with every missed goal.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let missed: Vec<String> = self.all.iter().filter(|goal| !goal.is_met()).map(Goal::sentence).collect();
        if missed.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("missed {} of {} goals: {}", missed.len(), self.all.len(), missed.join("; "))))
    }
}

impl Goal {
    /// What was not measured counts as missed.
    fn is_met(&self) -> bool {
        match (self.limit, self.measured) {
            (Limit::AtLeast(wanted), Some(measured)) => measured >= wanted,
            (Limit::AtMost(wanted), Some(measured)) => measured <= wanted,
            (_, None) => false,
        }
    }

    fn sentence(&self) -> String {
        let measured = self.measured.map_or("nothing was measured".to_owned(), |measured| format!("{measured:.1}"));
        match self.limit {
            Limit::AtLeast(wanted) => format!("{}: expected at least {wanted}, found {measured}", self.what),
            Limit::AtMost(wanted) => format!("{}: expected at most {wanted}, found {measured}", self.what),
        }
    }

    fn value(&self) -> Value {
        let (word, wanted) = match self.limit {
            Limit::AtLeast(wanted) => ("at_least", wanted),
            Limit::AtMost(wanted) => ("at_most", wanted),
        };
        json!({ "what": self.what, word: wanted, "measured": self.measured, "met": self.is_met() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_at_its_limit_and_beyond() {
        for (limit, measured, met) in [
            (Limit::AtLeast(10.0), Some(10.0), true),
            (Limit::AtLeast(10.0), Some(9.9), false),
            (Limit::AtMost(10.0), Some(10.0), true),
            (Limit::AtMost(10.0), Some(10.1), false),
            (Limit::AtLeast(10.0), None, false),
            (Limit::AtMost(10.0), None, false),
        ] {
            let goal = Goal { what: "rate".to_owned(), limit, measured };
            assert_eq!(goal.is_met(), met, "{}", goal.sentence());
        }
    }

    #[test]
    fn the_failure_names_only_missed_goals() {
        let mut goals = Goals::default();
        goals.at_least("rate", Some(5.0), Some(4.0));
        goals.at_most("bytes", Some(300.0), Some(100.0));
        goals.at_most("commit", None, Some(100.0));
        let failure = goals.verdict().err().unwrap();
        assert_eq!(failure.to_string(), "missed 1 of 2 goals: rate: expected at least 5, found 4.0");
        assert_eq!(goals.lines().count(), 2);
    }
}
