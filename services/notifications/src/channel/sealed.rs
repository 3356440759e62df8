//! A push message that only the browser can read (RFC 8291, in the coding of RFC 8188). Every primitive is a call into
//! aws-lc-rs.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use notifications_api::WebKeys;

use crate::devices::POINT_BYTES;

const RECORD_BYTES: u32 = 4_096;
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// What push services take at least, without head, tag and end.
pub(super) const PLAIN_BYTES_MAX: usize = RECORD_BYTES as usize - SALT_BYTES - 4 - 1 - POINT_BYTES - TAG_BYTES - 1;
/// Ends the last record.
const LAST: u8 = 2;

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// With a new key and salt.
pub(super) fn sealed(plain: &[u8], keys: &WebKeys) -> Result<Vec<u8>, Unspecified> {
    let mut salt = [0; SALT_BYTES];
    aws_lc_rs::rand::fill(&mut salt)?;
    sealed_by(plain, keys, &PrivateKey::generate(&ECDH_P256)?, salt)
}

fn sealed_by(plain: &[u8], keys: &WebKeys, own: &PrivateKey, salt: [u8; SALT_BYTES]) -> Result<Vec<u8>, Unspecified> {
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| Unspecified);
    let (theirs, auth) = (decoded(&keys.p256dh)?, decoded(keys.auth.expose())?);
    if plain.len() > PLAIN_BYTES_MAX || theirs.len() != POINT_BYTES {
        return Err(Unspecified);
    }
    let ours = own.compute_public_key()?;
    let ours = ours.as_ref();
    let shared = agree(own, UnparsedPublicKey::new(&ECDH_P256, &theirs), Unspecified, |secret| {
        let info: [&[u8]; 3] = [b"WebPush: info\0", &theirs, ours];
        expanded::<32>(&Salt::new(HKDF_SHA256, &auth).extract(secret), &info)
    })?;
    let keys = Salt::new(HKDF_SHA256, &salt).extract(&shared);
    let key = expanded::<16>(&keys, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce = expanded::<12>(&keys, &[b"Content-Encoding: nonce\0"])?;
    let mut record = [plain, &[LAST]].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)?;
    let mut body = salt.to_vec();
    body.extend_from_slice(&RECORD_BYTES.to_be_bytes());
    body.push(u8::try_from(ours.len()).map_err(|_| Unspecified)?);
    body.extend_from_slice(ours);
    body.append(&mut record);
    Ok(body)
}

fn expanded<const N: usize>(key: &Prk, info: &[&[u8]]) -> Result<[u8; N], Unspecified> {
    let mut bytes = [0; N];
    key.expand(info, Bytes(N))?.fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use kernel::Secret;

    use super::*;

    fn keys() -> WebKeys {
        WebKeys {
            p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
                .to_owned(),
            auth: Secret::new("BTBZMqHH6r4Tts7J_aSIgg"),
        }
    }

    /// RFC 8291, section 5.
    #[test]
    fn a_message_is_sealed_as_the_rfc_seals_it() {
        let own = URL_SAFE_NO_PAD.decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").unwrap();
        let own = PrivateKey::from_private_key(&ECDH_P256, &own).unwrap();
        let salt = URL_SAFE_NO_PAD.decode("DGv6ra1nlYgDCS1FRnbzlw").unwrap().try_into().unwrap();
        let body = sealed_by(b"When I grow up, I want to be a watermelon", &keys(), &own, salt).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expected);
    }

    #[test]
    fn a_message_fits_into_what_push_services_take() {
        assert_eq!(PLAIN_BYTES_MAX, 3_993);
        assert_eq!(sealed(&[7; PLAIN_BYTES_MAX], &keys()).unwrap().len(), 4_096);
        assert!(sealed(&[7; PLAIN_BYTES_MAX + 1], &keys()).is_err());
    }

    #[test]
    fn a_key_that_is_no_point_is_refused() {
        for p256dh in ["", "AAAA", &URL_SAFE_NO_PAD.encode([4; POINT_BYTES])] {
            assert!(sealed(b"x", &WebKeys { p256dh: p256dh.to_owned(), ..keys() }).is_err());
        }
    }
}
