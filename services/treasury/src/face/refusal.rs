//! Every refusal of treasury, by name.

use std::borrow::Cow;

use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("{field}: {detail}")]
    FieldInvalid { field: String, detail: String },
    #[error("line {line}: {detail}")]
    TableInvalid { line: u64, detail: String },
    #[error("{field} must lie between {min} and {max}, found {found}")]
    OutOfRange { field: String, min: String, max: String, found: String },
    #[error("a rate is a decimal above zero with at most nine decimal places, found {found}")]
    RateInvalid { found: String },
    #[error("{currency} in {currency} has no rate")]
    PairInvalid { currency: String },
    #[error("{field}: {detail}")]
    SeriesInvalid { field: String, detail: String },
    #[error("expected at most {max} {what}")]
    TooMany { what: String, max: usize },
    #[error("{field} needs at least {min} values, found {found}")]
    TooFew { field: String, min: usize, found: usize },
    #[error("entity {entity} does not exist")]
    EntityUnknown { entity: String },
    #[error("account {account} does not exist")]
    AccountUnknown { account: String },
    #[error("there is no account {name} at its source, or treasury may not read it")]
    SourceUnknown { name: String },
    #[error("{name} is linked already")]
    SourceLinked { name: String },
    #[error("flow {flow} does not exist")]
    FlowUnknown { flow: String },
    #[error("the flow is {state}")]
    FlowState { state: String },
    #[error("pool {pool} does not exist")]
    PoolUnknown { pool: String },
    #[error("sweep {sweep} does not exist")]
    SweepUnknown { sweep: String },
    #[error("calculation {run} does not exist")]
    RunUnknown { run: String },
    #[error("factor {factor} has no history")]
    FactorUnknown { factor: String },
    #[error("expected {expected}, found {found}")]
    CurrencyDiffers { expected: String, found: String },
    #[error("{account} may go down to {floor}, further than its credit limit of {limit}")]
    FloorBelowLimit { account: String, floor: String, limit: String },
    #[error("a pool needs a header and at least one member besides it")]
    PoolOfOne,
    #[error("{account} is twice in the pool")]
    MemberTwice { account: String },
    #[error("{account} would be its own header through a chain of pools")]
    HeaderCycle { account: String },
    #[error("no balance of {account} is known")]
    BalanceUnknown { account: String },
    #[error("{account} cannot be kept at its floor on day {day}: {missing} is missing")]
    Infeasible { account: String, day: usize, missing: String },
    #[error("the sweep is {state}")]
    SweepState { state: String },
    #[error("the person who proposed it cannot approve it")]
    OwnWork,
    #[error("{account} would fall to {balance}, under its floor of {floor}")]
    PositionsChanged { account: String, balance: String, floor: String },
    #[error("the level {level} lies outside of a sample of {rows} rows")]
    LevelOutsideSample { level: String, rows: usize },
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    #[rustfmt::skip]
    fn row(&self) -> Row {
        use Refusal::*;
        match self {
            FieldInvalid { .. } => row(400, "A field is malformed", "A field of the request does not have its form."),
            TableInvalid { .. } => row(400, "Table is malformed", "A line of the table cannot be read."),
            OutOfRange { .. } => row(400, "Value is out of range", "A number of the request is too small or too large."),
            RateInvalid { .. } => row(400, "Rate is invalid", "A rate is not a decimal above zero."),
            PairInvalid { .. } => row(400, "Pair is invalid", "A currency has a rate with itself."),
            SeriesInvalid { .. } => row(400, "History is invalid", "A history has two values for a day, a gap, a wrong order or a level of zero."),
            TooMany { .. } => row(422, "Too many", "There would be more of them than can be kept or calculated."),
            TooFew { .. } => row(422, "Too few", "There is too little history for an answer."),
            EntityUnknown { .. } => row(404, "Entity does not exist", "There is no such entity."),
            AccountUnknown { .. } => row(404, "Account does not exist", "There is no such account in treasury."),
            SourceUnknown { .. } => row(422, "Source does not exist", "Banking or the ledger has no such account."),
            SourceLinked { .. } => row(409, "Source is linked already", "The account of the bank or the ledger is linked to another account."),
            FlowUnknown { .. } => row(404, "Flow does not exist", "There is no such flow."),
            FlowState { .. } => row(409, "Flow is in another state", "The flow has come, or no longer counts."),
            PoolUnknown { .. } => row(404, "Pool does not exist", "There is no such pool."),
            SweepUnknown { .. } => row(404, "Sweep does not exist", "There is no such sweep."),
            RunUnknown { .. } => row(404, "Calculation does not exist", "There is no such calculation."),
            FactorUnknown { .. } => row(422, "Factor has no history", "An exposure is to a factor whose history was never sent."),
            CurrencyDiffers { .. } => row(422, "Currency differs", "An amount or an account is in another currency than the rest."),
            FloorBelowLimit { .. } => row(422, "Floor is below the credit limit", "An account may go further down than its bank lets it."),
            PoolOfOne => row(422, "Pool has one account", "A pool has no member besides its header."),
            MemberTwice { .. } => row(422, "Member is there twice", "An account is twice in a pool."),
            HeaderCycle { .. } => row(422, "Headers go in a circle", "A pool would make an account its own header through other pools."),
            BalanceUnknown { .. } => row(422, "Balance is unknown", "No balance of an account of the pool is known."),
            Infeasible { .. } => row(422, "No plan keeps the floors", "Cash is missing on a day, whatever is moved."),
            SweepState { .. } => row(409, "Sweep is in another state", "The step does not follow from the sweep's state."),
            OwnWork => row(403, "Own work", "The person who proposed a sweep cannot approve it."),
            PositionsChanged { .. } => row(409, "Positions have changed", "A move would take an account under its floor by now."),
            LevelOutsideSample { .. } => row(422, "Level is outside of the sample", "There are too few days for a quantile this far out."),
        }
    }

    fn samples() -> Vec<Refusal> {
        use Refusal::*;
        let id = |prefix: &str| format!("{prefix}_01kppyzd5gfmra2qsx5rkvr8wb");
        let text = |text: &str| text.to_owned();
        vec![
            FieldInvalid { field: text("terms.title"), detail: text("expected 1 to 140 characters") },
            TableInvalid { line: 3, detail: text("expected a decimal number, found \"abc\"") },
            OutOfRange { field: text("horizon_days"), min: text("1"), max: text("252"), found: text("253") },
            RateInvalid { found: text("0") },
            PairInvalid { currency: text("USD") },
            SeriesInvalid { field: text("csv"), detail: text("levels has two values for 2026-01-05") },
            TooMany { what: text("entities"), max: 500 },
            TooFew { field: text("history"), min: 20, found: 3 },
            EntityUnknown { entity: text("acme-us") },
            AccountUnknown { account: id("tacc") },
            SourceUnknown { name: text("assets:cash") },
            SourceLinked { name: text("assets:cash") },
            FlowUnknown { flow: id("flow") },
            FlowState { state: text("matched") },
            PoolUnknown { pool: text("acme") },
            SweepUnknown { sweep: id("swp") },
            RunUnknown { run: id("risk") },
            FactorUnknown { factor: text("EUR/USD") },
            CurrencyDiffers { expected: text("USD"), found: text("EUR") },
            FloorBelowLimit { account: id("tacc"), floor: text("-100.00 USD"), limit: text("50.00 USD") },
            PoolOfOne,
            MemberTwice { account: id("tacc") },
            HeaderCycle { account: id("tacc") },
            BalanceUnknown { account: id("tacc") },
            Infeasible { account: id("tacc"), day: 3, missing: text("100.00 USD") },
            SweepState { state: text("done") },
            OwnWork,
            PositionsChanged { account: id("tacc"), balance: text("-5.00 USD"), floor: text("0.00 USD") },
            LevelOutsideSample { level: text("0.01"), rows: 20 },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        use Refusal::*;
        match self {
            FieldInvalid { field, .. }
            | OutOfRange { field, .. }
            | SeriesInvalid { field, .. }
            | TooFew { field, .. } => Some(field.clone().into()),
            TableInvalid { .. } => Some("csv".into()),
            RateInvalid { .. } => Some("rate".into()),
            PairInvalid { .. } => Some("quote".into()),
            EntityUnknown { .. } => Some("entity".into()),
            SourceUnknown { .. } | SourceLinked { .. } => Some("source".into()),
            FloorBelowLimit { .. } => Some("floor".into()),
            PoolOfOne | MemberTwice { .. } => Some("members".into()),
            HeaderCycle { .. } => Some("header".into()),
            LevelOutsideSample { .. } => Some("confidence".into()),
            _ => None,
        }
    }
}

impl Refusal {
    pub(crate) fn field_invalid(field: &str, detail: impl Into<String>) -> Refusal {
        Refusal::FieldInvalid { field: field.to_owned(), detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_refusal_has_one_code_row_and_sample() {
        assert_eq!(platform::error::check::<super::Refusal>(), Ok(()));
    }
}
