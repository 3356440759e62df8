//! Random tokens, and digests to recognise them without storing them.

use aws_lc_rs::{constant_time, digest as hash, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Secret;
use zeroize::Zeroizing;

/// That many random bytes, as base64url; unguessable from 16 bytes on.
pub fn random_token(bytes: usize) -> Secret {
    let mut random = Zeroizing::new(vec![0; bytes]);
    fill(&mut random);
    Secret::new(URL_SAFE_NO_PAD.encode(&random))
}

/// SHA-256. For values that cannot be guessed; for guessable ones use [`PurposeKey::mac`](super::PurposeKey::mac).
pub fn digest(text: &str) -> [u8; 32] {
    let digest = hash::digest(&hash::SHA256, text.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Whether both are equal, in a time that reveals nothing but their lengths.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

pub(super) fn fill(bytes: &mut [u8]) {
    // Without random numbers nothing could be answered safely.
    rand::fill(bytes).expect("the system has random numbers");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_differ_and_have_the_requested_length() {
        let tokens: HashSet<String> = (0..1_000).map(|_| random_token(32).expose().to_owned()).collect();
        assert_eq!(tokens.len(), 1_000);
        assert!(tokens.iter().all(|token| URL_SAFE_NO_PAD.decode(token).unwrap().len() == 32));
    }

    #[test]
    fn digests_match_the_standards_vectors() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let shown: String = digest("abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown, abc);
    }

    #[test]
    fn only_equal_values_are_the_same() {
        assert!(same(b"abc", b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b""] {
            assert!(!same(b"abc", other), "{other:?}");
        }
    }
}
