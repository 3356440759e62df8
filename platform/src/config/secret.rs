//! Values that print as redacted, so that no log, error or listing can leak them by accident.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The URL of a database, including its password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole text, for the driver only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<DatabaseUrl, Infallible> {
        Ok(DatabaseUrl(text.to_owned()))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// Hides everything between the first colon and the last `@` (a password may contain either), and any query that could
/// contain a password. If in doubt it hides too much.
pub(crate) fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.is_empty() { String::new() } else { "***".to_owned() };
    };
    let (user, place) = match rest.rsplit_once('@') {
        Some((login, place)) => match login.split_once(':') {
            Some((user, _)) => (format!("{user}:***@"), place),
            None => (format!("{login}@"), place),
        },
        None => (String::new(), rest),
    };
    let place = match place.split_once('?') {
        Some((before, query)) if query.contains("password") => format!("{before}?***"),
        _ => place.to_owned(),
    };
    format!("{scheme}://{user}{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        for url in [
            "postgres://ann:hunter2@db:5432/florin",
            "postgres://ann:hun/hunter2@ter@db:5432/florin",
            "postgres://ann:hunter2?x@db/florin",
            "postgres://db/florin?user=ann&password=hunter2",
            "postgres://db/florin?sslpassword=hunter2",
            "ann:hunter2@db",
        ] {
            let url: DatabaseUrl = url.parse().unwrap();
            assert!(!format!("{url} {url:?}").contains("hunter2"), "{url}");
        }
        assert_eq!(redacted("postgres://ann:hunter2@db:5432/florin"), "postgres://ann:***@db:5432/florin");
    }
}
