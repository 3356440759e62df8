//! Every refusal of notifications, by name.

use std::borrow::Cow;

use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};

use crate::limits::{DEVICES_MAX, PAGE_MAX};

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("{field}: {detail}")]
    FieldInvalid { field: String, detail: String },
    #[error("expected a page size of 1 to {max}, found {given}")]
    PageSize { given: usize, max: usize },
    #[error("there is no kind of message {kind}")]
    KindUnknown { kind: String },
    #[error("the data of {kind} lacks {variable}")]
    VariableMissing { kind: String, variable: String },
    #[error("{kind} cannot reach the recipient: {because}")]
    RecipientUnreachable { kind: String, because: String },
    #[error("the person {subject} was erased")]
    SubjectErased { subject: String },
    #[error("message {id} does not exist")]
    MessageUnknown { id: String },
    #[error("nothing of message {id} waits any more")]
    MessageUnderWay { id: String },
    #[error("no mail of message {id} is kept here")]
    MailNotKept { id: String },
    #[error("delivery {id} does not exist")]
    DeliveryUnknown { id: String },
    #[error("delivery {id} is {state}, not dead")]
    DeliveryNotDead { id: String, state: String },
    #[error("there is no contact of {subject}")]
    ContactUnknown { subject: String },
    #[error("no new address of {subject} waits to be verified")]
    NothingToVerify { subject: String },
    #[error("the code is wrong or too old; {tries_left} more attempts")]
    CodeWrong { tries_left: u32 },
    #[error("inbox entry {id} does not exist")]
    EntryUnknown { id: String },
    #[error("suppression {id} does not exist")]
    SuppressionUnknown { id: String },
    #[error("webhook {id} does not exist")]
    EndpointUnknown { id: String },
    #[error("post {id} does not exist")]
    PostUnknown { id: String },
    #[error("expected at most {max} webhooks")]
    TooManyEndpoints { max: i64 },
    #[error("device {id} does not exist")]
    DeviceUnknown { id: String },
    #[error("expected at most {max} devices of a person")]
    TooManyDevices { max: usize },
    #[error("the request does not prove that it may: {detail}")]
    ProofInvalid { detail: String },
    #[error("the link is not one of ours")]
    LinkInvalid,
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    fn row(&self) -> Row {
        match self {
            Refusal::FieldInvalid { .. } => row(400, "A field is malformed", "A field of the request is malformed."),
            Refusal::PageSize { .. } => row(400, "Page size is out of range", "The page is too large, or empty."),
            Refusal::KindUnknown { .. } => {
                row(422, "Kind does not exist", "There is no kind of message with this name.")
            }
            Refusal::VariableMissing { .. } => {
                row(422, "A variable is missing", "The data lacks a variable that the kind needs.")
            }
            Refusal::RecipientUnreachable { .. } => row(
                422,
                "Recipient cannot be reached",
                "There is no address that the kind could use, or the address is malformed.",
            ),
            Refusal::SubjectErased { .. } => {
                row(409, "Person was erased", "Nothing is stored about a person who was erased.")
            }
            Refusal::MessageUnknown { .. } => {
                row(404, "Message does not exist", "There is no such message, or it is not this caller's.")
            }
            Refusal::MessageUnderWay { .. } => {
                row(409, "Message is under way", "All of its deliveries have been given to a provider, or have ended.")
            }
            Refusal::MailNotKept { .. } => {
                row(404, "Mail is not kept", "The message had no mail, or mails are sent and not kept.")
            }
            Refusal::DeliveryUnknown { .. } => row(404, "Delivery does not exist", "There is no such delivery."),
            Refusal::DeliveryNotDead { .. } => {
                row(409, "Delivery is not dead", "Only a dead delivery is tried again or given up.")
            }
            Refusal::ContactUnknown { .. } => {
                row(404, "Contact does not exist", "Nothing is known of this person, or they are not this caller.")
            }
            Refusal::NothingToVerify { .. } => {
                row(409, "Nothing to verify", "No new address of this kind waits to be verified.")
            }
            Refusal::CodeWrong { .. } => row(422, "Code is wrong", "The code is wrong, used, or too old."),
            Refusal::EntryUnknown { .. } => {
                row(404, "Inbox entry does not exist", "There is no such entry, or it is not this caller's.")
            }
            Refusal::SuppressionUnknown { .. } => {
                row(404, "Suppression does not exist", "There is no such suppression.")
            }
            Refusal::EndpointUnknown { .. } => {
                row(404, "Webhook does not exist", "There is no such webhook, or it is not this caller's.")
            }
            Refusal::PostUnknown { .. } => {
                row(404, "Post does not exist", "There is no such post, or its webhook is not this caller's.")
            }
            Refusal::TooManyEndpoints { .. } => row(409, "Too many webhooks", "There are as many as are accepted."),
            Refusal::DeviceUnknown { .. } => {
                row(404, "Device does not exist", "There is no such device, or it is not this caller's.")
            }
            Refusal::TooManyDevices { .. } => {
                row(409, "Too many devices", "The person has as many devices as are accepted.")
            }
            Refusal::ProofInvalid { .. } => {
                row(403, "Signature or secret is wrong", "The signature or secret of a receipt is missing or wrong.")
            }
            Refusal::LinkInvalid => {
                row(404, "Link is not valid", "The link is not one that we have sent, or it was changed.")
            }
        }
    }

    fn samples() -> Vec<Refusal> {
        let id = |kind: &str| format!("{kind}_01kppyzd5gfmra2qsx5rkvr8wb");
        let kind = || "account.money_received".to_owned();
        let ann = || "cust_ann".to_owned();
        vec![
            Refusal::field_invalid("zone", "expected a time zone such as Europe/Berlin"),
            Refusal::PageSize { given: 1_000, max: PAGE_MAX },
            Refusal::KindUnknown { kind: "account.lost".to_owned() },
            Refusal::VariableMissing { kind: kind(), variable: "amount".to_owned() },
            Refusal::RecipientUnreachable { kind: kind(), because: "cust_ann has no address for it".to_owned() },
            Refusal::SubjectErased { subject: ann() },
            Refusal::MessageUnknown { id: id("ntf") },
            Refusal::MessageUnderWay { id: id("ntf") },
            Refusal::MailNotKept { id: id("ntf") },
            Refusal::DeliveryUnknown { id: id("dlv") },
            Refusal::DeliveryNotDead { id: id("dlv"), state: "sent".to_owned() },
            Refusal::ContactUnknown { subject: ann() },
            Refusal::NothingToVerify { subject: ann() },
            Refusal::CodeWrong { tries_left: 4 },
            Refusal::EntryUnknown { id: id("dlv") },
            Refusal::SuppressionUnknown { id: id("sup") },
            Refusal::EndpointUnknown { id: id("whk") },
            Refusal::PostUnknown { id: id("whp") },
            Refusal::TooManyEndpoints { max: 10_000 },
            Refusal::DeviceUnknown { id: id("dev") },
            Refusal::TooManyDevices { max: DEVICES_MAX },
            Refusal::ProofInvalid { detail: "expected X-Twilio-Signature".to_owned() },
            Refusal::LinkInvalid,
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        match self {
            Refusal::FieldInvalid { field, .. } => Some(Cow::Owned(field.clone())),
            Refusal::PageSize { .. } => Some(Cow::Borrowed("limit")),
            Refusal::KindUnknown { .. } => Some(Cow::Borrowed("kind")),
            Refusal::VariableMissing { variable, .. } => Some(Cow::Owned(format!("data.{variable}"))),
            Refusal::RecipientUnreachable { .. } => Some(Cow::Borrowed("to")),
            Refusal::CodeWrong { .. } => Some(Cow::Borrowed("code")),
            _ => None,
        }
    }
}

impl Refusal {
    pub fn field_invalid(field: &str, detail: impl Into<String>) -> Refusal {
        Refusal::FieldInvalid { field: field.to_owned(), detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_follow_the_rules() {
        assert_eq!(error::check::<Refusal>(), Ok(()));
    }
}
