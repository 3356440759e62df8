//! Messages about earlier payments: status reports (pain.002, pacs.002), returns (pacs.004), status requests (pacs.028),
//! cancellation requests (camt.056) and their answers (camt.029), in one form.

mod read;
mod write;

use jiff::civil::Date;
use kernel::{Money, Timestamp};
use serde::Serialize;

pub use read::FollowUps;
pub use write::FollowUpWriter;

use crate::detect::Kind;
use crate::json;
use crate::payment::{BusinessHeader, ControlSum, Mandate, Settlement, Side};

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpItem {
    Head(Box<Head>),
    /// Of pain.002 and camt.029: lines that follow belong to this batch.
    Batch(Box<About>),
    Line(Box<FollowUp>),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Head {
    pub kind: Kind,
    pub version: Option<String>,
    pub id: Option<String>,
    #[serde(serialize_with = "json::day")]
    pub created_on: Option<Date>,
    pub created_at: Option<Timestamp>,
    /// Of returns and cancellation requests.
    pub count: Option<u64>,
    pub control_sum: Option<ControlSum>,
    /// Who sends and who receives; assigner and assignee of camt.
    pub settlement: Settlement,
    pub initiator: Option<String>,
    pub about: About,
    /// head.001 beside the message, where it has one.
    pub header: Option<BusinessHeader>,
}

impl Head {
    pub fn new(kind: Kind) -> Head {
        Head {
            kind,
            version: None,
            id: None,
            created_on: None,
            created_at: None,
            count: None,
            control_sum: None,
            settlement: Settlement::default(),
            initiator: None,
            about: About::default(),
            header: None,
        }
    }
}

/// An earlier message or batch, and what became of it as a whole.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct About {
    pub message: Original,
    /// `OrgnlPmtInfId` of a batch.
    pub payment_information: Option<String>,
    /// `ACCP`, `RJCT`, `PART`; of camt.029 `CNCL`, `RJCR`, `PDCR`.
    pub status: Option<String>,
    pub reasons: Vec<Reason>,
    pub count: Option<u64>,
    pub control_sum: Option<ControlSum>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Original {
    pub id: Option<String>,
    /// `pain.001.001.09`
    pub name: Option<String>,
    #[serde(serialize_with = "json::day")]
    pub created_on: Option<Date>,
    pub created_at: Option<Timestamp>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A code of ISO's list: `AC04`, `DUPL`.
    pub code: Option<String>,
    pub proprietary: Option<String>,
    /// A name or BIC.
    pub originator: Option<String>,
    pub info: Vec<String>,
}

/// What is said of one earlier payment.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct FollowUp {
    pub line: u64,
    /// Its own: `StsId`, `RtrId`, `StsReqId`, `CxlId`, `CxlStsId`.
    pub id: Option<String>,
    pub message: Original,
    pub instruction: Option<String>,
    pub end_to_end: Option<String>,
    pub transaction: Option<String>,
    pub uetr: Option<String>,
    pub clearing: Option<String>,
    pub status: Option<String>,
    pub reasons: Vec<Reason>,
    pub accepted_at: Option<Timestamp>,
    pub original_amount: Option<Money>,
    #[serde(serialize_with = "json::day")]
    pub originally_settled_on: Option<Date>,
    /// Of a return: what comes back.
    pub returned: Option<Money>,
    #[serde(serialize_with = "json::day")]
    pub settled_on: Option<Date>,
    pub charge_bearer: Option<String>,
    /// What the banks on the way kept.
    pub charges: Vec<Money>,
    /// Copies of the earlier payment's own words.
    pub debtor: Side,
    pub creditor: Side,
    pub mandate: Option<Mandate>,
    pub creditor_id: Option<String>,
    pub text: Vec<String>,
    pub structured: Option<String>,
}
