//! Checks of a client's form.

use identity_api::{ClientKind, Refusal, limits};

use super::{ClientRow, uris};
use crate::IdentityService;
use crate::tokens::scopes;

const ID_BYTES_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 128;
const ACCESS_SECONDS_MIN: i64 = 60;

impl IdentityService {
    /// Only form: the store is not queried.
    pub(super) fn valid_client(&self, row: &ClientRow) -> Result<(), Refusal> {
        named(row)?;
        lists(row)?;
        uris::checked("redirect_uris", &row.redirect_uris)?;
        uris::checked("post_logout_redirect_uris", &row.post_logout_redirect_uris)?;
        fits_its_kind(row)?;
        let max = self.config.access_seconds;
        if !(ACCESS_SECONDS_MIN.min(max)..=max).contains(&row.access_seconds) {
            let detail = format!("expected {ACCESS_SECONDS_MIN} to {max} seconds");
            return Err(Refusal::field("access_seconds", detail));
        }
        Ok(())
    }
}

fn named(row: &ClientRow) -> Result<(), Refusal> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if row.id.is_empty() || row.id.len() > ID_BYTES_MAX || !row.id.bytes().all(known) {
        return Err(Refusal::field("id", "expected 1 to 64 lower-case letters, digits and dashes"));
    }
    if row.name.trim().is_empty() || row.name.len() > NAME_BYTES_MAX || row.name.chars().any(char::is_control) {
        return Err(Refusal::field("name", "expected 1 to 128 bytes without control characters"));
    }
    Ok(())
}

fn lists(row: &ClientRow) -> Result<(), Refusal> {
    let bounded = |what: &str, given: usize, max: usize| {
        if given > max { Err(Refusal::TooMany { what: what.to_owned(), given, max }) } else { Ok(()) }
    };
    bounded("scopes", row.scopes.len(), limits::SCOPES_MAX)?;
    bounded("roles", row.roles.len(), limits::ROLES_MAX)?;
    match row.scopes.iter().find(|scope| !scopes::is_known(scope)) {
        Some(scope) => Err(Refusal::field("scopes", format!("\"{scope}\" is not a scope"))),
        None if row.scopes.is_empty() => Err(Refusal::field("scopes", "expected at least one")),
        None => Ok(()),
    }
}

/// A service has roles and redirects nobody; the others act for users, with those users' roles.
fn fits_its_kind(row: &ClientRow) -> Result<(), Refusal> {
    let service = row.kind == ClientKind::Service;
    if service && !(row.redirect_uris.is_empty() && row.post_logout_redirect_uris.is_empty()) {
        return Err(Refusal::field("redirect_uris", "a service has no redirect URIs"));
    }
    if service && row.scopes.iter().any(|scope| scopes::is_of_a_person(scope)) {
        return Err(Refusal::field("scopes", "a service cannot have scopes about a user"));
    }
    if !service && row.redirect_uris.is_empty() {
        return Err(Refusal::field("redirect_uris", "a client that acts for users needs at least one"));
    }
    if !service && !row.roles.is_empty() {
        return Err(Refusal::field("roles", "only a service has roles"));
    }
    Ok(())
}
