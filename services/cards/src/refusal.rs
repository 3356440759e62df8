//! Every refusal of cards, by name. A decline is not among them: it is an answer.

use std::borrow::Cow;

use platform::error::{self, Row, ServiceError, row};
use serde::{Deserialize, Serialize};

use crate::card::{CardChange, CardStatus};
use crate::life::{Status, StepKind};

pub type CardsError = ServiceError<Refusal>;

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("expected {expected}")]
    AmountInvalid { expected: String },
    #[error("{field}: expected {expected}")]
    TermsInvalid { field: String, expected: String },
    #[error("{field}: expected {expected}")]
    AcceptorInvalid { field: String, expected: String },
    #[error("expected a pan or a token, and not both")]
    CardMissing,
    #[error("expected a page size of 1 to {max}, found {given}")]
    PageSize { given: usize, max: usize },
    #[error("programme {programme} does not exist")]
    ProgrammeUnknown { programme: String },
    #[error("card {card} does not exist")]
    CardUnknown { card: String },
    #[error("the card is {}, so {} is not possible", status.name(), change.name())]
    CardState { status: CardStatus, change: CardChange },
    #[error("the number's first digits are {found}, those of the programme {expected}")]
    BinMismatch { expected: String, found: String },
    #[error("another card has this number already")]
    NumberTaken,
    #[error("the account {account} does not exist, or is not in {currency}")]
    AccountUnsuitable { account: String, currency: String },
    #[error("the expiry date has passed, or is not later than the present one")]
    ExpiryTooEarly,
    #[error("the request id was used with a different request")]
    RequestIdTaken,
    #[error("authorization {authorization} does not exist")]
    AuthorizationUnknown { authorization: String },
    #[error("the authorization is {}, so a step {} is not possible", status.name(), step.name())]
    AuthorizationState { status: Status, step: StepKind },
    #[error("{currency} has no rate in the programme")]
    RateMissing { currency: String },
    #[error("expected a release of at most {held} smallest units, found {asked}")]
    NothingHeld { held: i64, asked: i64 },
    #[error("expected at most {left} smallest units, what is paid and not returned, found {asked}")]
    AboveCleared { left: i64, asked: i64 },
    #[error("expected at most {left} smallest units, what was refunded, found {asked}")]
    AboveRefunded { left: i64, asked: i64 },
    #[error("expected at most {left} smallest units, what is in dispute, found {asked}")]
    AboveDisputed { left: i64, asked: i64 },
    #[error("another step of the authorization is running; send the same request again")]
    StepRunning,
    #[error("the business day {day} has not ended a minute ago")]
    DayNotOver { day: String },
    #[error("the ledger refused the settlement: {reason}")]
    SettlementRefused { reason: String },
    #[error("the programme leaves no old system, or cards.legacy_url is not set")]
    LegacyAbsent,
    #[error("the programme cannot leave the old system in this way: {why}")]
    LegacyMode { why: String },
    #[error("this process does not have the duty {duty} (cards.duties)")]
    DutyElsewhere { duty: String },
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    #[rustfmt::skip]
    fn row(&self) -> Row {
        use Refusal::*;
        match self {
            AmountInvalid { .. } => row(400, "Amount is invalid", "The amount is not a plain decimal above zero with the decimal places of its currency."),
            TermsInvalid { .. } => row(400, "Terms are invalid", "A field of a programme or of a card's controls does not have its form."),
            AcceptorInvalid { .. } => row(400, "Merchant data is invalid", "A field about the merchant, the terminal or the device does not have its form."),
            CardMissing => row(400, "Card is missing", "Neither a number nor a token names the card, or both do."),
            PageSize { .. } => row(400, "Page size is out of range", "`limit` is not between 1 and 500."),
            ProgrammeUnknown { .. } => row(404, "Programme does not exist", "There is no such programme."),
            CardUnknown { .. } => row(404, "Card does not exist", "There is no such card, or it is not this caller's."),
            CardState { .. } => row(409, "Card is in another state", "The change does not follow from the card's state."),
            BinMismatch { .. } => row(422, "Number is of another programme", "The number does not begin as the programme's numbers do."),
            NumberTaken => row(422, "Number is taken", "Another card has the number."),
            AccountUnsuitable { .. } => row(422, "Account is not suitable", "The ledger has no such account, or it is in another currency."),
            ExpiryTooEarly => row(422, "Expiry date is too early", "The date has passed, or a renewal does not move it forward."),
            RequestIdTaken => row(422, "Request id belongs to a different request", "The request id was used before, with different contents."),
            AuthorizationUnknown { .. } => row(404, "Authorization does not exist", "There is no such authorization, or it is not this caller's."),
            AuthorizationState { .. } => row(409, "Authorization is in another state", "The step does not follow from the authorization's state."),
            RateMissing { .. } => row(422, "Currency has no rate", "The programme has no rate for the currency of the amount."),
            NothingHeld { .. } => row(422, "Amount is above what is held", "Nothing is held any more, or less than the amount."),
            AboveCleared { .. } => row(422, "Amount is above what was paid", "More than what the holder has paid and did not get back."),
            AboveRefunded { .. } => row(422, "Amount is above what was refunded", "More than the refunds that are not reversed."),
            AboveDisputed { .. } => row(422, "Amount is above what is in dispute", "More than the open disputes."),
            DayNotOver { .. } => row(409, "Business day is not over", "The day has not ended yet, or less than a minute ago."),
            SettlementRefused { .. } => row(422, "Settlement was refused", "The ledger refuses the transaction, because of the state of an account; correct that and send the request again."),
            DutyElsewhere { .. } => row(421, "Another process has this duty", "The process was started without the duty that the request needs; others have it."),
            LegacyAbsent => row(409, "There is no old system", "`cards.legacy_url` is not set, or the programme has no mode yet."),
            LegacyMode { .. } => row(409, "Mode does not follow", "The mode needs another one before it, or accounts that have moved."),
            StepRunning => row(409, "Another step is running", "Another step of the same authorization is not finished, or its card moves between systems."),
        }
    }

    fn samples() -> Vec<Refusal> {
        use Refusal::*;
        let (field, expected) = ("zone".to_owned(), "the name of a time zone such as Europe/Berlin".to_owned());
        vec![
            AmountInvalid { expected: "a USD amount with 2 decimal places, such as 10.00".to_owned() },
            TermsInvalid { field, expected },
            AcceptorInvalid { field: "category".to_owned(), expected: "four digits".to_owned() },
            CardMissing,
            PageSize { given: 501, max: 500 },
            ProgrammeUnknown { programme: "prog_01kppyzd5gfmra2qsx5rkvr8wb".to_owned() },
            CardUnknown { card: "card_01kppyzd5gfmra2qsx5rkvr8wb".to_owned() },
            CardState { status: CardStatus::Closed, change: CardChange::Pause },
            BinMismatch { expected: "411111".to_owned(), found: "555555".to_owned() },
            NumberTaken,
            AccountUnsuitable { account: "customers:ann".to_owned(), currency: "USD".to_owned() },
            ExpiryTooEarly,
            RequestIdTaken,
            AuthorizationUnknown { authorization: "auth_01kppyzd5gfmra2qsx5rkvr8wb".to_owned() },
            AuthorizationState { status: Status::Declined, step: StepKind::Clearing },
            RateMissing { currency: "JPY".to_owned() },
            NothingHeld { held: 0, asked: 1_000 },
            AboveCleared { left: 500, asked: 1_000 },
            AboveRefunded { left: 0, asked: 500 },
            AboveDisputed { left: 0, asked: 500 },
            StepRunning,
            DayNotOver { day: "2026-01-31".to_owned() },
            SettlementRefused { reason: "account assets:bank is frozen".to_owned() },
            LegacyAbsent,
            LegacyMode { why: "the old system is retired, so nothing moves back".to_owned() },
            DutyElsewhere { duty: "clearing".to_owned() },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        use Refusal::*;
        match self {
            AmountInvalid { .. } | NothingHeld { .. } | AboveCleared { .. } => Some("amount".into()),
            AboveRefunded { .. } | AboveDisputed { .. } => Some("amount".into()),
            TermsInvalid { field, .. } | AcceptorInvalid { field, .. } => Some(field.clone().into()),
            CardMissing => Some("pan".into()),
            PageSize { .. } => Some("limit".into()),
            AccountUnsuitable { .. } => Some("account".into()),
            ExpiryTooEarly => Some("expiry".into()),
            RateMissing { .. } => Some("currency".into()),
            RequestIdTaken => Some("request_id".into()),
            DayNotOver { .. } => Some("day".into()),
            _ => None,
        }
    }

    fn retry_after_s(&self) -> Option<u32> {
        matches!(self, Refusal::StepRunning).then_some(1)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_refusal_has_one_code_row_and_sample() {
        assert_eq!(platform::error::check::<super::Refusal>(), Ok(()));
    }
}
