//! CSV: statements read by a declared or guessed profile, and exports that spreadsheets find no formulas in.

mod cell;
mod export;
mod guess;
mod newline;
mod orders;
mod profile;
mod read;
mod table;
mod write;

pub use cell::{quote_formula, unquote_formula};
pub use export::{Cell, Export};
pub use guess::guess;
pub(crate) use orders::Orders;
pub use profile::{Column, Field, Profile, ProfileError};
pub(crate) use read::Rows;
pub use write::CsvWriter;
