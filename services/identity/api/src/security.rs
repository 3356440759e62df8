//! What a person who is logged in sees and changes of their own account: factors, sessions, consents, the password.

use async_trait::async_trait;
use kernel::{Ctx, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{IdentityError, NewSession, Origin, User};

#[async_trait]
pub trait Security {
    /// Who the browser's session belongs to, and how their account stands.
    async fn security(&self, ctx: &Ctx, session: Secret) -> Result<SecurityView, IdentityError>;

    /// Carries one act out. What changes a factor or the password asks for a proof of the last minutes ([`IdentityError::Failed(Failure::StepUpRequired)`]).
    async fn secure(&self, ctx: &Ctx, command: SecurityStep) -> Result<SecurityReply, IdentityError>;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityView {
    pub user: User,
    /// The one that asks.
    pub session: String,
    pub auth_time: Timestamp,
    pub second_factor: bool,
    pub sessions: Vec<SessionView>,
    pub totp: bool,
    /// The role asks for a second factor, so that it cannot be removed.
    pub factor_required: bool,
    pub backup_codes_left: usize,
    pub consents: Vec<Consented>,
    /// A secret that waits for the first code.
    pub enrolling: Option<Enrolment>,
    /// For the forms of this session's pages; what comes without it is not from our page.
    pub form_key: Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionView {
    pub id: String,
    pub began_at: Timestamp,
    pub seen_at: Timestamp,
    pub address: Option<String>,
    pub agent: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consented {
    pub client: String,
    pub client_name: String,
    pub scopes: Vec<String>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    pub secret: Secret,
    /// `otpauth://totp/…`, for a picture that an app reads.
    pub uri: Secret,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityStep {
    pub session: Secret,
    /// From the page's form.
    pub form_key: Secret,
    pub origin: Origin,
    pub act: SecurityAct,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityAct {
    /// Ends all other sessions and all tokens of before.
    ChangePassword {
        old: Secret,
        new: Secret,
    },
    BeginTotp,
    ConfirmTotp {
        code: Secret,
    },
    RemoveTotp,
    NewBackupCodes,
    EndSession {
        id: String,
    },
    EndOtherSessions,
    WithdrawConsent {
        client: String,
    },
    LogOut,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityReply {
    /// None behind a log-out.
    pub view: Option<SecurityView>,
    /// Shown once.
    pub backup_codes: Vec<Secret>,
    /// In place of the browser's session, where it was made anew.
    pub session: Option<NewSession>,
}
