//! What `quant` refuses, as refusals with the field of the request.

use planning_api::{SimulationError, SimulationRefusal as Refusal};
use platform::error::Failure;
use quant::QuantError;

/// `at` is the field that the values came from, where quant's own name is not that of a field.
pub(super) fn refused(error: QuantError, at: &str) -> SimulationError {
    match error {
        QuantError::Stopped => Failure::DeadlineExceeded.into(),
        error => named(error, at).into(),
    }
}

pub(super) fn named(error: QuantError, at: &str) -> Refusal {
    let detail = error.to_string();
    let size = |count: usize| count as u64;
    match error {
        QuantError::TooFew { field, min, found } => {
            Refusal::TooFew { field: path(field, at), min: size(min), found: size(found) }
        }
        QuantError::TooMany { field, max, found } => {
            Refusal::TooMany { field: path(field, at), max: size(max), found: size(found) }
        }
        QuantError::OutOfRange { field, min, max, found } => Refusal::out_of_range(&path(field, at), min, max, found),
        QuantError::WeightsSum { sum } => Refusal::WeightsSum { field: path("weights", at), found: sum.to_string() },
        QuantError::NotSymmetric { .. }
        | QuantError::NotCorrelation { .. }
        | QuantError::NotPositiveSemidefinite { .. } => {
            Refusal::CorrelationInvalid { field: "market.correlation".to_owned(), detail }
        }
        QuantError::DuplicateDate { .. }
        | QuantError::Unordered { .. }
        | QuantError::Gap { .. }
        | QuantError::Hole { .. }
        | QuantError::Spliced { .. }
        | QuantError::Cell { .. }
        | QuantError::Calendar(_)
        | QuantError::NotPositive { .. } => Refusal::SeriesInvalid { field: path("market.history", at), detail },
        QuantError::Unknown { field: "life table", .. } => Refusal::life_invalid(at, detail),
        QuantError::Unknown { field, name } | QuantError::Duplicate { field, name } => {
            Refusal::NameUnknown { field: path(field, at), name }
        }
        QuantError::Currency { field, expected, found } => {
            Refusal::CurrencyDiffers { field: path(field, at), expected, found }
        }
        _ => Refusal::field_invalid(at, detail),
    }
}

/// The field of the request that quant's name stands for.
fn path(field: &str, at: &str) -> String {
    match field {
        "rate" | "lower" | "upper" | "step" | "floor" | "ceiling" | "real_return" => format!("policy.{field}"),
        "mean" | "volatility" => format!("market.classes.{field}"),
        "degrees_of_freedom" => "market.model.degrees".to_owned(),
        "block" => "market.model.periods".to_owned(),
        "windows" | "history" | "values" | "columns" | "rows of the table" | "periods that all series cover" => {
            "market.history".to_owned()
        }
        "cost" | "class" => "holdings".to_owned(),
        "step of an event" => "events".to_owned(),
        "target step" => "target.at".to_owned(),
        "success" | "low" | "high" | "tolerance" | "search" | "rows" | "columns of the grid" | "grid" => {
            field.to_owned()
        }
        "years" | "paths" | "fees" | "retirement" | "incomes" | "contributions" | "events" | "holdings" | "phases"
        | "survivor_spending" | "survivor_share" | "indexation" | "weights" | "glide" | "people" | "bands"
        | "target" | "market.history" => field.to_owned(),
        _ => at.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use platform::error::Refusal as _;

    use super::*;

    #[test]
    fn each_refusal_of_quant_has_a_code_and_a_field() {
        let range = |field| QuantError::OutOfRange { field, min: 0.0, max: 1.0, found: 10.0 };
        for (error, code, field) in [
            (range("rate"), "out_of_range", "policy.rate"),
            (QuantError::TooMany { field: "years", max: 120, found: 121 }, "too_many", "years"),
            (QuantError::WeightsSum { sum: 0.9 }, "weights_sum", "weights"),
            (QuantError::NotCorrelation { row: 0, column: 1, found: 2.0 }, "correlation_invalid", "market.correlation"),
            (QuantError::Spliced { name: "stocks".to_owned() }, "series_invalid", "market.history"),
            (QuantError::PoolOfOne, "field_invalid", "scenario"),
        ] {
            let refusal = named(error, "scenario");
            assert_eq!((refusal.code(), refusal.field().unwrap().as_ref()), (code, field));
        }
        assert_eq!(refused(QuantError::Stopped, "x").failure(), Some(Failure::DeadlineExceeded));
    }
}
