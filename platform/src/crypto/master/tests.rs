use std::os::unix::fs::PermissionsExt;

use super::*;

fn config(path: &Path, secret: Option<&str>) -> Crypto {
    Crypto { key_file: path.to_owned(), subjects_dir: path.join("subjects"), secret: secret.map(Secret::new) }
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn is(one: &KeyEncryptionKey, other: &KeyEncryptionKey) -> bool {
    one.0 == other.0
}

#[test]
fn the_first_embedded_start_creates_a_private_key_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys").join("master");
    let made = KeyEncryptionKey::find(&config(&path, None), Engine::Sqlite).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(is(&made, &KeyEncryptionKey::find(&config(&path, None), Engine::Sqlite).unwrap()));
    assert!(is(&made, &KeyEncryptionKey::find(&config(&path, None), Engine::Postgres).unwrap()));
    assert_eq!(format!("{made:?}"), "KeyEncryptionKey(***)");
}

#[test]
fn on_postgresql_a_key_is_never_created() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master");
    let refused = KeyEncryptionKey::find(&config(&path, None), Engine::Postgres);
    assert!(matches!(refused, Err(KeyError::NotGiven { .. })), "{refused:?}");
    assert!(!path.exists());
}

#[test]
fn hexadecimal_and_base64url_are_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master");
    write(&path, &format!("{}\n", "fB".repeat(32)), 0o640);
    let hex = KeyEncryptionKey::read(&path).unwrap();
    for spelled in [URL_SAFE_NO_PAD.encode([0xfb; 32]), format!("{}=\n", URL_SAFE_NO_PAD.encode([0xfb; 32]))] {
        write(&path, &spelled, 0o400);
        assert!(is(&hex, &KeyEncryptionKey::read(&path).unwrap()), "{spelled}");
    }
}

#[test]
fn a_key_that_is_absent_open_or_malformed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master");
    assert!(matches!(KeyEncryptionKey::read(&path), Err(KeyError::File { .. })));
    write(&path, &"ab".repeat(32), 0o604);
    assert!(matches!(KeyEncryptionKey::read(&path), Err(KeyError::Open { .. })));
    let two_lines = format!("{}\n{}", "ab".repeat(32), "ab".repeat(32));
    for bad in ["", "secret", &"a".repeat(42), &"ab".repeat(33), &"xy".repeat(32), &"é".repeat(32), &two_lines] {
        write(&path, bad, 0o600);
        let refused = KeyEncryptionKey::read(&path);
        assert!(matches!(refused, Err(KeyError::Malformed { .. })), "{bad}: {refused:?}");
    }
}

#[test]
fn the_operators_secret_is_never_used_as_a_key_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master");
    let secret = "0123456789abcdef0123456789abcdef";
    let key = KeyEncryptionKey::find(&config(&path, Some(secret)), Engine::Postgres).unwrap();
    assert!(!path.exists(), "the secret stands instead of the file");
    assert!(is(&key, &KeyEncryptionKey::from_secret(&Secret::new(secret)).unwrap()));
    assert_ne!(key.0.as_slice(), secret.as_bytes());
    assert!(!is(&key, &KeyEncryptionKey::from_secret(&Secret::new(format!("{secret}0"))).unwrap()));
    assert!(matches!(KeyEncryptionKey::from_secret(&Secret::new(&secret[1..])), Err(KeyError::Short)));
}

#[test]
fn each_purpose_has_its_own_key() {
    let key = KeyEncryptionKey::random();
    assert_eq!(key.derive("one"), key.derive("one"));
    assert_ne!(key.derive("one"), key.derive("two"));
    let purpose = key.purpose("codes");
    let mac = purpose.mac(b"123456");
    assert_eq!(mac, key.purpose("codes").mac(b"123456"));
    assert!(purpose.is(b"123456", &mac) && !purpose.is(b"123457", &mac) && !key.purpose("mails").is(b"123456", &mac));
    assert!(!KeyEncryptionKey::random().purpose("codes").is(b"123456", &mac));
    assert_eq!(format!("{purpose:?}"), "PurposeKey(***)");
}
