//! `florin dev split`: a deployment of several processes that is kept running, watched, and stopped as a whole.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::common::{Running, florin, run};

/// A directory that the PostgreSQL user can reach.
fn open_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn has_postgres() -> bool {
    let found = Command::new("sh").args(["-c", "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb"]).output();
    let found = found.unwrap().status.success();
    let required = std::env::var("FLORIN_TEST_REQUIRE").is_ok_and(|engines| engines.contains("postgres"));
    assert!(found || !required, "PostgreSQL is required and not installed");
    if !found {
        println!("skipped: PostgreSQL is not installed");
    }
    found
}

fn split(dir: &Path) -> Command {
    let mut command = florin(dir);
    let port = testkit::free_port();
    command.args(["dev", "split"]).env("FLORIN__SERVER__LISTEN", format!("127.0.0.1:{port}"));
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// They come up in any order.
fn first_pid(house: &mut Running, name: &str) -> String {
    let up = format!("{name} is up");
    let said = house.said.iter().find_map(|line| line.split_once(&up)?.1.split_once("process "));
    match said {
        Some((_, pid)) => pid.to_owned(),
        None => house.wait_for_all(&[&up, "process "]),
    }
}

fn lives(pid: &str) -> bool {
    Path::new("/proc").join(pid).join("exe").read_link().is_ok()
}

#[test]
fn dead_processes_restart_and_all_end_together() {
    if !has_postgres() {
        return;
    }
    let dir = open_dir();
    let mut house = Running::start_saying(&mut split(dir.path()), "callers reach it on http://", ';');
    let mut pids = Vec::new();
    for name in ["postgres", "ledger-1", "ledger-2", "edge"] {
        pids.push(first_pid(&mut house, name));
    }
    let account = r#"{"path": "cash", "currency": "USD", "normal": "debit"}"#;
    let opened = house.post("/v1/ledger/accounts", account);
    assert_eq!(opened.0, 201, "{}", opened.1);

    for (name, pid) in [("ledger-1", 1), ("ledger-2", 2), ("edge", 3)] {
        let pid = pids[pid].clone();
        Command::new("kill").args(["-9", &pid]).status().unwrap();
        house.wait_for(&format!("{name} ended (signal: 9 (SIGKILL))"));
        house.wait_for(&format!("{name} started again"));
        let now = house.wait_for_all(&[&format!("{name} is up"), "process "]);
        assert!(now != pid && lives(&now), "{now}");
        pids.push(now);
    }
    let (status, account) = house.get("/v1/ledger/accounts/cash");
    assert!(status == 200 && account.contains("\"path\":\"cash\""), "{account}");

    let (good, _, said) = run(&mut split(dir.path()));
    assert!(!good && said.contains("is in use by another `florin dev split`"), "{said}");
    for key in ["rpc", "postgres"] {
        let mode = std::fs::metadata(dir.path().join("florin-split/keys").join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }

    house.signal("TERM");
    house.wait_for("florin: stopped");
    assert_eq!(house.ended(), Some(0));
    let left: Vec<&String> = pids.iter().filter(|pid| lives(pid)).collect();
    assert!(left.is_empty(), "{left:?} are still there");
}

/// If the supervisor is killed, the others end with it, so that the next one finds ports and data free.
#[test]
fn a_killed_supervisor_leaves_no_processes_behind() {
    if !has_postgres() {
        return;
    }
    let dir = open_dir();
    let mut house = Running::start_saying(&mut split(dir.path()), "callers reach it on http://", ';');
    let pids: Vec<String> =
        ["postgres", "ledger-1", "ledger-2", "edge"].map(|name| first_pid(&mut house, name)).to_vec();
    assert!(pids.iter().all(|pid| lives(pid)), "{pids:?}");
    house.signal("KILL");
    house.ended();
    for _ in 0..200 {
        if pids.iter().all(|pid| !lives(pid)) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{pids:?}: still running");
}

#[test]
fn without_postgresql_dev_split_says_what_to_do() {
    let dir = open_dir();
    let (good, _, said) = run(split(dir.path()).env("DATABASE_URL", "mysql://ann:hunter2@db/florin"));
    assert!(!good && said.contains("expected postgres://") && !said.contains("hunter2"), "{said}");
    let (good, _, said) = run(split(dir.path()).args(["--ledgers", "0"]));
    assert!(!good && said.contains("0 is not in 1..=9"), "{said}");
}
