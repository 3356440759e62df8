//! Firebase, and Google's tokens for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use kernel::Secret;
use notifications_api::{DeviceAddress, FcmRegistration};
use serde_json::{Value, json};
use url::form_urlencoded;

const EMAIL: &str = "florin@p.iam.gserviceaccount.example";

pub(crate) struct App {
    key: RsaKeyPair,
    token_url: String,
    /// How many tokens were given; only the last one is good.
    pub(crate) tokens: AtomicUsize,
}

impl App {
    pub(super) fn new(port: u16) -> App {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        App { key, token_url: format!("http://127.0.0.1:{port}/token"), tokens: AtomicUsize::new(0) }
    }

    /// The file that Google gives for a service account.
    pub(crate) fn account(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.key.as_der().unwrap();
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        json!({
            "type": "service_account", "project_id": "p", "private_key_id": "k1", "private_key": pem,
            "client_email": EMAIL, "token_uri": self.token_url,
        })
        .to_string()
    }

    pub(crate) fn registration(&self, token: &str) -> DeviceAddress {
        DeviceAddress::Fcm(FcmRegistration { token: Secret::new(token) })
    }

    /// Every token that was given so far is no longer good.
    pub(crate) fn revoke(&self) {
        self.tokens.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn token(&self, body: &[u8]) -> Option<String> {
        let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let text = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if text("grant_type")? != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
            return None;
        }
        let (signed, signature) = text("assertion")?.rsplit_once('.')?;
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref());
        key.verify(signed.as_bytes(), &decoded(signature)?).ok()?;
        let (head, claims) = signed.split_once('.')?;
        let head: Value = serde_json::from_slice(&decoded(head)?).ok()?;
        let claims: Value = serde_json::from_slice(&decoded(claims)?).ok()?;
        let is_good = head == json!({ "typ": "JWT", "alg": "RS256", "kid": "k1" })
            && claims["iss"] == EMAIL
            && claims["aud"] == *self.token_url
            && claims["exp"].as_i64()? - claims["iat"].as_i64()? <= 3_600;
        let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        is_good.then(|| json!({ "access_token": format!("ya29.{number}"), "expires_in": 3_599 }).to_string())
    }

    /// Or the answer with which Firebase refuses.
    pub(super) fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, (u16, String)> {
        let of = |status: &str| json!({ "error": { "status": status } }).to_string();
        let expected = format!("Bearer ya29.{}", self.tokens.load(Ordering::SeqCst));
        if headers.get(AUTHORIZATION).is_none_or(|found| *found != expected) {
            return Err((401, of("UNAUTHENTICATED")));
        }
        let message: Value = serde_json::from_slice(body).map_err(|_| (400, of("INVALID_ARGUMENT")))?;
        let is_good = message["message"]["token"].is_string() && message["message"]["data"]["id"].is_string();
        if !is_good || body.len() > 4_096 {
            return Err((400, of("INVALID_ARGUMENT")));
        }
        Ok(message["message"].clone())
    }
}
