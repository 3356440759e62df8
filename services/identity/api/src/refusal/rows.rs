//! One row a refusal: its HTTP status, its title, when it happens, and one of each as the API's document shows it.

use platform::error::{Row, row};

use super::Refusal::*;
use super::{OAuthError, Refusal};

#[rustfmt::skip]
pub(super) fn of(refusal: &Refusal) -> Row {
    match refusal {
        FieldInvalid { .. } => row(400, "A field is not valid", "A field is missing, unknown or has the wrong form; `errors` names it."),
        PageSize { .. } => row(400, "A page has another size", "limit is not between 1 and the most that one answer holds."),
        WrongCredentials => row(401, "Name and password do not fit together", "On the login page: an unknown name, a wrong password and a disabled account look the same."),
        TooManyFailures { .. } => row(429, "Too many attempts failed", "Too many attempts failed for this account or from this address."),
        LoginUnknown => row(400, "The login has expired", "On the login page: the login has expired, or the browser sent no cookie."),
        StepOutOfTurn => row(409, "Not the next step", "On the login page: the login has moved on, in another window perhaps."),
        WrongCode => row(401, "The code is not right", "On the login page: the code is wrong, old, or was used."),
        ChannelOff { .. } => row(403, "Codes are not sent this way", "On the login page: codes are not sent this way."),
        NotLoggedIn => row(401, "Nobody is logged in", "On the account page: the session has ended."),
        PasswordTooShort { .. } => row(400, "The password is too short", "On a page: the new password has fewer than 12 characters."),
        PasswordTooLong { .. } => row(400, "The password is too long", "On a page: the new password has more than 256 bytes."),
        PasswordTooWeak { .. } => row(400, "The password is easy to guess", "On a page: the new password is easy to guess."),
        PasswordBreached => row(400, "The password was stolen elsewhere", "On a page: the new password is in lists that attackers try first."),
        PasswordUnchanged => row(400, "The password is the old one", "On a page: the new password is the old one."),
        FactorExists => row(409, "There is a second factor already", "On the account page: an authenticator app is there already."),
        FactorMissing => row(409, "There is no second factor", "On the account page: no second factor is there to remove."),
        FactorRequired => row(409, "A second factor has to be there", "On the account page: the role asks for a second factor, so it cannot be removed."),
        NotFound { .. } => row(404, "Not found", "It does not exist."),
        Taken { .. } => row(409, "The name is taken", "The name is taken; a repeat of what was created finds it so, too."),
        LastAdmin => row(409, "The last administrator", "Nobody would be left who can administer."),
        BuiltIn { .. } => row(409, "Comes with the product", "It comes with the product. Make one of your own."),
        RoleInUse { .. } => row(409, "The role is in use", "Take the role from everybody first."),
        ReachesFurther { .. } => row(403, "More than you hold", "It grants, or its holder has, more than you hold with this token. Somebody who holds as much can do it."),
        PolicyInvalid { .. } => row(400, "The policy is not understood", "The text is not one policy of the Cedar language, or names what does not exist."),
        TooMany { .. } => row(400, "Too many", "More than there may be."),
        OAuth { error, .. } => row(error.status(), "Refused by the authorization server", "At the endpoints of OAuth, in the form of its standard."),
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
