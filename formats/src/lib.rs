//! Readers and writers of the files that banks send and take: statements, payments, exports.
//!
//! Owns the forms of camt, MT940, MT942, BAI2, OFX and CSV, of the orders and answers of ISO 20022, and of NACHA. Does no I/O of
//! its own (it reads what implements `Read` and writes to what implements `Write`), knows no clock and no database.
//!
//! Invariants: memory never grows with a file ([`limits`]); any bytes end in items and a [`Report`], never in a panic; an
//! amount never passes through a float; a mistake names its line or element, its field, what was expected and found.
//! DTDs and entities of a file's own are refused.
//!
//! Start reading at [`Statements`], which reads any statement file, and its model in [`statement`]; then at [`Payments`] and
//! [`payment`], [`follow_up`] and [`nacha`]. [`inspect`] says of any file what it is.

mod amount;
mod archive;
pub mod bai2;
pub mod camt;
pub mod check_digit;
pub mod csv;
mod date;
mod detect;
pub mod follow_up;
mod input;
mod inspect;
pub mod iso;
mod json;
pub mod letters;
pub mod limits;
mod mistake;
pub mod mt;
pub mod nacha;
pub mod ofx;
pub mod payment;
pub mod statement;
mod xml;

pub use amount::DecimalMark;
pub use archive::{Archive, Member, inspect_file};
pub use date::DateForm;
pub use detect::{Format, Kind, detect};
pub use inspect::{FollowUpSummary, InspectOptions, PaymentSummary, StatementSummary, Summary, inspect};
pub use mistake::{Findings, Mistake, Problem, Report};
pub use payment::{PaymentItem, PaymentOptions, Payments};
pub use statement::{Item, Options, Statements};
