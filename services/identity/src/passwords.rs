//! Passwords: which are acceptable, and whether one is right. Dedicated threads do all of that work ([`pool`]).
//!
//! Invariant: a name that does not exist costs the same work as one that does, with a hash that no password matches.

mod breached;
mod hashing;
mod once;
mod pool;
mod raw;
mod rules;

use std::sync::Arc;

use identity_api::{IdentityError, Refusal};
use kernel::{Clock, Deadline, Secret};
use platform::error::Failure;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

pub use breached::BreachedError;
pub(crate) use once::one_time_password;
pub use raw::{RawChecks, raw_password_checks};

use breached::Breached;
pub(crate) use hashing::CostError;
use hashing::Hashing;
use pool::Pool;

use crate::config::IdentityConfig;

pub(crate) struct Passwords {
    pool: Pool,
    tools: Arc<Tools>,
    /// Matches no password; has the cost of a real one.
    nobodys: String,
}

struct Tools {
    hashing: Hashing,
    breached: Option<Breached>,
}

/// The result of checking a password.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) fits: bool,
    /// It was stored with a different cost than the configured one.
    pub(crate) is_stale: bool,
}

impl Passwords {
    pub(crate) fn start(config: &IdentityConfig, clock: Arc<dyn Clock>) -> Result<Passwords, PasswordsError> {
        let hashing = Hashing::new(config.argon2_memory_kib, config.argon2_passes)?;
        let breached = config.breached_passwords_file.as_deref().map(Breached::open).transpose()?;
        let nobodys = hashing.nobodys();
        let pool = Pool::start(config.password_threads, config.password_queue_max, clock)?;
        Ok(Passwords { pool, tools: Arc::new(Tools { hashing, breached }), nobodys })
    }

    /// `stored` is `None` if there is no such user, or no password: the answer is no, after the same time.
    pub(crate) async fn check(
        &self,
        deadline: Deadline,
        stored: Option<&str>,
        given: &Secret,
    ) -> Result<Checked, IdentityError> {
        let (known, stored) = (stored.is_some(), stored.unwrap_or(&self.nobodys).to_owned());
        let (tools, given) = (Arc::clone(&self.tools), normal(given));
        let work = move || {
            let fits = tools.hashing.fits(&stored, &given) && known;
            Checked { fits, is_stale: !tools.hashing.is_current(&stored) }
        };
        self.pool.run(deadline, work).await
    }

    /// The hash of a password that a user chose, if it is acceptable. `about` are the user's own words; `old` is the
    /// hash that it replaces.
    pub(crate) async fn choose(
        &self,
        deadline: Deadline,
        chosen: &Secret,
        about: Vec<String>,
        old: Option<&str>,
    ) -> Result<String, IdentityError> {
        rules::length(chosen.expose(), &normal(chosen))?;
        let (tools, chosen, old) = (Arc::clone(&self.tools), normal(chosen), old.map(str::to_owned));
        let work = move || {
            rules::guessing(&chosen, &about)?;
            if let Some(breached) = &tools.breached {
                breached.refuse(&chosen)?;
            }
            if old.is_some_and(|old| tools.hashing.fits(&old, &chosen)) {
                return Err(Refusal::PasswordUnchanged.into());
            }
            tools.hashing.hash(&chosen).map_err(|error| {
                tracing::error!(%error, "a password could not be hashed");
                IdentityError::Failed(Failure::Internal)
            })
        };
        self.pool.run(deadline, work).await?
    }

    /// The hash of a password that we generated, that an operator supplied, or that is rehashed.
    pub(crate) async fn hash(&self, deadline: Deadline, password: &Secret) -> Result<String, IdentityError> {
        let (tools, password) = (Arc::clone(&self.tools), normal(password));
        let hashed = self.pool.run(deadline, move || tools.hashing.hash(&password)).await?;
        hashed.map_err(|_| IdentityError::Failed(Failure::Internal))
    }

    /// Waiting passwords.
    pub(crate) fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// Argon2 runs since the start.
    pub(crate) fn hashes(&self) -> u64 {
        self.tools.hashing.count()
    }
}

/// NFKC, as NIST SP 800-63B requires: the same password typed on two keyboards gives the same bytes.
fn normal(password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(password.expose().nfkc().collect())
}

#[derive(Debug, thiserror::Error)]
pub enum PasswordsError {
    #[error(transparent)]
    Cost(#[from] CostError),
    #[error(transparent)]
    Breached(#[from] BreachedError),
    #[error("the threads that check passwords could not be started")]
    Threads(#[from] std::io::Error),
}
