//! Every refusal of simulations, by name.

use std::borrow::Cow;

use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};

/// Numbers are texts here, so that one that is no number can be shown too.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SimulationRefusal {
    #[error("{field}: {detail}")]
    FieldInvalid { field: String, detail: String },
    #[error("{field}: expected {min} to {max}, found {found}")]
    OutOfRange { field: String, min: String, max: String, found: String },
    #[error("{field}: expected at least {min}, found {found}")]
    TooFew { field: String, min: u64, found: u64 },
    #[error("{field}: expected at most {max}, found {found}")]
    TooMany { field: String, max: u64, found: u64 },
    #[error("{field}: weights add up to {found}, expected 1")]
    WeightsSum { field: String, found: String },
    #[error("{field}: {detail}")]
    CorrelationInvalid { field: String, detail: String },
    #[error("{field}: {detail}")]
    SeriesInvalid { field: String, detail: String },
    #[error("{field}: there is no {name}")]
    NameUnknown { field: String, name: String },
    #[error("{field}: expected {expected}, found {found}")]
    CurrencyDiffers { field: String, expected: String, found: String },
    #[error("{field}: {detail}")]
    LifeInvalid { field: String, detail: String },
}

impl error::Refusal for SimulationRefusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        match self {
            SimulationRefusal::FieldInvalid { .. } => {
                row(400, "A field is malformed", "A field of the request is malformed.")
            }
            SimulationRefusal::OutOfRange { .. } => row(
                400,
                "A number is out of range",
                "A rate, a share, a year or a number of paths is out of its range.",
            ),
            SimulationRefusal::TooFew { .. } => {
                row(400, "Too few", "There are too few values, such as periods of a history.")
            }
            SimulationRefusal::TooMany { .. } => {
                row(400, "Too many", "There are more paths, years, cells, windows or items than are accepted.")
            }
            SimulationRefusal::WeightsSum { .. } => {
                row(400, "Weights do not add up to 1", "The weights of the classes at some moment do not add up to 1.")
            }
            SimulationRefusal::CorrelationInvalid { .. } => row(
                400,
                "Not a correlation matrix",
                "The matrix is not square, not symmetric, has values beyond 1, or is impossible.",
            ),
            SimulationRefusal::SeriesInvalid { .. } => row(
                400,
                "Series is invalid",
                "A history has a hole, a repetition, a wrong order, a level of 0, or a cell that cannot be read.",
            ),
            SimulationRefusal::NameUnknown { .. } => {
                row(400, "Name is unknown", "A class or column is named that the market or the table does not have.")
            }
            SimulationRefusal::CurrencyDiffers { .. } => {
                row(400, "Currency differs", "All amounts of a scenario are in one currency.")
            }
            SimulationRefusal::LifeInvalid { .. } => row(
                400,
                "Life is impossible",
                "Somebody is born after the start, is older than their end, or has a life table with a gap.",
            ),
        }
    }

    fn samples() -> Vec<SimulationRefusal> {
        let own = str::to_owned;
        vec![
            SimulationRefusal::FieldInvalid { field: own("start"), detail: own("expected an amount or holdings") },
            SimulationRefusal::OutOfRange { field: own("rate"), min: own("0"), max: own("1"), found: own("10") },
            SimulationRefusal::TooFew { field: own("years"), min: 1, found: 0 },
            SimulationRefusal::TooMany { field: own("paths"), max: 1_000_000, found: 10_000_000 },
            SimulationRefusal::WeightsSum { field: own("weights"), found: own("0.9") },
            SimulationRefusal::CorrelationInvalid {
                field: own("market.correlation"),
                detail: own("not symmetric at row 0, column 1"),
            },
            SimulationRefusal::SeriesInvalid {
                field: own("market.history"),
                detail: own("values has a gap of 59 days before 1926-03-01, and 31 are the most"),
            },
            SimulationRefusal::NameUnknown { field: own("weights"), name: own("gold") },
            SimulationRefusal::CurrencyDiffers { field: own("incomes"), expected: own("USD"), found: own("EUR") },
            SimulationRefusal::LifeInvalid { field: own("people"), detail: own("born after the start") },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        let (SimulationRefusal::FieldInvalid { field, .. }
        | SimulationRefusal::OutOfRange { field, .. }
        | SimulationRefusal::TooFew { field, .. }
        | SimulationRefusal::TooMany { field, .. }
        | SimulationRefusal::WeightsSum { field, .. }
        | SimulationRefusal::CorrelationInvalid { field, .. }
        | SimulationRefusal::SeriesInvalid { field, .. }
        | SimulationRefusal::NameUnknown { field, .. }
        | SimulationRefusal::CurrencyDiffers { field, .. }
        | SimulationRefusal::LifeInvalid { field, .. }) = self;
        Some(Cow::Owned(field.clone()))
    }
}

impl SimulationRefusal {
    pub fn field_invalid(field: &str, detail: impl Into<String>) -> SimulationRefusal {
        SimulationRefusal::FieldInvalid { field: field.to_owned(), detail: detail.into() }
    }

    pub fn life_invalid(field: impl Into<String>, detail: impl Into<String>) -> SimulationRefusal {
        SimulationRefusal::LifeInvalid { field: field.into(), detail: detail.into() }
    }

    pub fn out_of_range(
        field: &str,
        min: impl ToString,
        max: impl ToString,
        found: impl ToString,
    ) -> SimulationRefusal {
        let (min, max, found) = (min.to_string(), max.to_string(), found.to_string());
        SimulationRefusal::OutOfRange { field: field.to_owned(), min, max, found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_follow_the_rules() {
        assert_eq!(error::check::<SimulationRefusal>(), Ok(()));
    }
}
