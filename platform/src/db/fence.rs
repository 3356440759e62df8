//! Ties a PostgreSQL transaction to something that may end while it is open, such as a lease.

use std::sync::Arc;

/// Two SQL texts. Cheap to clone: it is passed along with every group of every lane.
#[derive(Debug, Clone)]
pub struct Fence(Arc<Texts>);

#[derive(Debug)]
struct Texts {
    begin: String,
    commit: String,
}

impl Fence {
    /// `commit` ends with the statement itself. If the transaction may no longer commit, the text before it divides by
    /// zero.
    pub(crate) fn new(begin: String, commit: String) -> Fence {
        Fence(Arc::new(Texts { begin, commit }))
    }

    /// After `begin`.
    pub(super) fn begin(&self) -> &str {
        &self.0.begin
    }

    /// Instead of `commit`.
    pub(super) fn commit(&self) -> &str {
        &self.0.commit
    }
}
