//! Everything that this crate refuses, each with the field that is wrong.

use jiff::civil::Date;

pub type Result<T, E = QuantError> = std::result::Result<T, E>;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantError {
    #[error("{field} needs at least {min} values, found {found}")]
    TooFew { field: &'static str, min: usize, found: usize },
    #[error("{field} is at most {max}, found {found}")]
    TooMany { field: &'static str, max: usize, found: usize },
    #[error("{field} must lie between {min} and {max}, found {found}")]
    OutOfRange { field: &'static str, min: f64, max: f64, found: f64 },
    #[error("{field} has a value at position {at} that is not a finite number")]
    NotFinite { field: &'static str, at: usize },
    #[error("{field} must be above zero at position {at}")]
    NotPositive { field: &'static str, at: usize },
    #[error("{field} has {found} values, expected {expected}")]
    Length { field: &'static str, expected: usize, found: usize },
    #[error("{field} names {name}, which is not there")]
    Unknown { field: &'static str, name: String },
    #[error("{field} names {name} twice")]
    Duplicate { field: &'static str, name: String },

    #[error("{field} has two values for {date}")]
    DuplicateDate { field: &'static str, date: Date },
    #[error("{field} goes back in time at {date}")]
    Unordered { field: &'static str, date: Date },
    #[error("{field} has a gap of {days} days before {date}, and {max} are the most")]
    Gap { field: &'static str, date: Date, days: i32, max: i32 },
    #[error("{name} has no value for {date}, which the others have")]
    Hole { name: String, date: Date },
    #[error("{name} is one history and cannot be joined from two; choose one of them")]
    Spliced { name: String },
    #[error("line {line}, column {column}: expected {expected}, found \"{found}\"")]
    Cell { line: u64, column: String, expected: &'static str, found: String },
    #[error("the date after {0} cannot be written")]
    Calendar(Date),

    #[error("the level {level} lies outside of a sample of {rows} rows: the tail holds less than one of them")]
    LevelOutsideSample { level: f64, rows: usize },
    #[error("{field} is not symmetric at row {row}, column {column}")]
    NotSymmetric { field: &'static str, row: usize, column: usize },
    #[error(
        "a correlation lies between -1 and 1 and is 1 on the diagonal, found {found} at row {row}, column {column}"
    )]
    NotCorrelation { row: usize, column: usize, found: f64 },
    #[error("{field} is not positive semidefinite")]
    NotPositiveSemidefinite { field: &'static str },
    #[error("weights add up to 1, found {sum}")]
    WeightsSum { sum: f64 },
    #[error("shares of {name} come to {percent} %, and there are 100")]
    SharesAboveWhole { name: String, percent: f64 },

    #[error("{field} does not fit into 64 bits of the smallest unit")]
    AmountTooLarge { field: &'static str },
    #[error("{field} is in {found}, expected {expected}")]
    Currency { field: &'static str, expected: String, found: String },
    #[error("the parts of {field} do not add up to it")]
    PartsDisagree { field: &'static str },
    #[error("there is nothing invested on {0}, so that a return from there has no meaning")]
    NothingInvested(Date),

    #[error("a pool needs a header and at least one member besides it")]
    PoolOfOne,
    #[error("{account} is its own header through a chain of pools")]
    HeaderCycle { account: String },
    #[error("{account} may go down to {floor}, further than its credit limit of {limit}")]
    FloorBelowLimit { account: String, floor: i64, limit: i64 },
    #[error("{account} cannot be kept at its floor on day {day}: {missing} is missing")]
    Infeasible { account: String, day: usize, missing: i64 },
    #[error("the plan of moves could not be solved: {0}")]
    Solver(String),

    #[error("{field} must begin before it ends")]
    EndsBeforeStart { field: &'static str },
    #[error("stopped before the first chunk of paths was done")]
    Stopped,
}

/// Refuses the first value that is not finite.
pub(crate) fn finite(field: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(QuantError::NotFinite { field, at }),
        None => Ok(()),
    }
}

/// Refuses what lies outside of `min..=max`, and NaN.
pub(crate) fn within(field: &'static str, found: f64, min: f64, max: f64) -> Result<f64> {
    if found >= min && found <= max { Ok(found) } else { Err(QuantError::OutOfRange { field, min, max, found }) }
}

pub(crate) fn at_least(field: &'static str, found: usize, min: usize) -> Result<()> {
    if found < min { Err(QuantError::TooFew { field, min, found }) } else { Ok(()) }
}

pub(crate) fn at_most(field: &'static str, found: usize, max: usize) -> Result<()> {
    if found > max { Err(QuantError::TooMany { field, max, found }) } else { Ok(()) }
}

pub(crate) fn same_length(field: &'static str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(QuantError::Length { field, expected, found }) }
}
