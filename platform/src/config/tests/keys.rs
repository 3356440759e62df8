//! The master key's origin.

use super::{refused, with};

#[test]
fn a_key_inside_the_data_directory_is_refused() {
    for inside in ["./florin-data/master", "florin-data/keys/master"] {
        refused(with(&[("FLORIN__CRYPTO__KEY_FILE", inside)]), "crypto.key_file", "is inside storage.data_dir");
    }
    refused(with(&[("FLORIN__CRYPTO__KEY_FILE", "")]), "crypto.key_file", "expected a path");
    assert!(with(&[("FLORIN__CRYPTO__KEY_FILE", "./florin-data-keys/master")]).is_ok());
}

#[test]
fn the_operators_secret_is_long_and_never_printed() {
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
