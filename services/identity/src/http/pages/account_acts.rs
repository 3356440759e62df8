//! Changes that users make to their own account.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::header::SET_COOKIE;
use identity_api::{BeginLogin, IdentityError, Refusal, SecurityAct, SecurityReply, SecurityStep, SecurityView};
use kernel::Secret;
use platform::error::Failure;

use super::account::{not_seen, refused, seen};
use super::account_view as view;
use super::frame::{Page, redirect};
use super::login::to_login;
use super::parts::Wrong;
use super::posted::Posted;
use super::{trouble, words};
use crate::http::Site;
use crate::http::browser::{Fields, Kind, account_path};

/// The page of an act, shown again if the act is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Overview,
    Password,
    App,
    BackupCodes,
}

struct Step {
    act: SecurityAct,
    from: From,
    /// The field to show the error at.
    field: &'static str,
    /// The message on the next page.
    done: &'static str,
}

pub(super) async fn act(State(site): State<Arc<Site>>, Path(act): Path<String>, posted: Posted) -> Response {
    let Some(form_key) = posted.fields.secret("form_key") else { return trouble::not_from_us(&site) };
    if act == "confirm" {
        return confirm(&site, &posted, &form_key).await;
    }
    match step(&act, &posted.fields) {
        Ok(Some(step)) => take(&site, &posted, form_key, step).await,
        Ok(None) => trouble::nowhere(&site),
        Err((from, wrong)) => {
            again(&site, &posted, from, wrong, &Refusal::field(wrong_field(from), "empty").into()).await
        }
    }
}

async fn take(site: &Site, posted: &Posted, form_key: Secret, step: Step) -> Response {
    let Some(session) = posted.visit.jar.session() else { return redirect("/login") };
    let Step { act, from, field, done } = step;
    let command = SecurityStep { session, form_key, origin: posted.visit.origin.clone(), act };
    match site.identity.secure(&posted.visit.ctx, command).await {
        Ok(reply) => onward(site, posted, reply, from, done),
        Err(IdentityError::Failed(Failure::StepUpRequired { .. })) => prove(site, posted, path(from)).await,
        Err(error @ IdentityError::Refused { refusal: Refusal::NotLoggedIn, .. }) => {
            not_seen(site, &posted.visit, &error, path(from))
        }
        Err(error) if trouble::is_not_from_us(&error) => trouble::not_from_us(site),
        Err(error @ IdentityError::Refused { refusal: _, .. }) => {
            let wrong = Wrong { field, text: words::said(&error) };
            again(site, posted, from, wrong, &error).await
        }
        Err(error) => trouble::cannot_go_on(site, &error),
    }
}

/// Codes are shown in the response itself, because they are shown only once; everything else redirects the browser.
fn onward(site: &Site, posted: &Posted, reply: SecurityReply, from: From, done: &str) -> Response {
    let SecurityReply { backup_codes, session, .. } = reply;
    let mut response = match (backup_codes.is_empty(), done) {
        (false, _) => view::new_codes(&backup_codes, from == From::App).response(site),
        (true, "") => redirect(path(from)),
        (true, done) => redirect(&format!("/account?done={done}")),
    };
    if let Some(session) = session {
        response.headers_mut().append(SET_COOKIE, posted.visit.jar.keep(Kind::Session, &session.cookie));
    }
    response
}

async fn again(site: &Site, posted: &Posted, from: From, wrong: Wrong, error: &IdentityError) -> Response {
    match seen(site, &posted.visit).await {
        Ok(view) => refused(page(&view, from, &wrong), error).response(site),
        Err(error) => not_seen(site, &posted.visit, &error, path(from)),
    }
}

fn page(view: &SecurityView, from: From, wrong: &Wrong) -> Page {
    match from {
        From::Overview => view::overview(view, None, Some(wrong)),
        From::Password => view::password(view, Some(wrong)),
        From::App => view::app(view, Some(wrong)),
        From::BackupCodes => view::backup_codes(view, Some(wrong)),
    }
}

fn path(from: From) -> &'static str {
    match from {
        From::Overview => "/account",
        From::Password => "/account/password",
        From::App => "/account/app",
        From::BackupCodes => "/account/backup-codes",
    }
}

/// The user asked to re-authenticate.
async fn confirm(site: &Site, posted: &Posted, form_key: &Secret) -> Response {
    let to = account_path(posted.fields.text("to").as_deref());
    match seen(site, &posted.visit).await {
        Ok(view) if view.form_key == *form_key => prove(site, posted, &to).await,
        Ok(_) => trouble::not_from_us(site),
        Err(error) => not_seen(site, &posted.visit, &error, &to),
    }
}

async fn prove(site: &Site, posted: &Posted, to: &str) -> Response {
    let view = match seen(site, &posted.visit).await {
        Ok(view) => view,
        Err(error) => return not_seen(site, &posted.visit, &error, to),
    };
    let visit = &posted.visit;
    let (return_to, origin, again) = (to.to_owned(), visit.origin.clone(), visit.jar.session());
    let command = BeginLogin { return_to, origin, again, second_factor: view.totp };
    match site.identity.begin_login(&visit.ctx, command).await {
        Ok(login) => to_login(visit.jar.keep(Kind::Login, &login.key)),
        Err(error) => trouble::cannot_go_on(site, &error),
    }
}

fn wrong_field(from: From) -> &'static str {
    if from == From::Password { "password" } else { "code" }
}

fn step(act: &str, fields: &Fields) -> Result<Option<Step>, (From, Wrong)> {
    let given = |name: &'static str, from: From, missing: &str| {
        fields.secret(name).ok_or_else(|| (from, Wrong { field: name, text: missing.to_owned() }))
    };
    let text = |name: &str| fields.text(name).unwrap_or_default();
    let (act, from, field, done) = match act {
        "change-password" => {
            let old = given("old", From::Password, "Enter your current password.")?;
            let new = given("new", From::Password, "Choose a new password.")?;
            (SecurityAct::ChangePassword { old, new }, From::Password, "new", "password")
        }
        "begin-app" => (SecurityAct::BeginTotp, From::App, "", ""),
        "confirm-app" => {
            let code = given("code", From::App, "Enter the code from the app.")?;
            let code = Secret::new(code.expose().split_whitespace().collect::<String>());
            (SecurityAct::ConfirmTotp { code }, From::App, "code", "app")
        }
        "remove-app" => (SecurityAct::RemoveTotp, From::App, "", "no-app"),
        "new-backup-codes" => (SecurityAct::NewBackupCodes, From::BackupCodes, "", "codes"),
        "end-session" => (SecurityAct::EndSession { id: text("id") }, From::Overview, "", "ended"),
        "end-others" => (SecurityAct::EndOtherSessions, From::Overview, "", "others"),
        "withdraw" => (SecurityAct::WithdrawConsent { client: text("client") }, From::Overview, "", "withdrawn"),
        _ => return Ok(None),
    };
    Ok(Some(Step { act, from, field, done }))
}
