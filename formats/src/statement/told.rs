//! What banks say beside the money: codes, references, parties, texts.

use kernel::Money;
use serde::Serialize;

/// What is said of an entry or of one of its details.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Told {
    pub codes: Vec<Code>,
    pub references: References,
    pub counterparty: Party,
    /// The party on whose behalf the counterparty acts.
    pub ultimate: Option<String>,
    /// Unstructured remittance, a line a row.
    pub text: Vec<String>,
    /// A creditor reference or invoice number.
    pub structured: Option<String>,
    /// The bank's own words.
    pub additional: Option<String>,
    pub purpose: Option<String>,
    pub charges: Vec<Charge>,
    pub original: Option<Original>,
    pub return_reason: Option<String>,
}

/// The bank's word for the kind of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    pub scheme: Scheme,
    pub code: String,
    pub issuer: Option<String>,
}

impl Code {
    pub fn new(scheme: Scheme, code: impl Into<String>) -> Code {
        Code { scheme, code: code.into(), issuer: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Domain, family and sub-family: `PMNT-RCDT-ESCT`.
    Iso,
    /// The bank's own, with its issuer.
    Bank,
    /// SWIFT's: `NTRF`.
    Mt,
    /// The German business transaction code of three digits.
    Gvc,
    Bai2,
    Ofx,
    Csv,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct References {
    /// The bank's own id of the entry: AcctSvcrRef, FITID, the reference after `//`.
    pub bank: Option<String>,
    /// The account owner's own.
    pub own: Option<String>,
    pub end_to_end: Option<String>,
    pub instruction: Option<String>,
    pub transaction: Option<String>,
    pub uetr: Option<String>,
    pub clearing: Option<String>,
    pub message: Option<String>,
    pub payment_information: Option<String>,
    pub mandate: Option<String>,
    pub creditor_id: Option<String>,
    pub cheque: Option<String>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    pub name: Option<String>,
    pub iban: Option<String>,
    pub number: Option<String>,
    /// BIC or another code of the counterparty's bank.
    pub bank: Option<String>,
    pub id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Charge {
    /// Negative where it was taken from the account.
    pub amount: Money,
    pub included: bool,
    pub kind: Option<String>,
}

/// The amount in the currency it was ordered in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Original {
    pub amount: Option<Money>,
    /// A decimal as the bank wrote it.
    pub rate: Option<String>,
}
