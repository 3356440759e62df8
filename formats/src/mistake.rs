//! Mistakes by name: the line or element, the field, what was expected and what was found.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::limits::{FOUND_MAX_CHARS, MISTAKES_MAX};

/// What is wrong. Values of the file are repeated up to 40 characters, so messages belong to the file's owner and not
/// into logs; [`Problem::code`] is for those.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than {limit} bytes")]
    FileTooLarge { limit: u64 },
    #[error("the file could not be read: {cause}")]
    Unreadable { cause: String },
    #[error("expected a payment or statement file, found {found}")]
    Unrecognised { found: Cow<'static, str> },
    #[error("expected {expected}, found {found}")]
    OtherFormat { expected: &'static str, found: String },
    #[error("the file ends in the middle of {within}")]
    Cut { within: String },
    #[error("document type declarations are refused")]
    Dtd,
    #[error("the entity \"{name}\" is not one of XML's own five")]
    Entity { name: String },
    #[error("elements are nested deeper than {limit}")]
    Depth { limit: usize },
    #[error("expected {expected} text, found other bytes")]
    CharacterSet { expected: String },
    #[error("the character U+0000 is refused")]
    Nul,
    #[error("longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("more than {limit} of them")]
    TooMany { limit: usize },
    #[error("not well formed: {cause}")]
    Syntax { cause: String },
    #[error("expected {expected} characters, found {found}")]
    Length { expected: usize, found: usize },
    #[error("expected {expected}, found \"{found}\"")]
    Value { expected: Cow<'static, str>, found: String },
    #[error("required and missing")]
    Missing,
    #[error("\"{found}\" is not an amount")]
    Amount { found: String },
    #[error("the amount does not fit: \"{found}\"")]
    AmountTooLarge { found: String },
    #[error("\"{found}\" is not a date")]
    Date { found: String },
    #[error("\"{found}\" is not a currency of ISO 4217")]
    Currency { found: String },
    #[error("the check digit of \"{found}\" is wrong")]
    CheckDigit { found: String },
    #[error("a total of {expected} is stated, and the parts add up to {found}")]
    Total { expected: String, found: String },
    #[error("a count of {expected} is stated, and {found} were found")]
    Count { expected: String, found: u64 },
    #[error("the message holds no statement")]
    NoStatement,
    #[error("the message holds no payment")]
    NoPayment,
    #[error("the bank refused the request with status {status}: {text}")]
    BankRefused { status: String, text: String },
    #[error("\"{found}\" was rounded to {rounded}")]
    Rounded { found: String, rounded: String },
    #[error("opening and entries make {expected}, the closing balance is {found}, a difference of {difference}")]
    DoesNotAddUp { expected: String, found: String, difference: String },
    #[error("an entry in {found} stays out of the sums in {expected}")]
    OtherCurrency { expected: String, found: String },
    #[error("the text is not {expected} and was read as windows-1252")]
    ReadAsWindows1252 { expected: &'static str },
    #[error("{found} does not belong here; expected {expected}")]
    Order { expected: &'static str, found: String },
    #[error("\"{found}\" is not known and was passed over")]
    Unknown { found: String },
}

impl Problem {
    /// A stable name for programs, metrics and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Problem::Empty => "empty",
            Problem::FileTooLarge { .. } => "file_too_large",
            Problem::Unreadable { .. } => "unreadable",
            Problem::Unrecognised { .. } => "unrecognised",
            Problem::OtherFormat { .. } => "other_format",
            Problem::Cut { .. } => "cut",
            Problem::Dtd => "dtd",
            Problem::Entity { .. } => "entity",
            Problem::Depth { .. } => "depth",
            Problem::CharacterSet { .. } => "character_set",
            Problem::Nul => "nul",
            Problem::TooLong { .. } => "too_long",
            Problem::TooMany { .. } => "too_many",
            Problem::Syntax { .. } => "syntax",
            Problem::Length { .. } => "length",
            Problem::Value { .. } => "value",
            Problem::Missing => "missing",
            Problem::Amount { .. } => "amount",
            Problem::AmountTooLarge { .. } => "amount_too_large",
            Problem::Date { .. } => "date",
            Problem::Currency { .. } => "currency",
            Problem::CheckDigit { .. } => "check_digit",
            Problem::Total { .. } => "total",
            Problem::Count { .. } => "count",
            Problem::NoStatement => "no_statement",
            Problem::NoPayment => "no_payment",
            Problem::BankRefused { .. } => "bank_refused",
            Problem::Rounded { .. } => "rounded",
            Problem::DoesNotAddUp { .. } => "does_not_add_up",
            Problem::OtherCurrency { .. } => "other_currency",
            Problem::ReadAsWindows1252 { .. } => "read_as_windows_1252",
            Problem::Order { .. } => "order",
            Problem::Unknown { .. } => "unknown",
        }
    }

    pub(crate) fn value(expected: impl Into<Cow<'static, str>>, found: &str) -> Problem {
        Problem::Value { expected: expected.into(), found: shown(found) }
    }

    pub(crate) fn cut(within: impl Into<String>) -> Problem {
        Problem::Cut { within: within.into() }
    }
}

/// The beginning of a wrong value, for a message.
pub(crate) fn shown(found: &str) -> String {
    found.chars().take(FOUND_MAX_CHARS).collect()
}

/// A problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1; 0 when the file as a whole is meant.
    pub line: u64,
    /// The element (`Stmt[1]/Ntry[3]`), tag (`:61:`) or record (`16`).
    pub element: String,
    pub field: &'static str,
    pub problem: Problem,
}

impl Mistake {
    pub(crate) fn new(line: u64, element: impl Into<String>, field: &'static str, problem: Problem) -> Mistake {
        Mistake { line, element: element.into(), field, problem }
    }

    pub(crate) fn whole(problem: Problem) -> Mistake {
        Mistake::new(0, "", "", problem)
    }
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        for part in [self.element.as_str(), self.field].into_iter().filter(|part| !part.is_empty()) {
            write!(f, "{part}: ")?;
        }
        write!(f, "{}", self.problem)
    }
}

impl std::error::Error for Mistake {}

impl Serialize for Mistake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Mistake", 5)?;
        fields.serialize_field("line", &self.line)?;
        fields.serialize_field("element", &self.element)?;
        fields.serialize_field("field", self.field)?;
        fields.serialize_field("code", self.problem.code())?;
        fields.serialize_field("message", &self.problem.to_string())?;
        fields.end()
    }
}

/// Mistakes of one class: all counted, the first 100 kept.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Findings {
    pub total: u64,
    pub first: Vec<Mistake>,
}

impl Findings {
    fn add(&mut self, mistake: Mistake) {
        self.total = self.total.saturating_add(1);
        if self.first.len() < MISTAKES_MAX {
            self.first.push(mistake);
        }
    }
}

/// Everything that was found wrong in one file.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// These refuse the whole file.
    pub refusals: Findings,
    /// Lines or entries that could not be read. They refuse the file too, unless the caller takes it in part.
    pub lines: Findings,
    /// Worth saying; they refuse nothing.
    pub warnings: Findings,
}

impl Report {
    /// Whether the file is to be refused. With `partial`, unreadable lines are left out instead.
    pub fn is_refused(&self, partial: bool) -> bool {
        self.refusals.total > 0 || (!partial && self.lines.total > 0)
    }

    /// Lists no more than so many, refusals before the rest. All stay counted.
    pub(crate) fn keep(&mut self, left: &mut usize) {
        for findings in [&mut self.refusals, &mut self.lines, &mut self.warnings] {
            findings.first.truncate(*left);
            findings.first.shrink_to_fit();
            *left -= findings.first.len();
        }
    }

    pub(crate) fn refuse(&mut self, mistake: Mistake) {
        self.refusals.add(mistake);
    }

    pub(crate) fn line(&mut self, mistake: Mistake) {
        self.lines.add(mistake);
    }

    pub(crate) fn warn(&mut self, mistake: Mistake) {
        self.warnings.add(mistake);
    }
}

/// A field that could not be read; the caller, which knows the place, makes a [`Mistake`] of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(crate) field: &'static str,
    pub(crate) problem: Problem,
}

impl Bad {
    pub(crate) fn new(field: &'static str, problem: Problem) -> Bad {
        Bad { field, problem }
    }

    pub(crate) fn at(self, line: u64, element: impl Into<String>) -> Mistake {
        Mistake::new(line, element, self.field, self.problem)
    }
}

/// Names the field of a problem.
pub(crate) trait Of<T> {
    fn of(self, field: &'static str) -> Result<T, Bad>;
}

impl<T> Of<T> for Result<T, Problem> {
    fn of(self, field: &'static str) -> Result<T, Bad> {
        self.map_err(|problem| Bad { field, problem })
    }
}

impl<T> Of<T> for Option<T> {
    fn of(self, field: &'static str) -> Result<T, Bad> {
        self.ok_or(Bad { field, problem: Problem::Missing })
    }
}
