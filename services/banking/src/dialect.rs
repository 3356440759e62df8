//! Dialects: how each bank's API is called and what its fields mean. One TOML file per bank; four are built in, and
//! `banking.dialects_dir` adds or replaces some without a release.
//!
//! A dialect is checked when it is loaded; a mistake is named with its line and refuses the start.

use std::collections::BTreeMap;
use std::path::Path;

use banking_api::BalanceKind;
use serde::Deserialize;
use url::Url;

const BUILT_IN: [&str; 4] = [
    include_str!("../dialects/chase.toml"),
    include_str!("../dialects/wells_fargo.toml"),
    include_str!("../dialects/bank_of_america.toml"),
    include_str!("../dialects/citi.toml"),
];

/// Days that a window reaches back again: banks add entries late.
pub(crate) const LATE_DAYS: i64 = 5;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dialect {
    pub(crate) bank: String,
    /// The public page that it was written from, and when that was read.
    pub(crate) source: String,
    pub(crate) read_on: String,
    /// The bank's own address.
    pub(crate) host: String,
    /// Names under which the key is found in the environment or as a file.
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) stable_ids: bool,
    pub(crate) authentication: Authentication,
    pub(crate) accounts: Option<Accounts>,
    pub(crate) balances: Option<Balances>,
    pub(crate) transactions: Option<Transactions>,
    pub(crate) statement: Option<Statement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Authentication {
    /// The key in a header of this name.
    Header {
        name: String,
    },
    Bearer,
    /// The key is `name:password`.
    Basic,
    /// Nothing but the client certificate of `[outbound]`, which no key in a header stands beside.
    Certificate,
    /// The key is `id:secret`; both go to the token address, in the form or as Basic.
    ClientCredentials {
        path: String,
        #[serde(default)]
        scope: String,
        #[serde(default)]
        basic: bool,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Below the address, with places in braces: `{account}`, `{from}`, `{to}`, `{page}`, `{cursor}`.
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) body: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Post,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accounts {
    pub(crate) ask: Ask,
    /// JSON pointers: to the list, then within one of its items.
    pub(crate) items: String,
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) currency: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Balances {
    pub(crate) ask: Ask,
    pub(crate) items: String,
    pub(crate) on: String,
    /// Pointer to an amount, by balance type.
    pub(crate) amounts: BTreeMap<BalanceType, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BalanceType {
    OpeningBooked,
    ClosingBooked,
    InterimBooked,
    ClosingAvailable,
    InterimAvailable,
}

impl BalanceType {
    pub(crate) fn kind(self) -> BalanceKind {
        match self {
            BalanceType::OpeningBooked => BalanceKind::OpeningBooked,
            BalanceType::ClosingBooked => BalanceKind::ClosingBooked,
            BalanceType::InterimBooked => BalanceKind::InterimBooked,
            BalanceType::ClosingAvailable => BalanceKind::ClosingAvailable,
            BalanceType::InterimAvailable => BalanceKind::InterimAvailable,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Transactions {
    pub(crate) ask: Ask,
    pub(crate) items: String,
    /// Days in one request.
    pub(crate) days_max: i64,
    /// Days back that the bank keeps.
    pub(crate) back_days: i64,
    pub(crate) paging: Paging,
    pub(crate) fields: Fields,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Paging {
    None,
    /// Pages are numbered; an empty one is the last.
    Number {
        first: u32,
    },
    /// A pointer to the next cursor, which is absent on the last page.
    Cursor {
        next: String,
    },
    /// A pointer to the next page's path, which is absent on the last page.
    Link {
        next: String,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    #[serde(default)]
    pub(crate) id: Option<String>,
    pub(crate) booked_on: String,
    #[serde(default)]
    pub(crate) valued_on: Option<String>,
    pub(crate) amount: String,
    /// A pointer to a word that gives the direction; without it the amount has its sign.
    #[serde(default)]
    pub(crate) direction: Option<String>,
    /// The words that mean money out.
    #[serde(default)]
    pub(crate) debit: Vec<String>,
    /// A positive amount is money out.
    #[serde(default)]
    pub(crate) negated: bool,
    #[serde(default)]
    pub(crate) status: Option<String>,
    /// The words that mean not booked yet.
    #[serde(default)]
    pub(crate) pending: Vec<String>,
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) end_to_end: Option<String>,
    #[serde(default)]
    pub(crate) counterparty: Option<String>,
    #[serde(default)]
    pub(crate) text: Vec<String>,
}

/// Statements are ordered, then fetched as files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    pub(crate) order: Ask,
    /// A pointer to the order's id.
    pub(crate) id: String,
    /// With the place `{id}`; 202 means that it is not ready.
    pub(crate) fetch: Ask,
    pub(crate) days_max: i64,
    pub(crate) back_days: i64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum DialectError {
    #[error("{file}: {detail}")]
    Wrong { file: String, detail: String },
    #[error("read {file}: {cause}")]
    Unreadable { file: String, cause: std::io::Error },
}

/// The built-in dialects, and those of a folder, by bank.
pub(crate) fn load(dir: Option<&Path>) -> Result<BTreeMap<String, Dialect>, DialectError> {
    let mut all = BTreeMap::new();
    for text in BUILT_IN {
        let dialect = parse("a built-in dialect", text)?;
        all.insert(dialect.bank.clone(), dialect);
    }
    let Some(dir) = dir else { return Ok(all) };
    let unreadable = |cause| DialectError::Unreadable { file: dir.display().to_string(), cause };
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let file = path.display().to_string();
            let text = std::fs::read_to_string(&path)
                .map_err(|cause| DialectError::Unreadable { file: file.clone(), cause })?;
            let dialect = parse(&file, &text)?;
            all.insert(dialect.bank.clone(), dialect);
        }
    }
    Ok(all)
}

pub(crate) fn parse(file: &str, text: &str) -> Result<Dialect, DialectError> {
    let wrong = |detail: String| DialectError::Wrong { file: file.to_owned(), detail };
    let dialect: Dialect = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    dialect.check().map_err(wrong)?;
    Ok(dialect)
}

impl Dialect {
    fn check(&self) -> Result<(), String> {
        let url = Url::parse(&self.host).map_err(|error| format!("host: {error}"))?;
        if url.scheme() != "https" {
            return Err(format!("host: expected an https address, found \"{}\"", self.host));
        }
        if self.source.is_empty() || self.read_on.is_empty() {
            return Err("source and read_on: expected the public page and the day on which it was read".to_owned());
        }
        match (&self.transactions, &self.statement, &self.accounts) {
            (None, None, _) => return Err("expected [transactions] or [statement]".to_owned()),
            (Some(_), _, None) => return Err("[transactions] needs [accounts]".to_owned()),
            _ => {}
        }
        let windows =
            self.transactions.iter().map(|one| one.days_max).chain(self.statement.iter().map(|one| one.days_max));
        if windows.into_iter().any(|days| !(1..=366).contains(&days)) {
            return Err("days_max: expected 1 to 366".to_owned());
        }
        self.pointers()
            .find(|pointer| !pointer.is_empty() && !pointer.starts_with('/'))
            .map_or(Ok(()), |pointer| Err(format!("expected a JSON pointer such as /data/amount, found \"{pointer}\"")))
    }

    fn pointers(&self) -> impl Iterator<Item = &str> {
        let accounts = self.accounts.iter().flat_map(|of| [&of.items, &of.id, &of.number, &of.currency]);
        let balances = self.balances.iter().flat_map(|of| [&of.items, &of.on].into_iter().chain(of.amounts.values()));
        let transactions = self.transactions.iter().flat_map(|of| {
            let Fields {
                id,
                booked_on,
                valued_on,
                amount,
                direction,
                status,
                code,
                end_to_end,
                counterparty,
                text,
                ..
            } = &of.fields;
            let maybe = [id, valued_on, direction, status, code, end_to_end, counterparty].into_iter().flatten();
            [&of.items, booked_on, amount].into_iter().chain(maybe).chain(text)
        });
        let statement = self.statement.iter().map(|of| &of.id);
        accounts.chain(balances).chain(transactions).chain(statement).map(String::as_str)
    }
}

/// A text with its places filled. Values are percent-encoded in paths and escaped in JSON bodies.
pub(crate) fn filled(text: &str, values: &[(&str, &str)], encoded: fn(&str) -> String) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), &encoded(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_dialects_are_right_and_name_their_sources() {
        let all = load(None).unwrap();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["bank_of_america", "chase", "citi", "wells_fargo"]);
        assert!(
            all.values().all(|dialect| dialect.source.starts_with("https://") && dialect.key.ends_with("_API_KEY"))
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let chase = BUILT_IN[0];
        for (from, to, expected) in [
            ("[authentication]", "[authentication]\nsurprise = 1", "line"),
            ("host = \"https://", "host = \"http://", "expected an https address"),
            ("days_max = 5", "days_max = 0", "days_max: expected 1 to 366"),
            ("amount = \"/", "amount = \"", "expected a JSON pointer"),
            ("bank = \"chase\"", "", "missing field `bank`"),
        ] {
            let error = parse("chase.toml", &chase.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected) && error.starts_with("chase.toml: "), "{error}");
        }
    }
}
