//! Every refusal of planning, by name.

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
    /// A scenario that a simulation would refuse, with its own code.
    #[error("{detail}")]
    ScenarioInvalid { field: String, reason: String, detail: String },
    #[error("{field}: born after today")]
    BornLater { field: String },
    #[error("{field}: expected an age above that of today and up to 120")]
    AgeInvalid { field: String },
    #[error("household {id} does not exist")]
    HouseholdUnknown { id: String },
    #[error("asset {id} does not exist")]
    AssetUnknown { id: String },
    #[error("goal {id} does not exist")]
    GoalUnknown { id: String },
    #[error("plan {id} does not exist")]
    PlanUnknown { id: String },
    #[error("a {role} of the household may not do this")]
    RoleForbids { role: String },
    #[error("{subject} is {standing} already")]
    MemberKnown { subject: String, standing: String },
    #[error("{subject} is not a member")]
    MemberUnknown { subject: String },
    #[error("{subject} is the only owner")]
    LastOwner { subject: String },
    #[error("the account {account} does not exist")]
    AccountUnknown { account: String },
    #[error("the account {account} is asset {asset} already")]
    AssetDouble { account: String, asset: String },
    #[error("asset {id} is read from its account")]
    AssetLinked { id: String },
    #[error("the shares of asset {asset} come to {percent} %, and there are 100")]
    SharesAboveWhole { asset: String, percent: String },
    #[error("expected {expected}, found {found}")]
    CurrencyDiffers { expected: String, found: String },
    #[error("the goal was due in {due}")]
    GoalInPast { due: String },
    #[error("goal {id} is {state}")]
    GoalState { id: String, state: String },
    #[error("version {given} was given, and the latest is {latest}")]
    PlanVersion { given: u32, latest: u32 },
    #[error("expected at most {max} {what}")]
    TooMany { what: String, max: usize },
}

const ID: &str = "01kppyzd5gfmra2qsx5rkvr8wb";

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        match self {
            Refusal::FieldInvalid { .. } => row(400, "A field is malformed", "A field of the request is malformed."),
            Refusal::ScenarioInvalid { .. } => row(
                400,
                "Scenario is invalid",
                "A simulation would refuse the scenario; `reason` is the code of that refusal.",
            ),
            Refusal::BornLater { .. } => row(400, "Born after today", "Somebody's month of birth is in the future."),
            Refusal::AgeInvalid { .. } => {
                row(400, "Age is impossible", "An age of retirement or of the end is over already, or above 120.")
            }
            Refusal::HouseholdUnknown { .. } => {
                row(404, "Household does not exist", "There is no such household, or the caller is not a member.")
            }
            Refusal::AssetUnknown { .. } => row(404, "Asset does not exist", "The caller has no such asset."),
            Refusal::GoalUnknown { .. } => row(404, "Goal does not exist", "The caller has no such goal."),
            Refusal::PlanUnknown { .. } => row(404, "Plan does not exist", "The caller has no such plan or version."),
            Refusal::RoleForbids { .. } => row(
                409,
                "Role does not allow it",
                "The caller's role in the household only reads, or is not the owner's.",
            ),
            Refusal::MemberKnown { .. } => {
                row(409, "Already a member", "The subject has been invited or is a member already.")
            }
            Refusal::MemberUnknown { .. } => row(404, "Not a member", "The subject is neither invited nor a member."),
            Refusal::LastOwner { .. } => {
                row(409, "Only owner", "The only owner cannot leave while others are members.")
            }
            Refusal::AccountUnknown { .. } => {
                row(422, "Account does not exist", "There is no such account, or it is not the caller's.")
            }
            Refusal::AssetDouble { .. } => {
                row(409, "Counted already", "The account is an asset of this household already; each counts once.")
            }
            Refusal::AssetLinked { .. } => {
                row(409, "Asset is linked", "Values of a linked asset come from its account and are not told by hand.")
            }
            Refusal::SharesAboveWhole { .. } => {
                row(409, "More than there is", "The goals of a household would take more than 100 % of an asset.")
            }
            Refusal::CurrencyDiffers { .. } => {
                row(422, "Currency differs", "The amount is not in the currency of the asset or of the household.")
            }
            Refusal::GoalInPast { .. } => row(422, "Goal is in the past", "A goal is due in this month or later."),
            Refusal::GoalState { .. } => row(
                409,
                "Goal is in another state",
                "Only an active goal is abandoned or changed, only a reached one spent.",
            ),
            Refusal::PlanVersion { .. } => {
                row(409, "Plan has changed", "Another version was written since the one that was read.")
            }
            Refusal::TooMany { .. } => row(409, "Too many", "The household already has as many as are accepted."),
        }
    }

    fn samples() -> Vec<Refusal> {
        let own = str::to_owned;
        let id = |kind: &str| format!("{kind}_{ID}");
        vec![
            Refusal::field_invalid("name", "expected 1 to 64 characters"),
            Refusal::ScenarioInvalid {
                field: own("weights"),
                reason: own("weights_sum"),
                detail: own("weights: weights add up to 0.9, expected 1"),
            },
            Refusal::BornLater { field: own("persons[0].born") },
            Refusal::AgeInvalid { field: own("persons[0].until_age") },
            Refusal::HouseholdUnknown { id: id("hh") },
            Refusal::AssetUnknown { id: id("ast") },
            Refusal::GoalUnknown { id: id("goal") },
            Refusal::PlanUnknown { id: id("pln") },
            Refusal::RoleForbids { role: own("viewer") },
            Refusal::MemberKnown { subject: own("cust_bob"), standing: own("invited") },
            Refusal::MemberUnknown { subject: own("cust_bob") },
            Refusal::LastOwner { subject: own("cust_ann") },
            Refusal::AccountUnknown { account: own("customers:ann") },
            Refusal::AssetDouble { account: own("customers:ann"), asset: id("ast") },
            Refusal::AssetLinked { id: id("ast") },
            Refusal::SharesAboveWhole { asset: id("ast"), percent: own("101") },
            Refusal::CurrencyDiffers { expected: own("USD"), found: own("EUR") },
            Refusal::GoalInPast { due: own("2020-01") },
            Refusal::GoalState { id: id("goal"), state: own("spent") },
            Refusal::PlanVersion { given: 1, latest: 2 },
            Refusal::TooMany { what: own("assets"), max: 50 },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        match self {
            Refusal::FieldInvalid { field, .. }
            | Refusal::ScenarioInvalid { field, .. }
            | Refusal::BornLater { field }
            | Refusal::AgeInvalid { field } => Some(Cow::Owned(field.clone())),
            Refusal::AccountUnknown { .. } | Refusal::AssetDouble { .. } => Some(Cow::Borrowed("source")),
            Refusal::GoalInPast { .. } => Some(Cow::Borrowed("terms.due")),
            Refusal::PlanVersion { .. } => Some(Cow::Borrowed("version")),
            _ => None,
        }
    }
}

impl Refusal {
    pub fn field_invalid(field: &str, detail: impl Into<String>) -> Refusal {
        Refusal::FieldInvalid { field: field.to_owned(), detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_follow_the_rules() {
        assert_eq!(error::check::<Refusal>(), Ok(()));
    }
}
