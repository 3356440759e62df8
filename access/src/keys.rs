//! The keys that sign tokens, and verification with them.
//!
//! Invariant: how a signature is checked is a property of the key in the terms, never of the token.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::{Claims, PublicKey, TOKEN_TYPE, TokenRefusal};

/// Ours have about 800; longer ones are not even hashed.
pub(crate) const TOKEN_BYTES_MAX: usize = 8_192;

#[derive(Default)]
pub(crate) struct Keys(HashMap<String, Key>);

struct Key {
    told: Arc<PublicKey>,
    public: DecodingKey,
    validation: Validation,
}

/// The verified claims, and the key.
pub(crate) struct Signed {
    pub(crate) claims: Claims,
    pub(crate) key: Arc<PublicKey>,
}

/// What a token says about itself before anything is verified.
#[derive(Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("key {0} has an unknown algorithm")]
    Algorithm(String),
    #[error("key {0} cannot be read")]
    Unreadable(String),
}

impl Keys {
    pub(crate) fn of(told: &[PublicKey]) -> Result<Keys, KeyError> {
        told.iter().map(|key| Ok((key.kid.clone(), Key::of(key)?))).collect::<Result<_, _>>().map(Keys)
    }

    /// Whether this exact key is still published.
    pub(crate) fn hold(&self, key: &PublicKey) -> bool {
        self.0.get(&key.kid).is_some_and(|known| *known.told == *key)
    }

    /// The claims, if one of these keys signed them, with that key's own algorithm.
    pub(crate) fn read(&self, token: &str) -> Result<Signed, TokenRefusal> {
        let head = head(token)?;
        if head.alg.eq_ignore_ascii_case("none") {
            return Err(TokenRefusal::Unsigned);
        }
        if head.crit.is_some() {
            return Err(TokenRefusal::Critical);
        }
        if !head.typ.is_some_and(|typ| typ.eq_ignore_ascii_case(TOKEN_TYPE)) {
            return Err(TokenRefusal::WrongType);
        }
        let key = self.0.get(&head.kid.ok_or(TokenRefusal::NoKeyId)?).ok_or(TokenRefusal::UnknownKey)?;
        if head.alg != key.told.alg {
            return Err(TokenRefusal::WrongAlgorithm);
        }
        // The claims are read only after the signature is verified, so that a stranger's text is never parsed.
        let signed = jsonwebtoken::decode::<Claims>(token, &key.public, &key.validation).map_err(refusal)?;
        Ok(Signed { claims: signed.claims, key: Arc::clone(&key.told) })
    }
}

impl Key {
    fn of(told: &PublicKey) -> Result<Key, KeyError> {
        let unreadable = |_| KeyError::Unreadable(told.kid.clone());
        let (algorithm, public) = match (told.alg.as_str(), &told.y) {
            ("EdDSA", None) => {
                // 32 bytes, as in RFC 8037; the library would only find out at the first token.
                let bytes = URL_SAFE_NO_PAD.decode(&told.x).unwrap_or_default();
                if bytes.len() != 32 {
                    return Err(KeyError::Unreadable(told.kid.clone()));
                }
                (Algorithm::EdDSA, DecodingKey::from_ed_components(&told.x).map_err(unreadable)?)
            }
            ("ES256", Some(y)) => (Algorithm::ES256, DecodingKey::from_ec_components(&told.x, y).map_err(unreadable)?),
            _ => return Err(KeyError::Algorithm(told.kid.clone())),
        };
        Ok(Key { told: Arc::new(told.clone()), public, validation: signature_alone(algorithm) })
    }
}

/// The library checks the signature. The claims are checked against our own clock and terms, every time.
fn signature_alone(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.algorithms = vec![algorithm];
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn head(token: &str) -> Result<Head, TokenRefusal> {
    let mut parts = token.split('.');
    let (Some(head), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(TokenRefusal::Malformed);
    };
    let head = URL_SAFE_NO_PAD.decode(head).map_err(|_| TokenRefusal::Malformed)?;
    serde_json::from_slice(&head).map_err(|_| TokenRefusal::Malformed)
}

fn refusal(error: jsonwebtoken::errors::Error) -> TokenRefusal {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => TokenRefusal::WrongClaims,
        ErrorKind::InvalidAlgorithm => TokenRefusal::WrongAlgorithm,
        // What cannot be decoded is not a signature either.
        _ => TokenRefusal::WrongSignature,
    }
}
