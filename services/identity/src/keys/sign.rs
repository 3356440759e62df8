//! Signing: the private half of the current key, opened once and kept in memory.

use std::sync::{Arc, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_api::IdentityError;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use platform::crypto::{KeyRing, Place, digest};
use platform::db::Tx;
use platform::error::Failure;
use serde::Serialize;
use zeroize::Zeroizing;

use super::store;
use crate::IdentityService;

/// Length of a key id; it is part of the key's digest.
const KID_LETTERS: usize = 22;

pub(crate) struct Signer {
    kid: String,
    key: EncodingKey,
}

/// A key as it is stored.
pub(super) struct NewKey {
    pub(super) kid: String,
    pub(super) public: String,
    pub(super) sealed: Vec<u8>,
}

impl IdentityService {
    /// The current signer as this transaction sees it: another process's rotation is followed at once.
    pub(crate) async fn signer(&self, tx: &Tx) -> Result<Arc<Signer>, IdentityError> {
        let (kid, sealed) = store::signing(tx).await?;
        let held = self.keys.signer.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(signer) = held.filter(|signer| signer.kid == kid) {
            return Ok(signer);
        }
        let private = self.ring.unseal(place(&kid), &sealed).await.map_err(|error| {
            tracing::error!(%error, kid, "the signing key cannot be opened");
            IdentityError::Failed(Failure::Internal)
        })?;
        let signer = Arc::new(Signer { key: EncodingKey::from_ed_der(&private), kid });
        *self.keys.signer.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&signer));
        Ok(signer)
    }
}

impl Signer {
    /// `typ` states the token's purpose; tokens of different types cannot be confused.
    pub(crate) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, IdentityError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.kid.clone());
        encode(&header, claims, &self.key).map_err(|error| internal("sign a token", &error))
    }
}

/// A new key pair, its private half sealed for its row.
pub(super) fn new_key(ring: &KeyRing) -> Result<NewKey, IdentityError> {
    let pair = Ed25519KeyPair::generate().map_err(|error| internal("make a key", &error))?;
    let private = pair.to_pkcs8v1().map_err(|error| internal("write a key", &error))?;
    let private = Zeroizing::new(private.as_ref().to_vec());
    let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let mut kid = URL_SAFE_NO_PAD.encode(digest(&public));
    kid.truncate(KID_LETTERS);
    let sealed = ring.seal(place(&kid), &private).map_err(|error| internal("seal a key", &error))?;
    Ok(NewKey { kid, public, sealed })
}

fn place(kid: &str) -> Place<'_> {
    Place::new("signing_key", "sealed", kid)
}

fn internal(attempted: &str, error: &dyn std::fmt::Display) -> IdentityError {
    tracing::error!(%error, "could not {attempted}");
    IdentityError::Failed(Failure::Internal)
}
