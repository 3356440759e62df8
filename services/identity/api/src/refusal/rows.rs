//! One row per refusal: its HTTP status, its title, when it happens, and a sample for the API document.

use platform::error::{Row, row};

use super::Refusal::*;
use super::{OAuthError, Refusal};

#[rustfmt::skip]
pub(super) fn of(refusal: &Refusal) -> Row {
    match refusal {
        FieldInvalid { .. } => row(400, "A field is not valid", "A field is missing, unknown or malformed; `errors` names it."),
        PageSize { .. } => row(400, "Page size is out of range", "`limit` is not between 1 and the maximum."),
        WrongCredentials => row(401, "Name and password do not match", "On the login page: an unknown name, a wrong password and a disabled account look the same."),
        TooManyFailures { .. } => row(429, "Too many attempts failed", "Too many attempts failed for this account or from this address."),
        LoginUnknown => row(400, "The login has expired", "On the login page: the login has expired, or the browser sent no cookie."),
        StepOutOfTurn => row(409, "Not the next step", "On the login page: the login is at a different step, perhaps in another window."),
        WrongCode => row(401, "The code is wrong", "On the login page: the code is wrong, expired, or used."),
        ChannelOff { .. } => row(403, "Codes are not sent this way", "On the login page: codes are not sent this way."),
        NotLoggedIn => row(401, "Not logged in", "On the account page: the session has ended."),
        PasswordTooShort { .. } => row(400, "The password is too short", "On a page: the new password has fewer than 12 characters."),
        PasswordTooLong { .. } => row(400, "The password is too long", "On a page: the new password has more than 256 bytes."),
        PasswordTooWeak { .. } => row(400, "The password is easy to guess", "On a page: the new password is easy to guess."),
        PasswordBreached => row(400, "The password is in a list of stolen passwords", "On a page: the new password is in lists that attackers try first."),
        PasswordUnchanged => row(400, "The password is unchanged", "On a page: the new password is the same as the old one."),
        FactorExists => row(409, "There is already a second factor", "On the account page: an authenticator app is already set up."),
        FactorMissing => row(409, "There is no second factor", "On the account page: there is no second factor to remove."),
        FactorRequired => row(409, "A second factor is needed", "On the account page: the role needs a second factor, so it cannot be removed."),
        NotFound { .. } => row(404, "Not found", "It does not exist."),
        Taken { .. } => row(409, "The name is taken", "The name is taken. A repeated create also gets this."),
        LastAdmin => row(409, "The last administrator", "No administrator would be left."),
        BuiltIn { .. } => row(409, "Built in", "It is built in. Create your own instead."),
        RoleInUse { .. } => row(409, "The role is in use", "Remove the role from all users and clients first."),
        ReachesFurther { .. } => row(403, "More than you hold", "It grants, or its holder has, more than you hold with this token. A user who holds as much can do it."),
        PolicyInvalid { .. } => row(400, "The policy is invalid", "The text is not a single Cedar policy, or names something that does not exist."),
        TooMany { .. } => row(400, "Too many", "There are more than the maximum."),
        OAuth { error, .. } => row(error.status(), "Refused by the authorization server", "At the OAuth endpoints, in the standard's form."),
    }
}

#[rustfmt::skip]
pub(super) fn samples() -> Vec<Refusal> {
    vec![
        FieldInvalid { field: "username".to_owned(), detail: "is empty".to_owned() },
        PageSize { given: 1_001, max: 1_000 },
        WrongCredentials,
        TooManyFailures { retry_after_s: 30 },
        LoginUnknown,
        StepOutOfTurn,
        WrongCode,
        ChannelOff { channel: "sms".to_owned() },
        NotLoggedIn,
        PasswordTooShort { min: 12 },
        PasswordTooLong { max: 256 },
        PasswordTooWeak { detail: "a password is not made of one's own name".to_owned() },
        PasswordBreached,
        PasswordUnchanged,
        FactorExists,
        FactorMissing,
        FactorRequired,
        NotFound { what: "user".to_owned(), name: "usr_01kppyy0k0f4g8n1vpdkpr5g3a".to_owned() },
        Taken { what: "username".to_owned(), name: "ann@example.com".to_owned() },
        LastAdmin,
        BuiltIn { what: "role".to_owned(), name: "customer".to_owned() },
        RoleInUse { role: "auditor".to_owned(), holders: 3 },
        ReachesFurther { what: "role".to_owned(), name: "admin".to_owned() },
        PolicyInvalid { detail: "unexpected end of input at line 1".to_owned() },
        TooMany { what: "roles".to_owned(), given: 33, max: 32 },
        OAuth { error: OAuthError::InvalidClient, description: "the client is unknown, or its secret is wrong".to_owned() },
    ]
}
