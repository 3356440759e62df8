//! Every refusal in words for the public. Texts meant for programs are not shown to people.

use identity_api::{IdentityError, Refusal};
use platform::error::Failure;

pub(super) fn said(error: &IdentityError) -> String {
    match error {
        IdentityError::Refused { refusal, .. } => refused(refusal),
        IdentityError::Failed(Failure::Forbidden) => "You are not allowed to do this.".to_owned(),
        IdentityError::Failed(Failure::StepUpRequired { .. }) => "Please confirm that it is you.".to_owned(),
        IdentityError::Failed(Failure::Overloaded) => "Very many people are logging in at the moment.".to_owned(),
        IdentityError::Failed(Failure::DeadlineExceeded)
        | IdentityError::Failed(Failure::AccessStale)
        | IdentityError::Failed(Failure::Unavailable)
        | IdentityError::Failed(Failure::StorageFull) => {
            "This part of our service cannot be reached at the moment.".to_owned()
        }
        IdentityError::Failed(Failure::OutcomeUnknown) => {
            "The connection was lost on our side. Check whether it worked before you try again.".to_owned()
        }
        IdentityError::Failed(Failure::NotFound) => "This no longer exists.".to_owned(),
        IdentityError::Failed(
            Failure::IdempotencyMissing
            | Failure::IdempotencyKeyTaken
            | Failure::IdempotencyKeyBusy
            | Failure::EventsGone { .. }
            | Failure::CursorAhead { .. }
            | Failure::ClockBehind,
        ) => "This cannot be done at the moment.".to_owned(),
        IdentityError::Failed(Failure::Internal) => "Something went wrong on our side. We have been told.".to_owned(),
    }
}

fn refused(refusal: &Refusal) -> String {
    let text = match refusal {
        Refusal::WrongCredentials => "The name and the password do not match.",
        Refusal::TooManyFailures { retry_after_s } => return too_many(*retry_after_s),
        Refusal::LoginUnknown => "This login has expired.",
        Refusal::StepOutOfTurn => "You have already done this step.",
        Refusal::WrongCode => "This code is wrong or has expired.",
        Refusal::ChannelOff { .. } => "We do not send codes this way.",
        Refusal::NotLoggedIn => "You are no longer logged in.",
        Refusal::PasswordTooShort { min } => return format!("Use at least {min} characters."),
        Refusal::PasswordTooLong { .. } => "This password is too long.",
        Refusal::PasswordTooWeak { .. } => "This password is easy to guess. Choose another one.",
        Refusal::PasswordBreached => {
            "This password was stolen from other websites, and attackers try it first. Choose another one."
        }
        Refusal::PasswordUnchanged => "You already use this password. Choose another one.",
        Refusal::FactorExists => "An authenticator app is already set up.",
        Refusal::FactorMissing => "No authenticator app is set up.",
        Refusal::FactorRequired => "Your account needs two-step login, so it cannot be turned off.",
        Refusal::NotFound { .. } => "This no longer exists.",
        Refusal::TooMany { what, max, .. } if what == "messages" => {
            return format!("We send {max} codes in one login. Log in again to get another one.");
        }
        Refusal::FieldInvalid { .. } => "Something in the form is not right. Check it and try again.",
        Refusal::PageSize { .. }
        | Refusal::Taken { .. }
        | Refusal::LastAdmin
        | Refusal::BuiltIn { .. }
        | Refusal::RoleInUse { .. }
        | Refusal::ReachesFurther { .. }
        | Refusal::PolicyInvalid { .. }
        | Refusal::TooMany { .. }
        | Refusal::OAuth { .. } => "This cannot be done.",
    };
    text.to_owned()
}

fn too_many(seconds: u32) -> String {
    let wait = match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    };
    format!("Too many attempts failed. Wait {wait}, then try again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::api;

    #[test]
    fn every_refusal_is_in_words_for_the_public() {
        for error in api::one_of_each() {
            let said = said(&error);
            assert!(said.starts_with(char::is_uppercase) && said.ends_with('.'), "{said}");
            for jargon in ["_", "token", "client", "principal", "OAuth", "session", "factor", "{", "invalid", "`"] {
                assert!(!said.contains(jargon), "{jargon} in: {said}");
            }
        }
    }

    #[test]
    fn after_the_last_code_the_user_is_told_what_to_do() {
        let told = said(&Refusal::TooMany { what: "messages".to_owned(), given: 4, max: 3 }.into());
        assert_eq!(told, "We send 3 codes in one login. Log in again to get another one.");
    }

    #[test]
    fn a_wait_is_shown_in_a_fitting_unit() {
        let wait = |retry_after_s| said(&Refusal::TooManyFailures { retry_after_s }.into());
        assert_eq!(wait(30), "Too many attempts failed. Wait 30 seconds, then try again.");
        assert_eq!(wait(900), "Too many attempts failed. Wait 15 minutes, then try again.");
        assert!(wait(1).contains("Wait a second,"));
    }
}
