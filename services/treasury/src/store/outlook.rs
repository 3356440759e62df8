//! Forecasts that are kept.

use jiff::civil::Date;
use platform::db::{DbError, Tx, Value};

use super::{body, json};
use crate::convert::number_of;
use crate::face::Forecast;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[FORECAST_ADD, FORECAST_LIST];

/// The first one of a day stays.
const FORECAST_ADD: &str = "
insert into forecast (series, day, body)
values ($1, $2, $3)
on conflict (series, day) do nothing";

const FORECAST_LIST: &str = "
select body
from forecast
where series = $1
    and day >= $2
order by day desc
limit 400";

/// By the last day of its history.
pub(crate) async fn keep(tx: &Tx, forecast: &Forecast) -> Result<(), DbError> {
    let text = json(forecast)?;
    let values = [Value::Text(&forecast.series), Value::Int(number_of(forecast.data_to)), Value::Text(&text)];
    tx.execute(FORECAST_ADD, &values).await.map(drop)
}

/// The newest first.
pub(crate) async fn kept(tx: &Tx, series: &str, from: Date) -> Result<Vec<Forecast>, DbError> {
    let rows = tx.query(FORECAST_LIST, &[Value::Text(series), Value::Int(number_of(from))]).await?;
    rows.iter().map(|row| body(row, 0)).collect()
}
