//! The form key of login pages, so that no other page can submit them: a keyed hash of the login's cookie. Without the
//! cookie it cannot be computed, and it does not reveal the cookie.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use kernel::Secret;
use sha2::Sha256;

/// The purpose of the hash; the cookie is used in this way for nothing else.
const PURPOSE: &[u8] = b"florin: form of a login page";

pub(in crate::http) fn form_key(login: &Secret) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(keyed(login).finalize().into_bytes()))
}

/// Compared in constant time.
pub(in crate::http) fn form_key_fits(login: &Secret, given: Option<&Secret>) -> bool {
    let given = given.and_then(|given| URL_SAFE_NO_PAD.decode(given.expose()).ok());
    given.is_some_and(|given| keyed(login).verify_slice(&given).is_ok())
}

fn keyed(login: &Secret) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(login.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(PURPOSE);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_key_matches_only_its_own_login() {
        let (mine, other) = (Secret::new("mine"), Secret::new("other"));
        let key = form_key(&mine);
        assert!(form_key_fits(&mine, Some(&key)));
        assert!(!form_key_fits(&other, Some(&key)));
        assert!(!form_key_fits(&mine, None));
        let half = Secret::new(&key.expose()[..20]);
        for wrong in ["", "!", "mine", half.expose()] {
            assert!(!form_key_fits(&mine, Some(&Secret::new(wrong))), "{wrong}");
        }
    }
}
