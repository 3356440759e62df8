//! Replies in which each item may be an error.

use platform::error::ServiceError;
use risk_api::{Assessment, Decided, Noted, Refusal, RiskError, SubjectId};
use serde::Serialize;
use utoipa::ToSchema;

/// The decision about one subject, or an error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecidedAnswer {
    pub(super) id: SubjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) assessment: Option<Assessment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorAnswer>,
}

/// The error of one item.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorAnswer {
    #[schema(example = "subject_taken")]
    pub(super) code: String,
    pub(super) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<String>,
}

/// The result of one label: `holds`, `superseded`, `waiting` or `failed`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotedAnswer {
    pub(super) id: SubjectId,
    #[schema(example = "holds")]
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorAnswer>,
}

impl From<RiskError> for ErrorAnswer {
    fn from(error: RiskError) -> ErrorAnswer {
        let field = match &error {
            ServiceError::Refused { refusal: Refusal::FieldInvalid { field, .. }, .. } => Some(field.clone()),
            _ => None,
        };
        ErrorAnswer { code: error.code().to_owned(), detail: error.to_string(), field }
    }
}

impl From<Decided> for DecidedAnswer {
    fn from(decided: Decided) -> DecidedAnswer {
        match decided {
            Decided::Assessed(assessment) => {
                DecidedAnswer { id: assessment.id.clone(), assessment: Some(assessment), error: None }
            }
            Decided::Failed { id, error } => DecidedAnswer { id, assessment: None, error: Some(error.into()) },
        }
    }
}

impl From<Noted> for NotedAnswer {
    fn from(noted: Noted) -> NotedAnswer {
        let (id, status, error) = match noted {
            Noted::Holds { id } => (id, "holds", None),
            Noted::Superseded { id } => (id, "superseded", None),
            Noted::Waiting { id } => (id, "waiting", None),
            Noted::Failed { id, error } => (id, "failed", Some(error.into())),
        };
        NotedAnswer { id, status, error }
    }
}

/// Items of a list.
macro_rules! items {
    ($name:ident, $item:ty, $next:ty) => {
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub(super) struct $name {
            pub(super) items: Vec<$item>,
            /// For the next page; absent on the last one.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) next: Option<$next>,
        }
    };
}

pub(super) use items;

/// Makes a repeat harmless.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the frame; here for the document")]
pub(super) struct Repeatable {
    /// Makes a repeat harmless for 30 days: the same command under the same key gets the first answer again. 1 to 128 visible
    /// ASCII characters.
    #[param(rename = "Idempotency-Key", example = "promote-7", max_length = 128)]
    idempotency_key: Option<String>,
}
