//! The page of each stage of a login.

use identity_api::{FactorKind, LoginPage, SentTo, Stage};
use kernel::Secret;
use maud::{Markup, html};

use super::codes;
use super::frame::Page;
use super::login::Way;
use super::parts::{Field, Wrong, alert, button_form, form, submit, title};
use crate::http::browser::{form_key, leads_to};

/// What a page shows besides its stage.
pub(super) struct Shown<'a> {
    pub(super) wrong: Option<&'a Wrong>,
    /// What was entered before, so that it need not be entered again.
    pub(super) username: Option<&'a str>,
}

pub(super) fn page(login: &LoginPage, way: Way, shown: &Shown<'_>) -> Page {
    let key = form_key(&login.key);
    let (heading, content) = match (&login.stage, way) {
        (Stage::Password, _) if login.again => ("Confirm that it is you", password_again(&key, shown)),
        (Stage::Password, Way::Forgot) => ("Forgotten password", forgot(&key, shown)),
        (Stage::Password, _) => ("Log in", password(&key, shown)),
        (Stage::Factor { offered, sent }, way) => factor(&key, offered, sent.as_ref(), way, shown),
        (Stage::Enrol { secret, uri }, _) => ("Set up two-step login", enrol(&key, secret, uri, shown)),
        (Stage::BackupCodes { codes }, _) => ("Your backup codes", backup_codes(&key, codes)),
        (Stage::NewPassword, _) => ("Choose a new password", new_password(&key, shown)),
        (Stage::Reset, _) => ("Check your messages", reset(&key, shown)),
        (Stage::Done, _) => ("You are logged in", html! {}),
    };
    let content = html! { h1 { (heading) } (alert(shown.wrong)) (content) };
    Page::new(&title(heading, shown.wrong), content).leading_to(leads_to(&login.return_to))
}

fn password(key: &Secret, shown: &Shown<'_>) -> Markup {
    html! {
        (password_form(key, shown))
        p.aside { a href="/login/forgot" { "Forgot your password?" } }
    }
}

/// A different user, or one who has forgotten the password, cannot continue here.
fn password_again(key: &Secret, shown: &Shown<'_>) -> Markup {
    html! {
        p { "What you are about to do needs a fresh login. It takes a moment and keeps your account safe." }
        (password_form(key, shown))
        p.aside { a href="/account" { "Back to your account" } }
    }
}

fn password_form(key: &Secret, shown: &Shown<'_>) -> Markup {
    let known = shown.username.is_some_and(|name| !name.is_empty());
    let name = Field::new("username", "Name or e-mail address", "username").value(shown.username.unwrap_or_default());
    let name = if known { name } else { name.first() };
    let password = Field::password("password", "Password", "current-password");
    let fields = html! { (name.render(shown.wrong)) (password.render(shown.wrong)) (submit("Log in")) };
    form("/login/password", key, &fields)
}

fn forgot(key: &Secret, shown: &Shown<'_>) -> Markup {
    let name = Field::new("username", "Name or e-mail address", "username")
        .hint("If we know it, we send a message with a code to the address that you gave us.")
        .value(shown.username.unwrap_or_default())
        .first();
    html! {
        (form("/login/send-reset-code", key, &html! { (name.render(shown.wrong)) (submit("Send me a code")) }))
        p.aside { a href="/login" { "Back to logging in" } }
    }
}

fn reset(key: &Secret, shown: &Shown<'_>) -> Markup {
    let code = Field::code("code", "Code from the message").first();
    html! {
        p { "If there is an account with this name, a message with a code is on its way. It is valid for a few minutes." }
        (form("/login/reset", key, &html! { (code.render(shown.wrong)) (chosen().render(shown.wrong)) (submit("Set the new password")) }))
        (from_the_beginning(key))
    }
}

fn chosen() -> Field {
    Field::password("password", "New password", "new-password")
        .hint("At least 12 characters. Three or four words in a row are easy to remember and hard to guess.")
}

fn new_password(key: &Secret, shown: &Shown<'_>) -> Markup {
    html! {
        p { "The password that you used was set by somebody else, or has expired. Choose one that only you know." }
        (form("/login/new-password", key, &html! { (chosen().first().render(shown.wrong)) (submit("Save the password")) }))
        (from_the_beginning(key))
    }
}

fn factor(
    key: &Secret,
    offered: &[FactorKind],
    sent: Option<&SentTo>,
    way: Way,
    shown: &Shown<'_>,
) -> (&'static str, Markup) {
    let has = |kind| offered.contains(&kind);
    let (heading, content) = match (sent, way) {
        (_, Way::BackupCode) => ("Use a backup code", backup_code(key, shown)),
        (Some(sent), Way::Usual | Way::Forgot) => ("Enter the code that we sent", sent_code(key, sent, shown)),
        _ if has(FactorKind::Totp) => ("Second step", app_code(key, shown)),
        _ => ("Second step", html! { p { "Choose how you want to confirm that it is you." } }),
    };
    let (email, sms) = match sent {
        None => ("Send me a code by e-mail", "Send me a code by text message"),
        Some(_) => ("Send another by e-mail", "Send another by text message"),
    };
    let on_backup = way == Way::BackupCode;
    let on_app = heading == "Second step";
    let others = html! {
        div.others {
            @if has(FactorKind::Totp) && !on_app { p { a href="/login/app" { "Use the authenticator app" } } }
            @if has(FactorKind::Backup) && !on_backup { p { a href="/login/backup" { "Use a backup code" } } }
            @if has(FactorKind::Email) { (button_form("/login/send-email", key, "quiet", email)) }
            @if has(FactorKind::Sms) { (button_form("/login/send-sms", key, "quiet", sms)) }
        }
    };
    (heading, html! { (content) (others) (from_the_beginning(key)) })
}

fn app_code(key: &Secret, shown: &Shown<'_>) -> Markup {
    let code = Field::code("code", "Code").hint("The six digits that your authenticator app shows for Florin.").first();
    form("/login/code", key, &html! { (code.render(shown.wrong)) (submit("Continue")) })
}

fn backup_code(key: &Secret, shown: &Shown<'_>) -> Markup {
    let code = Field::new("code", "Backup code", "off")
        .hint("One of those that you printed or wrote down. Each works once.")
        .first();
    form("/login/backup-code", key, &html! { (code.render(shown.wrong)) (submit("Continue")) })
}

fn sent_code(key: &Secret, sent: &SentTo, shown: &Shown<'_>) -> Markup {
    let code = Field::code("code", "Code").first();
    html! {
        p { "We sent a code to " strong { (sent.masked) } ". It is valid for five minutes." }
        (form("/login/sent-code", key, &html! { (code.render(shown.wrong)) (submit("Continue")) }))
    }
}

fn enrol(key: &Secret, secret: &Secret, uri: &Secret, shown: &Shown<'_>) -> Markup {
    let code = Field::code("code", "Code from the app");
    html! {
        p { "Your account needs a second step at login: a code from an app on your phone. You set it up once." }
        (codes::enrolment(secret, uri))
        (form("/login/enrol", key, &html! { (code.render(shown.wrong)) (submit("Turn it on")) }))
        (from_the_beginning(key))
    }
}

fn backup_codes(key: &Secret, shown: &[Secret]) -> Markup {
    html! {
        (codes::backup_codes(shown))
        (form("/login/kept", key, &submit("I have saved them")))
    }
}

/// After a login with a backup code, before the user continues.
pub(super) fn backup_codes_left(left: usize, return_to: &str) -> Page {
    let heading = if left == 0 { "That was your last backup code" } else { "You used a backup code" };
    let content = html! {
        h1 { (heading) }
        @match left {
            0 => { p { "Create new ones now, on your account page under “Two-step login”. Without them and without your phone you cannot log in." } },
            1 => { p { "One is left. Create new ones soon, on your account page under “Two-step login”." } },
            _ => { p { "You have " strong { (left) } " left. You can create new ones on your account page." } },
        }
        p.actions { a.button.primary href=(return_to) { "Continue" } }
    };
    Page::new(heading, content)
}

fn from_the_beginning(key: &Secret) -> Markup {
    html! { div.aside { (button_form("/login/restart", key, "link", "Log in with another name")) } }
}
