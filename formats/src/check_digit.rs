//! Check digits and forms of account numbers: IBAN, BIC, ABA routing numbers, ISO 11649 references, SEPA creditor ids.

use std::str::FromStr;

use iban::{Iban, IbanLike};

use crate::mistake::{Problem, shown};

/// An IBAN without blanks, in capitals, with a right check digit and the form of its country.
pub fn iban(text: &str) -> Result<String, Problem> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).take(64).collect::<String>().to_ascii_uppercase();
    match Iban::from_str(&plain) {
        Ok(iban) => Ok(iban.electronic_str().to_owned()),
        Err(_) => Err(Problem::CheckDigit { found: shown(text) }),
    }
}

/// Whether the text has an IBAN's form; says nothing of its check digit.
pub(crate) fn looks_like_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((country, rest)) = bytes.split_at_checked(2) else { return false };
    let Some((check, rest)) = rest.split_at_checked(2) else { return false };
    (15..=34).contains(&bytes.len())
        && country.iter().all(u8::is_ascii_uppercase)
        && check.iter().all(u8::is_ascii_digit)
        && rest.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// The form of a BIC (ISO 9362): four letters or digits, two letters, two letters or digits, three more or none.
pub fn bic(text: &str) -> Result<(), Problem> {
    let bytes = text.as_bytes();
    let capital = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let country = bytes.get(4..6).is_some_and(|country| country.iter().all(u8::is_ascii_uppercase));
    if matches!(bytes.len(), 8 | 11) && country && bytes.iter().all(capital) {
        return Ok(());
    }
    Err(Problem::value("a BIC of 8 or 11 characters", text))
}

/// A routing number of the ABA: nine digits, weighted 3-7-1.
pub fn aba(text: &str) -> Result<(), Problem> {
    let digits = text.as_bytes();
    if digits.len() != 9 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Problem::value("a routing number of nine digits", text));
    }
    match aba_check_digit(digits.get(..8).unwrap_or_default()) {
        Some(check) if Some(&check) == digits.last() => Ok(()),
        _ => Err(Problem::CheckDigit { found: shown(text) }),
    }
}

/// The ninth digit after the first eight, in ASCII.
pub fn aba_check_digit(first: &[u8]) -> Option<u8> {
    if first.len() != 8 {
        return None;
    }
    let weights = [3_u32, 7, 1].into_iter().cycle();
    let sum = first.iter().zip(weights).try_fold(0_u32, |sum, (digit, weight)| {
        digit.is_ascii_digit().then(|| sum + weight * u32::from(digit - b'0'))
    })?;
    u8::try_from((10 - sum % 10) % 10).ok().map(|check| b'0' + check)
}

/// A creditor reference of ISO 11649: `RF`, two check digits, up to 21 characters.
pub fn creditor_reference(text: &str) -> Result<(), Problem> {
    let plain: String = text.chars().filter(|c| *c != ' ').take(64).collect();
    let shaped = plain.starts_with("RF") && (5..=25).contains(&plain.len());
    if shaped && plain.split_at_checked(4).is_some_and(|(front, back)| remainder(&[back, front]) == Some(1)) {
        return Ok(());
    }
    Err(Problem::CheckDigit { found: shown(text) })
}

/// A SEPA creditor identifier: country, two check digits, a business code of three that does not count, the national part.
pub fn creditor_id(text: &str) -> Result<(), Problem> {
    let parts = || {
        let (front, back) = text.split_at_checked(4)?;
        let (_, national) = back.split_at_checked(3)?;
        Some((front, national))
    };
    let right = parts().is_some_and(|(front, national)| remainder(&[national, front]) == Some(1));
    if right && (8..=35).contains(&text.len()) {
        return Ok(());
    }
    Err(Problem::CheckDigit { found: shown(text) })
}

/// ISO 7064 mod 97-10 over digits and letters, letters as 10 to 35.
fn remainder(parts: &[&str]) -> Option<u32> {
    let characters = parts.iter().flat_map(|part| part.chars());
    let mut remainder = 0_u32;
    for character in characters {
        let value = character.to_digit(36).filter(|_| !character.is_ascii_lowercase())?;
        let shift = if value < 10 { 10 } else { 100 };
        remainder = (remainder * shift + value) % 97;
    }
    Some(remainder)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn right_numbers_pass_and_each_changed_digit_fails() {
        assert_eq!(iban("de89 3704 0044 0532 0130 00").as_deref(), Ok("DE89370400440532013000"));
        assert!(aba("021000021").is_ok() && aba("091000019").is_ok());
        assert!(creditor_reference("RF18 5390 0754 7034").is_ok());
        assert!(creditor_id("DE98ZZZ09999999999").is_ok() && creditor_id("DE98ABC09999999999").is_ok());
        let wrong = |right: &str, check: fn(&str) -> bool| {
            for place in 0..right.len() {
                if right.as_bytes()[place].is_ascii_digit() {
                    let digit = (right.as_bytes()[place] - b'0' + 1) % 10;
                    let changed = format!("{}{digit}{}", &right[..place], &right[place + 1..]);
                    assert!(!check(&changed), "{changed}");
                }
            }
        };
        wrong("DE89370400440532013000", |text| iban(text).is_ok());
        wrong("021000021", |text| aba(text).is_ok());
        wrong("RF18539007547034", |text| creditor_reference(text).is_ok());
        wrong("DE98ZZZ09999999999", |text| creditor_id(text).is_ok());
    }

    #[test]
    fn a_bic_has_eight_or_eleven_characters() {
        assert!(bic("DEUTDEFF").is_ok() && bic("DEUTDEFF500").is_ok());
        for bad in ["", "DEUTDEF", "DEUTDEFF50", "deutdeff", "DEUT1EFF", "DÉUTDEF", "DEUTDEFF5000"] {
            assert!(bic(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            let _ = (iban(&text), bic(&text), aba(&text), creditor_reference(&text), creditor_id(&text));
            let _ = looks_like_iban(&text);
        }
    }
}
