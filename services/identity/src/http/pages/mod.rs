//! The pages: logging in, second factors, consent, and what people see and change of their own account.
//!
//! Every page is whole without a script, loads one stylesheet of ours and nothing else, and is kept by nobody on the way.
//! After a form that was taken the browser is sent on, so that a page can be loaded again without harm.

mod account;
mod account_acts;
mod account_view;
mod agent;
mod codes;
mod consent;
#[cfg(test)]
mod contrast;
mod frame;
mod login;
mod login_acts;
mod logout;
mod parts;
mod posted;
mod scopes;
mod stages;
mod trouble;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::Site;

pub(super) use consent::{Asking, consent};
pub(super) use frame::{Style, redirect};
pub(super) use login::to_login;
pub(super) use logout::{ask_to_log_out, logged_out, logged_out_to};
pub(super) use posted::Posted;
pub(super) use trouble::{asked_wrongly, cannot_go_on, not_from_us};

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/login", get(login::usual))
        .route("/login/app", get(login::by_app))
        .route("/login/backup", get(login::by_backup_code))
        .route("/login/forgot", get(login::forgot))
        .route("/login/{act}", post(login_acts::act).get(trouble::no_such_page))
        .route("/account", get(account::overview))
        .route("/account/password", get(account::password))
        .route("/account/app", get(account::app))
        .route("/account/backup-codes", get(account::backup_codes))
        .route("/account/{act}", post(account_acts::act).get(trouble::no_such_page))
        .route("/logout", get(logout::page).post(logout::log_out))
        .route("/assets/{name}", get(frame::asset))
}
