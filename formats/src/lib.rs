//! Readers and writers of the files that banks send and take: statements, payments, exports.
//!
//! Owns the forms of camt, MT940, MT942, BAI2, OFX and CSV. Does no I/O of its own (it reads what implements `Read` and
//! writes to what implements `Write`), knows no clock and no database.
//!
//! Invariants: memory never grows with a file ([`limits`]); any bytes end in items and a [`Report`], never in a panic; an
//! amount never passes through a float; a mistake names its line or element, its field, what was expected and found.
//! DTDs and entities of a file's own are refused.
//!
//! Start reading at [`Statements`], which reads any statement file, and at the model in [`statement`].

mod amount;
pub mod bai2;
pub mod camt;
pub mod check_digit;
pub mod csv;
mod date;
mod detect;
mod input;
mod json;
pub mod letters;
pub mod limits;
mod mistake;
pub mod mt;
pub mod ofx;
pub mod statement;
mod xml;

pub use amount::DecimalMark;
pub use date::DateForm;
pub use detect::{Format, Kind, detect};
pub use mistake::{Findings, Mistake, Problem, Report};
pub use statement::{Item, Options, Statements};
