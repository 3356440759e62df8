//! The common model of account statements: what camt, MT940, BAI2, OFX and CSV tell, in one form.
//!
//! A file is a stream of [`Item`]s: a statement begins, its entries follow, it ends with its balances and what its
//! entries make. Amounts are signed from the account's side: a credit is positive, a debit negative.

mod check;
mod stream;
mod told;
mod write;

use jiff::civil::Date;
use kernel::{Currency, Money, Timestamp};
use serde::Serialize;

pub use check::{Difference, Sums, Tally};
pub use stream::{Options, Statements};
pub(crate) use stream::{Piece, Source};
pub use told::{Charge, Code, Original, Party, References, Scheme, Told};
pub use write::{StatementWriter, WriteError};
pub(crate) use write::{magnitude, pieces, unwritable};

use crate::json;

/// One step through a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    Begin(Box<Statement>),
    Entry(Box<Entry>),
    /// More details of the entry before, which itself holds the first 1,000.
    Details(Details),
    Holding(Box<Holding>),
    End(Box<End>),
}

/// How much of the account's life a statement tells.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Its days are told in full: camt.053, MT940, BAI2 of the previous day, OFX, CSV.
    #[default]
    Full,
    /// The day so far: camt.052, BAI2 of the same day.
    Interim,
    /// What is new since the report before: camt.054, MT942.
    News,
}

/// What a statement does to what was told before; all but BAI2 only ever add.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    #[default]
    Tells,
    Deletes,
    Corrects,
    Test,
}

/// A statement's head. Balances that a format tells after its entries come with [`Item::End`].
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Statement {
    pub line: u64,
    pub id: Option<String>,
    /// Of the message that carries the statement.
    pub message: Option<String>,
    pub coverage: Coverage,
    pub effect: Effect,
    pub account: Account,
    /// Of the account, else of its balances.
    pub currency: Option<Currency>,
    pub sequence: Option<u64>,
    pub page: Option<Page>,
    #[serde(serialize_with = "json::day")]
    pub from: Option<Date>,
    #[serde(serialize_with = "json::day")]
    pub to: Option<Date>,
    #[serde(serialize_with = "json::day")]
    pub created_on: Option<Date>,
    pub created_at: Option<Timestamp>,
    pub balances: Vec<Balance>,
    /// Counts and sums that the bank states itself.
    pub totals: Vec<Total>,
    pub text: Option<String>,
}

/// Part of a statement that comes in several messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Page {
    pub number: u64,
    pub last: Option<bool>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    pub kind: AccountKind,
    pub iban: Option<String>,
    pub number: Option<String>,
    /// BIC, routing number or the bank's own code.
    pub bank: Option<String>,
    pub branch: Option<String>,
    pub name: Option<String>,
    pub owner: Option<String>,
}

impl Account {
    /// The IBAN, else the number.
    pub fn number(&self) -> Option<&str> {
        self.iban.as_deref().or(self.number.as_deref())
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    #[default]
    Unsaid,
    Current,
    Savings,
    Card,
    Loan,
    Brokerage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceKind {
    OpeningBooked,
    ClosingBooked,
    InterimBooked,
    OpeningAvailable,
    ClosingAvailable,
    InterimAvailable,
    ForwardAvailable,
    Expected,
    Limit,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Balance {
    pub kind: BalanceKind,
    /// The bank's own word: `PRCD`, `60F`, `045`, `LEDGERBAL`.
    pub code: String,
    pub amount: Money,
    #[serde(serialize_with = "json::day")]
    pub on: Option<Date>,
    pub at: Option<Timestamp>,
}

/// A count and a sum stated by the bank: camt's summary, 90C and 90D, BAI2's 100 to 699.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Total {
    pub code: String,
    /// Negative for debits where the format tells the direction.
    pub amount: Option<Money>,
    pub count: Option<u64>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryStatus {
    #[default]
    Booked,
    Pending,
    Future,
    /// For information: kept and not counted.
    Info,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    pub line: u64,
    pub status: EntryStatus,
    pub amount: Money,
    /// Takes an earlier entry back. The amount's sign is right as it is.
    pub reversal: bool,
    #[serde(serialize_with = "json::day")]
    pub booked_on: Option<Date>,
    pub booked_at: Option<Timestamp>,
    #[serde(serialize_with = "json::day")]
    pub valued_on: Option<Date>,
    /// Parts of the amount that become available later.
    pub available: Vec<Available>,
    /// Everything said of the entry as a whole, or of its only detail.
    pub told: Told,
    /// What a batch is made of: empty, or two and more. They divide the amount and never add to it.
    pub details: Vec<Detail>,
    /// The entry's amount less its details', where they differ: usually charges.
    pub difference: Option<Money>,
    /// Replaces or deletes an entry that was told before.
    pub correction: Option<Correction>,
    /// The account's balance after the entry, where a file tells it.
    pub balance: Option<Money>,
}

impl Entry {
    pub fn new(amount: Money) -> Entry {
        Entry {
            line: 0,
            status: EntryStatus::Booked,
            amount,
            reversal: false,
            booked_on: None,
            booked_at: None,
            valued_on: None,
            available: Vec::new(),
            told: Told::default(),
            details: Vec::new(),
            difference: None,
            correction: None,
            balance: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detail {
    /// Signed as the entry is; absent where the bank does not say it.
    pub amount: Option<Money>,
    pub told: Told,
}

/// Further details of an entry with more than 1,000, up to as many at once.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Details {
    pub details: Vec<Detail>,
    /// With the last of them, as [`Entry::difference`].
    pub difference: Option<Money>,
    /// With the last of them: what the bank adds to the entry as a whole.
    pub additional: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Available {
    pub days: Option<u16>,
    #[serde(serialize_with = "json::day")]
    pub on: Option<Date>,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    Replaces { bank: String },
    Deletes { bank: String },
}

/// What an account holds of one security.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holding {
    pub line: u64,
    pub security: String,
    /// What the id is: `CUSIP`, `ISIN`.
    pub scheme: Option<String>,
    /// Decimals as the bank wrote them.
    pub quantity: String,
    pub price: Option<String>,
    pub value: Option<Money>,
    #[serde(serialize_with = "json::day")]
    pub on: Option<Date>,
}

/// A statement's end: all its balances, and what its entries make.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct End {
    pub statement: Statement,
    pub sums: Sums,
}
