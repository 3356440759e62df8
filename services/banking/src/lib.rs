//! Banking: what banks say of accounts, read from their files, and each movement there once.
//!
//! Owns bank accounts, balances, transactions, holdings, imports, and people's rules and profiles. It moves no money, books
//! nothing and calls no other room. Readers of the formats are in the crate `formats`.
//!
//! The pure core decides: `knowing` (is a movement known?), `codes` and `category` (what is it?), `gaps` (is anything
//! missing?). A file is received in parts, which are sealed rows; it is read twice, first whole and without effect, so
//! that a mistake anywhere refuses all of it, then in steps of at most 2,000 entries. A step is one transaction: the
//! account's movements, what counts of each day, the event, and how far the import is. A process that is killed leaves
//! an import that another one continues after the last step.
//!
//! | table | a row is |
//! |---|---|
//! | `account` | an account at a bank, found by a keyed digest of its number |
//! | `import`, `upload_part` | a file, and its parts while it is being read |
//! | `statement` | one statement of a file: days, balances, and whether it adds up |
//! | `movement` | a transaction: comparable marks in the open, texts sealed under the owner's key |
//! | `telling` | a further statement that told a movement |
//! | `former_id` | an id under which the bank told what it has corrected since |
//! | `balance` | a balance as stated; a correction is a further row |
//! | `day_total` | what counts of a day, by category |
//! | `connection`, `connection_account` | a bank whose API is asked, and how far each account was read |
//! | `plaid_item` | the sealed token of a bank that was linked through Plaid, and its cursor |
//! | `holding`, `rule`, `profile` | securities; people's rules for categories; layouts of CSV files |
//!
//! Invariants: any order, overlap or repeat of the same full reports leaves the same transactions; between two booked
//! balances the entries make their difference, or a gap is listed; nothing that a bank told disappears without a count;
//! a person's choice survives every import; no name, number or text in logs, events or metrics. Start reading at
//! `apply`, then `knowing`.

mod apply;
mod arrange;
mod bank;
mod category;
mod codes;
mod config;
mod connect;
mod count;
mod decide;
mod demo;
mod dialect;
mod entry;
mod erase;
mod event;
mod expire;
mod fields;
mod gaps;
mod gauge;
mod http;
mod import;
mod keys;
mod knowing;
mod look;
mod plaid;
mod read;
mod room;
mod service;
pub mod simulator;
mod store;
mod sync;
mod withdraw;

pub use config::Settings;
pub use demo::DemoBanks;
pub use room::{ROOM, mount, open};
pub use service::{BankingService, Parts};
