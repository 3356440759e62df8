//! Card verification codes: computed from the number and its expiry date under a key, and never stored.

use kernel::Secret;
use platform::crypto::{PurposeKey, same};
use vault_api::{Expiry, Pan};

/// Cards of 15 digits have a code of four.
const LONG_CODE_OF: usize = 15;

pub(crate) fn code(key: &PurposeKey, pan: &Pan, expiry: Expiry) -> Secret {
    let mac = key.mac(format!("{}|{expiry}", pan.expose()).as_bytes());
    let number = mac.first_chunk().copied().map_or(0, u64::from_be_bytes);
    if pan.expose().len() == LONG_CODE_OF {
        Secret::new(format!("{:04}", number % 10_000))
    } else {
        Secret::new(format!("{:03}", number % 1_000))
    }
}

pub(crate) fn matches(key: &PurposeKey, pan: &Pan, expiry: Expiry, given: &Secret) -> bool {
    same(code(key, pan, expiry).expose().as_bytes(), given.expose().as_bytes())
}

#[cfg(test)]
mod tests {
    use platform::crypto::KeyEncryptionKey;

    use super::*;

    #[test]
    fn a_code_belongs_to_one_number_and_expiry() {
        let key = KeyEncryptionKey::random().purpose("card verification codes");
        let pan = |text: &str| text.parse::<Pan>().unwrap();
        let at = |text: &str| text.parse::<Expiry>().unwrap();
        let visa = pan("4111111111111111");
        let given = code(&key, &visa, at("2712"));
        assert!(matches(&key, &visa, at("2712"), &given));
        assert_eq!((given.expose().len(), code(&key, &pan("378282246310005"), at("2712")).expose().len()), (3, 4));
        let others = ["2801", "2802", "2803", "2804"].map(|expiry| code(&key, &visa, at(expiry)));
        assert!(others.iter().any(|other| *other != given));
        assert!(!matches(&key, &visa, at("2712"), &Secret::new("")));
    }
}
