//! A browser and its push service.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey as UnparsedPoint, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use kernel::Secret;
use notifications_api::{DeviceAddress, WebKeys, WebSubscription};
use serde_json::Value;

const AUTH: [u8; 16] = [7; 16];

/// What a browser shows, and how it was sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pushed {
    pub(crate) shown: Value,
    pub(crate) ttl: u32,
    pub(crate) urgency: String,
    pub(crate) topic: String,
}

pub(crate) struct Browser {
    key: PrivateKey,
    origin: String,
}

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

fn expanded(key: &Prk, info: &[&[u8]], len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    key.expand(info, Bytes(len)).unwrap().fill(&mut bytes).unwrap();
    bytes
}

impl Browser {
    pub(super) fn new(port: u16) -> Browser {
        Browser { key: PrivateKey::generate(&ECDH_P256).unwrap(), origin: format!("http://127.0.0.1:{port}") }
    }

    /// As a page sends it to us.
    pub(crate) fn subscription(&self, id: &str) -> DeviceAddress {
        let p256dh = URL_SAFE_NO_PAD.encode(self.key.compute_public_key().unwrap());
        let auth = Secret::new(URL_SAFE_NO_PAD.encode(AUTH));
        DeviceAddress::Web(WebSubscription {
            endpoint: format!("{}/p/{id}", self.origin),
            keys: WebKeys { p256dh, auth },
            expiration_time: None,
        })
    }

    /// Or the status with which a push service refuses.
    pub(super) fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Pushed, u16> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if body.len() > 4_096 {
            return Err(413);
        }
        self.is_ours(text(AUTHORIZATION.as_str())).ok_or(403_u16)?;
        let (ttl, topic) = (text("ttl").parse().map_err(|_| 400_u16)?, text("topic"));
        let is_topic = topic.len() <= 32 && URL_SAFE_NO_PAD.decode(topic).is_ok();
        if text("content-encoding") != "aes128gcm" || !is_topic {
            return Err(400);
        }
        let shown = serde_json::from_slice(&self.opened(body).ok_or(400_u16)?).map_err(|_| 400_u16)?;
        Ok(Pushed { shown, ttl, urgency: text("urgency").to_owned(), topic: topic.to_owned() })
    }

    /// VAPID: signed by the key that it names, and for this push service.
    fn is_ours(&self, header: &str) -> Option<()> {
        let (token, key) = header.strip_prefix("vapid t=")?.split_once(", k=")?;
        let (signed, signature) = token.rsplit_once('.')?;
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decoded(key)?);
        key.verify(signed.as_bytes(), &decoded(signature)?).ok()?;
        let claims: Value = serde_json::from_slice(&decoded(signed.split_once('.')?.1)?).ok()?;
        let is_contact = claims["sub"].as_str()?.starts_with("mailto:");
        (claims["aud"] == *self.origin && claims["exp"].is_u64() && is_contact).then_some(())
    }

    fn opened(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = body.split_at_checked(16)?;
        let (head, rest) = rest.split_at_checked(5)?;
        assert_eq!(head, [0, 0, 16, 0, 65]);
        let (theirs, record) = rest.split_at_checked(65)?;
        let ours = self.key.compute_public_key().unwrap();
        let shared = agree(&self.key, UnparsedPoint::new(&ECDH_P256, theirs), (), |secret| {
            let info: [&[u8]; 3] = [b"WebPush: info\0", ours.as_ref(), theirs];
            Ok(expanded(&Salt::new(HKDF_SHA256, &AUTH).extract(secret), &info, 32))
        });
        let keys = Salt::new(HKDF_SHA256, salt).extract(&shared.ok()?);
        let key = expanded(&keys, &[b"Content-Encoding: aes128gcm\0"], 16);
        let nonce = expanded(&keys, &[b"Content-Encoding: nonce\0"], 12);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut record = record.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let plain = key.open_in_place(nonce, Aad::empty(), &mut record).ok()?;
        plain.strip_suffix(&[2]).map(<[u8]>::to_vec)
    }
}
