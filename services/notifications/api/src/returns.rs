//! What comes back from outside without a token: the request itself proves that it may.

use kernel::Secret;
use serde::{Deserialize, Serialize};

/// A form that the SMS provider posted: a receipt, or a message that a person sent to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsForm {
    /// The path and query that it was posted to: the signature is over them too.
    pub path: String,
    pub fields: Vec<(String, String)>,
    pub signature: String,
}

/// A mail that came back: a report about a delivery, or a complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnedMail {
    /// By which we recognise the mail server that hands it over.
    pub secret: Secret,
    /// The address that it was returned to; absent if only the mail's own headers say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The whole mail.
    pub mail: String,
}

/// A person no longer wants the messages that a mail's link names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsubscribe {
    pub token: String,
}
