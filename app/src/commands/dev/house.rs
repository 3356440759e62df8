//! All processes of a deployment on this machine: how each is started, and in which order they start and stop.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::Clock;
use platform::config::Config;
use platform::db;
use platform::room::{Apart, Room, Told};
use platform::rpc::Credential;

use super::look::{self, Look};
use super::postgres::{self, Database};
use super::process::{Plan, Process, Stop, bound};
use crate::commands::Start;
use crate::failure::Failure;
use crate::house::EDGE;

/// Settings that are set per process, so that one meant for a single process does not reach all.
const OWN: [&str; 6] =
    ["PORT", "DATABASE_URL", "FLORIN__SERVER__", "FLORIN__RPC__", "FLORIN__SERVICES__", "FLORIN__STORAGE__D"];

pub(super) struct House {
    /// In starting order; they are stopped in the opposite one.
    processes: Vec<Process>,
    edge: SocketAddr,
    dir: PathBuf,
    /// What the rooms print at the terminal.
    told: Vec<String>,
}

impl House {
    pub(super) async fn open(
        dir: &Path,
        start: Start<'_>,
        settings: &Config,
        writers: usize,
        clock: Arc<dyn Clock>,
    ) -> Result<House, Failure> {
        let keys = dir.join("keys");
        let secret = keys.join("rpc");
        Credential::read_or_make(&secret)?;
        // It has the form of a key too.
        Credential::read_or_make(&keys.join("master"))?;
        let logs = dir.join("logs");
        std::fs::create_dir_all(&logs)?;
        let (edge, told) = (settings.server.listen, Vec::new());
        let mut house = House { processes: Vec::new(), edge, dir: dir.to_owned(), told };
        let url = match db::server(&settings.storage) {
            Some(url) => url,
            None => {
                let Database { plan, url, ready } = postgres::prepare(dir, &keys, free_port()?)?;
                house.processes.push(Process::start(plan, &logs, clock.clone())?);
                ready.wait().await?;
                url
            }
        };
        let mut places = start.rooms.iter().map(|room| Place::of(room, writers)).collect::<Result<Vec<_>, _>>()?;
        // No process lets callers in before the one that makes the terms is up.
        places.sort_by_key(|place| start.rooms.source() != Some(place.room.name));
        let common = Common { start, secret, keys, url, dir: dir.to_owned(), places: &places };
        for place in common.places {
            let Told { settings, lines } = common.told(place.room, edge);
            for (number, rpc) in (1..).zip(&place.rpc) {
                let name = if place.rpc.len() > 1 {
                    format!("{}-{number}", place.room.name)
                } else {
                    place.room.name.to_owned()
                };
                let plan = common.plan_of_room(&name, place, *rpc, &settings)?;
                house.processes.push(Process::start(plan, &logs, clock.clone())?);
            }
            house.told.extend(lines);
        }
        let plan = common.plan(EDGE, EDGE, edge, &common.remote(None))?;
        house.processes.push(Process::start(plan, &logs, clock)?);
        Ok(house)
    }

    /// Restarts dead processes.
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
        self.told.iter().for_each(|line| eprintln!("{line}"));
    }

    /// Callers stop before the processes they call.
    pub(super) async fn close(self) {
        for process in self.processes.into_iter().rev() {
            process.stop().await;
        }
    }
}

/// A room, and the address of the processes that run it.
struct Place {
    room: &'static Room,
    rpc: Vec<SocketAddr>,
}

impl Place {
    fn of(room: &'static Room, writers: usize) -> Result<Place, Failure> {
        let count = if room.one_writer { writers } else { 1 };
        let rpc = (0..count).map(|_| free_port().map(local)).collect::<Result<_, _>>()?;
        Ok(Place { room, rpc })
    }
}

/// Settings common to all our processes.
struct Common<'a> {
    start: Start<'a>,
    secret: PathBuf,
    keys: PathBuf,
    url: String,
    dir: PathBuf,
    places: &'a [Place],
}

impl Common<'_> {
    fn told(&self, room: &Room, edge: SocketAddr) -> Told {
        (room.apart)(&Apart { edge: &format!("http://{edge}"), keys: &self.keys })
    }

    /// Where all rooms run, except the process's own.
    fn remote(&self, own: Option<&str>) -> Vec<(String, String)> {
        let others = self.places.iter().filter(|place| Some(place.room.name) != own);
        let settings = others.flat_map(|place| {
            let addresses: Vec<String> = place.rpc.iter().map(SocketAddr::to_string).collect();
            let name = |key: &str| format!("FLORIN__SERVICES__{}__{key}", place.room.name.to_uppercase());
            [(name("MODE"), "remote".to_owned()), (name("ADDRESSES"), addresses.join(","))]
        });
        settings.collect()
    }

    fn plan_of_room(
        &self,
        name: &str,
        place: &Place,
        rpc: SocketAddr,
        settings: &[(&str, String)],
    ) -> Result<Plan, Failure> {
        let room = place.room.name;
        let mut env = self.remote(Some(room));
        env.push(("FLORIN__RPC__LISTEN".to_owned(), rpc.to_string()));
        env.push(("FLORIN__CRYPTO__KEY_FILE".to_owned(), self.keys.join("master").display().to_string()));
        env.push(("FLORIN__STORAGE__DATABASE_URL".to_owned(), self.url.clone()));
        let own = |(key, value): &(&str, String)| {
            (format!("FLORIN__{}__{}", room.to_uppercase(), key.to_uppercase()), value.clone())
        };
        env.extend(settings.iter().map(own));
        Ok(Plan { room: Some(room), ..self.plan(name, room, local(free_port()?), &env)? })
    }

    fn plan(&self, name: &str, role: &str, at: SocketAddr, env: &[(String, String)]) -> Result<Plan, Failure> {
        let mut command = bound(&std::env::current_exe()?);
        let mut words: Vec<OsString> = vec!["serve".into(), role.into()];
        if let Some(file) = self.start.file {
            words.extend(["--config".into(), file.canonicalize()?.into()]);
        }
        (self.start.say)(&mut command, &words);
        command.current_dir(&self.dir);
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
        for (variable, value) in env {
            command.env(variable, value);
        }
        Ok(Plan { name: name.to_owned(), command, at, stop: Stop::Terminate, speaks_http: true, room: None })
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// A free port; processes find each other by it, so it must be known before they start.
fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
