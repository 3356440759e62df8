//! How one bank's or one person's CSV files are laid out. A profile is proposed once, looked at by a person, and kept.

use serde::{Deserialize, Serialize};

use crate::amount::DecimalMark;
use crate::date::DateForm;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub separator: char,
    /// A label of the WHATWG's encoding standard: `utf-8`, `windows-1252`.
    pub encoding: String,
    /// Lines before the header or the first row.
    pub skip_lines: usize,
    pub header: bool,
    pub columns: Vec<Column>,
    pub date: DateForm,
    pub decimal: DecimalMark,
    /// A positive amount is money out.
    #[serde(default)]
    pub negated: bool,
    /// Of rows without a column for it.
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub account: Option<String>,
    /// Texts carry the apostrophe that keeps spreadsheets from calculating them.
    #[serde(default)]
    pub quoted_formulas: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub field: Field,
    /// From 0. Where the column has a name, the header decides.
    pub index: usize,
    #[serde(default)]
    pub name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    BookedOn,
    ValuedOn,
    /// Signed, unless a direction stands beside it.
    Amount,
    Credit,
    Debit,
    /// C or D, credit or debit, H or S, in or out.
    Direction,
    Balance,
    Currency,
    Account,
    Counterparty,
    CounterpartyAccount,
    CounterpartyBank,
    Text,
    OwnReference,
    BankReference,
    EndToEnd,
    Mandate,
    CreditorId,
    Code,
    Additional,
    Status,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("the encoding \"{0}\" is not known, or not one that CSV is read in")]
    Encoding(String),
    #[error("the separator has to be one ASCII character")]
    Separator,
    #[error("no column says {0}")]
    Lacks(&'static str),
    #[error("two columns say the same")]
    Twice,
    #[error("the currency \"{0}\" is not of ISO 4217")]
    Currency(String),
}

impl Profile {
    /// What can be said of a profile of statements without a file.
    pub fn check(&self) -> Result<(), ProfileError> {
        let has = |field: Field| self.columns.iter().any(|column| column.field == field);
        if !has(Field::BookedOn) && !has(Field::ValuedOn) {
            return Err(ProfileError::Lacks("a date"));
        }
        let two = has(Field::Credit) && has(Field::Debit);
        if !has(Field::Amount) && !two {
            return Err(ProfileError::Lacks("an amount, or credit and debit"));
        }
        self.check_common()
    }

    /// What can be said of a profile of payment orders without a file.
    pub fn check_orders(&self) -> Result<(), ProfileError> {
        for (field, name) in [
            (Field::Amount, "an amount"),
            (Field::Counterparty, "the payee's name"),
            (Field::CounterpartyAccount, "the payee's account"),
        ] {
            if self.columns.iter().all(|column| column.field != field) {
                return Err(ProfileError::Lacks(name));
            }
        }
        self.check_common()
    }

    fn check_common(&self) -> Result<(), ProfileError> {
        let encoding = encoding_rs::Encoding::for_label_no_replacement(self.encoding.as_bytes());
        if encoding.is_none_or(|encoding| !encoding.is_ascii_compatible()) {
            return Err(ProfileError::Encoding(self.encoding.clone()));
        }
        if !self.separator.is_ascii() || self.separator == '"' {
            return Err(ProfileError::Separator);
        }
        let has = |field: Field| self.columns.iter().any(|column| column.field == field);
        if !has(Field::Currency) && self.currency.is_none() {
            return Err(ProfileError::Lacks("a currency, and the profile names none"));
        }
        if let Some(code) = self.currency.as_ref().filter(|code| crate::amount::currency(code).is_err()) {
            return Err(ProfileError::Currency(code.clone()));
        }
        let twice =
            |(place, column): (usize, &Column)| self.columns.iter().skip(place + 1).any(|c| c.field == column.field);
        let twice = self.columns.iter().enumerate().filter(|(_, column)| column.field != Field::Text).any(twice);
        if twice { Err(ProfileError::Twice) } else { Ok(()) }
    }

    /// The layout in which [`CsvWriter`](super::CsvWriter) writes.
    pub fn own() -> Profile {
        let columns = OWN.iter().enumerate();
        let columns =
            columns.map(|(index, (field, name))| Column { field: *field, index, name: Some((*name).to_owned()) });
        Profile {
            separator: ',',
            encoding: "utf-8".to_owned(),
            skip_lines: 0,
            header: true,
            columns: columns.collect(),
            date: DateForm::YearMonthDay,
            decimal: DecimalMark::Point,
            negated: false,
            currency: None,
            account: None,
            quoted_formulas: true,
        }
    }
}

/// Columns of our own files, in order.
pub(super) const OWN: [(Field, &str); 17] = [
    (Field::Account, "account"),
    (Field::BookedOn, "booked_on"),
    (Field::ValuedOn, "valued_on"),
    (Field::Amount, "amount"),
    (Field::Currency, "currency"),
    (Field::Balance, "balance"),
    (Field::Status, "status"),
    (Field::Counterparty, "counterparty"),
    (Field::CounterpartyAccount, "counterparty_account"),
    (Field::CounterpartyBank, "counterparty_bank"),
    (Field::Text, "text"),
    (Field::OwnReference, "own_reference"),
    (Field::BankReference, "bank_reference"),
    (Field::EndToEnd, "end_to_end_id"),
    (Field::Mandate, "mandate"),
    (Field::CreditorId, "creditor_id"),
    (Field::Code, "code"),
];
