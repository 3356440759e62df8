//! Commands and replies of the vault.

use std::fmt;
use std::str::FromStr;

use kernel::{Id, IdKind, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Pan;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTag {}

impl IdKind for TokenTag {
    const PREFIX: &'static str = "tok";
}

/// Stands for a card number everywhere outside of the vault.
pub type Token = Id<TokenTag>;

/// The month until whose end a card is valid, as `YYMM` on cards and in card networks: `2712` is December 2027.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-9]{2}(0[1-9]|1[0-2])$", example = "2712")]
pub struct Expiry(u16);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a month as YYMM, such as 2712 for December 2027")]
pub struct ExpiryError;

impl Expiry {
    /// 0 to 99 for 2000 to 2099, and 1 to 12.
    pub fn new(year: u16, month: u16) -> Result<Expiry, ExpiryError> {
        if year <= 99 && (1..=12).contains(&month) { Ok(Expiry(year * 100 + month)) } else { Err(ExpiryError) }
    }

    pub fn year(self) -> u16 {
        2_000 + self.0 / 100
    }

    pub fn month(self) -> u16 {
        self.0 % 100
    }

    /// As a number, 2712.
    pub fn number(self) -> u16 {
        self.0
    }

    pub fn of_number(number: u16) -> Result<Expiry, ExpiryError> {
        Expiry::new(number / 100, number % 100)
    }
}

impl FromStr for Expiry {
    type Err = ExpiryError;

    fn from_str(text: &str) -> Result<Expiry, ExpiryError> {
        let shaped = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !shaped {
            return Err(ExpiryError);
        }
        Expiry::of_number(text.parse().map_err(|_| ExpiryError)?)
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Expiry {
    type Error = ExpiryError;

    fn try_from(text: String) -> Result<Expiry, ExpiryError> {
        text.parse()
    }
}

impl From<Expiry> for String {
    fn from(expiry: Expiry) -> String {
        expiry.to_string()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// At most 1,000.
    pub cards: Vec<FindCard>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindCard {
    pub pan: Pan,
    /// The verification code that the holder gave. It is compared and never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvv: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub token: Token,
    /// Whether the verification code is the card's; nothing if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvv_matches: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokenize {
    /// 12 to 19 digits.
    #[schema(value_type = String, example = "4111111111111111")]
    pub pan: Pan,
    pub expiry: Expiry,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// The first 6 to 9 digits.
    #[schema(pattern = "^[0-9]{6,9}$", example = "411111")]
    pub bin: String,
    pub expiry: Expiry,
}

/// A stored card number, without the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kept {
    pub token: Token,
    /// The first six digits.
    #[schema(example = "411111")]
    pub bin: String,
    #[schema(example = "1111")]
    pub last_four: String,
    pub expiry: Expiry,
    /// It was stored before; this is the first reply.
    pub replayed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    pub token: Token,
    pub expiry: Expiry,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    pub token: Token,
    /// Why the number is needed, for the record.
    pub reason: String,
}

/// The number and what is printed beside it. `Debug` shows none of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revealed {
    #[schema(value_type = String, example = "4111111111111111")]
    pub pan: Secret,
    pub expiry: Expiry,
    #[schema(value_type = String, example = "123")]
    pub cvv: Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destroy {
    pub token: Token,
}

/// The state of the move to new keys. Done: no number is left under an old key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rotation {
    /// When the newest keys were made.
    pub since: Timestamp,
    /// Numbers still sealed under an older key.
    pub sealed_left: u64,
    /// Numbers that are not yet found by the newest fingerprint key.
    pub fingerprints_left: u64,
    pub done: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_month_of_this_century() {
        let expiry: Expiry = "2712".parse().unwrap();
        assert_eq!((expiry.year(), expiry.month(), expiry.to_string()), (2027, 12, "2712".to_owned()));
        for bad in ["", "2700", "2713", "12/27", "271", "27123", "٢٧١٢"] {
            assert_eq!(bad.parse::<Expiry>(), Err(ExpiryError), "{bad}");
        }
    }

    #[test]
    fn revealed_numbers_and_codes_do_not_print() {
        let revealed = Revealed { pan: Secret::new("4111111111111111"), expiry: Expiry(2712), cvv: Secret::new("123") };
        assert_eq!(format!("{revealed:?}"), "Revealed { pan: Secret(***), expiry: 2712, cvv: Secret(***) }");
    }
}
