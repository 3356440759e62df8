//! Every refusal of the vault, by name. None repeats a card number.

use std::borrow::Cow;

use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("expected at most {max} card numbers, found {given}")]
    TooManyCards { given: usize, max: usize },
    #[error("expected the first 6 to 9 digits of card numbers")]
    BinInvalid,
    #[error("expected a reason of 1 to {max} bytes")]
    ReasonInvalid { max: usize },
    #[error("token {token} does not exist")]
    TokenUnknown { token: String },
    #[error("no unused card number was found below {bin}")]
    BinExhausted { bin: String },
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        match self {
            Refusal::TooManyCards { .. } => row(400, "Too many card numbers", "More than 1,000 in one call."),
            Refusal::BinInvalid => row(400, "BIN is invalid", "The first digits are not 6 to 9 digits."),
            Refusal::ReasonInvalid { .. } => row(400, "Reason is invalid", "The reason is empty or too long."),
            Refusal::TokenUnknown { .. } => {
                row(404, "Token does not exist", "There is no such token, or its number was destroyed.")
            }
            Refusal::BinExhausted { .. } => {
                row(422, "No card number is left", "Nearly all numbers with these first digits are in use.")
            }
        }
    }

    fn samples() -> Vec<Refusal> {
        vec![
            Refusal::TooManyCards { given: 1_001, max: 1_000 },
            Refusal::BinInvalid,
            Refusal::ReasonInvalid { max: 200 },
            Refusal::TokenUnknown { token: "tok_01kppyzd5gfmra2qsx5rkvr8wb".to_owned() },
            Refusal::BinExhausted { bin: "411111".to_owned() },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        match self {
            Refusal::TooManyCards { .. } => Some("cards".into()),
            Refusal::BinInvalid | Refusal::BinExhausted { .. } => Some("bin".into()),
            Refusal::ReasonInvalid { .. } => Some("reason".into()),
            Refusal::TokenUnknown { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_refusal_has_one_code_row_and_sample() {
        assert_eq!(platform::error::check::<super::Refusal>(), Ok(()));
    }
}
