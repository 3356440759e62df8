//! Login forms: one step, and then the next page; or the same page with the error.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use identity_api::{BeginLogin, FactorKind, IdentityError, LoginAct, LoginPage, LoginReply, LoginStep, Refusal, Stage};
use kernel::Secret;

use super::frame::redirect;
use super::login::{self, Way, logged_in, to_login};
use super::parts::Wrong;
use super::posted::Posted;
use super::{stages, trouble, words};
use crate::http::Site;
use crate::http::browser::{Fields, Kind, form_key_fits};

/// A submitted step: the act, its page, and the field to show an error at.
struct Step {
    act: LoginAct,
    way: Way,
    field: &'static str,
}

pub(super) async fn act(State(site): State<Arc<Site>>, Path(act): Path<String>, posted: Posted) -> Response {
    let Some(key) = posted.visit.jar.login() else { return trouble::expired(&site) };
    if !form_key_fits(&key, posted.fields.secret("form_key").as_ref()) {
        return trouble::not_from_us(&site);
    }
    if act == "restart" {
        return restart(&site, &posted, key).await;
    }
    match step(&act, &posted.fields) {
        Ok(Some(step)) => take(&site, &posted, key, step).await,
        Ok(None) => trouble::nowhere(&site),
        Err((way, wrong)) => again(&site, &posted, key, way, StatusCode::BAD_REQUEST, wrong).await,
    }
}

async fn take(site: &Site, posted: &Posted, key: Secret, step: Step) -> Response {
    let Step { act, way, field } = step;
    let (origin, device) = (posted.visit.origin.clone(), posted.visit.jar.device());
    let command = LoginStep { key: key.clone(), origin, device, act };
    match site.identity.login(&posted.visit.ctx, command).await {
        Ok(reply) => onward(site, posted, &reply),
        Err(IdentityError::Refused { refusal: Refusal::LoginUnknown, .. }) => trouble::expired(site),
        Err(IdentityError::Refused { refusal: Refusal::StepOutOfTurn, .. }) => redirect("/login"),
        Err(error @ IdentityError::Refused { refusal: _, .. }) => {
            let field = if is_of_password(&error) { "password" } else { field };
            let wrong = Wrong { field, text: words::said(&error) };
            again(site, posted, key, way, trouble::status(&error), wrong).await
        }
        Err(error) => trouble::cannot_go_on(site, &error),
    }
}

fn onward(site: &Site, posted: &Posted, reply: &LoginReply) -> Response {
    let LoginReply { page: login, session, backup_codes_left } = reply;
    if login.stage != Stage::Done {
        return to_login(posted.visit.jar.keep(Kind::Login, &login.key));
    }
    let response = match backup_codes_left {
        Some(left) => stages::backup_codes_left(*left, &login.return_to).response(site),
        None => redirect(&login.return_to),
    };
    logged_in(response, &posted.visit, session.as_ref())
}

/// The page of the step, with the error.
async fn again(site: &Site, posted: &Posted, key: Secret, way: Way, status: StatusCode, wrong: Wrong) -> Response {
    match site.identity.resume_login(&posted.visit.ctx, key).await {
        Ok(login) => {
            let username = posted.fields.text("username");
            login::page(site, &posted.visit, &login, way, status, Some(&wrong), username.as_deref())
        }
        Err(error) => trouble::cannot_go_on(site, &error),
    }
}

/// From the beginning, with the same destination.
async fn restart(site: &Site, posted: &Posted, key: Secret) -> Response {
    let begin = async |login: LoginPage| {
        let (return_to, origin) = (login.return_to, posted.visit.origin.clone());
        let command = BeginLogin { return_to, origin, again: None, second_factor: false };
        site.identity.begin_login(&posted.visit.ctx, command).await
    };
    let old = site.identity.resume_login(&posted.visit.ctx, key).await;
    let new = match old {
        Ok(login) => begin(login).await,
        Err(error) => Err(error),
    };
    match new {
        Ok(login) => to_login(posted.visit.jar.keep(Kind::Login, &login.key)),
        Err(error) => trouble::cannot_go_on(site, &error),
    }
}

/// `None` for an unknown act; an error if a field is empty.
fn step(act: &str, fields: &Fields) -> Result<Option<Step>, (Way, Wrong)> {
    let given = Given { fields, way: Way::Usual };
    let (act, way, field) = match act {
        "password" => {
            let username = given.text("username", "Enter your name.")?;
            let password = given.secret("password", "Enter your password.")?;
            (LoginAct::Password { username, password }, Way::Usual, "password")
        }
        "code" => {
            let given = Given { way: Way::App, ..given };
            (LoginAct::Code { code: given.code("Enter the code from the app.")? }, Way::App, "code")
        }
        "backup-code" => {
            let given = Given { way: Way::BackupCode, ..given };
            (LoginAct::BackupCode { code: given.code("Enter a backup code.")? }, Way::BackupCode, "code")
        }
        "send-email" => (LoginAct::SendCode { by: FactorKind::Email }, Way::Usual, ""),
        "send-sms" => (LoginAct::SendCode { by: FactorKind::Sms }, Way::Usual, ""),
        "sent-code" => {
            (LoginAct::SentCode { code: given.code("Enter the code from the message.")? }, Way::Usual, "code")
        }
        "enrol" => (LoginAct::Enrol { code: given.code("Enter the code from the app.")? }, Way::Usual, "code"),
        "kept" => (LoginAct::Kept, Way::Usual, ""),
        "new-password" => {
            let password = given.secret("password", "Choose a password.")?;
            (LoginAct::NewPassword { password }, Way::Usual, "password")
        }
        "send-reset-code" => {
            let given = Given { way: Way::Forgot, ..given };
            (LoginAct::Forgot { username: given.text("username", "Enter your name.")? }, Way::Forgot, "username")
        }
        "reset" => return reset(&given).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(Step { act, way, field }))
}

/// Of a form's two fields, the new password is the one that is refused.
fn is_of_password(error: &IdentityError) -> bool {
    error.code().starts_with("password_")
}

/// Either half may be wrong.
fn reset(given: &Given<'_>) -> Result<Step, (Way, Wrong)> {
    let code = given.code("Enter the code from the message.")?;
    let password = given.secret("password", "Choose a password.")?;
    Ok(Step { act: LoginAct::Reset { code, password }, way: Way::Usual, field: "code" })
}

struct Given<'a> {
    fields: &'a Fields,
    way: Way,
}

impl Given<'_> {
    fn secret(&self, name: &'static str, missing: &str) -> Result<Secret, (Way, Wrong)> {
        let empty = || (self.way, Wrong { field: name, text: missing.to_owned() });
        self.fields.secret(name).ok_or_else(empty)
    }

    fn text(&self, name: &'static str, missing: &str) -> Result<String, (Way, Wrong)> {
        self.secret(name, missing).map(|text| text.expose().trim().to_owned())
    }

    /// People type the spaces that an app shows.
    fn code(&self, missing: &str) -> Result<Secret, (Way, Wrong)> {
        let code = self.secret("code", missing)?;
        Ok(Secret::new(code.expose().split_whitespace().collect::<String>()))
    }
}
