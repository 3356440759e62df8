//! The real binary: how it starts, what it answers, who may share its directory, how it ends.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::time::Duration;

use crate::common::{Running, florin, run};
use crate::rooms::names;
use kernel::{Clock, SystemClock};

/// Memory of an idle process: with edge, ledger and identity, and what each further room may add, half of it for its part
/// of the document.
const FIRST_ROOMS_MB: u64 = 60;
const ROOM_MB: u64 = 8;

#[test]
fn it_starts_fast_stays_small_and_ends_cleanly_on_sigterm() {
    let dir = tempfile::tempdir().unwrap();
    let before = SystemClock.monotonic();
    let mut server = Running::start(florin(dir.path()).arg("serve"));
    let start_ms = SystemClock.monotonic().micros_since(before) / 1_000;

    let (status, status_body) = server.get("/status");
    let body = &status_body;
    assert!(status == 200 && body.contains("\"mode\":\"embedded\"") && body.contains("\"demo\":false"), "{body}");
    assert_eq!(server.get("/ready").0, 200);
    assert!(server.get("/metrics").1.contains("http_requests_total"));
    assert!(server.get("/openapi.json").1.contains("\"openapi\": \"3.1"));
    for page in ["/", "/docs"] {
        assert!(server.get(page).1.starts_with("<!DOCTYPE html>"), "{page}");
    }
    let (status, body) = server.get("/v1/nothing");
    assert!(status == 404 && body.contains("\"code\":\"route_unknown\""), "{body}");

    let memory = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let kilobytes =
        memory.lines().find_map(|line| line.strip_prefix("RssAnon:")?.split_whitespace().next()?.parse().ok());
    let megabytes: u64 = kilobytes.unwrap_or(u64::MAX) / 1_024;
    println!("ready after {start_ms} ms, {megabytes} MB of its own while idle");
    assert!(start_ms < 5_000, "ready after {start_ms} ms");
    // Excludes the pages of the program itself, which are several times larger in a test build. About fifteen megabytes
    // were needed only during the start, mostly to describe the API: the allocator returns them some time later, or
    // keeps them.
    let status: serde_json::Value = serde_json::from_str(&status_body).unwrap();
    let further_rooms = status["roles"].as_array().unwrap().len() as u64 - 3;
    assert!(megabytes < FIRST_ROOMS_MB + further_rooms * ROOM_MB, "{megabytes} MB with {further_rooms} further rooms");

    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
}

#[test]
fn ctrl_c_ends_it_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Running::start(florin(dir.path()).args(["serve", "edge"]).args(names()));
    server.signal("INT");
    server.wait_for("florin: stopped");
    assert_eq!(server.ended(), Some(0));
}

/// A secret that is shown once must not be lost to a mistake in the settings.
#[test]
fn a_failed_first_start_creates_no_users() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let start = |more: &[(&str, &str)]| {
        let mut command = florin(dir.path());
        command.env_remove("FLORIN__IDENTITY__FIRST_SECRETS_FILE").arg("serve").envs(more.iter().copied());
        command
    };
    let missing = ("FLORIN__SERVER__TLS__KEY_FILE", "missing.pem");
    for (more, sentence) in [
        (&[("FLORIN__SERVER__MANAGEMENT_LISTEN", &*taken)][..], "server.management_listen"),
        (&[("FLORIN__SERVER__TLS__CERTIFICATE_FILE", "missing.pem"), missing], "missing.pem"),
        (&[("FLORIN__IDENTITY__FIRST_LOGIN_FILE", "/dev/null/first-login")], "identity.first_login_file"),
    ] {
        let (good, _, said) = run(&mut start(more));
        assert!(!good && said.contains(sentence), "{said}");
    }
    let mut server = Running::start(&mut start(&[]));
    let told = std::fs::read_to_string(dir.path().join("florin-keys/first-login")).unwrap();
    assert!(told.starts_with("administrator: admin\npassword for one login: "), "{told}");
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    // A start that creates no users leaves the file alone.
    let _server = Running::start(&mut start(&[]));
    assert_eq!(std::fs::read_to_string(dir.path().join("florin-keys/first-login")).unwrap(), told);
}

#[test]
fn a_second_process_is_told_which_process_holds_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = Running::start(florin(dir.path()).arg("serve"));
    let (good, _, said) = run(florin(dir.path()).arg("serve"));
    assert!(!good && said.contains(&format!("is in use by process {};", first.pid())), "{said}");
}

#[test]
fn a_crash_leaves_no_lock_behind() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Running::start(florin(dir.path()).arg("serve"));
    first.signal("KILL");
    assert_eq!(first.ended(), None);
    Running::start(florin(dir.path()).arg("serve"));
}

#[test]
fn a_demo_says_so_and_has_its_own_directory() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Running::start(florin(dir.path()).args(["serve", "--demo"]));
    demo.wait_for("DEMO: every caller without a token is the same demo user");
    assert!(demo.get("/status").1.contains("\"demo\":true"));
    demo.signal("TERM");
    assert_eq!(demo.ended(), Some(0));
    let (good, _, said) = run(florin(dir.path()).arg("serve"));
    assert!(!good && said.contains("start it with --demo"), "{said}");
}

#[test]
fn management_port_serves_metrics_and_health_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = florin(dir.path());
    let mut server = Running::start(command.arg("serve").env("FLORIN__SERVER__MANAGEMENT_LISTEN", "127.0.0.1:0"));
    server.at = server.wait_for("metrics and health also on http://");
    assert_eq!((server.get("/metrics").0, server.get("/ready").0, server.get("/status").0), (200, 200, 200));
    assert_eq!((server.get("/docs").0, server.get("/v1/accounts").0), (404, 404));
}

#[test]
fn impossible_starts_are_refused_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |name: &str, value: &str, words: &str| {
        let (good, _, said) = run(florin(dir.path()).args(["serve", "--demo"]).env(name, value));
        assert!(!good && said.contains(words), "{said}");
    };
    refused("DATABASE_URL", "postgres://ann:hunter2@127.0.0.1/x", "--demo runs on the embedded databases only");
    refused("FLORIN__SERVER__LISTEN", "0.0.0.0:8080", "can be reached from other machines");
    refused("FLORIN__SERVICES__LEDGER__MODE", "remote", "needs at least one address");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    refused("FLORIN__SERVER__LISTEN", &taken.local_addr().unwrap().to_string(), "is in use by another process");
    let (good, _, said) = run(florin(dir.path()).args(["serve", "nonsense"]));
    let all: Vec<&str> = ["edge"].into_iter().chain(names()).collect();
    assert!(!good && said.contains(&format!("[possible values: {}]", all.join(", "))), "{said}");
}

#[test]
fn options_choose_the_address_and_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = florin(dir.path());
    command.env("FLORIN__SERVER__LISTEN", "127.0.0.1:1").env("PORT", "2");
    let server = Running::start(command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "./books"]));
    assert_eq!(server.get("/health").0, 200);
    for (words, expected) in
        [("jobs list --data-dir ./books", "identity.once"), ("feed --data-dir ./books list", "events so far")]
    {
        let (good, out, said) = run(florin(dir.path()).args(words.split(' ')));
        assert!(good && out.contains(expected), "{words}: {out}{said}");
    }
    assert!(dir.path().join("books/ledger.db").exists() && !dir.path().join("florin-data").exists());
}

#[test]
fn requests_beyond_the_limit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = florin(dir.path());
    command.env("RATE_LIMIT_ENABLED", "true").env("FLORIN__LIMITS__MINUTE", "20");
    let server = Running::start(command.arg("serve"));
    let statuses: Vec<u16> = (0..50).map(|_| server.get("/v1/ledger/accounts").0).collect();
    assert!(statuses.contains(&200) && statuses.ends_with(&[429]), "{statuses:?}");
    assert!(server.get("/v1/ledger/accounts").1.contains("\"code\":\"rate_limited\""));
    assert_eq!(server.get("/openapi.json").0, 429, "its address is over the limit, whatever it asks for");
    assert_eq!((server.get("/health").0, server.get("/metrics").0), (200, 200), "probes have no limit");
    assert!(server.get("/status").1.contains("\"limits\":{\"counted\":\"in this process\"}"));
    assert!(server.get("/metrics").1.contains("limits_refused_total{"));
}

#[test]
fn an_unwritable_directory_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let binary = dir.path().join("florin");
    std::fs::copy(env!("CARGO_BIN_EXE_florin"), &binary).unwrap();
    open(dir.path(), 0o755);
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    open(&data, 0o555);
    let mut command = std::process::Command::new(&binary);
    command.arg("serve").current_dir("/").env_clear();
    command.env("FLORIN__SERVER__LISTEN", "127.0.0.1:0").env("FLORIN__STORAGE__DATA_DIR", &data);
    // Root may write anywhere, so the rule is tried as user `nobody`.
    if std::fs::write(data.join("probe"), "").is_ok() {
        std::fs::remove_file(data.join("probe")).unwrap();
        command.uid(65_534).gid(65_534);
    }
    let (good, _, said) = run(&mut command);
    assert!(!good && said.contains("cannot be written: Permission denied"), "{said}");
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = florin(dir.path());
    let mut server = Running::start(command.arg("serve").env("FLORIN__SERVER__HEADER_TIMEOUT_MS", "30000"));
    let mut half = std::net::TcpStream::connect(&server.at).unwrap();
    half.write_all(b"GET /status HTTP/1.1\r\nhost: loc").unwrap();
    server.signal("TERM");
    server.wait_for("stopping");
    std::thread::sleep(Duration::from_millis(200));
    server.signal("TERM");
    assert_eq!(server.ended(), Some(130));
}

#[test]
fn refusals_are_logged_and_successes_only_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let mut quiet = Running::start(florin(dir.path()).arg("serve").env("FEATURE_DARK", "hunter2"));
    quiet.get("/status");
    quiet.get("/nowhere/4711");
    quiet.wait_for("\"message\":\"refused\"");
    let said = quiet.said.join("\n");
    assert!(said.contains("\"code\":\"route_unknown\"") && said.contains("\"request_id\":\"req_"), "{said}");
    assert!(said.contains("FEATURE_DARK") && !said.contains("hunter2"), "{said}");
    assert!(!said.contains("\"answered\"") && !said.contains("4711"), "{said}");
    quiet.signal("TERM");
    quiet.ended();

    let mut chatty = Running::start(florin(dir.path()).arg("serve").env("LOG_LEVEL", "info,access=debug"));
    chatty.get("/status");
    chatty.wait_for("\"message\":\"answered\"");
}
