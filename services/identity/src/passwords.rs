//! Passwords: what may become one, and whether one is right. All of that work is done by threads of its own ([`pool`]).
//!
//! Invariant: a name that nobody has costs the same work as one that somebody has, by a hash that no password fits.

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
    /// Fits no password; of the same cost as a good one.
    nobodys: String,
}

struct Tools {
    hashing: Hashing,
    breached: Option<Breached>,
}

/// What came of checking a password.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) fits: bool,
    /// It was stored at another cost than the one that is wanted now.
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

    /// `stored` is none where there is nobody, or nobody with a password: the answer is no, and as late as ever.
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

    /// The hash of a password that somebody chose for themselves, if it may be one. `about` are the words that stand for the
    /// person; `old` is the hash that it takes the place of.
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

    /// The hash of one that we made, that an operator answers for, or that is hashed anew.
    pub(crate) async fn hash(&self, deadline: Deadline, password: &Secret) -> Result<String, IdentityError> {
        let (tools, password) = (Arc::clone(&self.tools), normal(password));
        let hashed = self.pool.run(deadline, move || tools.hashing.hash(&password)).await?;
        hashed.map_err(|_| IdentityError::Failed(Failure::Internal))
    }

    /// Passwords that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// Argon2 was run so often since the start.
    pub(crate) fn hashes(&self) -> u64 {
        self.tools.hashing.count()
    }
}

/// NFKC, as NIST SP 800-63B asks for: the same password typed on two keyboards is the same bytes.
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
