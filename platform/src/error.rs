//! Why a call has no result: a refusal of the service, by name, or a failure that every service can have.
//!
//! A service defines only one enum of refusals. The code of a refusal is the name of its variant; one row of an
//! exhaustive match has its status, title and when it happens; one sample is its example in the API document.
//! Everything else is here, once: the failures of stores, lanes, access checks and calls to other processes, how an
//! error is sent, and its form as a problem.
//!
//! Invariant: "nothing happened" is said only where nothing can have happened. A commit whose reply was lost has its
//! own type ([`CommitError`](crate::db::CommitError)), which becomes [`Failure::OutcomeUnknown`].

mod conversions;
mod failure;
mod problem;

use std::borrow::Cow;
use std::fmt;

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use failure::Failure;
pub use problem::{REPLAYED, failures, samples};

/// A service's refusals: an enum whose variants are its codes. Derive `strum::VariantNames` and `strum::IntoStaticStr`,
/// both with `#[strum(serialize_all = "snake_case")]`, and serde's traits with
/// `#[serde(tag = "code", rename_all = "snake_case")]`: the fields of a variant become members of its problem.
pub trait Refusal:
    std::error::Error + Clone + PartialEq + Serialize + DeserializeOwned + strum::VariantNames + Send + Sync + 'static
{
    /// The name of the variant, stable and in snake_case; programs act on it.
    fn code(&self) -> &'static str;

    fn row(&self) -> Row;

    /// The HTTP status.
    fn status(&self) -> u16 {
        self.row().status
    }

    fn title(&self) -> &'static str {
        self.row().title
    }

    /// One sample of each, for the document.
    fn samples() -> Vec<Self>;

    /// The field of the request that it is about.
    fn field(&self) -> Option<Cow<'static, str>> {
        None
    }

    /// When to retry, where that is known.
    fn retry_after_s(&self) -> Option<u32> {
        None
    }
}

/// Everything about a refusal except its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The HTTP status. 400 is for invalid requests and is not stored; 404, 409 and 422 depend on the current state.
    pub status: u16,
    /// The same text every time.
    pub title: &'static str,
    /// When it happens, for readers of the document.
    pub when: &'static str,
}

pub const fn row(status: u16, title: &'static str, when: &'static str) -> Row {
    Row { status, title, when }
}

impl Row {
    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Why a call to a service has no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceError<R> {
    Refused {
        refusal: R,
        /// The same command was refused before; this is its first answer.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        replayed: bool,
    },
    Failed(Failure),
}

impl<R> ServiceError<R> {
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&R> {
        match self {
            ServiceError::Refused { refusal, .. } => Some(refusal),
            ServiceError::Failed(_) => None,
        }
    }

    pub fn failure(&self) -> Option<Failure> {
        match self {
            ServiceError::Refused { .. } => None,
            ServiceError::Failed(failure) => Some(*failure),
        }
    }
}

impl<R: Refusal> ServiceError<R> {
    /// Stable and in snake_case; programs act on it.
    pub fn code(&self) -> &'static str {
        match self {
            ServiceError::Refused { refusal, .. } => refusal.code(),
            ServiceError::Failed(failure) => failure.code(),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.row().status
    }

    pub fn title(&self) -> &'static str {
        self.row().title
    }

    pub fn row(&self) -> Row {
        match self {
            ServiceError::Refused { refusal, .. } => refusal.row(),
            ServiceError::Failed(failure) => failure.row(),
        }
    }
}

impl<R: fmt::Display> fmt::Display for ServiceError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServiceError::Refused { refusal, .. } => refusal.fmt(f),
            ServiceError::Failed(failure) => failure.fmt(f),
        }
    }
}

impl<R: fmt::Debug + fmt::Display> std::error::Error for ServiceError<R> {}

/// Checks that a service's refusals follow the rules; a service's test calls it. Each variant has one sample, in the
/// order of the enum, its code is its name, and its row has a valid status and whole sentences.
///
/// # Errors
///
/// A sentence for each broken rule.
pub fn check<R: Refusal>() -> Result<(), Vec<String>> {
    let samples = R::samples();
    let shown: Vec<&str> = samples.iter().map(Refusal::code).collect();
    let mut broken = Vec::new();
    if shown != R::VARIANTS {
        broken.push(format!("expected one sample of each variant in order, {:?}, found {shown:?}", R::VARIANTS));
    }
    for (refusal, code) in samples.iter().zip(shown) {
        let Row { status, title, when } = refusal.row();
        if !(400..500).contains(&status) {
            broken.push(format!("{code}: expected a refusal status, found {status}"));
        }
        if title.is_empty() || !when.ends_with('.') || refusal.to_string().is_empty() {
            broken.push(format!("{code}: expected a title, a sentence that says when, and a text"));
        }
        if Failure::all().iter().any(|failure| failure.code() == code && failure.row().status != status) {
            broken.push(format!("{code}: a failure of every service has this name with a different status"));
        }
        let read = serde_json::to_value(refusal).and_then(serde_json::from_value::<R>);
        if !matches!(&read, Ok(read) if read == refusal) {
            broken.push(format!("{code}: expected the same value after a round trip, found {read:?}"));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

#[cfg(test)]
mod tests;
