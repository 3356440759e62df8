//! The account pages.

use identity_api::{Consented, Enrolment, SecurityView, SessionView};
use kernel::{Secret, Timestamp};
use maud::{Markup, html};

use super::frame::Page;
use super::parts::{Field, Wrong, alert, button_form, form, notice, submit, title};
use super::{agent, codes, scopes};

pub(super) fn overview(view: &SecurityView, done: Option<&str>, wrong: Option<&Wrong>) -> Page {
    let user = &view.user;
    let content = html! {
        div.top {
            div {
                h1 { "Your account" }
                p.who { (user.name.as_deref().unwrap_or(&user.username)) @if user.name.is_some() { span { (user.username) } } }
            }
            (button_form("/logout", &view.form_key, "quiet", "Log out"))
        }
        (alert(wrong))
        (notice(done.and_then(done_words)))
        (password_section())
        (second_step(view))
        (sessions(view))
        (consents(view))
    };
    Page::new(&title("Your account", wrong), content).wide()
}

fn done_words(done: &str) -> Option<&'static str> {
    Some(match done {
        "password" => "Your password was changed. You are logged out everywhere else.",
        "app" => "Two-step login is on.",
        "no-app" => "Two-step login is off.",
        "codes" => "You have new backup codes.",
        "ended" => "That login has ended.",
        "others" => "You are logged out everywhere else.",
        "withdrawn" => "The app can no longer use your account.",
        _ => return None,
    })
}

fn password_section() -> Markup {
    html! {
        section aria-labelledby="password-heading" {
            h2 id="password-heading" { "Password" }
            p { "Change it if you think that somebody else knows it." }
            p.actions { a.button.quiet href="/account/password" { "Change the password" } }
        }
    }
}

fn second_step(view: &SecurityView) -> Markup {
    let left = view.backup_codes_left;
    html! {
        section aria-labelledby="second-heading" {
            h2 id="second-heading" {
                "Two-step login "
                @if view.totp { span.state.on { "On" } } @else { span.state { "Off" } }
            }
            @if view.totp {
                p { "After your password you enter a code from an app on your phone." }
                p.warn[left <= 2] {
                    @match left {
                        0 => "You have no backup codes left. Create new ones now, or you cannot log in without your phone.",
                        1 => "You have one backup code left. Create new ones soon.",
                        _ => { "You have " strong { (left) } " backup codes left." }
                    }
                }
                p.actions {
                    a.button.quiet href="/account/backup-codes" { "Create new backup codes" }
                    a.button.quiet href="/account/app" { "Authenticator app" }
                }
            } @else {
                p { "A code from an app on your phone keeps others out, even if they know your password." }
                p.actions { a.button.quiet href="/account/app" { "Set it up" } }
            }
        }
    }
}

fn sessions(view: &SecurityView) -> Markup {
    html! {
        section aria-labelledby="sessions-heading" {
            h2 id="sessions-heading" { "Where you are logged in" }
            ul.rows { @for session in &view.sessions { (session_row(view, session)) } }
            @if view.sessions.len() > 1 {
                (button_form("/account/end-others", &view.form_key, "quiet", "Log out everywhere else"))
            }
        }
    }
}

fn session_row(view: &SecurityView, session: &SessionView) -> Markup {
    let here = session.id == view.session;
    let browser = agent::said(session.agent.as_deref());
    let label = format!("End {browser}, since {}", short(session.began_at));
    html! {
        li {
            div {
                strong { (browser) }
                @if here { " " span.state.on { "This one" } }
                p.detail {
                    @if let Some(address) = &session.address { (address) " · " }
                    "since " (time(session.began_at)) " · last used " (time(session.seen_at))
                }
            }
            @if !here {
                (form("/account/end-session", &view.form_key, &html! {
                    input type="hidden" name="id" value=(session.id);
                    button.quiet type="submit" aria-label=(label) { "End" }
                }))
            }
        }
    }
}

fn consents(view: &SecurityView) -> Markup {
    html! {
        section aria-labelledby="apps-heading" {
            h2 id="apps-heading" { "Apps with access to your account" }
            @if view.consents.is_empty() { p { "None." } }
            ul.rows { @for consent in &view.consents { (consent_row(view, consent)) } }
        }
    }
}

fn consent_row(view: &SecurityView, consent: &Consented) -> Markup {
    let can: Vec<String> = consent.scopes.iter().map(|scope| scopes::said(scope)).collect();
    html! {
        li {
            div {
                strong { (consent.client_name) }
                p.detail { "May " (can.join(", ")) ". Since " (time(consent.at)) "." }
            }
            (form("/account/withdraw", &view.form_key, &html! {
                input type="hidden" name="client" value=(consent.client);
                button.quiet type="submit" aria-label={ "Withdraw from " (consent.client_name) } { "Withdraw" }
            }))
        }
    }
}

pub(super) fn confirm(view: &SecurityView, to: &str) -> Page {
    let content = html! {
        h1 { "Please confirm that it is you" }
        p { "You logged in a while ago. Log in again before you change something here." }
        (form("/account/confirm", &view.form_key, &html! {
            input type="hidden" name="to" value=(to);
            (submit("Continue"))
        }))
        (back())
    };
    Page::new("Please confirm that it is you", content)
}

pub(super) fn password(view: &SecurityView, wrong: Option<&Wrong>) -> Page {
    let old = Field::password("old", "Present password", "current-password").first();
    let new = Field::password("new", "New password", "new-password")
        .hint("At least 12 characters. Three or four words in a row are easy to remember and hard to guess.");
    let content = html! {
        h1 { "Change your password" }
        (alert(wrong))
        p { "You stay logged in here and are logged out everywhere else." }
        (form("/account/change-password", &view.form_key, &html! {
            // For password managers, which otherwise do not know whose password this is.
            input.away type="text" name="username" value=(view.user.username) autocomplete="username" readonly tabindex="-1" aria-hidden="true";
            (old.render(wrong)) (new.render(wrong)) (submit("Change the password"))
        }))
        (back())
    };
    Page::new(&title("Change your password", wrong), content)
}

pub(super) fn app(view: &SecurityView, wrong: Option<&Wrong>) -> Page {
    let content = match (&view.enrolling, view.totp) {
        (Some(enrolling), _) => enrol(&view.form_key, enrolling, wrong),
        (None, true) => app_is_on(view),
        (None, false) => html! {
            p { "You need a phone with an authenticator app. Setting it up takes a minute." }
            (form("/account/begin-app", &view.form_key, &submit("Set it up")))
        },
    };
    let content = html! { h1 { "Authenticator app" } (alert(wrong)) (content) (back()) };
    Page::new(&title("Authenticator app", wrong), content)
}

fn enrol(key: &Secret, enrolling: &Enrolment, wrong: Option<&Wrong>) -> Markup {
    let code = Field::code("code", "Code from the app");
    html! {
        (codes::enrolment(&enrolling.secret, &enrolling.uri))
        (form("/account/confirm-app", key, &html! { (code.render(wrong)) (submit("Turn it on")) }))
    }
}

fn app_is_on(view: &SecurityView) -> Markup {
    html! {
        p { "Two-step login is on." }
        @if view.factor_required {
            p { "Your account requires it. If you want to use another phone, ask your administrator to reset it." }
        } @else {
            p { "If you turn it off, your password alone is enough to log in." }
            (form("/account/remove-app", &view.form_key, &html! { button.danger type="submit" { "Turn it off" } }))
        }
    }
}

pub(super) fn backup_codes(view: &SecurityView, wrong: Option<&Wrong>) -> Page {
    let content = html! {
        h1 { "Backup codes" }
        (alert(wrong))
        p { "With a backup code you can log in when your phone is not at hand. You have " strong { (view.backup_codes_left) } " left." }
        p { "If you create new ones, the old ones stop working." }
        (form("/account/new-backup-codes", &view.form_key, &submit("Create new backup codes")))
        (back())
    };
    Page::new(&title("Backup codes", wrong), content)
}

pub(super) fn new_codes(shown: &[Secret], with_app: bool) -> Page {
    let content = html! {
        h1 { "Your backup codes" }
        @if with_app { (notice(Some("Two-step login is on."))) }
        (codes::backup_codes(shown))
        p.actions { a.button.primary href="/account" { "I have saved them" } }
    };
    Page::new("Your backup codes", content)
}

fn back() -> Markup {
    html! { p.aside { a href="/account" { "Back to your account" } } }
}

/// To the minute; the exact time is in the attribute.
fn time(instant: Timestamp) -> Markup {
    html! { time datetime=(instant.to_string()) { (short(instant)) " UTC" } }
}

fn short(instant: Timestamp) -> String {
    instant.to_string().replace('T', " ").chars().take("2026-01-31 12:00".len()).collect()
}
