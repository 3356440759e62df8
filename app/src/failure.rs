//! Why a command failed: one sentence for the terminal, and the exit status for scripts.

use std::fmt;

#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    status: u8,
}

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), status: 1 }
    }

    /// Of what a room could not be opened for.
    pub(crate) fn of(error: platform::room::OpenError) -> Failure {
        Failure::from(&*error as &dyn std::error::Error)
    }

    /// For commands whose status says more than that they failed.
    pub(crate) fn with_status(self, status: u8) -> Failure {
        Failure { status, ..self }
    }

    pub(crate) fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// Our errors already are sentences; their sources are appended after a colon.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        let mut sentence = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            sentence.push_str(": ");
            sentence.push_str(&inner.to_string());
            source = inner.source();
        }
        Failure::new(sentence)
    }
}
