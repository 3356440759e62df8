//! Proving who one is, step by step: what the pages call. A login is a row of its own that ends in a session, or in nothing.
//!
//! Invariant: no session begins before every factor that the person's role asks for was proved in this login, behind a
//! forgotten password too.

use async_trait::async_trait;
use kernel::{Ctx, Secret, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{IdentityError, Origin};

#[async_trait]
pub trait Login {
    /// Begins. The browser keeps the key, and nobody else has it.
    async fn begin_login(&self, ctx: &Ctx, command: BeginLogin) -> Result<LoginPage, IdentityError>;

    /// Where a login stands, for a page that is loaded again.
    async fn resume_login(&self, ctx: &Ctx, key: Secret) -> Result<LoginPage, IdentityError>;

    /// Takes one step. A refusal leaves the login where it was.
    async fn login(&self, ctx: &Ctx, command: LoginStep) -> Result<LoginReply, IdentityError>;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeginLogin {
    /// A path of ours to go to afterwards, such as `/account`.
    pub return_to: String,
    pub origin: Origin,
    /// The session that the browser has, where the person shall prove again who they are; only the same person may.
    #[serde(default)]
    pub again: Option<Secret>,
    /// A second factor is wanted, whatever the person's role asks for.
    #[serde(default)]
    pub second_factor: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginStep {
    pub key: Secret,
    pub origin: Origin,
    /// What the browser was given with [`NewSession::device`], if it has it still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Secret>,
    pub act: LoginAct,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginAct {
    Password {
        username: String,
        password: Secret,
    },
    /// Of an authenticator app.
    Code {
        code: Secret,
    },
    BackupCode {
        code: Secret,
    },
    /// Asks for a code by e-mail or SMS, where that is allowed.
    SendCode {
        by: FactorKind,
    },
    SentCode {
        code: Secret,
    },
    /// Shows that the app has taken over the secret of [`Stage::Enrol`].
    Enrol {
        code: Secret,
    },
    /// The person has kept the codes that were shown.
    Kept,
    /// In place of one that was given by somebody else, or has expired.
    NewPassword {
        password: Secret,
    },
    /// The answer is the same whether the name is known or not.
    Forgot {
        username: String,
    },
    /// The code from the message. The second factor is asked for afterwards as always.
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
#[serde(deny_unknown_fields)]
pub struct LoginPage {
    pub key: Secret,
    pub stage: Stage,
    pub return_to: String,
    /// The person is logged in and proves again who they are: nobody else may, and not by a forgotten password.
    #[serde(default)]
    pub again: bool,
}

/// What the person does next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Password,
    Factor {
        offered: Vec<FactorKind>,
        sent: Option<SentTo>,
    },
    /// The role asks for a second factor, and there is none yet.
    Enrol {
        secret: Secret,
        uri: Secret,
    },
    /// Shown once.
    BackupCodes {
        codes: Vec<Secret>,
    },
    NewPassword,
    /// A message is on its way, if the name is known.
    Reset,
    Done,
}

/// Where a code went, told in a way that gives nothing away: `a•••@example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentTo {
    pub by: FactorKind,
    pub masked: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginReply {
    pub page: LoginPage,
    /// With [`Stage::Done`].
    pub session: Option<NewSession>,
    /// Backup codes that are left, where one was used.
    #[serde(default)]
    pub backup_codes_left: Option<usize>,
}

/// What the browser keeps from now on, in place of what it had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    pub cookie: Secret,
    pub expires_at: Timestamp,
    /// Behind a login: that this browser has logged this person in. Kept beyond the session, and beyond a logout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Secret>,
}
