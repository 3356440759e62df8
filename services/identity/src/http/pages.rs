//! The pages: login, second factors, consent, and the user's account.
//!
//! Every page works without JavaScript, loads only our one stylesheet, and is not cached. An accepted form redirects
//! the browser, so that a page can be reloaded safely.

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
mod mount;
mod parts;
mod posted;
mod scopes;
mod stages;
mod trouble;
mod words;

use super::oauth::consent as asked;

pub(super) use consent::{Asking, consent};
pub(super) use frame::{Style, redirect};
pub(super) use login::to_login;
pub(super) use logout::{ask_to_log_out, logged_out, logged_out_to};
pub(super) use mount::Mounted;
pub use mount::{Door, PageRoute};
pub(super) use posted::Posted;
pub(super) use trouble::{asked_wrongly, cannot_go_on, not_from_us};

pub(super) fn routes() -> Mounted {
    Mounted::default()
        .open("/login", login::usual)
        .open("/login/app", login::by_app)
        .open("/login/backup", login::by_backup_code)
        .open("/login/forgot", login::forgot)
        .open("/login/{act}", trouble::no_such_page)
        .login_form("/login/{act}", login_acts::act)
        .own("/account", account::overview)
        .own("/account/password", account::password)
        .own("/account/app", account::app)
        .own("/account/backup-codes", account::backup_codes)
        .open("/account/{act}", trouble::no_such_page)
        .session_form("/account/{act}", account_acts::act)
        .open("/consent", asked::nothing_asked)
        .session_form("/consent", asked::answer)
        .open("/logout", logout::page)
        .session_form("/logout", logout::log_out)
        .open("/assets/{name}", frame::asset)
}
