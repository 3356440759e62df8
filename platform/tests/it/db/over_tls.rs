//! A PostgreSQL server that asks for TLS and a password.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use platform::db::connections_max;
use tokio_postgres::NoTls;

const USER: &str = "florin_tls";

/// The server of `scripts/postgres`, if it runs.
fn server() -> Option<(String, String)> {
    let url = std::env::var("FLORIN_TEST_POSTGRES_URL").ok()?;
    Some((url, std::env::var("FLORIN_TEST_POSTGRES_CA").ok()?))
}

async fn as_superuser(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    driver.abort();
}

fn put(path: &Path, line: &str) {
    std::fs::write(path, line).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn the_server_is_verified_and_a_changed_password_is_used() {
    let Some((url, ca)) = server() else {
        eprintln!("skipped: FLORIN_TEST_POSTGRES_URL and FLORIN_TEST_POSTGRES_CA name no server");
        return;
    };
    as_superuser(&url, &format!("drop role if exists {USER}; create role {USER} login password 'first'")).await;
    let dir = tempfile::tempdir().unwrap();
    let (password, other) = (dir.path().join("password"), dir.path().join("other.crt"));
    put(&password, "first");
    let place = url.rsplit_once('@').unwrap().1.replace("127.0.0.1", "localhost");
    let at = |place: &str, ca: &str| {
        let files = format!("sslrootcert={ca}&password_file={}", password.display());
        // The password's proof is bound to the certificate of this connection.
        format!("postgres://{USER}@{place}?sslmode=verify-full&channel_binding=require&{files}")
    };
    assert!(connections_max(&at(&place, &ca)).await.unwrap() > 0);

    let refused = connections_max(&at(&place.replace("localhost", "127.0.0.1"), &ca)).await;
    assert!(refused.is_err(), "a name that is not in the certificate");
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&other, stranger.cert.pem()).unwrap();
    assert!(connections_max(&at(&place, &other.display().to_string())).await.is_err(), "another root");
    let plain = format!("postgres://{USER}@{place}?password_file={}", password.display());
    assert!(connections_max(&plain).await.is_err(), "the server wants TLS");

    as_superuser(&url, &format!("alter role {USER} password 'second'")).await;
    assert!(connections_max(&at(&place, &ca)).await.is_err());
    put(&password, "second\n");
    assert!(connections_max(&at(&place, &ca)).await.is_ok());
}
