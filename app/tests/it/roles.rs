//! One deployment in several processes: which process answers whom, and what each says when another one is down.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Port, Running, florin, run};
use crate::rooms::{elsewhere, names};

fn ledger(dir: &Path) -> Command {
    let mut command = florin(dir);
    command.arg("serve").args(names()).env("FLORIN__RPC__LISTEN", "127.0.0.1:0");
    command
}

fn edge(dir: &Path, at: &str) -> Command {
    let mut command = florin(dir);
    command.args(["serve", "edge"]);
    command.envs(elsewhere(at));
    command
}

fn start_ledger(dir: &Path) -> (Running, String) {
    let mut running = Running::start(&mut ledger(dir));
    let at = running.wait_for("other processes call it on ");
    (running, at)
}

#[test]
fn an_edge_answers_from_a_ledger_in_another_process() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, at) = start_ledger(dir.path());
    let edge = Running::start(&mut edge(dir.path(), &at));
    let opened = edge.post("/v1/ledger/accounts", r#"{"path": "cash", "currency": "USD", "normal": "debit"}"#);
    assert_eq!(opened.0, 201, "{}", opened.1);
    let (status, account) = edge.get("/v1/ledger/accounts/cash");
    assert!(status == 200 && account.contains("\"path\":\"cash\""), "{account}");
    // A refusal of the ledger, with its fields.
    let (status, refused) = edge.get("/v1/ledger/accounts/nobody");
    assert!(status == 404 && refused.contains("\"code\":\"not_found\"") && refused.contains("nobody"), "{refused}");
    let shown = edge.get("/status").1;
    assert!(shown.contains("\"mode\":\"remote\"") && shown.contains("florin-1:main:1:1:"), "{shown}");
    assert!(ledger.get("/status").1.contains(&format!("\"roles\":{}", json!(names().collect::<Vec<_>>()))));
    assert_eq!((edge.get("/ready").0, ledger.get("/ready").0), (200, 200));
    assert!(!dir.path().join("edge-data").exists());
}

/// The first process that needs the credential makes it, readable only by its owner.
#[test]
fn a_ledger_without_the_edge_has_no_public_api() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, at) = start_ledger(dir.path());
    for path in ["/v1/ledger/accounts", "/ledger/accounts", "/docs", "/openapi.json", "/rpc/ledger/accounts"] {
        assert_eq!(ledger.get(path).0, 404, "{path}");
    }
    assert_eq!((ledger.get("/health").0, ledger.get("/metrics").0), (200, 200));
    let inside = Port(at);
    assert_eq!(inside.get("/v1/ledger/accounts").0, 404);
    assert_eq!(inside.post("/rpc/ledger/accounts", "{}").0, 401);
    let secret = std::fs::metadata(dir.path().join("florin-keys/rpc")).unwrap();
    assert_eq!(secret.permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_edge_survives_its_ledger_and_reconnects() {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, at) = start_ledger(dir.path());
    let edge = Running::start(&mut edge(dir.path(), &at));
    assert_eq!(edge.get("/v1/ledger/accounts").0, 200);
    first.signal("KILL");
    first.ended();
    let (status, body) = edge.get("/v1/ledger/accounts");
    assert!(status == 503 && body.contains("\"code\":\"unavailable\""), "{body}");
    let mut again = ledger(dir.path());
    let _second = Running::start(again.env("FLORIN__RPC__LISTEN", &at));
    let (status, body) = edge.get("/v1/ledger/accounts");
    assert_eq!(status, 200, "{body}");
    assert_eq!(edge.get("/ready").0, 200);
}

/// A remote room that is down affects only itself: the edge stays ready for all others, and says which one is down.
#[test]
fn an_edge_stays_ready_while_one_of_two_remote_rooms_is_away() {
    let dir = tempfile::tempdir().unwrap();
    let alone = |room: &str, data: &str| {
        let mut command = florin(dir.path());
        let data = dir.path().join(data).display().to_string();
        command.args(["serve", room]).env("FLORIN__RPC__LISTEN", "127.0.0.1:0").env("FLORIN__STORAGE__DATA_DIR", data);
        command
    };
    let started = |command: &mut Command| {
        let mut running = Running::start(command);
        let at = running.wait_for("other processes call it on ");
        (running, at)
    };
    let (_identity, identity_at) = started(&mut alone("identity", "identity-data"));
    let mut of_ledger = alone("ledger", "ledger-data");
    of_ledger.env("FLORIN__SERVICES__IDENTITY__MODE", "remote");
    let (mut ledger, ledger_at) = started(of_ledger.env("FLORIN__SERVICES__IDENTITY__ADDRESSES", &identity_at));
    let mut edge = edge(dir.path(), &ledger_at);
    let edge = Running::start(edge.env("FLORIN__SERVICES__IDENTITY__ADDRESSES", &identity_at));
    assert_eq!((edge.get("/v1/ledger/accounts").0, edge.get("/v1/identity/users").0), (200, 200));
    ledger.signal("KILL");
    ledger.ended();
    let (status, body) = edge.get("/v1/ledger/accounts");
    assert!(status == 503 && body.contains("\"code\":\"unavailable\""), "{body}");
    assert_eq!((edge.get("/ready").0, edge.get("/health").0, edge.get("/v1/identity/users").0), (200, 200, 200));
    let shown: Value = serde_json::from_str(&edge.get("/status").1).unwrap();
    assert_eq!(shown["services"]["ledger"]["error"], "unavailable", "{shown}");
}

#[test]
fn contradictory_settings_are_refused_before_anything_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let open = dir.path().join("open-secret");
    std::fs::write(&open, "x".repeat(40)).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    for (command, words) in [
        (florin(dir.path()).args(["serve", "edge"]), "the edge calls ledger; set services.ledger.mode"),
        (edge(dir.path(), "127.0.0.1:7070").arg("ledger"), "says that it runs elsewhere"),
        (florin(dir.path()).args(["serve", "ledger"]), "every process asks identity how to check tokens"),
        (
            florin(dir.path()).args(["serve", "identity"]).env("FLORIN__IDENTITY__ISSUER", ""),
            "identity.issuer is needed",
        ),
        (edge(dir.path(), "127.0.0.1:7070").arg("--demo"), "--demo runs in one process"),
        (edge(dir.path(), "10.0.0.1:7070").arg("ledger"), "calls travel in the clear"),
        (ledger(dir.path()).env("FLORIN__RPC__SECRET_FILE", &open), "can be read by everybody"),
        (ledger(dir.path()).env("FLORIN__RPC__LISTEN", "0.0.0.0:7070"), "can be reached from other machines"),
    ] {
        let (good, _, said) = run(command);
        assert!(!good && said.contains(words), "{said}");
    }
}
