//! Certificates that are replaced while in use, by good and by bad ones.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use kernel::SystemClock;
use platform::telemetry::Metrics;
use platform::tls::{Tls, TlsError};

use crate::tls::common::{Root, TLS13, ask, config, connect, files, opened, serve, shown, write_private};

#[tokio::test]
async fn a_new_certificate_is_used_and_open_connections_stay() {
    // The recorder is process-wide, and other tests' listeners have the same name.
    if !testkit::alone("tls::reload::a_new_certificate_is_used_and_open_connections_stay") {
        return;
    }
    let metrics = Metrics::install().unwrap();
    let (root, dir) = (Root::new(), tempfile::tempdir().unwrap());
    let (first, second) = (root.issue_for("localhost", 2020, 2037), root.issue_for("localhost", 2020, 2038));
    let tls = opened(files(&dir, &first, None));
    assert!(metrics.render().contains(r#"ssl_certificate_expiry_timestamp{listener="test"} 2114380800"#));
    let server = serve(&tls, &config(&[])).await;
    let mut open = connect(server.address(), &root, TLS13).await.unwrap();
    ask(&mut open, "").await;
    assert!(!tls.look().await, "nothing has changed");

    files(&dir, &second, None);
    // Nobody triggers the check: the listener does it by itself.
    for _ in 0..100 {
        if shown(server.address(), &root).await == second.der() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(shown(server.address(), &root).await, second.der());
    assert!(metrics.render().contains(r#"ssl_certificate_expiry_timestamp{listener="test"} 2145916800"#));
    assert!(ask(&mut open, "").await.starts_with("HTTP/1.1 200 "), "the open connection continues");
    assert_eq!(open.get_ref().1.peer_certificates().unwrap()[0], first.der());
}

#[tokio::test]
async fn a_bad_replacement_is_ignored_until_it_is_fixed() {
    let (root, dir) = (Root::new(), tempfile::tempdir().unwrap());
    let (good, next) = (root.issue("localhost"), root.issue("localhost"));
    let paths = files(&dir, &good, None);
    let tls = opened(paths.clone());
    let server = serve(&tls, &config(&[])).await;
    let (expired, early) = (root.issue_for("localhost", 2020, 2021), root.issue_for("localhost", 2037, 2038));
    for (what, certificate, key) in [
        ("a half-written pair", &next.certificate, &good.key),
        ("an expired one", &expired.certificate, &expired.key),
        ("one that is not yet valid", &early.certificate, &early.key),
        ("no certificate", &"hello".to_owned(), &good.key),
        ("no key", &good.certificate, &"hello".to_owned()),
        ("nothing", &String::new(), &String::new()),
    ] {
        std::fs::write(&paths.certificate, certificate).unwrap();
        write_private(&paths.key, key);
        assert!(!tls.look().await, "{what} was used");
        assert_eq!(shown(server.address(), &root).await, good.der(), "{what}");
    }
    std::fs::remove_file(&paths.key).unwrap();
    assert!(!tls.look().await);
    files(&dir, &next, None);
    std::fs::set_permissions(&paths.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(!tls.look().await, "a key that everybody can read was used");
    assert_eq!(shown(server.address(), &root).await, good.der());
    files(&dir, &next, None);
    assert!(tls.look().await);
    assert_eq!(shown(server.address(), &root).await, next.der());
}

#[tokio::test]
async fn bad_certificate_files_are_refused_at_the_start() {
    let (root, dir) = (Root::new(), tempfile::tempdir().unwrap());
    let (good, other) = (root.issue("localhost"), root.issue("localhost"));
    let paths = files(&dir, &good, Some(&root));
    let open = || Tls::open("test", paths.clone(), Arc::new(SystemClock)).err();
    assert!(open().is_none());

    write_private(&paths.key, &other.key);
    assert!(matches!(open(), Some(TlsError::NotAPair { .. })), "{:?}", open());
    write_private(&paths.key, "hello");
    assert!(matches!(open(), Some(TlsError::Malformed { what: "private key", .. })), "{:?}", open());
    files(&dir, &root.issue_for("localhost", 2020, 2021), None);
    assert!(matches!(open(), Some(TlsError::Expired { .. })), "{:?}", open());
    files(&dir, &root.issue_for("localhost", 2037, 2038), None);
    assert!(matches!(open(), Some(TlsError::NotYetValid { .. })), "{:?}", open());
    files(&dir, &good, None);
    std::fs::write(paths.ca.as_ref().unwrap(), "hello").unwrap();
    assert!(matches!(open(), Some(TlsError::Malformed { what: "certificate", .. })), "{:?}", open());
    std::fs::remove_file(&paths.certificate).unwrap();
    assert!(matches!(open(), Some(TlsError::File { .. })), "{:?}", open());
    files(&dir, &good, Some(&root));
    std::fs::set_permissions(&paths.key, std::fs::Permissions::from_mode(0o604)).unwrap();
    assert!(matches!(open(), Some(TlsError::Open { .. })), "{:?}", open());
}
