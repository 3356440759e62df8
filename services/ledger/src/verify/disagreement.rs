//! Errors for a store that does not verify.

use std::fmt;

use platform::db::{DbError, Fault};

/// One place that disagrees with the recomputed value, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}: expected {expected}, found {found}")]
pub struct Disagreement {
    pub place: Place,
    pub what: String,
    pub expected: String,
    pub found: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A row of the log by its sequence number.
    Row(u64),
    /// A commit group by its last row and its number.
    Group(u64, u64),
    /// A table that can be derived from the log.
    Table(&'static str),
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("{0}")]
    Disagrees(Disagreement),
    #[error("the log was cut: the head to compare with is of group {wanted}, but the log ends with group {last}")]
    Cut { wanted: u64, last: u64 },
    #[error(
        "the log was rewritten: group {number} ended with row {wanted_row} and hash {wanted}, and now ends with row \
         {found_row} and hash {found}"
    )]
    Rewritten { number: u64, wanted_row: u64, wanted: String, found_row: u64, found: String },
    #[error(transparent)]
    Store(#[from] DbError),
}

impl VerifyError {
    /// Whether the books are wrong, as opposed to unreadable now.
    pub fn is_disagreement(&self) -> bool {
        match self {
            VerifyError::Disagrees(_) | VerifyError::Cut { .. } | VerifyError::Rewritten { .. } => true,
            VerifyError::Store(error) => error.fault == Fault::Corrupt,
        }
    }
}

impl From<Disagreement> for VerifyError {
    fn from(disagreement: Disagreement) -> VerifyError {
        VerifyError::Disagrees(disagreement)
    }
}

pub(super) type Checked<T = ()> = Result<T, Disagreement>;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Row(seq) => write!(f, "row {seq}"),
            Place::Group(_, number) => write!(f, "group {number}"),
            Place::Table(name) => write!(f, "table {name}"),
        }
    }
}

impl Place {
    /// Its position in the log; what is not in the log comes last.
    pub(super) fn position(&self) -> u64 {
        match self {
            Place::Row(seq) | Place::Group(seq, _) => *seq,
            Place::Table(_) => u64::MAX,
        }
    }
}

impl Place {
    pub(super) fn wrong<T>(
        &self,
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Checked<T> {
        let (expected, found) = (expected.to_string(), found.to_string());
        Err(Disagreement { place: self.clone(), what: what.into(), expected, found })
    }

    pub(super) fn same<T: PartialEq + fmt::Debug>(&self, what: &str, expected: T, found: T) -> Checked {
        if expected == found {
            return Ok(());
        }
        self.wrong(what, shown(&expected), shown(&found))
    }
}

/// Without Rust's debug syntax.
fn shown(value: &impl fmt::Debug) -> String {
    let text = format!("{value:?}");
    match text.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => inner.replace('"', ""),
        None if text == "None" => "nothing".to_owned(),
        None => text.replace('"', ""),
    }
}
