//! How long to wait for a store: the wait's own bound, or less if the calling request ends earlier.

use std::time::Duration;

use futures_util::FutureExt;

use super::{DbError, Fault};
use crate::deadline;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    pub(super) max: Duration,
    /// The fault when `max` is over.
    pub(super) fault: Fault,
}

impl Patience {
    pub(super) fn of(max: Duration, fault: Fault) -> Patience {
        match deadline::left() {
            Some(left) if left < max => Patience { max: left, fault: Fault::Late },
            _ => Patience { max, fault },
        }
    }

    /// The caller's deadline ends the wait.
    pub(super) fn is_the_callers(self) -> bool {
        self.fault == Fault::Late
    }

    /// No async function: that would keep room for `work` twice, in each of a store's futures.
    pub(super) fn wait<T>(
        self,
        attempted: &str,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = Result<T, DbError>> {
        tokio::time::timeout(self.max, work).map(move |ended| ended.map_err(|_| DbError::new(attempted, self.fault)))
    }
}
