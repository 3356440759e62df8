//! Argon2id, at the operator's cost. Each hash records its cost, so that older ones stay valid.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use platform::crypto::random_token;

/// More lanes would need more threads for one password; several passwords already use several threads.
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

pub(super) struct Hashing {
    argon2: Argon2<'static>,
    count: AtomicU64,
}

#[derive(Debug, thiserror::Error)]
#[error("passwords cannot be hashed at this cost (identity.argon2_memory_kib, identity.argon2_passes): {0}")]
pub struct CostError(String);

impl Hashing {
    pub(super) fn new(memory_kib: u32, passes: u32) -> Result<Hashing, CostError> {
        let params = Params::new(memory_kib, passes, LANES, None).map_err(|error| CostError(error.to_string()))?;
        Ok(Hashing { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), count: AtomicU64::new(0) })
    }

    pub(super) fn hash(&self, password: &str) -> Result<String, CostError> {
        self.count.fetch_add(1, Ordering::Relaxed);
        // A salt must be unique, not secret.
        let salt = random_token(SALT_BYTES);
        let hash = self.argon2.hash_password_with_salt(password.as_bytes(), salt.expose().as_bytes());
        Ok(hash.map_err(|error| CostError(error.to_string()))?.to_string())
    }

    /// A hash at the current cost that no password is known to match. It is made up and not computed, so that a start
    /// costs neither its time nor its memory.
    pub(super) fn nobodys(&self) -> String {
        let random = |bytes: usize| random_token(bytes).expose().to_owned();
        let (salt, output) = (random(SALT_BYTES), random(Params::DEFAULT_OUTPUT_LEN));
        let output: Vec<u8> = output.bytes().take(Params::DEFAULT_OUTPUT_LEN).collect();
        let params = self.argon2.params();
        let cost = format!("m={},t={},p={LANES}", params.m_cost(), params.t_cost());
        format!("$argon2id$v=19${cost}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output))
    }

    pub(super) fn fits(&self, stored: &str, password: &str) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed);
        let Ok(stored) = PasswordHash::new(stored) else {
            tracing::error!("a stored password is not a valid hash");
            return false;
        };
        self.argon2.verify_password(password.as_bytes(), &stored).is_ok()
    }

    pub(super) fn is_current(&self, stored: &str) -> bool {
        let params = PasswordHash::new(stored).ok().and_then(|stored| Params::try_from(&stored).ok());
        let wanted = self.argon2.params();
        params.is_some_and(|params| params.m_cost() == wanted.m_cost() && params.t_cost() == wanted.t_cost())
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_with_its_cost_and_matches_one_password() {
        let hashing = Hashing::new(64, 2).unwrap();
        let hash = hashing.hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
        assert!(hashing.fits(&hash, "correct horse"));
        assert!(!hashing.fits(&hash, "correct horsf"));
        assert!(!hashing.fits("no hash", "correct horse"));
        assert_ne!(hashing.hash("correct horse").unwrap(), hash, "each has a salt of its own");
    }

    #[test]
    fn a_hash_of_another_cost_matches_and_is_recognised() {
        let hash = Hashing::new(64, 1).unwrap().hash("correct horse").unwrap();
        let costly = Hashing::new(128, 1).unwrap();
        assert!(costly.fits(&hash, "correct horse"));
        assert!(!costly.is_current(&hash));
        assert!(!Hashing::new(64, 2).unwrap().is_current(&hash));
        assert!(Hashing::new(64, 1).unwrap().is_current(&hash));
    }

    #[test]
    fn an_invalid_argon2_cost_is_refused() {
        assert!(Hashing::new(4, 2).is_err());
        assert!(Hashing::new(64, 0).is_err());
    }

    /// Checking against it is as much work as against a real one: it is parsed, and has the current cost.
    #[test]
    fn the_dummy_hash_has_a_real_ones_form_and_cost() {
        let hashing = Hashing::new(64, 2).unwrap();
        let nobodys = hashing.nobodys();
        assert!(PasswordHash::new(&nobodys).is_ok(), "{nobodys}");
        assert!(hashing.is_current(&nobodys) && !hashing.fits(&nobodys, "correct horse"));
        assert_eq!(nobodys.len(), hashing.hash("correct horse").unwrap().len());
        assert_ne!(nobodys, hashing.nobodys());
    }
}
