//! Lines of clearing files: CSV with a header, or one JSON object a line. Pure.

use kernel::Currency;
use serde::Deserialize;
use vault_api::{Pan, Token};

use crate::authorization::{Acceptor, AuthorizationId};
use crate::authorize::has_number;
use crate::life::StepKind;

/// One line. It names the authorization by its id or by the request that it answered, or a card by its token or number, and
/// then perhaps the approval code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClearingLine {
    /// Unique in the file, 1 to 60 visible ASCII characters.
    pub(crate) id: String,
    pub(crate) kind: Option<LineKind>,
    pub(crate) authorization: Option<AuthorizationId>,
    pub(crate) request_id: Option<String>,
    pub(crate) token: Option<Token>,
    pub(crate) pan: Option<Pan>,
    /// With a card: its authorization with this code, if there is one.
    pub(crate) approval_code: Option<String>,
    pub(crate) amount: String,
    pub(crate) currency: Option<Currency>,
    /// Nothing more will be cleared.
    pub(crate) is_final: Option<bool>,
    pub(crate) merchant: Option<String>,
    pub(crate) merchant_name: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) country: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LineKind {
    Clearing,
    Refund,
}

impl ClearingLine {
    pub(crate) fn step(&self) -> StepKind {
        match self.kind {
            None | Some(LineKind::Clearing) => StepKind::Clearing,
            Some(LineKind::Refund) => StepKind::Refund,
        }
    }

    pub(crate) fn acceptor(&self) -> Acceptor {
        Acceptor {
            merchant: self.merchant.clone(),
            merchant_name: self.merchant_name.clone(),
            category: self.category.clone(),
            country: self.country.clone(),
            ..Acceptor::default()
        }
    }
}

/// How a file's lines are read.
#[derive(Debug)]
pub(crate) enum Form {
    JsonLines,
    /// With the header, once it was there.
    Csv(Option<csv::StringRecord>),
}

impl Form {
    /// By the content type.
    pub(crate) fn of(kind: &str) -> Option<Form> {
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/x-ndjson" | "application/jsonl" => Some(Form::JsonLines),
            "text/csv" => Some(Form::Csv(None)),
            _ => None,
        }
    }

    /// Nothing for a header or an empty line. An error never repeats a card number.
    pub(crate) fn read(&mut self, line: &str) -> Result<Option<ClearingLine>, String> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        match self {
            Form::JsonLines => serde_json::from_str(line).map(Some).map_err(|error| safe(&error.to_string())),
            Form::Csv(Some(header)) => {
                let record = record(line)?;
                record.deserialize(Some(header)).map(Some).map_err(|error| safe(&error.to_string()))
            }
            Form::Csv(header) => {
                *header = Some(record(line)?);
                Ok(None)
            }
        }
    }
}

fn record(line: &str) -> Result<csv::StringRecord, String> {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).buffer_capacity(line.len().max(16));
    let mut records = reader.from_reader(line.as_bytes()).into_records();
    records.next().unwrap_or_else(|| Ok(csv::StringRecord::new())).map_err(|error| safe(&error.to_string()))
}

fn safe(detail: &str) -> String {
    if has_number(detail) { "the line is malformed".to_owned() } else { detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_line() {
        let mut csv = Form::of("text/csv; charset=utf-8").unwrap();
        assert_eq!(csv.read("id,kind,request_id,pan,amount,currency,is_final"), Ok(None));
        let one = csv.read("1,refund,,4111111111111111,10.00,USD,true").unwrap().unwrap();
        let mut json = Form::of("application/x-ndjson").unwrap();
        let text =
            r#"{"id":"1","kind":"refund","pan":"4111111111111111","amount":"10.00","currency":"USD","is_final":true}"#;
        assert_eq!(json.read(text).unwrap().as_ref(), Some(&one));
        assert_eq!((one.step(), one.request_id.as_deref(), one.is_final), (StepKind::Refund, None, Some(true)));
        let plain = csv.read("2,,test123,,10.00,,").unwrap().unwrap();
        assert_eq!(
            (plain.step(), plain.request_id.as_deref(), plain.is_final),
            (StepKind::Clearing, Some("test123"), None)
        );
        assert_eq!((csv.read("  "), json.read("")), (Ok(None), Ok(None)));
        assert!(Form::of("application/json").is_none());
    }

    #[test]
    fn a_malformed_line_is_named_without_its_number() {
        let mut json = Form::JsonLines;
        for bad in ["{", r#"{"id":"1"}"#, r#"{"id":"1","amount":10.0}"#, r#"{"4111111111111111":"1"}"#, "[]"] {
            let error = json.read(bad).unwrap_err();
            assert!(!error.contains("4111") && !error.is_empty(), "{error}");
        }
        let mut csv = Form::Csv(None);
        csv.read("id,pan,amount").unwrap();
        for bad in ["1,4111111111111112,10.00", "1", "1,4111111111111111"] {
            let error = csv.read(bad).unwrap_err();
            assert!(!error.contains("4111"), "{error}");
        }
    }
}
