//! Plaid's webhooks: believed if the body's digest is in a token that Plaid has signed in the last five minutes. One
//! makes the next round due now, whatever it says: the round finds out.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use banking_api::*;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::read::text;
use super::{BANK, Plaid};
use crate::service::Inner;
use crate::store::connection;

const AGE_MAX_S: i64 = 300;
/// Keys that are remembered.
const SIGNERS_MAX: usize = 16;
const KEY_ID_BYTES_MAX: usize = 128;

/// Plaid's public keys by id: x and y of P-256.
#[derive(Debug, Default)]
pub(crate) struct Signers(Mutex<BTreeMap<String, (String, String)>>);

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    request_body_sha256: String,
}

impl Inner {
    /// Its caller is not authenticated by a token: the signature says who it is.
    pub(crate) async fn webhook(&self, hook: Webhook) -> Result<(), BankingError> {
        let linked = connection::of_id(&self.db.read().await?, hook.connection).await?;
        let linked = linked.filter(|linked| linked.bank == BANK);
        let linked = linked.ok_or_else(|| Refusal::ConnectionUnknown { id: hook.connection.to_string() })?;
        let PartBytes(body) = &hook.body;
        self.signed(&linked.base_url, body, &hook.signature).await?;
        let tx = self.db.begin().await?;
        connection::set_due(&tx, linked.seq, self.clock.now().micros()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn signed(&self, base_url: &str, body: &[u8], token: &str) -> Result<(), BankingError> {
        let wrong = |detail: &str| BankingError::from(Refusal::WebhookInvalid { detail: detail.to_owned() });
        let header = decode_header(token).map_err(|_| wrong("expected a token in Plaid-Verification"))?;
        let id = header.kid.filter(|id| !id.is_empty() && id.len() <= KEY_ID_BYTES_MAX);
        let id = id.filter(|_| header.alg == Algorithm::ES256).ok_or_else(|| wrong("expected ES256 and a key's id"))?;
        let (x, y) = self.signer(base_url, &id).await.ok_or_else(|| wrong("the key is not one of Plaid's"))?;
        let key = DecodingKey::from_ec_components(&x, &y).map_err(|_| wrong("the key is not one of Plaid's"))?;
        let mut rules = Validation::new(Algorithm::ES256);
        rules.required_spec_claims.clear();
        (rules.validate_exp, rules.validate_aud) = (false, false);
        let claims = decode::<Claims>(token, &key, &rules).map_err(|_| wrong("the signature is not Plaid's"))?.claims;
        let now = self.clock.now().micros().div_euclid(1_000_000);
        if !(now - AGE_MAX_S..=now + AGE_MAX_S).contains(&claims.iat) {
            return Err(wrong("the signature is older than five minutes"));
        }
        let digest = crate::read::hexadecimal(&Sha256::digest(body));
        verify_slices_are_equal(digest.as_bytes(), claims.request_body_sha256.as_bytes())
            .map_err(|_| wrong("the signature is of another body"))
    }

    /// Asked for once, and again after a restart.
    async fn signer(&self, base_url: &str, id: &str) -> Option<(String, String)> {
        if let Some(known) = self.signers.0.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            return Some(known.clone());
        }
        let plaid = Plaid::open(self, None, base_url).ok()?;
        let answer = plaid.ask("/webhook_verification_key/get", &json!({ "key_id": id })).await.ok()?;
        if answer.pointer("/key/expired_at").is_some_and(|at| !at.is_null()) {
            return None;
        }
        let key = (text(&answer, "/key/x").ok()?, text(&answer, "/key/y").ok()?);
        let mut signers = self.signers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if signers.len() >= SIGNERS_MAX {
            signers.clear();
        }
        signers.insert(id.to_owned(), key.clone());
        Some(key)
    }
}
