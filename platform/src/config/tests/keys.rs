//! Where the key that all others lie under comes from.

use super::{refused, with};

#[test]
fn the_key_lies_apart_from_the_data() {
    for inside in ["./florin-data/master", "florin-data/keys/master"] {
        refused(with(&[("FLORIN__CRYPTO__KEY_FILE", inside)]), "crypto.key_file", "lies in storage.data_dir");
    }
    refused(with(&[("FLORIN__CRYPTO__KEY_FILE", "")]), "crypto.key_file", "a path is wanted");
    assert!(with(&[("FLORIN__CRYPTO__KEY_FILE", "./florin-data-keys/master")]).is_ok());
}

#[test]
fn a_secret_of_the_operator_is_long_and_never_shown() {
    let secret = "hunter2-hunter2-hunter2-hunter2-";
    let config = with(&[("JWT_SECRET", secret)]).unwrap();
    assert_eq!(config.crypto.secret.as_ref().unwrap().expose(), secret);
    assert!(!format!("{config:?}").contains("hunter2"));
    let row = config.effective().iter().find(|row| row.key == "crypto.secret").unwrap();
    assert_eq!(row.value, "\"***\"");
    let short = with(&[("JWT_SECRET", &secret[1..])]);
    assert!(!short.as_ref().unwrap_err().to_string().contains("hunter2"));
    refused(short, "crypto.secret", "shorter than 32 bytes");
}
