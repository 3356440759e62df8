//! Errors of a store, by what a caller can do about them.

use std::error::Error;

/// Invariant: an error says what was attempted; the engine's own message is its source and never reaches an API
/// response.
#[derive(Debug, thiserror::Error)]
#[error("{attempted}: {fault}")]
pub struct DbError {
    pub attempted: String,
    pub fault: Fault,
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// A failed commit. If the connection was lost or the disk failed it may still have happened, which is why this type,
/// and not [`DbError`], becomes "outcome unknown".
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CommitError(pub DbError);

/// Why a whole write transaction failed: before its commit, so that nothing happened, or during it.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Work(#[from] DbError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl WriteError {
    pub fn is_retryable(&self) -> bool {
        match self {
            WriteError::Work(error) | WriteError::Commit(CommitError(error)) => error.is_retryable(),
        }
    }
}

impl From<WriteError> for DbError {
    fn from(error: WriteError) -> DbError {
        match error {
            WriteError::Work(error) | WriteError::Commit(CommitError(error)) => error,
        }
    }
}

/// For code that handles the fault itself.
impl From<CommitError> for DbError {
    fn from(CommitError(error): CommitError) -> DbError {
        error
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Busy, deadlock or serialization failure: the same transaction may succeed if retried.
    #[error("the store is busy")]
    Retry,
    #[error("a constraint of the schema was violated")]
    Constraint,
    #[error("no space is left for the store")]
    Full,
    #[error("the disk under the store failed")]
    Io,
    #[error("the store cannot be written")]
    ReadOnly,
    /// Between a commit and its answer this means an unknown outcome.
    #[error("the connection to the store was lost")]
    ConnectionLost,
    #[error("the store does not answer")]
    Unreachable,
    #[error("the store is damaged or not a store")]
    Corrupt,
    #[error("the store was written by a newer version of florin")]
    Newer,
    #[error("the store has an older version; run `florin migrate`")]
    Older,
    #[error("the store refused the statement")]
    Statement,
    /// For a commit: nothing happened, and nothing of this writer will.
    #[error("another process holds the lease")]
    Fenced,
    /// The deadline of the call that waited for the store has passed. For a commit this means an unknown outcome.
    #[error("the caller's deadline has passed")]
    Late,
}

impl DbError {
    pub fn new(attempted: impl Into<String>, fault: Fault) -> DbError {
        DbError { attempted: attempted.into(), fault, source: None }
    }

    pub fn caused(attempted: impl Into<String>, fault: Fault, source: impl Error + Send + Sync + 'static) -> DbError {
        DbError { attempted: attempted.into(), fault, source: Some(Box::new(source)) }
    }

    /// A row that does not have the shape its statement promises.
    pub fn shape(detail: impl Into<String>) -> DbError {
        DbError::new(detail, Fault::Corrupt)
    }

    /// For a commit: whether it may still have happened.
    pub fn leaves_a_commit_unknown(&self) -> bool {
        matches!(self.fault, Fault::ConnectionLost | Fault::Io | Fault::Late)
    }

    pub fn is_retryable(&self) -> bool {
        self.fault == Fault::Retry
    }

    /// Another transaction held the lock.
    pub(crate) fn is_wait_for_a_lock(&self) -> bool {
        self.is_of_state(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE)
    }

    /// How a fence fails.
    pub(crate) fn is_division_by_zero(&self) -> bool {
        self.is_of_state(&tokio_postgres::error::SqlState::DIVISION_BY_ZERO)
    }

    fn is_of_state(&self, state: &tokio_postgres::error::SqlState) -> bool {
        let cause = self.source.as_ref().and_then(|source| source.downcast_ref::<tokio_postgres::Error>());
        cause.is_some_and(|cause| cause.code() == Some(state))
    }

    pub(crate) fn sqlite(attempted: &str, error: rusqlite::Error) -> DbError {
        let fault = sqlite_fault(&error);
        DbError::caused(attempted, fault, error)
    }

    pub(crate) fn postgres(attempted: &str, error: tokio_postgres::Error) -> DbError {
        let fault = postgres_fault(&error);
        DbError::caused(attempted, fault, error)
    }
}

fn sqlite_fault(error: &rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => Fault::Retry,
        Some(Code::ConstraintViolation) => Fault::Constraint,
        Some(Code::DiskFull) => Fault::Full,
        Some(Code::SystemIoFailure) => Fault::Io,
        Some(Code::ReadOnly | Code::PermissionDenied) => Fault::ReadOnly,
        Some(Code::CannotOpen) => Fault::Unreachable,
        // Only a caller's deadline makes the store cancel a statement.
        Some(Code::OperationInterrupted) => Fault::Late,
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => Fault::Corrupt,
        _ => Fault::Statement,
    }
}

fn postgres_fault(error: &tokio_postgres::Error) -> Fault {
    use tokio_postgres::error::SqlState as State;
    let Some(state) = error.code() else {
        return postgres_fault_of_client(error);
    };
    if [State::T_R_SERIALIZATION_FAILURE, State::T_R_DEADLOCK_DETECTED, State::LOCK_NOT_AVAILABLE].contains(state) {
        return Fault::Retry;
    }
    if *state == State::DISK_FULL {
        return Fault::Full;
    }
    if *state == State::READ_ONLY_SQL_TRANSACTION || *state == State::INSUFFICIENT_PRIVILEGE {
        return Fault::ReadOnly;
    }
    match state.code().get(..2) {
        Some("23") => Fault::Constraint,
        Some("58") => Fault::Io,
        _ if *state == State::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Fault::ConnectionLost,
        Some("08" | "57") => Fault::ConnectionLost,
        Some("28" | "3D" | "53") => Fault::Unreachable,
        Some("XX") => Fault::Corrupt,
        _ => Fault::Statement,
    }
}

/// An error that the server has not seen: a value that does not fit its column is refused before it is sent, and must
/// not look like a lost connection.
fn postgres_fault_of_client(error: &tokio_postgres::Error) -> Fault {
    match error.source() {
        Some(cause) if !cause.is::<std::io::Error>() => Fault::Statement,
        _ => Fault::ConnectionLost,
    }
}
