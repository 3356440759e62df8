//! Beginning a login, and finding one again.

use identity_api::{BeginLogin, IdentityError, LoginPage, Refusal, Stage};
use kernel::Secret;

use super::failures;
use super::stage::At;
use super::store::{self, Begun};
use crate::IdentityService;
use crate::change::Told;
use crate::devices;
use crate::people::Person;

const RETURN_BYTES_MAX: usize = 4_096;

impl IdentityService {
    pub(super) async fn begin_login_of(&self, command: BeginLogin) -> Result<LoginPage, IdentityError> {
        check_return(&command.return_to)?;
        let tx = self.begin().await?;
        let again = match &command.again {
            None => None,
            Some(cookie) => {
                let session = self.live_session(&tx, cookie).await?;
                Some((session.id, session.person))
            }
        };
        let begun = Begun { again, second_factor: command.second_factor, return_to: &command.return_to };
        let now = self.clock.now();
        failures::clear(&tx, now).await?;
        devices::clear(&tx, now).await?;
        let key = store::insert(&tx, begun, now).await?;
        self.commit(tx, Told::nothing()).await?;
        Ok(LoginPage { key, stage: Stage::Password, return_to: command.return_to, again: command.again.is_some() })
    }

    pub(super) async fn resume(&self, key: Secret) -> Result<LoginPage, IdentityError> {
        let tx = self.db.read().await?;
        let found = store::find(&tx, &key, self.clock.now()).await?;
        let row = store::known(found)?;
        let person = match row.person.filter(|_| !matches!(row.at, At::Password | At::Reset)) {
            None => None,
            Some(id) => Some(store::known(Person::find(&tx, id).await?)?),
        };
        self.page(&tx, key, &row, person.as_ref()).await
    }
}

/// One of our own paths only: to a browser, `//elsewhere` and `/\elsewhere` are other sites.
fn check_return(to: &str) -> Result<(), Refusal> {
    let foreign = to.starts_with("//") || to.contains('\\') || to.chars().any(char::is_control);
    if !to.starts_with('/') || foreign || to.len() > RETURN_BYTES_MAX {
        return Err(Refusal::field("return_to", "expected a path such as /account"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_to_must_be_one_of_our_own_paths() {
        assert!(["/", "/account", "/oauth2/authorize?a=b%2F&c=//d"].iter().all(|to| check_return(to).is_ok()));
        let long = format!("/{}", "x".repeat(5_000));
        for to in ["", "account", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "/a\\b", &long]
        {
            assert!(check_return(to).is_err(), "{to}");
        }
    }
}
