//! This process's own copy of the terms, and the check of a token against it.
//!
//! Invariants: a check waits for nobody; expiry, revocation and the age of the copy are looked at in every check, also of a
//! token that is remembered; a change of the terms holds from the next check on; terms that cannot be used are not taken over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use kernel::{Clock, Monotonic, Principal, Secret, Timestamp};
use platform::rpc::{Caller, TransportError, Trust};
use quick_cache::sync::Cache;

use crate::keys::TOKEN_BYTES_MAX;
use crate::revocations::Revocations;
use crate::terms::Ready;
use crate::{Claims, Hears, PublicKey, Since, Standing, TokenRefusal, Vocabulary};

/// Two clocks of one house may differ by so much.
const LEEWAY_SECONDS: i64 = 5;
/// Between two looks for revocations that are over.
const TIDY_EVERY_MS: u64 = 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateSettings {
    /// Tokens that are remembered, about 2 KiB each.
    pub remembered_max: usize,
    /// How old a copy may be that another process feeds. None: whatever changes the terms does it in this process.
    pub stale_ms: Option<u64>,
    /// Under `--demo`, another process of the house may call in the name of the demo principal.
    pub demo: bool,
}

impl Default for GateSettings {
    fn default() -> GateSettings {
        GateSettings { remembered_max: 10_000, stale_ms: Some(5_000), demo: false }
    }
}

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    settings: GateSettings,
    words: Vocabulary,
    ready: RwLock<Option<Arc<Ready>>>,
    revocations: RwLock<Revocations>,
    /// When the last whole answer was asked for, in microseconds of the monotonic clock and one; 0: there was none.
    asked_at: AtomicU64,
    tidied_at: AtomicU64,
    /// One at a time; it says how many sets of terms were taken over.
    hearing: Mutex<u64>,
    remembered: Cache<Digest, Arc<Remembered>>,
}

type Digest = [u8; 32];

/// A token whose signature was right.
struct Remembered {
    claims: Claims,
    key: Arc<PublicKey>,
    principal: Principal,
    /// Of the terms by which the principal was made.
    generation: u64,
}

impl Gate {
    pub fn new(clock: Arc<dyn Clock>, settings: GateSettings, words: Vocabulary) -> Gate {
        Gate(Arc::new(Inner {
            clock,
            settings,
            words,
            ready: RwLock::default(),
            revocations: RwLock::default(),
            asked_at: AtomicU64::new(0),
            tidied_at: AtomicU64::new(0),
            hearing: Mutex::default(),
            remembered: Cache::new(settings.remembered_max),
        }))
    }

    /// Whom the token speaks of, if it is to be believed now.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenRefusal> {
        let ready = self.ready()?;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong { max: TOKEN_BYTES_MAX });
        }
        let name = name(token);
        let (known, is_new) = match self.0.remembered.get(&name) {
            Some(known) if known.generation == ready.generation => (known, false),
            Some(known) => (Arc::new(known.under(&ready)?), true),
            None => (Arc::new(Remembered::read(token, &ready)?), true),
        };
        in_time(&known.claims, self.0.clock.now())?;
        self.not_revoked(&known.claims)?;
        let principal = known.principal.clone();
        if is_new {
            // Only what was good is kept: a flood of bad tokens pushes nothing out.
            self.0.remembered.insert(name, known);
        }
        Ok(principal)
    }

    /// Whether tokens can be judged now.
    pub fn is_ready(&self) -> bool {
        self.ready().is_ok()
    }

    /// The words that it judges by.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.0.words
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    fn ready(&self) -> Result<Arc<Ready>, TokenRefusal> {
        let ready = self.0.ready.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(TokenRefusal::NoCopy)?;
        let asked_at = self.0.asked_at.load(Ordering::Acquire).checked_sub(1).ok_or(TokenRefusal::NoCopy)?;
        let asked_at = Monotonic::from_micros(asked_at);
        let age_ms = self.0.clock.monotonic().micros_since(asked_at) / 1_000;
        let stale = self.0.settings.stale_ms.is_some_and(|stale_ms| age_ms > stale_ms);
        if stale { Err(TokenRefusal::Stale) } else { Ok(ready) }
    }

    fn not_revoked(&self, claims: &Claims) -> Result<(), TokenRefusal> {
        let revoked = self.0.revocations.read().unwrap_or_else(PoisonError::into_inner).of(claims);
        revoked.map_or(Ok(()), |what| Err(TokenRefusal::Revoked(what)))
    }

    /// Takes over what was asked for at `asked_at`: it is as old as the question, however long the answer took.
    pub(crate) fn hear_as_of(&self, standing: Standing, asked_at: Monotonic) {
        let mut taken_over = self.0.hearing.lock().unwrap_or_else(PoisonError::into_inner);
        // First of all, so that nothing is believed under new terms that was revoked before them.
        self.0
            .revocations
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .hear(standing.revoked, self.0.clock.monotonic());
        self.tidy();
        let version = self.version();
        if let Some(terms) = standing.terms.filter(|_| standing.version > version) {
            let (words, clock) = (&self.0.words, Arc::clone(&self.0.clock));
            match Ready::of(terms, standing.version, *taken_over + 1, words, clock) {
                Ok(ready) => {
                    *taken_over += 1;
                    *self.0.ready.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(ready));
                }
                Err(error) => {
                    metrics::counter!("access_terms_refused_total").increment(1);
                    tracing::error!(version = standing.version, %error, "new terms cannot be used; the old ones stay");
                }
            }
        }
        if !standing.more {
            self.0.asked_at.fetch_max(asked_at.micros().saturating_add(1), Ordering::AcqRel);
        }
    }

    fn version(&self) -> u64 {
        self.0.ready.read().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |ready| ready.version)
    }

    fn tidy(&self) {
        let now = self.0.clock.monotonic();
        let before = Monotonic::from_micros(self.0.tidied_at.load(Ordering::Relaxed));
        if now.micros_since(before) < TIDY_EVERY_MS * 1_000 {
            return;
        }
        self.0.tidied_at.store(now.micros(), Ordering::Relaxed);
        let mut revocations = self.0.revocations.write().unwrap_or_else(PoisonError::into_inner);
        revocations.forget_what_is_over(self.0.clock.now(), now);
        metrics::gauge!("access_revocations").set(revocations.count() as f64);
    }
}

impl Remembered {
    fn read(token: &str, ready: &Ready) -> Result<Remembered, TokenRefusal> {
        let signed = ready.keys.read(token)?;
        let principal = ready.principal(&signed.claims, &Arc::new(Secret::new(token)))?;
        Ok(Remembered { claims: signed.claims, key: signed.key, principal, generation: ready.generation })
    }

    /// The same under other terms; the signature need not be checked again where the key is the same.
    fn under(&self, ready: &Ready) -> Result<Remembered, TokenRefusal> {
        if !ready.keys.hold(&self.key) {
            return Err(TokenRefusal::UnknownKey);
        }
        let token = self.principal.token.as_ref().ok_or(TokenRefusal::Malformed)?;
        let principal = ready.principal(&self.claims, token)?;
        let (claims, key) = (self.claims.clone(), Arc::clone(&self.key));
        Ok(Remembered { claims, key, principal, generation: ready.generation })
    }
}

/// A token is found by what it hashes to, so that a memory full of names gives no token away.
fn name(token: &str) -> Digest {
    let mut name = Digest::default();
    name.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    name
}

fn in_time(claims: &Claims, now: Timestamp) -> Result<(), TokenRefusal> {
    let now = now.micros().div_euclid(1_000_000);
    if now >= claims.exp.saturating_add(LEEWAY_SECONDS) {
        return Err(TokenRefusal::Expired);
    }
    if now.saturating_add(LEEWAY_SECONDS) < claims.nbf {
        return Err(TokenRefusal::NotYetValid);
    }
    Ok(())
}

impl Hears for Gate {
    fn hear(&self, standing: Standing) {
        self.hear_as_of(standing, self.0.clock.monotonic());
    }

    fn since(&self) -> Since {
        let revoked = self.0.revocations.read().unwrap_or_else(PoisonError::into_inner).last();
        Since { version: self.version(), revoked, wait_ms: 0 }
    }
}

/// A token is judged here, whoever has judged it before. What a process says of itself proves nothing.
impl Trust for Gate {
    fn principal(&self, caller: Caller) -> Result<Principal, TransportError> {
        let token = match caller {
            Caller::Token(token) => token,
            Caller::Said(said) if self.0.settings.demo && said.kind == kernel::PrincipalKind::Demo => {
                return Ok(Principal::demo());
            }
            Caller::Said(_) => return Ok(Principal::nobody()),
        };
        match self.verify(token.expose()) {
            Ok(principal) => Ok(principal),
            Err(refused) if refused.is_of_the_moment() => Err(TransportError::Stale(refused.to_string())),
            Err(refused) => {
                tracing::info!(target: "access", why = %refused, "a call came with a token that is not believed");
                Ok(Principal::nobody())
            }
        }
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("since", &self.since()).field("settings", &self.0.settings).finish()
    }
}

#[cfg(test)]
mod tests;
