//! Signatures of Standard Webhooks: HMAC-SHA256 over id, timestamp and body, by each secret that is valid.

use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::{Secret, Timestamp};
use platform::db::{DbError, Fault};

const PREFIX: &str = "whsec_";
const BYTES: usize = 32;

/// `whsec_` and 32 random bytes in base64.
pub(crate) fn secret() -> Result<Secret, DbError> {
    let mut bytes = zeroize::Zeroizing::new([0; BYTES]);
    rand::fill(&mut *bytes).map_err(|_| DbError::new("draw a random number", Fault::Io))?;
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(*bytes))))
}

/// The value of `webhook-timestamp`.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The value of `webhook-signature`; nothing if a secret is malformed.
pub(crate) fn signatures(secrets: &[&str], id: &str, seconds: i64, body: &str) -> Option<String> {
    let signed = format!("{id}.{seconds}.{body}");
    let one = |secret: &&str| {
        let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
        Some(format!("v1,{}", STANDARD.encode(tag)))
    };
    Some(secrets.iter().map(one).collect::<Option<Vec<_>>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let (secret, body) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", r#"{"test": 2432232314}"#);
        let found = signatures(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(found.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn each_valid_secret_signs_and_each_is_new() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_ne!(one, other);
        let found = signatures(&[one.expose(), other.expose()], "whp_1", 7, "{}").unwrap();
        assert_eq!(found.split(' ').filter(|part| part.starts_with("v1,")).count(), 2);
        assert_eq!(signatures(&["whsec_!"], "whp_1", 7, "{}"), None);
    }
}
