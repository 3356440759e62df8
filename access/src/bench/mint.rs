//! A key and tokens for benchmarks and tests. Real keys are sealed and rotated; these are not stored.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{Clock, SystemClock};
use serde::Serialize;

use crate::{Claims, PublicKey, TOKEN_TYPE};

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const AUDIENCE: &str = "florin";

pub struct Minter {
    private: EncodingKey,
    algorithm: Algorithm,
    public: PublicKey,
}

#[derive(Debug, thiserror::Error)]
#[error("a key or a token cannot be created: {0}")]
pub struct MintError(String);

impl Minter {
    /// Signs with EdDSA.
    pub fn new(kid: &str) -> Result<Minter, MintError> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
        let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).map_err(failed)?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let public = PublicKey { kid: kid.to_owned(), alg: "EdDSA".to_owned(), x, y: None };
        Ok(Minter { private: EncodingKey::from_ed_der(made.as_ref()), algorithm: Algorithm::EdDSA, public })
    }

    /// Signs with ES256.
    pub fn es256(kid: &str) -> Result<Minter, MintError> {
        let way = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(way, &SystemRandom::new()).map_err(failed)?;
        let pair = EcdsaKeyPair::from_pkcs8(way, made.as_ref()).map_err(failed)?;
        // Uncompressed: a byte 4, then both coordinates.
        let point = pair.public_key().as_ref();
        let part = |from: usize| point.get(from..from + 32).map(|part| URL_SAFE_NO_PAD.encode(part));
        let (x, y) = (part(1).unwrap_or_default(), part(33));
        let public = PublicKey { kid: kid.to_owned(), alg: "ES256".to_owned(), x, y };
        Ok(Minter { private: EncodingKey::from_ec_der(made.as_ref()), algorithm: Algorithm::ES256, public })
    }

    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// A customer's token; each number is a different customer.
    pub fn token(&self, number: usize) -> Result<String, MintError> {
        self.sign(&self.header(), &claims(number))
    }

    /// A token that says whatever it is told to.
    ///
    /// # Errors
    /// The claims cannot be written or signed.
    pub fn signed(&self, claims: &Claims) -> Result<String, MintError> {
        self.sign(&self.header(), claims)
    }

    pub(crate) fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(self.public.kid.clone());
        header
    }

    pub(crate) fn sign(&self, header: &Header, claims: &impl Serialize) -> Result<String, MintError> {
        jsonwebtoken::encode(header, claims, &self.private).map_err(failed)
    }
}

pub(crate) fn claims(number: usize) -> Claims {
    let now = SystemClock.now().micros() / 1_000_000;
    Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: format!("cust_{number}"),
        exp: now + 3_600,
        nbf: now,
        iat: now,
        jti: format!("tok_0198c1d2e3f47a6b8c9d0e1f2a3b{number:08}"),
        client_id: "app".to_owned(),
        scope: "openid profile read:balances read:transactions".to_owned(),
        kind: "customer".to_owned(),
        roles: vec!["customer".to_owned()],
        epoch: 1,
        client_epoch: 1,
        sid: Some(format!("ses_0198c1d2e3f47a6b8c9d0e1f2a3b{number:08}")),
        auth_time: Some(now),
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        acr: Some("mfa".to_owned()),
    }
}

fn failed(error: impl std::fmt::Display) -> MintError {
    MintError(error.to_string())
}
