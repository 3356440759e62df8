//! This process's copy of the terms, and the check of a token against it.
//!
//! Invariants: a check never waits; expiry, revocation and the age of the copy are checked every time, also for a
//! cached token; a change of the terms takes effect on the next check; unusable terms are not adopted.

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

/// Maximum clock difference between two machines.
const LEEWAY_SECONDS: i64 = 5;
/// Between two removals of expired revocations.
const TIDY_EVERY_MS: u64 = 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateSettings {
    /// Cached tokens, about 2 KiB each.
    pub remembered_max: usize,
    /// Maximum age of a copy that another process feeds. `None`: the terms are changed in this process.
    pub stale_ms: Option<u64>,
    /// Under `--demo`, other Florin processes may call in the name of the demo principal.
    pub demo: bool,
}

impl Default for GateSettings {
    fn default() -> GateSettings {
        GateSettings { remembered_max: 10_000, stale_ms: Some(5_000), demo: false }
    }
}

/// Cheap to clone; all clones share one state.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    settings: GateSettings,
    words: Vocabulary,
    ready: RwLock<Option<Arc<Ready>>>,
    revocations: RwLock<Revocations>,
    /// When the last complete reply was requested, in microseconds of the monotonic clock plus one; 0: never.
    asked_at: AtomicU64,
    tidied_at: AtomicU64,
    /// One at a time; the number of terms adopted so far.
    hearing: Mutex<u64>,
    remembered: Cache<Digest, Arc<Remembered>>,
}

type Digest = [u8; 32];

/// A token with a valid signature.
struct Remembered {
    claims: Claims,
    key: Arc<PublicKey>,
    principal: Principal,
    /// The number of the terms that the principal was built from.
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

    /// The token's principal, if the token is valid now, at the edge.
    pub fn verify(&self, token: &str) -> Result<Principal, TokenRefusal> {
        self.verify_for(token, None)
    }

    /// The same where a service is called by another process.
    pub fn verify_at(&self, token: &str, service: &str) -> Result<Principal, TokenRefusal> {
        self.verify_for(token, Some(service))
    }

    fn verify_for(&self, token: &str, service: Option<&str>) -> Result<Principal, TokenRefusal> {
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
        if !ready.is_for(&known.claims.aud, service) {
            return Err(TokenRefusal::WrongAudience);
        }
        in_time(&known.claims, self.0.clock.now())?;
        self.not_revoked(&known.claims)?;
        let principal = known.principal.clone();
        if is_new {
            // Only good tokens are cached: a flood of bad ones pushes nothing out.
            self.0.remembered.insert(name, known);
        }
        Ok(principal)
    }

    /// A room of this process that acts as itself: a service with the built-in role, under the terms of now.
    ///
    /// # Errors
    /// There is no fresh copy of the terms.
    pub fn service(&self, id: &str) -> Result<Principal, TokenRefusal> {
        Ok(self.ready()?.service(id))
    }

    /// Whether tokens can be checked now.
    pub fn is_ready(&self) -> bool {
        self.ready().is_ok()
    }

    /// The vocabulary of its decisions.
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

    /// Adopts a reply requested at `asked_at`: it is as old as the request, however long the reply took.
    pub(crate) fn hear_as_of(&self, standing: Standing, asked_at: Monotonic) {
        let mut taken_over = self.0.hearing.lock().unwrap_or_else(PoisonError::into_inner);
        // Revocations first, so that nothing revoked earlier is accepted under new terms.
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

    /// The same under new terms; the signature need not be checked again if the key is unchanged.
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

/// A token is found by its hash, so that a memory dump of keys reveals no token.
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

/// A token is checked here even if another process has checked it. What a process claims about itself proves nothing.
impl Trust for Gate {
    fn principal(&self, caller: Caller, service: &str) -> Result<Principal, TransportError> {
        let token = match caller {
            Caller::Token(token) => token,
            Caller::Said(said) if self.0.settings.demo && said.kind == kernel::PrincipalKind::Demo => {
                return Ok(Principal::demo());
            }
            Caller::Said(_) => return Ok(Principal::nobody()),
        };
        match self.verify_at(token.expose(), service) {
            Ok(principal) => Ok(principal),
            Err(refused) if refused.is_of_the_moment() => Err(TransportError::Stale(refused.to_string())),
            Err(refused) => {
                tracing::info!(target: "access", why = %refused, "a call had an invalid token");
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
