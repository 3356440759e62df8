//! The ledger: double entry, in groups, with every change of state in one hash-chained log.
//!
//! Owns accounts, transactions, holds and the log from which all of them can be derived. Refuses by name, permanently:
//! a refusal that depends on the books is remembered with the command's id. It calls no other service.
//!
//! Invariants, checked over random histories and by `florin verify`:
//! 1. per currency, debits equal credits;
//! 2. every account's sums equal the sums over its rows;
//! 3. no account is below its floor or above its ceiling unless it was there before the limit was set, or a row
//!    marked `override` put it there;
//! 4. for every hold, posted + released + remaining = held at first + increases;
//! 5. a refused transaction leaves nothing but its remembered outcome;
//! 6. every acknowledged id is found, exactly once;
//! 7. the hash chain is whole.
//!
//! Start reading at `decide` (the rules, no I/O), then `work` (how a group is loaded and stored), then `service`.

mod account;
mod behind;
mod books;
mod chain;
mod check;
mod command;
mod count;
mod decide;
mod due;
mod erase;
mod events;
mod format;
mod history;
mod http;
mod ids;
mod numbered;
mod published;
mod query;
mod raw;
mod replica;
mod room;
mod schedule;
mod search;
mod service;
mod settings;
mod snapshot;
mod state;
mod store;
mod transfer;
mod verify;
mod view;
mod work;

pub use crate::http::{api, routes};
pub use books::{BookStores, LedgerBooks, Registered, Shelf, StoresBeside, mark_stored, register, registered};
pub use query::{Head, HeadError};
pub use raw::{RawPlan, RawRun, mean_row_bytes, raw_writes};
pub use replica::{ReplicaBooks, ToHolder, WRITER};
pub use room::{ROOM, mount, open};
pub use service::{LedgerConfig, LedgerService, migrate};
pub use settings::Settings;
pub use transfer::{
    ExportOptions, Exported, ImportProgress, Imported, TransferError, export, export_file, exported_book, import,
};
pub use verify::{Disagreement, Progress, Report, VerifyError, verify};
