//! Values of assets by day, packed by month: ten years of thirty assets are 3,600 rows instead of 110,000.

use std::collections::{BTreeMap, HashMap};

use kernel::{Id, Timestamp};
use planning_api::{AssetId, Day, HouseholdId, Month};
use platform::db::{DbError, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[MONTH_GET, MONTH_PUT, MONTH_OF_ASSET, MONTH_OF_HOUSEHOLD];

const MONTH_GET: &str = "
select packed
from asset_month
where asset = $1
    and month = $2";

const MONTH_PUT: &str = "
insert into asset_month (asset, month, packed)
values ($1, $2, $3)
on conflict (asset, month) do update set packed = excluded.packed";

const MONTH_OF_ASSET: &str = "
select packed
from asset_month
where asset = $1
order by month desc
limit 1000";

const MONTH_OF_HOUSEHOLD: &str = "
select v.asset, v.packed
from asset a
join asset_month v on v.asset = a.id
where a.household = $1
    and v.month <= $2
order by v.asset, v.month";

/// Bytes of a packed value: day, source, amount, instant.
const WIDTH: usize = 4 + 1 + 8 + 8;
const MONTHS_BEFORE: Month = Month::EPOCH;

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Hand = 0,
    Ledger = 1,
    Bank = 2,
}

impl Told {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Told::Hand => "hand",
            Told::Ledger => "ledger",
            Told::Bank => "bank",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayValue {
    /// Days after 1970-01-01.
    pub(crate) day: i64,
    pub(crate) minor: i64,
    pub(crate) told: Told,
    pub(crate) recorded_at: Timestamp,
}

fn pack(values: &BTreeMap<i64, DayValue>) -> Result<Vec<u8>, DbError> {
    let mut packed = Vec::with_capacity(values.len() * WIDTH);
    for value in values.values() {
        let day = i32::try_from(value.day).map_err(|_| DbError::shape("a day beyond four bytes"))?;
        packed.extend_from_slice(&day.to_be_bytes());
        packed.push(value.told as u8);
        packed.extend_from_slice(&value.minor.to_be_bytes());
        packed.extend_from_slice(&value.recorded_at.micros().to_be_bytes());
    }
    Ok(packed)
}

fn unpack(packed: &[u8]) -> Result<Vec<DayValue>, DbError> {
    let broken = || DbError::shape("a month of values is cut or damaged");
    let (chunks, rest) = packed.as_chunks::<WIDTH>();
    if !rest.is_empty() {
        return Err(broken());
    }
    let one = |chunk: &[u8; WIDTH]| {
        let [a, b, c, d, told, rest @ ..] = chunk;
        let (minor, at) = rest.split_first_chunk::<8>().ok_or_else(broken)?;
        let at: &[u8; 8] = at.try_into().map_err(|_| broken())?;
        Ok(DayValue {
            day: i64::from(i32::from_be_bytes([*a, *b, *c, *d])),
            minor: i64::from_be_bytes(*minor),
            told: match told {
                0 => Told::Hand,
                1 => Told::Ledger,
                2 => Told::Bank,
                _ => return Err(broken()),
            },
            recorded_at: Timestamp::from_micros(i64::from_be_bytes(*at)),
        })
    };
    chunks.iter().map(one).collect()
}

fn month_of(day: i64) -> i64 {
    i64::from(Day::of_number(day).month().since(MONTHS_BEFORE))
}

/// Adds values; a day that is told again is replaced.
pub(crate) async fn put(tx: &Tx, asset: AssetId, values: &[DayValue]) -> Result<(), DbError> {
    let mut by_month: BTreeMap<i64, Vec<DayValue>> = BTreeMap::new();
    for value in values {
        by_month.entry(month_of(value.day)).or_default().push(*value);
    }
    let id = asset.to_bytes();
    for (month, new) in by_month {
        let rows = tx.query(MONTH_GET, &[Value::Bytes(&id), Value::Int(month)]).await?;
        let known = rows.first().map_or_else(|| Ok(Vec::new()), |row| unpack(row.bytes(0)?))?;
        let all: BTreeMap<i64, DayValue> = known.into_iter().chain(new).map(|value| (value.day, value)).collect();
        let packed = pack(&all)?;
        tx.execute(MONTH_PUT, &[Value::Bytes(&id), Value::Int(month), Value::Bytes(&packed)]).await?;
    }
    Ok(())
}

/// The latest first, at most `max`.
pub(crate) async fn latest(tx: &Tx, asset: AssetId, max: usize) -> Result<Vec<DayValue>, DbError> {
    let mut found = Vec::new();
    for row in &tx.query(MONTH_OF_ASSET, &[Value::Bytes(&asset.to_bytes())]).await? {
        let mut month = unpack(row.bytes(0)?)?;
        month.reverse();
        found.extend(month);
        if found.len() >= max {
            break;
        }
    }
    found.truncate(max);
    Ok(found)
}

/// Of all assets up to the month of a day, the oldest first.
pub(crate) async fn of_household(
    tx: &Tx,
    household: HouseholdId,
    to: Day,
) -> Result<HashMap<AssetId, Vec<DayValue>>, DbError> {
    let month = i64::from(to.month().since(MONTHS_BEFORE));
    let rows = tx.query(MONTH_OF_HOUSEHOLD, &[Value::Bytes(&household.to_bytes()), Value::Int(month)]).await?;
    let mut found: HashMap<AssetId, Vec<DayValue>> = HashMap::new();
    for row in &rows {
        found.entry(Id::from_bytes(row.array(0)?)).or_default().extend(unpack(row.bytes(1)?)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(days in prop::collection::btree_map(-40_000_i64..60_000, any::<i64>(), 0..40)) {
            let value = |(day, minor): (i64, i64)| {
                (day, DayValue { day, minor, told: Told::Bank, recorded_at: Timestamp::from_micros(minor) })
            };
            let values: BTreeMap<i64, DayValue> = days.into_iter().map(value).collect();
            let packed = pack(&values).unwrap();
            prop_assert_eq!(unpack(&packed).unwrap(), values.into_values().collect::<Vec<_>>());
            prop_assert!(packed.is_empty() || unpack(packed.split_last().unwrap().1).is_err());
        }
    }
}
