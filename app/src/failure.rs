//! Why a command ended: one sentence for the person at the terminal.

use std::fmt;

pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Failure {
        Failure(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Errors of the house already are sentences; their sources are added behind a colon.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        let mut sentence = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            sentence.push_str(": ");
            sentence.push_str(&inner.to_string());
            source = inner.source();
        }
        Failure(sentence)
    }
}
