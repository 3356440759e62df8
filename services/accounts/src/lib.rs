//! Accounts: customers, products, accounts, interest, fees, statements, and the index of their movements.
//!
//! Owns who customers are, under which terms accounts are held, and what a movement is called. It holds no balance: the
//! ledger keeps every balance and every movement, and this room calls it as itself. It sends no payment.
//!
//! The pure core decides: `interest` (how much is a day?), `classify` (what is a movement?), `profile` (what may be
//! said?), `meaning` (which id has a step?). An account is opened and closed in steps that a later round finishes. The
//! end of a day is a run of steps, each of which is one transaction.
//!
//! | table | a row is |
//! |---|---|
//! | `customer`, `customer_key`, `customer_user` | a person or business, what they are found by, who acts for them |
//! | `customer_secret` | the key under which everything personal about a customer is sealed |
//! | `product`, `product_version`, `product_rates`, `product_total` | terms by version, rates by day, sums |
//! | `account`, `account_holder`, `account_block` | an account, who holds it, what is blocked |
//! | `accrual`, `correction`, `accrued`, `late`, `posting` | interest of a day, its corrections, what is not posted, what was |
//! | `day_run`, `day_total`, `left_out` | the end of a day: how far it is, sums, accounts that were left out |
//! | `charge` | a fee for an occasion: what was asked, what was taken |
//! | `category_rule` | a customer's own rule, sealed |
//! | `movement` | one ledger posting seen from one account; texts are sealed |
//!
//! Invariants: one accrual per account and day; interest of a period is posted at most once; what the ledger says is
//! accrued equals the accruals less what was posted, rounded once; the index has every posting of every account once, up
//! to `indexed_to_seq`; an account is charged once for a fee and an occasion; statement n closes where n + 1 opens; erasing
//! a customer changes no balance and no count. `verify` checks them. Start reading at `days`, then `interest`.

mod balances;
mod books;
mod calendar;
mod classify;
mod closing;
mod config;
mod count;
mod customers;
mod days;
mod demo;
mod early;
mod fees;
mod fill;
mod follow;
mod holder;
mod http;
mod interest;
mod keys;
mod look;
mod meaning;
mod number;
mod offer;
mod opening;
mod people;
mod products;
mod profile;
mod reach;
mod room;
mod rules;
mod service;
mod statements;
mod store;
mod summary;
mod terms;
mod verify;
mod view;

pub use config::Settings;
pub use fill::add_accounts;
pub use look::rebuild;
pub use room::{ROOM, mount, open};
pub use service::{AccountsService, Parts};
