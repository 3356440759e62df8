//! A deployment whose processes authenticate to one another by certificates, and an edge with a certificate for its
//! callers.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::common::{Running, florin, run};
use crate::rooms::{elsewhere, names};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Writes `ca.crt`, and a certificate with its key for each name.
pub(crate) fn certify(dir: &Path, names: &[&str]) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(dir.join("ca.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    let root = Issuer::new(params, key);
    for name in names {
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(vec![(*name).to_owned()]).unwrap().signed_by(&key, &root).unwrap();
        std::fs::write(dir.join(format!("{name}.crt")), signed.pem()).unwrap();
        let path = dir.join(format!("{name}.key"));
        std::fs::write(&path, key.serialize_pem()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn shows(command: &mut Command, section: &str, name: &str) {
    command.env(format!("FLORIN__{section}__TLS__CERTIFICATE_FILE"), format!("{name}.crt"));
    command.env(format!("FLORIN__{section}__TLS__KEY_FILE"), format!("{name}.key"));
    if section == "RPC" {
        command.env("FLORIN__RPC__TLS__CA_FILE", "ca.crt");
    }
}

fn edge(dir: &Path, at: &str) -> Command {
    let mut command = florin(dir);
    command.args(["serve", "edge"]);
    command.envs(elsewhere(at));
    command
}

#[test]
fn processes_answer_only_peers_with_a_cluster_certificate() {
    let dir = tempfile::tempdir().unwrap();
    certify(dir.path(), &["localhost", "edge.test"]);
    let mut services = florin(dir.path());
    shows(services.arg("serve").args(names()), "RPC", "localhost");
    let mut services = Running::start(&mut services);
    let at = services.wait_for("other processes call it on ");
    // Called by a name, which the certificate must cover.
    let at = format!("localhost:{}", at.rsplit_once(':').unwrap().1);

    let mut member = edge(dir.path(), &at);
    shows(&mut member, "RPC", "edge.test");
    let member = Running::start(&mut member);
    // It is ready as soon as it has heard from identity.
    let mut ready = member.get("/ready");
    for _ in 0..100 {
        if ready.0 == 200 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        ready = member.get("/ready");
    }
    assert_eq!(ready.0, 200, "{}", ready.1);

    // It knows the secret, which is in the same directory, but that is not enough.
    let stranger = Running::start(&mut edge(dir.path(), &at));
    assert_eq!(stranger.get("/ready").0, 503);
    assert_eq!(member.get("/ready").0, 200);
}

#[test]
fn with_a_certificate_callers_are_answered_only_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    certify(dir.path(), &["localhost"]);
    let mut server = florin(dir.path());
    shows(server.arg("serve").env("FLORIN__SERVER__MANAGEMENT_LISTEN", "127.0.0.1:0"), "SERVER", "localhost");
    let mut server = Running::start_saying(&mut server, " listens on https://", ',');
    let (status, said) = server.get("/health");
    assert!(status == 400 && said.contains("\"code\":\"tls_wanted\""), "{said}");
    server.at = server.wait_for("metrics and health also on http://");
    assert_eq!(server.get("/health").0, 200, "on this machine management is plain");
    assert!(server.get("/metrics").1.contains("ssl_certificate_expiry_timestamp{listener=\"public\"}"));
}

#[test]
fn a_demo_stays_local_and_a_bad_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    certify(dir.path(), &["localhost", "other"]);
    let mut demo = florin(dir.path());
    shows(demo.args(["serve", "--demo"]).env("FLORIN__SERVER__LISTEN", "192.0.2.1:8080"), "SERVER", "localhost");
    let (good, _, said) = run(&mut demo);
    assert!(!good && said.contains("--demo answers on this machine only"), "{said}");

    let mut mixed = florin(dir.path());
    shows(mixed.arg("serve"), "SERVER", "localhost");
    let (good, _, said) = run(mixed.env("FLORIN__SERVER__TLS__KEY_FILE", "other.key"));
    assert!(!good && said.contains("do not match"), "{said}");
}
