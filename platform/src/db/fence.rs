//! What ties a transaction on PostgreSQL to something that may end under it, as a lease does.

use std::sync::Arc;

/// Two texts of SQL. Cheap to clone: it travels with every group of every lane.
#[derive(Debug, Clone)]
pub struct Fence(Arc<Texts>);

#[derive(Debug)]
struct Texts {
    begin: String,
    commit: String,
}

impl Fence {
    /// `commit` ends with the word itself. Where the transaction may not commit any more, what comes before it divides by zero.
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
