//! What `quant` refuses, as refusals with the field of the request.

use quant::QuantError;

use crate::face::{Refusal, TreasuryError};

/// `at` is the field that the values came from, where quant's own name is not that of a field.
pub(crate) fn refused(error: QuantError, at: &str) -> TreasuryError {
    named(error, at).into()
}

pub(crate) fn named(error: QuantError, at: &str) -> Refusal {
    let detail = error.to_string();
    match error {
        QuantError::OutOfRange { field, min, max, found } => {
            let (min, max, found) = (min.to_string(), max.to_string(), found.to_string());
            Refusal::OutOfRange { field: path(field, at), min, max, found }
        }
        QuantError::TooMany { field, max, .. } => Refusal::TooMany { what: field.to_owned(), max },
        QuantError::TooFew { field, min, found } => Refusal::TooFew { field: path(field, at), min, found },
        QuantError::NotPositive { field: "minimum and multiple", .. } => Refusal::field_invalid(at, detail),
        QuantError::DuplicateDate { .. }
        | QuantError::Unordered { .. }
        | QuantError::Gap { .. }
        | QuantError::Hole { .. }
        | QuantError::NotFinite { .. }
        | QuantError::Calendar(_)
        | QuantError::NotPositive { .. } => Refusal::SeriesInvalid { field: at.to_owned(), detail },
        QuantError::LevelOutsideSample { level, rows } => {
            Refusal::LevelOutsideSample { level: level.to_string(), rows }
        }
        QuantError::Unknown { field: "exposures", name } => Refusal::FactorUnknown { factor: name },
        QuantError::Currency { expected, found, .. } => Refusal::CurrencyDiffers { expected, found },
        QuantError::PoolOfOne => Refusal::PoolOfOne,
        QuantError::Duplicate { field: "accounts", name } => Refusal::MemberTwice { account: name },
        QuantError::HeaderCycle { account } => Refusal::HeaderCycle { account },
        QuantError::FloorBelowLimit { account, floor, limit } => {
            Refusal::FloorBelowLimit { account, floor: floor.to_string(), limit: limit.to_string() }
        }
        QuantError::Infeasible { account, day, missing } => {
            Refusal::Infeasible { account, day, missing: missing.to_string() }
        }
        _ => Refusal::field_invalid(at, detail),
    }
}

/// The field of the request that quant's name stands for.
fn path(field: &str, at: &str) -> String {
    match field {
        "confidence" | "horizon_days" | "paths" | "history" => field.to_owned(),
        "lambda" | "degrees_of_freedom" => "method".to_owned(),
        "window" => "window_days".to_owned(),
        _ => at.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use platform::error::Refusal as _;

    use super::*;

    #[test]
    fn each_refusal_of_quant_has_a_code() {
        let range = |field| QuantError::OutOfRange { field, min: 0.0, max: 1.0, found: 10.0 };
        for (error, code) in [
            (range("confidence"), "out_of_range"),
            (QuantError::TooFew { field: "history", min: 20, found: 3 }, "too_few"),
            (QuantError::TooMany { field: "paths", max: 1, found: 2 }, "too_many"),
            (QuantError::NotPositive { field: "levels", at: 0 }, "series_invalid"),
            (QuantError::LevelOutsideSample { level: 0.01, rows: 20 }, "level_outside_sample"),
            (QuantError::PoolOfOne, "pool_of_one"),
            (QuantError::HeaderCycle { account: "a".to_owned() }, "header_cycle"),
            (QuantError::Solver("x".to_owned()), "field_invalid"),
        ] {
            assert_eq!(named(error, "csv").code(), code);
        }
    }
}
