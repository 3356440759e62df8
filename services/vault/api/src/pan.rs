//! Card numbers.

use std::fmt;
use std::str::FromStr;

use kernel::Secret;
use serde::{Deserialize, Serialize};

const DIGITS_MIN: usize = 12;
const DIGITS_MAX: usize = 19;

/// A card number (primary account number): 12 to 19 digits with a valid check digit. It prints masked, and is wiped
/// when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Secret", into = "Secret")]
pub struct Pan(Secret);

/// Does not repeat what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PanError {
    #[error("expected {DIGITS_MIN} to {DIGITS_MAX} digits")]
    Malformed,
    #[error("the check digit is wrong")]
    CheckDigit,
}

impl Pan {
    /// The caller of this method is responsible for where the digits go.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The first six digits, which name the issuer.
    pub fn bin(&self) -> &str {
        self.expose().get(..6).unwrap_or_default()
    }

    pub fn last_four(&self) -> &str {
        let digits = self.expose();
        digits.get(digits.len().saturating_sub(4)..).unwrap_or_default()
    }

    /// As it may be shown: `411111******1111`.
    pub fn masked(&self) -> String {
        let hidden = self.expose().len().saturating_sub(10);
        format!("{}{}{}", self.bin(), "*".repeat(hidden), self.last_four())
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl FromStr for Pan {
    type Err = PanError;

    fn from_str(text: &str) -> Result<Pan, PanError> {
        let shaped = (DIGITS_MIN..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if !shaped {
            return Err(PanError::Malformed);
        }
        if is_luhn(text) { Ok(Pan(Secret::new(text))) } else { Err(PanError::CheckDigit) }
    }
}

impl TryFrom<Secret> for Pan {
    type Error = PanError;

    fn try_from(text: Secret) -> Result<Pan, PanError> {
        text.expose().parse()
    }
}

impl From<Pan> for Secret {
    fn from(pan: Pan) -> Secret {
        pan.0
    }
}

/// Whether the last digit is the check digit of ISO/IEC 7812-1, annex B.
pub fn is_luhn(digits: &str) -> bool {
    sum(digits, false).is_multiple_of(10)
}

/// The digits with their check digit.
pub fn with_check_digit(digits: &str) -> String {
    format!("{digits}{}", (10 - sum(digits, true) % 10) % 10)
}

/// From the right, every second digit is doubled; `doubled`: beginning with the last one.
fn sum(digits: &str, mut doubled: bool) -> u32 {
    let mut sum = 0;
    for digit in digits.bytes().rev().map(|byte| u32::from(byte.wrapping_sub(b'0'))) {
        let value = if doubled { digit * 2 } else { digit };
        sum += if value > 9 { value - 9 } else { value };
        doubled = !doubled;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_has_12_to_19_digits_and_a_check_digit() {
        for good in ["4111111111111111", "378282246310005", "5555555555554444", "676770000005", "6304000000000000000"] {
            assert!(good.parse::<Pan>().is_ok(), "{good}");
        }
        for malformed in ["", "41111111111", "41111111111111111111", "4111 1111 1111 1111", "411111111111111x", "٤١١١"]
        {
            assert_eq!(malformed.parse::<Pan>(), Err(PanError::Malformed), "{malformed}");
        }
        assert_eq!("4111111111111112".parse::<Pan>(), Err(PanError::CheckDigit));
    }

    #[test]
    fn a_card_number_never_prints() {
        let pan: Pan = "4111111111111111".parse().unwrap();
        assert_eq!(format!("{pan:?} {}", pan.masked()), "411111******1111 411111******1111");
        let error = serde_json::from_str::<Pan>("\"4111111111111112\"").unwrap_err().to_string();
        assert!(!error.contains("4111"), "{error}");
    }

    #[test]
    fn a_made_check_digit_is_valid() {
        for digits in ["41111111111111", "0", "999999999999999", "123456"] {
            assert!(is_luhn(&with_check_digit(digits)), "{digits}");
        }
        assert_eq!(with_check_digit("411111111111111"), "4111111111111111");
    }
}
