//! Fees that were charged, or are to be.

use accounts_api::{AccountId, ChargeState};
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use super::limit;

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[CHARGE_OF, CHARGES_OF, CHARGES_TRYING, CHARGES_DUE, CHARGE_BEGIN, CHARGE_END, CHARGE_CHANGE, CHARGES_WAIVE];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&CHARGE_ADD];

static CHARGE_ADD: RowSet = RowSet::new(
    "charge",
    &[
        ("account", "bigint"),
        ("fee", "text"),
        ("occasion", "text"),
        ("day", "bigint"),
        ("minor", "bigint"),
        ("taken", "bigint"),
        ("attempt", "bigint"),
        ("trying", "smallint"),
        ("tried_day", "bigint"),
        ("state", "smallint"),
    ],
);

macro_rules! charges {
    ($rest:literal) => {
        concat!(
            "
select charge.account, account.id, account.product, charge.fee, charge.occasion, charge.day, charge.minor, charge.taken,
    charge.attempt, charge.trying, charge.state, charge.changed_by
from charge
join account on account.seq = charge.account
",
            $rest
        )
    };
}

const CHARGE_OF: &str = charges!(
    "where charge.account = $1
    and charge.fee = $2
    and charge.occasion = $3"
);

const CHARGES_OF: &str = charges!(
    "where charge.account = $1
order by charge.day desc, charge.fee, charge.occasion
limit $2"
);

const CHARGES_TRYING: &str = charges!(
    "where charge.trying = 1
order by charge.account, charge.fee, charge.occasion
limit $1"
);

/// Open, and not tried on this day.
const CHARGES_DUE: &str = charges!(
    "where charge.state = 0
    and charge.trying = 0
    and charge.tried_day < $1
order by charge.tried_day, charge.account, charge.fee, charge.occasion
limit $2"
);

/// Only one of two that begin the same attempt does.
const CHARGE_BEGIN: &str = "
update charge
set attempt = $4 + 1, trying = 1, tried_day = $5
where account = $1
    and fee = $2
    and occasion = $3
    and attempt = $4
    and trying = 0
    and state = 0";

const CHARGE_END: &str = "
update charge
set taken = $5, trying = 0, state = $6
where account = $1
    and fee = $2
    and occasion = $3
    and attempt = $4
    and trying = 1";

/// By a person, between two attempts.
const CHARGE_CHANGE: &str = "
update charge
set taken = $5, attempt = $4 + 1, state = $6, changed_by = $7
where account = $1
    and fee = $2
    and occasion = $3
    and attempt = $4
    and trying = 0";

const CHARGES_WAIVE: &str = "
update charge
set state = 2
where account = $1
    and state = 0
    and trying = 0";

#[derive(Debug, Clone)]
pub(crate) struct ChargeRow {
    pub(crate) account: i64,
    pub(crate) id: AccountId,
    pub(crate) product: i64,
    pub(crate) fee: String,
    pub(crate) occasion: String,
    pub(crate) day: i64,
    pub(crate) minor: i64,
    pub(crate) taken: i64,
    pub(crate) attempt: i64,
    pub(crate) trying: bool,
    pub(crate) state: ChargeState,
    pub(crate) changed_by: Option<String>,
}

fn read(row: &Row) -> Result<ChargeRow, DbError> {
    let state = u8::try_from(row.int(10)?).ok().and_then(ChargeState::from_repr);
    Ok(ChargeRow {
        account: row.int(0)?,
        id: super::id(row, 1)?,
        product: row.int(2)?,
        fee: row.text(3)?.to_owned(),
        occasion: row.text(4)?.to_owned(),
        day: row.int(5)?,
        minor: row.int(6)?,
        taken: row.int(7)?,
        attempt: row.int(8)?,
        trying: row.int(9)? == 1,
        state: state.ok_or_else(|| DbError::shape("a charge in a state that is not known"))?,
        changed_by: row.text_or_null(11)?.map(str::to_owned),
    })
}

/// A charge that falls due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewCharge {
    pub(crate) account: i64,
    pub(crate) fee: String,
    pub(crate) occasion: String,
    pub(crate) day: i64,
    pub(crate) minor: i64,
    pub(crate) waived: bool,
}

pub(crate) async fn add(tx: &Tx, all: &[NewCharge]) -> Result<(), DbError> {
    let column = |of: fn(&NewCharge) -> i64| all.iter().map(of).collect::<Vec<i64>>();
    let text = |of: fn(&NewCharge) -> &String| all.iter().map(|new| of(new).clone()).collect::<Vec<String>>();
    let (fees, occasions) = (text(|new| &new.fee), text(|new| &new.occasion));
    let (accounts, days, minors) = (column(|new| new.account), column(|new| new.day), column(|new| new.minor));
    let states = column(|new| if new.waived { ChargeState::Waived as i64 } else { ChargeState::Open as i64 });
    let (zeros, before) = (vec![0; all.len()], column(|new| new.day - 1));
    let columns = [
        Column::Int(&accounts),
        Column::Text(&fees),
        Column::Text(&occasions),
        Column::Int(&days),
        Column::Int(&minors),
        Column::Int(&zeros),
        Column::Int(&zeros),
        Column::Int(&zeros),
        Column::Int(&before),
        Column::Int(&states),
    ];
    tx.insert_many(&CHARGE_ADD, &columns).await
}

pub(crate) async fn of(tx: &Tx, account: i64, fee: &str, occasion: &str) -> Result<Option<ChargeRow>, DbError> {
    let values = [Value::Int(account), Value::Text(fee), Value::Text(occasion)];
    tx.query(CHARGE_OF, &values).await?.first().map(read).transpose()
}

/// The newest first.
pub(crate) async fn of_account(tx: &Tx, account: i64, count: usize) -> Result<Vec<ChargeRow>, DbError> {
    tx.query(CHARGES_OF, &[account, limit(count)].map(Value::Int)).await?.iter().map(read).collect()
}

/// Those with an attempt whose result is not stored.
pub(crate) async fn trying(tx: &Tx, count: usize) -> Result<Vec<ChargeRow>, DbError> {
    tx.query(CHARGES_TRYING, &[Value::Int(limit(count))]).await?.iter().map(read).collect()
}

pub(crate) async fn due(tx: &Tx, day: i64, count: usize) -> Result<Vec<ChargeRow>, DbError> {
    tx.query(CHARGES_DUE, &[day, limit(count)].map(Value::Int)).await?.iter().map(read).collect()
}

/// Begins the next attempt; `None` if another process has, or a person has changed the charge.
pub(crate) async fn begin(tx: &Tx, row: ChargeRow, day: i64) -> Result<Option<ChargeRow>, DbError> {
    let [account, fee, occasion, attempt] = key(&row);
    let begun = tx.execute(CHARGE_BEGIN, &[account, fee, occasion, attempt, Value::Int(day)]).await? == 1;
    Ok(begun.then(|| ChargeRow { attempt: row.attempt + 1, trying: true, ..row }))
}

/// Stores the result of an attempt; false if it is stored already.
pub(crate) async fn end(tx: &Tx, row: &ChargeRow, taken: i64, state: ChargeState) -> Result<bool, DbError> {
    let [account, fee, occasion, attempt] = key(row);
    let values = [account, fee, occasion, attempt, Value::Int(taken), Value::Int(state as i64)];
    Ok(tx.execute(CHARGE_END, &values).await? == 1)
}

/// Stores what a person decided; false if something came between.
pub(crate) async fn change(tx: &Tx, before: &ChargeRow, after: &ChargeRow) -> Result<bool, DbError> {
    let [account, fee, occasion, attempt] = key(before);
    let (taken, state) = (Value::Int(after.taken), Value::Int(after.state as i64));
    let by = after.changed_by.as_deref().map_or(Value::Null, Value::Text);
    Ok(tx.execute(CHARGE_CHANGE, &[account, fee, occasion, attempt, taken, state, by]).await? == 1)
}

fn key(row: &ChargeRow) -> [Value<'_>; 4] {
    [Value::Int(row.account), Value::Text(&row.fee), Value::Text(&row.occasion), Value::Int(row.attempt)]
}

/// What is open when an account is closed is not taken any more.
pub(crate) async fn waive_all(tx: &Tx, account: i64) -> Result<(), DbError> {
    tx.execute(CHARGES_WAIVE, &[Value::Int(account)]).await.map(drop)
}
