//! All processes of a house on this machine: what each is started with, and in which order they come and go.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::Clock;
use platform::config::Config;
use platform::rpc::Credential;

use super::look::{self, Look};
use super::postgres::{self, Database};
use super::process::{Plan, Process, Stop, bound};
use crate::failure::Failure;

/// Settings that are given to each process anew, so that what was meant for one does not reach all.
const OWN: [&str; 6] =
    ["PORT", "DATABASE_URL", "FLORIN__SERVER__", "FLORIN__RPC__", "FLORIN__SERVICES__", "FLORIN__STORAGE__D"];

pub(super) struct House {
    /// In the order in which they are started; they are stopped in the opposite one.
    processes: Vec<Process>,
    edge: SocketAddr,
    dir: PathBuf,
}

impl House {
    pub(super) async fn open(
        dir: &Path,
        settings: &Config,
        file: Option<&Path>,
        ledgers: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<House, Failure> {
        let keys = dir.join("keys");
        let secret = keys.join("rpc");
        Credential::read_or_make(&secret)?;
        let logs = dir.join("logs");
        std::fs::create_dir_all(&logs)?;
        let mut house = House { processes: Vec::new(), edge: settings.server.listen, dir: dir.to_owned() };
        let url = match &settings.storage.database_url {
            Some(url) => url.expose().to_owned(),
            None => {
                let Database { plan, url, ready } = postgres::prepare(dir, &keys, free_port()?)?;
                house.processes.push(Process::start(plan, &logs, clock.clone())?);
                ready.wait().await?;
                url
            }
        };
        let common = Common { file, secret, url, dir: dir.to_owned() };
        let rpc = local(free_port()?);
        let plan = common.plan("identity", "identity", local(free_port()?), &of_identity(&keys, rpc, house.edge)?)?;
        house.processes.push(Process::start(plan, &logs, clock.clone())?);
        let identity = remote(IDENTITY, &rpc.to_string());
        let mut addresses = Vec::new();
        for number in 1..=ledgers {
            let (name, rpc) = (format!("ledger-{number}"), local(free_port()?));
            let env = [&identity[..], &[("FLORIN__RPC__LISTEN", rpc.to_string())]].concat();
            let plan = common.plan(&name, "ledger", local(free_port()?), &env)?;
            house.processes.push(Process::start(plan, &logs, clock.clone())?);
            addresses.push(rpc.to_string());
        }
        let env = [identity, remote(LEDGER, &addresses.join(","))].concat();
        let plan = common.plan("edge", "edge", house.edge, &env)?;
        house.processes.push(Process::start(plan, &logs, clock)?);
        Ok(house)
    }

    /// Starts again what has died.
    pub(super) fn tend(&mut self) -> Result<(), Failure> {
        self.processes.iter_mut().try_for_each(Process::tend)
    }

    pub(super) async fn look(&mut self) -> Vec<Look> {
        let looks = self.processes.iter().map(|process| look::at(process.plan()));
        let found = futures_util::future::join_all(looks).await;
        self.processes.iter_mut().zip(found).map(|(process, found)| process.seen(found)).collect()
    }

    pub(super) fn introduce(&self) {
        eprintln!(
            "florin {} as {} processes, logs in {}",
            env!("CARGO_PKG_VERSION"),
            self.processes.len(),
            self.dir.join("logs").display()
        );
        eprintln!(
            "callers reach it on http://{}; every operation: http://{}/docs; Ctrl-C stops all of it",
            self.edge, self.edge
        );
        eprintln!(
            "the administrator's first password and a program's secret: {}; read it, and delete it",
            self.dir.join("keys/first-login").display()
        );
    }

    /// Who calls goes before who is called.
    pub(super) async fn close(self) {
        for process in self.processes.into_iter().rev() {
            process.stop().await;
        }
    }
}

/// What all processes of ours have in common.
struct Common<'a> {
    file: Option<&'a Path>,
    secret: PathBuf,
    url: String,
    dir: PathBuf,
}

impl Common<'_> {
    fn plan(&self, name: &str, role: &str, at: SocketAddr, env: &[(&str, String)]) -> Result<Plan, Failure> {
        let mut command = bound(&std::env::current_exe()?);
        if let Some(file) = self.file {
            command.arg("--config").arg(file.canonicalize()?);
        }
        command.args(["serve", role]).current_dir(&self.dir);
        for (variable, _) in std::env::vars_os() {
            if variable.to_str().is_some_and(|variable| OWN.iter().any(|own| variable.starts_with(own))) {
                command.env_remove(variable);
            }
        }
        command
            .env("FLORIN__SERVER__LISTEN", at.to_string())
            .env("FLORIN__RPC__SECRET_FILE", &self.secret)
            .env("FLORIN__STORAGE__DATA_DIR", self.dir.join("data").join(name))
            .env("FLORIN__TELEMETRY__SERVICE_NAME", name)
            .env("FLORIN__TELEMETRY__LOG_FORMAT", "text");
        if role != "edge" {
            command.env("FLORIN__STORAGE__DATABASE_URL", &self.url);
        }
        for (variable, value) in env {
            command.env(variable, value);
        }
        Ok(Plan { name: name.to_owned(), command, at, stop: Stop::Terminate, speaks_http: true })
    }
}

/// Where a service runs: the names of its two settings.
type Place = [&'static str; 2];
const LEDGER: Place = ["FLORIN__SERVICES__LEDGER__MODE", "FLORIN__SERVICES__LEDGER__ADDRESSES"];
const IDENTITY: Place = ["FLORIN__SERVICES__IDENTITY__MODE", "FLORIN__SERVICES__IDENTITY__ADDRESSES"];

fn remote([mode, addresses]: Place, at: &str) -> [(&'static str, String); 2] {
    [(mode, "remote".to_owned()), (addresses, at.to_owned())]
}

/// Its keys lie beside those of the house, and so does what is told once at the first start.
fn of_identity(keys: &Path, rpc: SocketAddr, edge: SocketAddr) -> Result<[(&'static str, String); 4], Failure> {
    let master = keys.join("master");
    // It has the form of a key too.
    Credential::read_or_make(&master)?;
    Ok([
        ("FLORIN__RPC__LISTEN", rpc.to_string()),
        ("FLORIN__IDENTITY__ISSUER", format!("http://{edge}")),
        ("FLORIN__CRYPTO__KEY_FILE", master.display().to_string()),
        ("FLORIN__IDENTITY__FIRST_LOGIN_FILE", keys.join("first-login").display().to_string()),
    ])
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// One that nobody has now; processes find one another by it, so it has to be known before they start.
fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
