//! Names given by callers: subjects, entities, countries and categories; and risk's own ids.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use kernel::{Id, IdKind};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

/// Bytes of a subject's or an entity's name.
const NAME_BYTES_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("expected 1 to {NAME_BYTES_MAX} letters, digits and _ - . : / + =, found \"{0}\"")]
    Malformed(String),
    #[error("expected a token, found what looks like a card number")]
    CardNumber,
    #[error("expected a country of ISO 3166 as two capital letters, found \"{0}\"")]
    Country(String),
    #[error("expected a merchant category code of four digits, found \"{0}\"")]
    Category(String),
}

fn named(text: &str) -> Result<Arc<str>, NameError> {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b'+' | b'=');
    if !(1..=NAME_BYTES_MAX).contains(&text.len()) || !text.bytes().all(allowed) {
        return Err(NameError::Malformed(text.chars().take(80).collect()));
    }
    if is_like_a_card_number(text) { Err(NameError::CardNumber) } else { Ok(text.into()) }
}

/// True for 13 to 19 digits of a card issuer with the right check digit, however they are grouped.
fn is_like_a_card_number(text: &str) -> bool {
    let grouped = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    if !grouped || !text.starts_with(['2', '3', '4', '5', '6']) {
        return false;
    }
    let digits = text.bytes().rev().filter(u8::is_ascii_digit).map(|digit| u32::from(digit - b'0'));
    let (mut count, mut sum) = (0_u32, 0);
    for digit in digits {
        let doubled = if count % 2 == 1 { digit * 2 } else { digit };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
        count += 1;
    }
    (13..=19).contains(&count) && sum % 10 == 0
}

macro_rules! text_form {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<$name, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.as_str().to_owned()
            }
        }
    };
}

/// The id of an authorization, a payment or a login, as its own service gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = r"^[A-Za-z0-9_.:/+=-]+$", min_length = 1, max_length = 64, example = "auth_01jz3k8x5wfqy9v2m6c0r4t7ab")]
pub struct SubjectId(Arc<str>);

impl FromStr for SubjectId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<SubjectId, NameError> {
        named(text).map(SubjectId)
    }
}

text_form!(SubjectId);

/// The token of a card, an account or another entity: never a card number, an address or a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = r"^[A-Za-z0-9_.:/+=-]+$", min_length = 1, max_length = 64, example = "tok_7f2c91")]
pub struct EntityId(Arc<str>);

impl FromStr for EntityId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<EntityId, NameError> {
        named(text).map(EntityId)
    }
}

text_form!(EntityId);

/// A country: two letters of ISO 3166.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Z]{2}$", example = "DE")]
pub struct Country([u8; 2]);

impl Country {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub fn bytes(self) -> [u8; 2] {
        self.0
    }
}

impl FromStr for Country {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Country, NameError> {
        match text.as_bytes() {
            [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => Ok(Country([*first, *second])),
            _ => Err(NameError::Country(text.chars().take(16).collect())),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Country {
    type Error = NameError;

    fn try_from(text: String) -> Result<Country, NameError> {
        text.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.as_str().to_owned()
    }
}

/// A merchant category: four digits of ISO 18245.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[0-9]{4}$", example = "5411")]
pub struct Category(u16);

impl Category {
    pub fn code(self) -> u16 {
        self.0
    }
}

impl FromStr for Category {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Category, NameError> {
        let shaped = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let code = if shaped { text.parse().ok() } else { None };
        code.map(Category).ok_or_else(|| NameError::Category(text.chars().take(16).collect()))
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl TryFrom<String> for Category {
    type Error = NameError;

    fn try_from(text: String) -> Result<Category, NameError> {
        text.parse()
    }
}

impl From<Category> for String {
    fn from(category: Category) -> String {
        category.to_string()
    }
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntityKind {
    Card,
    Account,
    Merchant,
    Terminal,
    Device,
    /// A network address.
    Address,
    Email,
}

impl EntityKind {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One card, one merchant and so on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    pub kind: EntityKind,
    pub id: EntityId,
}

macro_rules! own_ids {
    ($($(#[$doc:meta])* $tag:ident $name:ident $prefix:literal;)*) => {
        $(
            #[derive(Debug)]
            pub struct $tag;

            impl IdKind for $tag {
                const PREFIX: &'static str = $prefix;
            }

            $(#[$doc])*
            pub type $name = Id<$tag>;
        )*
    };
}

own_ids! {
    RuleSetTag RuleSetId "rules";
    ModelTag ModelId "model";
    JobTag JobId "job";
    CaseTag CaseId "case";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_short_and_plain() {
        for good in
            ["tok_1", "auth_01jz3k8x5wfqy9v2m6c0r4t7ab", "2001:db8::1", "a+b/c=", "10.0.0.1", "4111111111111112"]
        {
            assert!(good.parse::<EntityId>().is_ok(), "{good}");
        }
        for bad in ["", "two words", "ann@example.com", "ü", &"x".repeat(65)] {
            assert!(matches!(bad.parse::<EntityId>(), Err(NameError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn what_looks_like_a_card_number_is_refused() {
        for number in ["4111111111111111", "4111-1111-1111-1111", "378282246310005", "5555.5555.5555.4444"] {
            assert_eq!(number.parse::<EntityId>(), Err(NameError::CardNumber), "{number}");
            assert_eq!(number.parse::<SubjectId>(), Err(NameError::CardNumber), "{number}");
        }
    }

    #[test]
    fn countries_and_categories_have_their_form() {
        assert_eq!("DE".parse::<Country>().map(|country| country.to_string()), Ok("DE".to_owned()));
        assert_eq!("0742".parse::<Category>().map(|category| category.to_string()), Ok("0742".to_owned()));
        assert!("de".parse::<Country>().is_err() && "DEU".parse::<Country>().is_err());
        assert!("742".parse::<Category>().is_err() && "+742".parse::<Category>().is_err());
    }
}
