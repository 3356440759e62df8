//! Account paths such as `assets:bank:chase`, and callers' references.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const PATH_BYTES_MAX: usize = 255;
const SEGMENTS_MAX: usize = 16;
const REFERENCE_BYTES_MAX: usize = 128;

/// An account's identity. Parents need not exist; a roll-up sums everything at or below a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    description = "An account's identity: 1 to 16 segments of letters, digits, '_', '-' and '.' separated by ':'",
    pattern = r"^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+){0,15}$",
    max_length = 255,
    example = "assets:bank:chase"
)]
pub struct AccountPath(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "\"{0}\" is not an account path: 1 to {SEGMENTS_MAX} segments of letters, digits, '_', '-' and '.' with ':' between \
     them, at most {PATH_BYTES_MAX} characters"
)]
pub struct AccountPathError(String);

impl AccountPath {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `self` is `prefix` or below it; `assets:bank` is not above `assets:banking`.
    pub fn is_within(&self, prefix: &AccountPath) -> bool {
        let rest = self.0.strip_prefix(prefix.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }
}

impl AccountPath {
    /// The path's first `segments` segments; all of it if it has no more.
    pub fn cut_to(&self, segments: usize) -> AccountPath {
        match self.0.match_indices(':').nth(segments.max(1) - 1).and_then(|(end, _)| self.0.get(..end)) {
            Some(cut) => AccountPath(cut.into()),
            None => self.clone(),
        }
    }

    pub fn segments(&self) -> usize {
        self.0.split(':').count()
    }
}

impl FromStr for AccountPath {
    type Err = AccountPathError;

    fn from_str(text: &str) -> Result<AccountPath, AccountPathError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let segment = |segment: &str| !segment.is_empty() && segment.bytes().all(allowed);
        let shaped =
            text.len() <= PATH_BYTES_MAX && text.split(':').count() <= SEGMENTS_MAX && text.split(':').all(segment);
        if shaped { Ok(AccountPath(text.into())) } else { Err(AccountPathError(text.chars().take(80).collect())) }
    }
}

/// A caller's own reference for an account or a transaction, such as an invoice number. Unique among its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(
    value_type = String,
    description = "A caller's own reference for an account or a transaction, unique among its kind: visible ASCII characters",
    pattern = r"^[!-~]+$",
    min_length = 1,
    max_length = 128,
    example = "invoice-2026-0017"
)]
pub struct Reference(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a reference: 1 to {REFERENCE_BYTES_MAX} visible ASCII characters")]
pub struct ReferenceError(String);

impl Reference {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        let shaped =
            (1..=REFERENCE_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if shaped { Ok(Reference(text.into())) } else { Err(ReferenceError(text.chars().take(80).collect())) }
    }
}

macro_rules! text_form {
    ($name:ident, $error:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<$name, $error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.as_ref().to_owned()
            }
        }
    };
}

text_form!(AccountPath, AccountPathError);
text_form!(Reference, ReferenceError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_paths_have_plain_segments() {
        for good in ["cash", "assets:bank:chase", "users:42.main_A-b"] {
            assert!(good.parse::<AccountPath>().is_ok(), "{good}");
        }
        let deep = ["a"; SEGMENTS_MAX + 1].join(":");
        for bad in ["", ":", "a:", ":a", "a::b", "a b", "a/b", "ä", "a\0b", "a%2fb", &deep, &"x".repeat(256)] {
            assert!(bad.parse::<AccountPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_is_truncated_at_a_segment() {
        let path: AccountPath = "assets:bank:chase".parse().unwrap();
        let cut = |segments| path.cut_to(segments).to_string();
        assert_eq!([cut(0), cut(1), cut(2)], ["assets", "assets", "assets:bank"]);
        assert_eq!((cut(3), cut(9), path.segments()), (path.to_string(), path.to_string(), 3));
    }

    #[test]
    fn a_prefix_matches_whole_segments_only() {
        let path = |text: &str| text.parse::<AccountPath>().unwrap();
        assert!(path("assets:bank:chase").is_within(&path("assets:bank")));
        assert!(path("assets:bank").is_within(&path("assets:bank")));
        assert!(!path("assets:banking").is_within(&path("assets:bank")));
    }
}
