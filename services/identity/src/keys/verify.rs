//! Verifies our own tokens when they come back: for introspection, revocation, userinfo, or as a logout hint.

use identity_api::IdentityError;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use platform::db::Tx;
use serde::de::DeserializeOwned;

use super::store;
use crate::IdentityService;

/// Longer ones were not issued here.
const TOKEN_BYTES_MAX: usize = 16_384;

impl IdentityService {
    /// The claims of a token, if one of our keys signed it as a `typ`. Expiry and audience are up to the caller.
    pub(crate) async fn signed_by_us<C: DeserializeOwned>(
        &self,
        tx: &Tx,
        token: &str,
        typ: &str,
    ) -> Result<Option<C>, IdentityError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Ok(None);
        }
        let Ok(header) = decode_header(token) else { return Ok(None) };
        let Some(kid) = header.kid.filter(|_| header.typ.as_deref() == Some(typ)) else { return Ok(None) };
        let public = store::public(tx, &kid, self.clock.now()).await?;
        let Some(key) = public.and_then(|x| DecodingKey::from_ed_components(&x).ok()) else { return Ok(None) };
        Ok(decode(token, &key, &signature_only()).ok().map(|token| token.claims))
    }
}

/// The library reads the machine's clock; ours is passed in, so the callers compare the times.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}
