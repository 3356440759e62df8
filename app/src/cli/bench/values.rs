//! Values of options.

use std::str::FromStr;

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Over {
    Process,
    Http,
}

/// The other side of paired runs: the same as the first except for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    Empty,
    Ordered,
    Uniform,
    Accounts(usize),
}

impl FromStr for Against {
    type Err = String;

    fn from_str(text: &str) -> Result<Against, String> {
        let wrong = || "expected empty, ordered, uniform or accounts=N, with N from 2 to 1000000".to_owned();
        match text {
            "empty" => Ok(Against::Empty),
            "ordered" => Ok(Against::Ordered),
            "uniform" => Ok(Against::Uniform),
            _ => {
                let count = text.strip_prefix("accounts=").and_then(|count| count.parse().ok());
                count.filter(|count| (2..=1_000_000).contains(count)).map(Against::Accounts).ok_or_else(wrong)
            }
        }
    }
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number above zero".to_owned())
}
