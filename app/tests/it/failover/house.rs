//! Three processes that share the books, each on its own connection to PostgreSQL, and an edge that calls all of them.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Method;
use kernel::{Clock, Monotonic, SystemClock};
use rand::RngExt;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Client, Server, ServerBuilder};

use crate::failover::callers;
use crate::failover::wire::Wire;
use crate::rooms::elsewhere;

pub(crate) const MEMBERS: usize = 3;

pub(crate) struct House {
    members: Vec<Member>,
    edge: Server,
    _dirs: Vec<TempDir>,
}

pub(crate) struct Member {
    builder: ServerBuilder,
    pub(crate) wire: Wire,
    running: Mutex<Option<Arc<Server>>>,
    /// Hit and not yet restored: its callers may get no answer.
    struck: Mutex<Struck>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Struck {
    now: bool,
    until: Monotonic,
}

impl House {
    pub(crate) async fn start(url: &str) -> House {
        let server = address_of(url);
        let secret = tempfile::tempdir().unwrap();
        let secret_file = secret.path().join("rpc");
        let ports: Vec<u16> = (0..MEMBERS).map(|_| lasting_port()).collect();
        let mut dirs = vec![secret];
        let mut members = Vec::new();
        for port in &ports {
            let (wire, dir) = (Wire::start(server).await, tempfile::tempdir().unwrap());
            let url = url.replace(&server.to_string(), &wire.address().to_string());
            let builder = builder(dir.path().to_owned(), &secret_file)
                .env("FLORIN__STORAGE__DATABASE_URL", &url)
                .env("FLORIN__RPC__LISTEN", format!("127.0.0.1:{port}"));
            dirs.push(dir);
            members.push(Member { builder, wire, running: Mutex::new(None), struck: Mutex::default() });
        }
        // Started at once, on a database without tables.
        tokio::join!(members[0].start(), members[1].start(), members[2].start());
        let dir = tempfile::tempdir().unwrap();
        let addresses: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let edge = builder(dir.path().to_owned(), &secret_file).arg("edge");
        let edge = elsewhere(&addresses.join(",")).fold(edge, |edge, (name, value)| edge.env(name, value));
        dirs.push(dir);
        House { members, edge: edge.start().await, _dirs: dirs }
    }

    pub(crate) fn member(&self, place: usize) -> &Member {
        &self.members[place]
    }

    pub(crate) fn edge(&self) -> Client {
        self.edge.client()
    }

    /// The member that says it holds the lease.
    pub(crate) async fn until_holder(&self) -> usize {
        for _ in 0..600 {
            for place in 0..MEMBERS {
                if self.member(place).claims().await.is_some() {
                    return place;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no member holds the lease:\n{}", self.output());
    }

    /// Waits until a command is executed again; asks members other than the one that was hit, as a caller would.
    pub(crate) async fn until_written(&self, struck: usize) -> Monotonic {
        let place = (struck + 1) % MEMBERS;
        let client = self.member(place).client().expect("one is struck at a time");
        loop {
            let body = callers::any_transfer(callers::new_id());
            let asking = client.send(Method::POST, callers::PATH, &[("x-deadline-ms", "1000")], Some(&body));
            if asking.await.is_ok_and(|answer| answer.status.as_u16() == 201) {
                return SystemClock.monotonic();
            }
        }
    }

    /// Waits until all have the database again, and a fresh copy of identity's data.
    pub(crate) async fn until_all_ready(&self) {
        for member in &self.members {
            let client = member.client().unwrap();
            let mut tried = 0;
            while client.get("/ready").await.status.as_u16() != 200 {
                tried += 1;
                assert!(tried < 200, "a member is not ready again:\n{}", self.output());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// By the metrics of all.
    pub(crate) async fn leases_held(&self) -> f64 {
        let mut held = 0.0;
        for member in &self.members {
            let text = member.client().unwrap().get("/metrics").await.text();
            let line = text
                .lines()
                .find(|line| line.starts_with("lease_held{service=\"ledger\"}"))
                .expect("each says whether it holds the lease");
            held += line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap();
        }
        held
    }

    pub(crate) async fn close(&self) {
        for member in &self.members {
            member.kill();
        }
    }

    pub(crate) fn output(&self) -> String {
        self.members.iter().filter_map(Member::running).map(|server| server.output()).collect()
    }
}

impl Member {
    pub(crate) async fn start(&self) {
        let server = self.builder.start().await;
        *self.running.lock().unwrap() = Some(Arc::new(server));
    }

    pub(crate) fn running(&self) -> Option<Arc<Server>> {
        self.running.lock().unwrap().clone()
    }

    pub(crate) fn client(&self) -> Option<Client> {
        self.running().map(|server| server.client())
    }

    /// SIGKILL, once no other task uses the handle.
    pub(crate) fn kill(&self) {
        if let Some(server) = self.running.lock().unwrap().take() {
            crate::failover::blows::signal(&server, rustix::process::Signal::KILL);
        }
    }

    /// Waits for the end of a process that was asked to end.
    pub(crate) async fn ended(&self) {
        let server = self.running.lock().unwrap().take();
        let mut server = server.and_then(Arc::into_inner).expect("no other task waits for it");
        assert!(server.wait().await.success(), "{}", server.output());
    }

    pub(crate) async fn until_answers(&self, path: &str, status: u16) {
        let client = self.client().expect("it runs");
        for _ in 0..200 {
            let asking = client.send(Method::GET, path, &[], None);
            let answer = tokio::time::timeout(Duration::from_secs(2), asking).await;
            if answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status.as_u16() == status)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} did not become {status}:\n{}", self.running().unwrap().output());
    }

    /// A holder that lost its database is not ready even before its lease has expired, and stays the holder until then.
    pub(crate) async fn until_stand_by(&self) {
        for _ in 0..100 {
            if self.claims().await.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it still claims the lease:\n{}", self.running().unwrap().output());
    }

    /// The epoch, if it says that it holds the lease.
    pub(crate) async fn claims(&self) -> Option<i64> {
        let asking = self.client()?;
        let answer = asking.send(Method::GET, "/status", &[], None);
        let answer = tokio::time::timeout(Duration::from_millis(1_500), answer).await.ok()?.ok()?.json();
        let ledger: &Value = &answer["services"]["ledger"];
        if ledger["role"] == "holder" { ledger["epoch"].as_i64() } else { None }
    }

    pub(crate) fn strike(&self) {
        self.struck.lock().unwrap().now = true;
    }

    pub(crate) fn mended(&self) {
        *self.struck.lock().unwrap() = Struck { now: false, until: SystemClock.monotonic() };
    }

    pub(crate) fn was_struck_since(&self, since: Monotonic) -> bool {
        let struck = *self.struck.lock().unwrap();
        struck.now || struck.until >= since
    }
}

fn builder(dir: PathBuf, secret_file: &std::path::Path) -> ServerBuilder {
    ServerBuilder::new(env!("CARGO_BIN_EXE_florin"), dir)
        .env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
        .env("FLORIN__RPC__SECRET_FILE", secret_file)
}

/// A port that a process can use again after its restart: below those that the system assigns to outgoing connections.
fn lasting_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| rand::rng().random_range(20_000..32_000));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn address_of(url: &str) -> SocketAddr {
    let (_, rest) = url.rsplit_once('@').expect("a URL with a user");
    rest.split('/').next().unwrap().parse().expect("an address with a port")
}
