//! An ISO 4217 currency, or an asset that an institution declared itself: a code and its number of decimal places.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Maximum decimal places of an asset.
const SCALE_MAX: u8 = 9;
const CODE_MAX: usize = 12;

/// Invariant: an ISO 4217 code always has ISO's exponent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; CODE_MAX],
    length: u8,
    scale: u8,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CurrencyError {
    #[error("\"{0}\" is not a currency code: 3 to 12 capital letters and digits, a letter first")]
    Malformed(String),
    #[error("{0} is not a currency of ISO 4217; declare it as an asset first")]
    Unknown(String),
    #[error("{code} has {expected} decimal places, found {given}")]
    Scale { code: String, expected: u8, given: u8 },
    #[error("expected 0 to {SCALE_MAX} decimal places, found {0}")]
    ScaleTooLarge(u8),
}

impl Currency {
    /// An ISO 4217 currency by its three letters.
    pub fn iso(code: &str) -> Result<Currency, CurrencyError> {
        let plain = Currency::checked(code, 0)?;
        let scale = iso_scale(code).ok_or_else(|| CurrencyError::Unknown(code.to_owned()))?;
        Ok(Currency { scale, ..plain })
    }

    /// Any code with its scale. An ISO 4217 code with a scale other than ISO's is refused; the ledger checks whether
    /// any other code was declared.
    pub fn with_scale(code: &str, scale: u8) -> Result<Currency, CurrencyError> {
        let currency = Currency::checked(code, scale)?;
        match iso_scale(code) {
            Some(expected) if expected != scale => {
                Err(CurrencyError::Scale { code: code.to_owned(), expected, given: scale })
            }
            _ => Ok(currency),
        }
    }

    pub fn code(&self) -> &str {
        let bytes = self.code.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Decimal places.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    pub fn is_iso(&self) -> bool {
        iso_scale(self.code()).is_some()
    }

    fn checked(text: &str, scale: u8) -> Result<Currency, CurrencyError> {
        let shaped = (3..=CODE_MAX).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if !shaped {
            return Err(CurrencyError::Malformed(text.chars().take(32).collect()));
        }
        if scale > SCALE_MAX {
            return Err(CurrencyError::ScaleTooLarge(scale));
        }
        let mut code = [0; CODE_MAX];
        for (place, byte) in code.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        Ok(Currency { code, length: u8::try_from(text.len()).unwrap_or(0), scale })
    }
}

/// ISO lists precious metals and the like without an exponent; here they are not money until declared as assets.
fn iso_scale(code: &str) -> Option<u8> {
    let digits = iso_currency::Currency::from_code(code)?.exponent()?;
    u8::try_from(digits).ok()
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.code(), self.scale)
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(code: &str) -> Result<Currency, CurrencyError> {
        Currency::iso(code)
    }
}

/// In JSON an ISO 4217 currency is its code, any other asset its code and scale: `USD`, `POINTS/0`.
impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_iso() {
            serializer.serialize_str(self.code())
        } else {
            serializer.collect_str(&format_args!("{}/{}", self.code(), self.scale))
        }
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let parsed = match text.split_once('/') {
            Some((code, scale)) => {
                let scale = scale.parse().map_err(|_| serde::de::Error::custom("the scale is not a number"))?;
                Currency::with_scale(code, scale)
            }
            None => Currency::iso(&text),
        };
        parsed.map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_currencies_have_the_iso_exponent() {
        for (code, scale) in [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)] {
            assert_eq!(Currency::iso(code).map(|currency| currency.scale()), Ok(scale));
        }
    }

    #[test]
    fn iso_codes_keep_their_scale_and_others_state_one() {
        assert!(matches!(Currency::with_scale("USD", 3), Err(CurrencyError::Scale { expected: 2, given: 3, .. })));
        assert_eq!(Currency::with_scale("POINTS", 0).map(|currency| currency.scale()), Ok(0));
        assert_eq!(Currency::with_scale("POINTS", 10), Err(CurrencyError::ScaleTooLarge(10)));
    }

    #[test]
    fn malformed_and_unknown_codes_give_different_errors() {
        for bad in ["", "us", "usd", "U$D", "1AB", "ABCDEFGHIJKLM", "ÄÖÜ"] {
            assert!(matches!(Currency::iso(bad), Err(CurrencyError::Malformed(_))), "{bad}");
        }
        assert!(matches!(Currency::iso("ZZZ"), Err(CurrencyError::Unknown(_))));
    }
}
