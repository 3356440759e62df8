//! Signed statements about ourselves, as providers take them: JWS in its compact form (RFC 7515).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

/// The key of a PEM text (`BEGIN PRIVATE KEY`).
pub(super) fn private(pem: &[u8]) -> Option<PrivatePkcs8KeyDer<'static>> {
    PrivatePkcs8KeyDer::from_pem_slice(pem).ok()
}

/// With ECDSA over P-256.
pub(super) fn es256(key: &EcdsaKeyPair, claims: &Value) -> Option<String> {
    let text = unsigned(&json!({ "typ": "JWT", "alg": "ES256" }), claims);
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).ok()?;
    Some(signed(text, signature.as_ref()))
}

/// With RSA.
pub(super) fn rs256(key: &RsaKeyPair, kid: &str, claims: &Value) -> Option<String> {
    let text = unsigned(&json!({ "typ": "JWT", "alg": "RS256", "kid": kid }), claims);
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
    Some(signed(text, &signature))
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn signed(text: String, signature: &[u8]) -> String {
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
