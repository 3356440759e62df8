//! Logging in, step by step: what the pages call. A login is a row of its own that ends in a session, or expires.
//!
//! Invariant: no session begins before every factor that the user's role requires was proved in this login, also after
//! a forgotten password.

use async_trait::async_trait;
use kernel::{Ctx, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{IdentityError, Origin};

#[async_trait]
pub trait Login {
    /// Begins a login. Only the browser has its key.
    async fn begin_login(&self, ctx: &Ctx, command: BeginLogin) -> Result<LoginPage, IdentityError>;

    /// The login's current stage, for a page that is reloaded.
    async fn resume_login(&self, ctx: &Ctx, key: Secret) -> Result<LoginPage, IdentityError>;

    /// Takes one step. A refusal leaves the login unchanged.
    async fn login(&self, ctx: &Ctx, command: LoginStep) -> Result<LoginReply, IdentityError>;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeginLogin {
    /// One of our own paths to go to afterwards, such as `/account`.
    pub return_to: String,
    pub origin: Origin,
    /// The browser's session, if the user re-authenticates; only the same user can.
    #[serde(default)]
    pub again: Option<Secret>,
    /// A second factor is required, whatever the user's role.
    #[serde(default)]
    pub second_factor: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginStep {
    pub key: Secret,
    pub origin: Origin,
    /// The browser's [`NewSession::device`], if it still has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Secret>,
    pub act: LoginAct,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LoginAct {
    Password {
        username: String,
        password: Secret,
    },
    /// A code from an authenticator app.
    Code {
        code: Secret,
    },
    BackupCode {
        code: Secret,
    },
    /// Requests a code by e-mail or SMS, if that is allowed.
    SendCode {
        by: FactorKind,
    },
    SentCode {
        code: Secret,
    },
    /// Proves that the app has the secret of [`Stage::Enrol`].
    Enrol {
        code: Secret,
    },
    /// The user has saved the codes that were shown.
    Kept,
    /// Replaces a password that somebody else set, or that has expired.
    NewPassword {
        password: Secret,
    },
    /// The reply is the same whether or not the name is known.
    Forgot {
        username: String,
    },
    /// The code from the message. The second factor is required afterwards as usual.
    Reset {
        code: Secret,
        password: Secret,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    Totp,
    Backup,
    Email,
    Sms,
}

impl FactorKind {
    pub fn name(self) -> &'static str {
        match self {
            FactorKind::Totp => "totp",
            FactorKind::Backup => "backup",
            FactorKind::Email => "email",
            FactorKind::Sms => "sms",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoginPage {
    pub key: Secret,
    pub stage: Stage,
    pub return_to: String,
    /// The user is logged in and re-authenticates: nobody else can, and not by a forgotten password.
    #[serde(default)]
    pub again: bool,
}

/// The user's next step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Password,
    Factor {
        offered: Vec<FactorKind>,
        sent: Option<SentTo>,
    },
    /// The role requires a second factor, and there is none yet.
    Enrol {
        secret: Secret,
        uri: Secret,
    },
    /// Shown once.
    BackupCodes {
        codes: Vec<Secret>,
    },
    NewPassword,
    /// A message has been sent, if the name is known.
    Reset,
    Done,
}

/// Where a code was sent, masked: `a•••@example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentTo {
    pub by: FactorKind,
    pub masked: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoginReply {
    pub page: LoginPage,
    /// Only with [`Stage::Done`].
    pub session: Option<NewSession>,
    /// Remaining backup codes, if one was used.
    #[serde(default)]
    pub backup_codes_left: Option<usize>,
}

/// The browser's new cookies, replacing the previous ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewSession {
    pub cookie: Secret,
    pub expires_at: Timestamp,
    /// After a login: the cookie that marks this browser as known for this user. Kept beyond the session, and beyond a
    /// logout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Secret>,
}
