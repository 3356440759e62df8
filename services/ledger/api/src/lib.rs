//! The face of the ledger.
