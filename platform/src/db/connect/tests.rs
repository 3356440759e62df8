//! Which connections are encrypted, and where their secrets come from.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn encrypted(url: &str) -> Result<bool, String> {
    let address = Address::of(url);
    let config = Config::from_str(&address.url).unwrap();
    address.is_encrypted(&config)
}

#[test]
fn other_machines_are_reached_with_verified_tls_only() {
    for url in ["postgres://db/books", "postgres://10.1.2.3/books?sslmode=verify-full", "postgres://a,b.test/books"] {
        assert_eq!(encrypted(url), Ok(true), "{url}");
    }
    for (mode, words) in [("disable", "in the clear"), ("prefer", "in the clear"), ("require", "any server")] {
        let refused = encrypted(&format!("postgres://db/books?sslmode={mode}")).unwrap_err();
        assert!(refused.contains(words) && refused.contains("verify-full"), "{refused}");
    }
    assert!(encrypted("postgres://db/books?sslmode=verify-ca").unwrap_err().contains("any server"));
    assert!(encrypted("postgres://db/books?sslmode=full").unwrap_err().contains("expected sslmode"));
}

#[test]
fn this_machine_and_a_mesh_need_no_tls() {
    for url in [
        "postgres://127.0.0.1/books",
        "postgres://localhost/books?sslmode=prefer",
        "postgres://[::1]/books?sslmode=disable",
        "postgres://%2Frun%2Fpostgresql/books",
        "postgres://db/books?plain_behind_mesh=true",
        "postgres://db/books?plain_behind_mesh=true&sslmode=disable",
    ] {
        assert_eq!(encrypted(url), Ok(false), "{url}");
    }
    assert_eq!(encrypted("postgres://localhost/books?sslmode=verify-full"), Ok(true));
    assert!(check("postgres://db/books?sslmode=disable", false).is_err());
    assert!(check("postgres://db/books?sslmode=disable", true).is_ok());
}

#[test]
fn our_parameters_do_not_reach_the_driver() {
    let url = "postgres://u@h/d?application_name=x&sslmode=verify-full&sslrootcert=%2Fca.crt&password_file=%2Fp";
    let address = Address::of(url);
    assert_eq!(address.url, "postgres://u@h/d?application_name=x");
    assert_eq!((address.ca_file, address.password_file), (Some("/ca.crt".into()), Some("/p".into())));
}

#[test]
fn url_and_password_come_from_files_that_others_cannot_read() {
    let dir = tempfile::tempdir().unwrap();
    let (url, password) = (dir.path().join("url"), dir.path().join("pass word"));
    std::fs::write(&url, "postgres://ann@127.0.0.1/books\n").unwrap();
    std::fs::write(&password, "first\n").unwrap();
    for path in [&url, &password] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o440)).unwrap();
    }
    let mut storage = crate::config::Config::defaults().unwrap().storage;
    assert_eq!(server(&storage), None);
    (storage.database_url_file, storage.password_file) = (Some(url), Some(password.clone()));
    let server = server(&storage).unwrap();
    let read = || Address::of(&server).prepare().unwrap().0;
    assert_eq!((read().get_user(), read().get_dbname()), (Some("ann"), Some("books")));
    assert_eq!(read().get_password(), Some("first".as_bytes()));
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&password, "second").unwrap();
    assert_eq!(read().get_password(), Some("second".as_bytes()));
    let other = Address::of(&crate::db::with_database(&server, "other")).prepare().unwrap().0;
    assert_eq!(other.get_dbname(), Some("other"));

    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = Address::of(&server).prepare().unwrap_err().to_string();
    assert!(refused.contains("storage.password_file") && refused.contains("chmod 600"), "{refused}");
    std::fs::remove_file(&password).unwrap();
    assert!(Address::of(&server).prepare().unwrap_err().to_string().contains("cannot be read"));
    std::fs::write(&password, "one\ntwo\n").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Address::of(&server).prepare().unwrap_err().to_string().contains("one line"));
}

#[test]
fn a_file_without_roots_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.crt");
    std::fs::write(&ca, "nothing").unwrap();
    let url = format!("postgres://db/books?sslrootcert={}", ca.display());
    let refused = Address::of(&url).prepare().map(drop).unwrap_err().to_string();
    assert!(refused.contains("storage.ca_file") && refused.contains("no usable certificate"), "{refused}");
}
