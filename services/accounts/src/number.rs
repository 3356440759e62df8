//! Account numbers with right check digits, made from the account's place in the store.

use formats::check_digit;

/// What numbers look like in this house.
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    kind: Kind,
    bank: String,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Country and the digits of the account.
    Iban(&'static str, usize),
    Us,
}

/// Digits of an account at a bank in the US.
const US_DIGITS: usize = 12;

impl Numbers {
    /// # Errors
    /// A sentence: a country or a bank's code that is not known.
    pub(crate) fn of(kind: &str, country: &str, bank: &str) -> Result<Numbers, String> {
        let kind = match (kind, country) {
            ("us", _) => Kind::Us,
            ("iban", "DE") => Kind::Iban("DE", 10),
            ("iban", "AT") => Kind::Iban("AT", 11),
            ("iban", "NL") => Kind::Iban("NL", 10),
            ("iban", _) => return Err(format!("expected the country DE, AT or NL, found \"{country}\"")),
            _ => return Err(format!("expected iban or us, found \"{kind}\"")),
        };
        let numbers = Numbers { kind, bank: bank.to_owned() };
        numbers.number(1).map(|_| numbers).ok_or_else(|| format!("\"{bank}\" is not the code of a bank there"))
    }

    /// The number of the account at this place; `None` if there are no more.
    pub(crate) fn number(&self, seq: i64) -> Option<String> {
        let place = seq.unsigned_abs();
        match self.kind {
            Kind::Iban(country, digits) => {
                let own = format!("{place:0digits$}");
                (own.len() == digits).then(|| iban(country, &format!("{}{own}", self.bank)))?
            }
            Kind::Us => {
                check_digit::aba(&self.bank).ok()?;
                let own = format!("{place:0US_DIGITS$}");
                (own.len() == US_DIGITS).then(|| format!("{}-{own}", self.bank))
            }
        }
    }
}

/// With the check digits of ISO 7064; what the country's form refuses is `None`.
fn iban(country: &str, national: &str) -> Option<String> {
    let value = |letter: char| letter.to_digit(36).map(|value| value.to_string());
    let digits: Option<String> = format!("{national}{country}00").chars().map(value).collect();
    let rest = digits?.bytes().fold(0_u32, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    check_digit::iban(&format!("{country}{:02}{national}", 98 - rest)).ok()
}

/// A number as people write it: an IBAN with blanks and small letters, or one of ours.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).take(64).collect::<String>().to_ascii_uppercase()
}

/// Whether a text that looks like an IBAN has wrong check digits.
pub(crate) fn is_wrong_iban(plain: &str) -> bool {
    let looks =
        plain.len() >= 15 && plain.get(..2).is_some_and(|two| two.bytes().all(|byte| byte.is_ascii_uppercase()));
    looks && check_digit::iban(plain).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ibans_have_right_check_digits() {
        let numbers = Numbers::of("iban", "DE", "37040044").unwrap();
        assert_eq!(numbers.number(532_013_000).as_deref(), Some("DE89370400440532013000"));
        for (country, bank) in [("DE", "50010517"), ("AT", "19043"), ("NL", "ABNA")] {
            let number = Numbers::of("iban", country, bank).unwrap().number(12).unwrap();
            assert_eq!(check_digit::iban(&number).as_deref(), Ok(number.as_str()));
            let last = number.len() - 1;
            let changed = format!("{}{}", &number[..last], (number.as_bytes()[last] - b'0' + 1) % 10);
            assert!(is_wrong_iban(&changed) && !is_wrong_iban(&number));
        }
        assert_eq!(numbers.number(10_000_000_000), None);
    }

    #[test]
    fn numbers_in_the_us_name_a_right_routing_number() {
        assert_eq!(Numbers::of("us", "", "021000021").unwrap().number(7).unwrap(), "021000021-000000000007");
        for (kind, country, bank) in
            [("us", "", "021000022"), ("iban", "DE", "1"), ("iban", "XX", "1"), ("bban", "", "")]
        {
            assert!(Numbers::of(kind, country, bank).is_err(), "{kind} {country} {bank}");
        }
    }
}
