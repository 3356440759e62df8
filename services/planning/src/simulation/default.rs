//! What is assumed about classes where the caller assumes nothing: round figures of ours, no forecast. An answer names them.

use planning_api::{AssetClass, Market, MeanKind, SimulationRefusal as Refusal};
use quant::matrix::Symmetric;
use quant::plan::{self, Assumptions, Class};

use super::refuse::named;

/// Arithmetic means and deviations of a year.
const CLASSES: [(&str, f64, f64); 4] =
    [("stocks", 0.07, 0.17), ("bonds", 0.035, 0.07), ("cash", 0.025, 0.015), ("property", 0.05, 0.12)];
const INFLATION: (f64, f64) = (0.025, 0.018);
/// The classes in their order, then inflation.
const CORRELATION: [[f64; 5]; 5] = [
    [1.0, 0.1, 0.0, 0.5, -0.1],
    [0.1, 1.0, 0.2, 0.1, -0.2],
    [0.0, 0.2, 1.0, 0.0, 0.4],
    [0.5, 0.1, 0.0, 1.0, 0.2],
    [-0.1, -0.2, 0.4, 0.2, 1.0],
];

/// The class of the market that an asset's class is taken for.
pub(crate) fn class_of(class: AssetClass) -> Option<&'static str> {
    match class {
        AssetClass::Cash => Some("cash"),
        AssetClass::Bonds => Some("bonds"),
        AssetClass::Stocks => Some("stocks"),
        AssetClass::Property => Some("property"),
        AssetClass::Other | AssetClass::Debt => None,
    }
}

/// The market's classes, all of them or those that are used.
pub(crate) fn assumptions(market: &Market, used: &dyn Fn(&str) -> bool) -> Result<Assumptions, Refusal> {
    let class = |(name, mean, volatility): &(&str, f64, f64)| Class {
        name: (*name).to_owned(),
        mean: *mean,
        volatility: *volatility,
    };
    let own =
        |one: &planning_api::ClassTerms| Class { name: one.name.clone(), mean: one.mean, volatility: one.volatility };
    let is_own = !market.classes.is_empty();
    let all: Vec<Class> =
        if is_own { market.classes.iter().map(own).collect() } else { CLASSES.iter().map(class).collect() };
    for (place, one) in all.iter().enumerate() {
        if all.iter().take(place).any(|other| other.name == one.name) {
            let detail = format!("the class {} is there twice", one.name);
            return Err(Refusal::field_invalid("market.classes", detail));
        }
    }
    let (mean, volatility) = market.inflation.map_or(INFLATION, |own| (own.mean, own.volatility));
    let matrix = correlation(market, all.len())?;
    let kept: Vec<usize> = (0..all.len()).filter(|place| all.get(*place).is_some_and(|one| used(&one.name))).collect();
    let kept = if kept.is_empty() { (0..all.len()).collect() } else { kept };
    let rows: Vec<usize> = kept.iter().copied().chain([all.len()]).collect();
    let values = rows.iter().flat_map(|row| rows.iter().map(|column| matrix.at(*row, *column))).collect();
    let correlation = Symmetric::correlation(rows.len(), values).map_err(|error| named(error, "market.correlation"))?;
    let classes = all.into_iter().enumerate().filter(|(place, _)| kept.contains(place)).map(|(_, one)| one);
    Ok(Assumptions {
        means: match market.means {
            MeanKind::Arithmetic => plan::MeanKind::Arithmetic,
            MeanKind::Geometric => plan::MeanKind::Geometric,
        },
        classes: classes.collect(),
        inflation: Class { name: "inflation".to_owned(), mean, volatility },
        correlation,
    })
}

/// A matrix that cannot be is refused, not repaired: it is the caller's assumption.
fn correlation(market: &Market, classes: usize) -> Result<Symmetric, Refusal> {
    let at = |error| named(error, "market.correlation");
    let rows = classes + 1;
    if market.correlation.is_empty() {
        if market.classes.is_empty() {
            return Symmetric::correlation(rows, CORRELATION.concat()).map_err(at);
        }
        return Symmetric::diagonal(&vec![1.0; rows]).map_err(at);
    }
    let square = market.correlation.len() == rows && market.correlation.iter().all(|row| row.len() == rows);
    if !square {
        let detail = format!("expected {rows} rows of {rows} values: the classes and inflation");
        return Err(Refusal::CorrelationInvalid { field: "market.correlation".to_owned(), detail });
    }
    let matrix = Symmetric::correlation(rows, market.correlation.concat()).map_err(at)?;
    matrix.root("correlation").map_err(at)?;
    Ok(matrix)
}
