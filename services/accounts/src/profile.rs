//! What a profile may contain, and what a customer is found by.

use std::collections::BTreeSet;

use accounts_api::{Address, CustomerKind, Profile, Refusal, limits};
use jiff::civil::Date;

use crate::keys::Keys;
use crate::store::customer::{Found, Key};

/// Words of a name that are indexed.
const WORDS_MAX: usize = 16;

/// A text of 1 to `max` characters without control characters.
pub(crate) fn text(field: &str, value: &str, max: usize) -> Result<(), Refusal> {
    let fits = (1..=max).contains(&value.chars().count()) && !value.chars().any(char::is_control);
    if fits && value.trim() == value {
        return Ok(());
    }
    Err(Refusal::field_invalid(field, format!("expected 1 to {max} characters, no blanks around them")))
}

fn optional(field: &str, value: Option<&String>) -> Result<(), Refusal> {
    value.map_or(Ok(()), |value| text(field, value, limits::TEXT_CHARS_MAX))
}

pub(crate) fn check(profile: &Profile, kind: CustomerKind, today: Date) -> Result<(), Refusal> {
    text("profile.name", &profile.name, limits::NAME_CHARS_MAX)?;
    if profile.birth_date.is_some_and(|birth| birth > today || birth.year() < 1_850) {
        return Err(Refusal::field_invalid("profile.birth_date", "expected a day that is over, after 1849"));
    }
    if profile.birth_date.is_some() && kind == CustomerKind::Business {
        return Err(Refusal::field_invalid("profile.birth_date", "a business has none"));
    }
    optional("profile.registration", profile.registration.as_ref())?;
    if let Some(email) = &profile.email {
        text("profile.email", email, limits::NAME_CHARS_MAX)?;
        let shaped = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        if !shaped || email.contains(char::is_whitespace) {
            return Err(Refusal::field_invalid("profile.email", "expected an address such as ann@example.com"));
        }
    }
    if profile.phone.as_ref().is_some_and(|phone| !is_phone(phone)) {
        return Err(Refusal::field_invalid("profile.phone", "expected + and 7 to 15 digits"));
    }
    if profile.tax_ids.len() > limits::TAX_IDS_MAX {
        return Err(Refusal::TooMany { what: "tax ids".to_owned(), max: limits::TAX_IDS_MAX });
    }
    for tax_id in &profile.tax_ids {
        country("profile.tax_ids", &tax_id.country)?;
        text("profile.tax_ids", &tax_id.number, limits::TEXT_CHARS_MAX)?;
    }
    profile.address.as_ref().map_or(Ok(()), address)
}

fn address(address: &Address) -> Result<(), Refusal> {
    country("profile.address.country", &address.country)?;
    text("profile.address.town", &address.town, limits::TEXT_CHARS_MAX)?;
    for (field, value) in [
        ("profile.address.street", &address.street),
        ("profile.address.building", &address.building),
        ("profile.address.post_code", &address.post_code),
        ("profile.address.region", &address.region),
    ] {
        optional(field, value.as_ref())?;
    }
    Ok(())
}

fn country(field: &str, code: &str) -> Result<(), Refusal> {
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(Refusal::field_invalid(field, "expected a country of two capital letters"))
}

fn is_phone(phone: &str) -> bool {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whole words, in small letters.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).take(WORDS_MAX).collect()
}

/// The digest of one value; the kind is part of it, so that no two kinds have the same.
pub(crate) fn found_by(keys: &Keys, kind: Key, value: &str) -> Found {
    let plain = match kind {
        Key::ExternalId => value.trim().to_owned(),
        Key::Email | Key::Word => value.trim().to_lowercase(),
        Key::Phone => value.chars().filter(char::is_ascii_digit).collect(),
        Key::TaxId => value.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_uppercase(),
    };
    (kind, keys.digest(&format!("{}:{plain}", kind as u8)))
}

pub(crate) fn all_keys(keys: &Keys, profile: &Profile, external_id: Option<&str>) -> Vec<Found> {
    let mut all: BTreeSet<Found> = BTreeSet::new();
    let mut add = |kind, value: &str| {
        all.insert(found_by(keys, kind, value));
    };
    external_id.iter().for_each(|id| add(Key::ExternalId, id));
    profile.email.iter().for_each(|email| add(Key::Email, email));
    profile.phone.iter().for_each(|phone| add(Key::Phone, phone));
    profile.tax_ids.iter().for_each(|tax_id| add(Key::TaxId, &tax_id.number));
    words(&profile.name).iter().for_each(|word| add(Key::Word, word));
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn ann() -> Profile {
        Profile { name: "Ann Miller".to_owned(), birth_date: Some(date(1990, 4, 1)), ..Profile::default() }
    }

    fn refused(profile: Profile) -> &'static str {
        use platform::error::Refusal;
        check(&profile, CustomerKind::Person, date(2027, 1, 1)).unwrap_err().code()
    }

    #[test]
    fn a_birth_date_in_the_future_is_refused() {
        assert_eq!(check(&ann(), CustomerKind::Person, date(2027, 1, 1)), Ok(()));
        assert_eq!(refused(Profile { birth_date: Some(date(2027, 1, 2)), ..ann() }), "field_invalid");
        assert!(check(&ann(), CustomerKind::Business, date(2027, 1, 1)).is_err());
    }

    #[test]
    fn malformed_fields_are_refused() {
        for name in ["", " Ann", "A\u{7}n", &"x".repeat(141)] {
            assert_eq!(refused(Profile { name: name.to_owned(), ..ann() }), "field_invalid");
        }
        for email in ["ann", "ann@", "@example.com", "ann@example", "ann miller@example.com"] {
            assert_eq!(refused(Profile { email: Some(email.to_owned()), ..ann() }), "field_invalid", "{email}");
        }
        for phone in ["030123456", "+49", "+49 30 123456"] {
            assert_eq!(refused(Profile { phone: Some(phone.to_owned()), ..ann() }), "field_invalid", "{phone}");
        }
        let address = Address { town: "Berlin".to_owned(), country: "Germany".to_owned(), ..Address::default() };
        assert_eq!(refused(Profile { address: Some(address), ..ann() }), "field_invalid");
        let tax_id = accounts_api::TaxId { country: "DE".to_owned(), number: "1".to_owned() };
        assert_eq!(refused(Profile { tax_ids: vec![tax_id; 6], ..ann() }), "too_many");
    }

    #[test]
    fn a_name_has_whole_words() {
        let of = |text: &str| words(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("Ann-Marie MÜLLER, Dr."), ["ann", "dr", "marie", "müller"]);
    }
}
