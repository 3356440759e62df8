//! What comes next in a series, with bands: several methods, chosen by how they would have done, and guarded.
//!
//! Start at [`train`], which answers a [`Trained`] model; it forecasts, also when the series has grown, and can be stored.

mod accuracy;
mod bands;
mod baseline;
mod choice;
mod daily;
mod ets;
mod evaluation;
mod origins;
mod seasonality;
mod simplex;
mod theta;
mod tsb;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::error::{QuantError, Result, at_least, at_most, finite};

pub use accuracy::{mase, mase_scale, smape};
pub use bands::Bands;
pub use choice::{Fallback, Predicted, Score, Trained, train};
pub use daily::DailyProfile;
pub use ets::{Ets, EtsForm, Season, Trend};
pub use evaluation::{Evaluation, Summary, evaluate, summarise};
pub use origins::{Accounted, LeadRecord, by_lead};
pub use seasonality::Seasonality;
pub use theta::Theta;
pub use tsb::Tsb;

pub const VALUES_MAX: usize = 10_000;
pub const HORIZON_MAX: usize = 366;
pub const SEASON_MAX: usize = 366;
/// The largest value, in smallest units: the bound of amounts.
const VALUE_MAX: f64 = 1e15;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The value of a season ago.
    SeasonalNaive,
    Mean,
    /// The last value and the average step.
    Drift,
    Theta,
    Ets,
    /// The mean of Theta and ETS.
    ThetaEts,
    /// For series that are mostly zero.
    Tsb,
    /// Weekday, place in the month and holidays over a level.
    Daily,
}

/// The steps of a season, and how far to look. A daily series has the date of its first value and a calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    pub season: usize,
    pub horizon: usize,
    pub daily: Option<(Date, Calendar)>,
}

impl Setting {
    pub fn monthly(horizon: usize) -> Setting {
        Setting { season: 12, horizon, daily: None }
    }

    pub fn weekly(horizon: usize) -> Setting {
        Setting { season: 52, horizon, daily: None }
    }

    pub fn daily(first: Date, calendar: Calendar, horizon: usize) -> Setting {
        Setting { season: 7, horizon, daily: Some((first, calendar)) }
    }

    fn check(&self, values: &[f64]) -> Result<()> {
        at_least("season", self.season, 1)?;
        at_most("season", self.season, SEASON_MAX)?;
        at_least("horizon", self.horizon, 1)?;
        at_most("horizon", self.horizon, HORIZON_MAX)?;
        at_least("values", values.len(), 1)?;
        at_most("values", values.len(), VALUES_MAX)?;
        finite("values", values)?;
        match values.iter().position(|value| value.abs() > VALUE_MAX) {
            Some(_) => Err(QuantError::AmountTooLarge { field: "values" }),
            None => Ok(()),
        }
    }
}

/// A method with its parameters. It can be asked again when the series has grown: the parameters stay, the state follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    SeasonalNaive { season: usize },
    Mean,
    Drift,
    Theta(Theta),
    Ets(Ets),
    ThetaEts(Theta, Ets),
    Tsb(Tsb),
    Daily(DailyProfile),
}

impl Model {
    /// Values have to be checked before.
    pub(crate) fn fit(method: Method, values: &[f64], setting: &Setting) -> Model {
        let season = setting.season;
        match method {
            Method::SeasonalNaive => Model::SeasonalNaive { season },
            Method::Mean => Model::Mean,
            Method::Drift => Model::Drift,
            Method::Theta => Model::Theta(Theta::fit(values, season)),
            Method::Ets => Model::Ets(Ets::fit(values, season)),
            Method::ThetaEts => Model::ThetaEts(Theta::fit(values, season), Ets::fit(values, season)),
            Method::Tsb => Model::Tsb(Tsb::fit(values)),
            Method::Daily => match &setting.daily {
                Some((first, calendar)) => Model::Daily(DailyProfile::fit(*first, calendar, values)),
                None => Model::SeasonalNaive { season },
            },
        }
    }

    /// The `horizon` values after `values`, before guards.
    pub(crate) fn forecast(&self, values: &[f64], horizon: usize) -> Vec<f64> {
        match self {
            Model::SeasonalNaive { season } => baseline::seasonal_naive(values, *season, horizon),
            Model::Mean => vec![baseline::mean(values); horizon],
            Model::Drift => baseline::drift(values, horizon),
            Model::Theta(theta) => theta.forecast(values, horizon),
            Model::Ets(ets) => ets.forecast(values, horizon),
            Model::ThetaEts(theta, ets) => {
                let pairs = theta.forecast(values, horizon).into_iter().zip(ets.forecast(values, horizon));
                pairs.map(|(left, right)| (left + right) / 2.0).collect()
            }
            Model::Tsb(tsb) => vec![tsb.forecast(values); horizon],
            Model::Daily(profile) => profile.forecast(values, horizon),
        }
    }
}
