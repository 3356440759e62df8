//! What logged-in users see and change of their own account: factors, sessions, consents, the password.

use async_trait::async_trait;
use kernel::{Ctx, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{IdentityError, NewSession, Origin, User};

#[async_trait]
pub trait Security {
    /// The user of the browser's session, and the state of their account.
    async fn security(&self, ctx: &Ctx, session: Secret) -> Result<SecurityView, IdentityError>;

    /// Executes one act. Changes to a factor or the password need a recent authentication
    /// ([`IdentityError::Failed(Failure::StepUpRequired)`]).
    async fn secure(&self, ctx: &Ctx, command: SecurityStep) -> Result<SecurityReply, IdentityError>;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityView {
    pub user: User,
    /// The current one.
    pub session: String,
    pub auth_time: Timestamp,
    pub second_factor: bool,
    pub sessions: Vec<SessionView>,
    pub totp: bool,
    /// The role requires a second factor, so it cannot be removed.
    pub factor_required: bool,
    pub backup_codes_left: usize,
    pub consents: Vec<Consented>,
    /// A secret that is waiting for its first code.
    pub enrolling: Option<Enrolment>,
    /// For the forms of this session's pages; a request without it does not come from our page.
    pub form_key: Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub id: String,
    pub began_at: Timestamp,
    pub seen_at: Timestamp,
    pub address: Option<String>,
    pub agent: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consented {
    pub client: String,
    pub client_name: String,
    pub scopes: Vec<String>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enrolment {
    pub secret: Secret,
    /// `otpauth://totp/…`, for a QR code that an app scans.
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
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecurityAct {
    /// Ends all other sessions and all earlier tokens.
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
pub struct SecurityReply {
    /// `None` after a logout.
    pub view: Option<SecurityView>,
    /// Shown once.
    pub backup_codes: Vec<Secret>,
    /// Replaces the browser's session, if it was renewed.
    pub session: Option<NewSession>,
}
