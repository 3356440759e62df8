//! A PostgreSQL of our own: its data next to the rest, a generated password, loopback only.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use platform::db::{create_database, has_database, with_database};

use super::process::{Plan, Stop, bound};
use crate::failure::Failure;

const USER: &str = "florin";
const DATABASE: &str = "florin";
/// Where Debian keeps the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";
const READY_TRIES: u32 = 120;
const READY_WAIT: Duration = Duration::from_millis(250);

pub(super) struct Database {
    pub(super) plan: Plan,
    pub(super) url: String,
    pub(super) ready: Ready,
}

/// A server that is about to answer.
pub(super) struct Ready {
    server: String,
}

impl Ready {
    /// Waits until it answers, and creates the database if it does not exist.
    pub(super) async fn wait(self) -> Result<(), Failure> {
        let mut tried = 0;
        loop {
            match has_database(&self.server, DATABASE).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Ok(create_database(&self.server, DATABASE).await?),
                Err(error) if tried == READY_TRIES => return Err(error.into()),
                Err(_) => tried += 1,
            }
            tokio::time::sleep(READY_WAIT).await;
        }
    }
}

/// Creates the data directory if there is none, and returns how to start the server.
pub(super) fn prepare(dir: &Path, keys: &Path, port: u16) -> Result<Database, Failure> {
    let programs = programs()?;
    let owner = Owner::find()?;
    let (data, password) = (dir.join("postgres"), password(&keys.join("postgres"))?);
    if !data.join("PG_VERSION").exists() {
        init(&programs, &owner, &data, &password)?;
    }
    let mut command = owner.command(programs.join("postgres"));
    command.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    command.args(["-c", "unix_socket_directories=", "-c", "max_connections=400"]);
    let server = format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres");
    let url = with_database(&server, DATABASE);
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let plan = Plan { name: "postgres".to_owned(), command, at, stop: Stop::Interrupt, speaks_http: false, room: None };
    Ok(Database { plan, url, ready: Ready { server } })
}

/// The newest installed one.
fn programs() -> Result<PathBuf, Failure> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(dir) = std::env::split_paths(&on_path).find(|dir| dir.join("initdb").is_file()) {
        return Ok(dir);
    }
    let version = |dir: &PathBuf| dir.file_name().and_then(OsStr::to_str).and_then(|name| name.parse::<u32>().ok());
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path());
    let newest = versions.filter(|dir| dir.join("bin/initdb").is_file()).max_by_key(version);
    newest.map(|dir| dir.join("bin")).ok_or_else(|| {
        Failure::new(
            "PostgreSQL is not installed (initdb is not on PATH); on Debian: apt-get install postgresql. Or name a server: \
             DATABASE_URL=postgres://user:password@host/database",
        )
    })
}

/// Created once; the file is for people who want to look into the database.
fn password(path: &Path) -> Result<String, Failure> {
    if let Ok(known) = std::fs::read_to_string(path) {
        return Ok(known.trim_end().to_owned());
    }
    let made = format!("{:032x}", rand::random::<u128>());
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    std::io::Write::write_all(&mut file, format!("{made}\n").as_bytes())?;
    Ok(made)
}

fn init(programs: &Path, owner: &Owner, data: &Path, password: &str) -> Result<(), Failure> {
    std::fs::create_dir_all(data)?;
    std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700))?;
    // The server's user has to read it, for this moment.
    let file = data.with_extension("password");
    std::fs::write(&file, password)?;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
    let made = owner.take(data).and_then(|()| owner.take(&file)).and_then(|()| {
        let mut command = owner.command(programs.join("initdb"));
        command.arg("--pgdata").arg(data).arg("--pwfile").arg(&file);
        command.args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"]).output()
    });
    std::fs::remove_file(&file)?;
    let made = made?;
    if made.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&made.stderr);
    let said = said.lines().find(|line| line.contains("error")).unwrap_or("no reason given");
    Err(Failure::new(format!(
        "PostgreSQL cannot make its data directory {}: {said}; when run by root, the user postgres has to reach that directory",
        data.display()
    )))
}

/// The user of the server process: PostgreSQL refuses to run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn find() -> Result<Owner, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Owner(None));
        }
        let passwd = std::fs::read_to_string("/etc/passwd")?;
        let ids = passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields.as_slice() {
                ["postgres", _, uid, gid, ..] => Some((uid.parse().ok()?, gid.parse().ok()?)),
                _ => None,
            }
        });
        ids.map(|ids| Owner(Some(ids))).ok_or_else(|| {
            Failure::new("PostgreSQL does not run as root, and there is no user postgres; run this as another user")
        })
    }

    fn command(&self, program: PathBuf) -> Command {
        let mut command = bound(&program);
        command.current_dir("/");
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
        command
    }

    fn take(&self, path: &Path) -> std::io::Result<()> {
        match self.0 {
            Some((uid, gid)) => std::os::unix::fs::chown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}
