//! Users: who has an account, which roles they have, and how administrators change that.

use async_trait::async_trait;
use kernel::{Ctx, Id, IdKind, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::IdentityError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {}

impl IdKind for UserKind {
    const PREFIX: &'static str = "usr";
}

pub type UserId = Id<UserKind>;

/// Needs permissions on `users`: read, create, change. Changes need a recent authentication.
#[async_trait]
pub trait People {
    async fn create_user(&self, ctx: &Ctx, command: CreateUser) -> Result<NewUser, IdentityError>;
    async fn user(&self, ctx: &Ctx, id: UserId) -> Result<User, IdentityError>;
    async fn users(&self, ctx: &Ctx, query: UserQuery) -> Result<UserPage, IdentityError>;
    async fn change_user(&self, ctx: &Ctx, command: ChangeUser) -> Result<NewUser, IdentityError>;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The login name, compared without case.
    #[schema(example = "ann@example.com")]
    pub username: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
    /// In the international form, `+4930123456`.
    #[serde(default)]
    pub phone: Option<String>,
    /// The owner of this user's objects elsewhere, such as accounts; the user's id by default.
    #[serde(default)]
    #[schema(example = "cust_ann")]
    pub subject: Option<String>,
    /// Role names; the first of customer, employee and admin among them determines the kind of user.
    #[schema(example = json!(["customer"]))]
    pub roles: Vec<String>,
}

/// A user, and their one-time password if one was created. The password is shown only here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewUser {
    pub user: User,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub one_time_password: Option<Secret>,
    /// The same command was executed before; the user is shown as it is now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// The field that only the first answer had: its value is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}

impl NewUser {
    pub fn first(user: User, one_time_password: Option<Secret>) -> NewUser {
        NewUser { user, one_time_password, replayed: false, withheld: None }
    }

    /// `with_password`: the first answer had one.
    pub fn again(user: User, with_password: bool) -> NewUser {
        let withheld = with_password.then(|| "one_time_password".to_owned());
        NewUser { user, one_time_password: None, replayed: true, withheld }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    #[schema(value_type = String)]
    pub id: UserId,
    pub username: String,
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub subject: String,
    /// customer, employee or admin.
    pub kind: String,
    pub roles: Vec<String>,
    pub status: UserStatus,
    pub second_factor: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_login_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    Active,
    Disabled,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserQuery {
    /// Usernames with this prefix.
    pub username: Option<String>,
    pub role: Option<String>,
    /// After this user.
    pub after: Option<UserId>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPage {
    pub users: Vec<User>,
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    pub id: UserId,
    pub change: UserChange,
}

/// Whatever makes a user's tokens out of date also ends their tokens and sessions, at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum UserChange {
    SetRoles {
        roles: Vec<String>,
    },
    SetContact {
        name: Option<String>,
        email: Option<String>,
        phone: Option<String>,
    },
    Disable,
    Enable,
    /// A new one-time password; the second factor stays.
    ResetPassword,
    /// For a user who has lost the phone and the backup codes. If the role requires a second factor, the next login
    /// asks for a new one.
    RemoveFactors,
    EndSessions,
}
