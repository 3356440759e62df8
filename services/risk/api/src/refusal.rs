//! Every way in which risk refuses a command, by name.

use std::borrow::Cow;

use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};

use crate::{ModelState, RuleSetState};

#[derive(
    Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("{field}: expected {expected}")]
    FieldInvalid { field: String, expected: String },
    #[error("expected at most {max} {what} in one call, found {found}")]
    TooMany { what: String, max: usize, found: usize },
    #[error("expected a range that begins before it ends")]
    RangeEmpty,
    #[error("there is a decision about this id already, with different inputs")]
    SubjectTaken,
    #[error("the subject is more than {max_s} s ahead of the service's clock")]
    SubjectAhead { max_s: i64 },
    #[error("the lists are full: they hold at most {max} entries")]
    ListsFull { max: usize },
    #[error("the rule set is {state}; {change} needs another state")]
    RuleSetState { state: RuleSetState, change: String },
    #[error("the rule set has {problems} problems; validate it to see them")]
    RulesUnsound { problems: usize },
    #[error("the model is {state}; {change} needs another state")]
    ModelState { state: ModelState, change: String },
    #[error("the author of a version, and the person who proposed it, cannot approve it")]
    SecondPersonNeeded,
    #[error("it has not been proposed yet")]
    NotProposed,
    #[error("no version was live before this one")]
    NothingBefore,
    #[error("{max} challengers score live traffic already, and no more may")]
    ChallengersFull { max: usize },
    #[error(
        "its average precision is {worse_by:.3} below the champion's, and {margin:.3} is allowed; approve it with a reason"
    )]
    ChallengerWorse { worse_by: f64, margin: f64 },
    #[error("the model cannot be loaded: {why}")]
    ModelUnsound { why: String },
    #[error("a job of this kind is running")]
    JobRunning,
    #[error("expected at least {min} rows and {fraud_min} of fraud in the {part} range, found {rows} and {fraud}")]
    TooFewRows { part: String, rows: u64, min: u64, fraud: u64, fraud_min: u64 },
    #[error("the case was changed meanwhile; its version is {version}")]
    CaseChanged { version: u32 },
    #[error("the case is resolved")]
    CaseResolved,
    #[error("the case is open")]
    CaseOpen,
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        match self {
            Refusal::FieldInvalid { .. } => row(400, "Field is invalid", "A field does not have the expected form."),
            Refusal::TooMany { .. } => {
                row(400, "Too many in one call", "A call, a rule set or a list has too many items.")
            }
            Refusal::RangeEmpty => row(400, "Range is empty", "A range of time ends before it begins."),
            Refusal::SubjectTaken => {
                row(422, "Subject was decided with different inputs", "The id was used before, with different inputs.")
            }
            Refusal::SubjectAhead { .. } => row(
                422,
                "Subject is in the future",
                "The subject is further ahead of the service's clock than clocks may differ.",
            ),
            Refusal::ListsFull { .. } => {
                row(422, "Lists are full", "There is no room for these entries; remove some first.")
            }
            Refusal::RuleSetState { .. } => {
                row(409, "Rule set is in another state", "The change does not follow from the state of the rule set.")
            }
            Refusal::RulesUnsound { .. } => {
                row(409, "Rules have problems", "The rule set has not been validated, or validation found problems.")
            }
            Refusal::ModelState { .. } => {
                row(409, "Model is in another state", "The change does not follow from the state of the model.")
            }
            Refusal::SecondPersonNeeded => row(
                409,
                "A second person is needed",
                "The author of a version, or the person who proposed it, tries to approve it.",
            ),
            Refusal::NotProposed => row(409, "Not proposed", "A version has to be proposed before it is approved."),
            Refusal::NothingBefore => row(409, "Nothing to go back to", "No version was live before this one."),
            Refusal::ChallengersFull { .. } => {
                row(409, "Too many challengers", "No further model may score live traffic.")
            }
            Refusal::ChallengerWorse { .. } => {
                row(422, "Challenger is worse", "The model is worse than the champion by more than the margin.")
            }
            Refusal::ModelUnsound { .. } => {
                row(422, "Model cannot be loaded", "Its bytes are damaged, of other features, or too large.")
            }
            Refusal::JobRunning => row(409, "A job is running", "Only one job of a kind runs at a time."),
            Refusal::TooFewRows { .. } => {
                row(422, "Too few rows", "The range has too few labelled rows, or only fraud, or only genuine ones.")
            }
            Refusal::CaseChanged { .. } => {
                row(409, "Case was changed", "The case was changed meanwhile; read it again.")
            }
            Refusal::CaseResolved => row(409, "Case is resolved", "A resolved case has to be reopened first."),
            Refusal::CaseOpen => row(409, "Case is open", "Only a resolved case can be reopened."),
        }
    }

    fn samples() -> Vec<Refusal> {
        vec![
            Refusal::FieldInvalid { field: "zone".to_owned(), expected: "a name of the tz database".to_owned() },
            Refusal::TooMany { what: "subjects".to_owned(), max: 1_000, found: 1_001 },
            Refusal::RangeEmpty,
            Refusal::SubjectTaken,
            Refusal::SubjectAhead { max_s: 300 },
            Refusal::ListsFull { max: 5_000_000 },
            Refusal::RuleSetState { state: RuleSetState::Draft, change: "propose".to_owned() },
            Refusal::RulesUnsound { problems: 2 },
            Refusal::ModelState { state: ModelState::Rejected, change: "propose".to_owned() },
            Refusal::SecondPersonNeeded,
            Refusal::NotProposed,
            Refusal::NothingBefore,
            Refusal::ChallengersFull { max: 2 },
            Refusal::ChallengerWorse { worse_by: 0.031, margin: 0.01 },
            Refusal::ModelUnsound { why: "its checksum differs".to_owned() },
            Refusal::JobRunning,
            Refusal::TooFewRows { part: "training".to_owned(), rows: 812, min: 1_000, fraud: 0, fraud_min: 20 },
            Refusal::CaseChanged { version: 4 },
            Refusal::CaseResolved,
            Refusal::CaseOpen,
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        match self {
            Refusal::FieldInvalid { field, .. } => Some(Cow::Owned(field.clone())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn refusals_keep_the_rules_of_the_house() {
        assert_eq!(super::error::check::<super::Refusal>(), Ok(()));
    }
}
