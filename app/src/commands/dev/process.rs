//! One supervised process: started, restarted when it dies, and stopped by its own id.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Monotonic};
use rustix::process::{Pid, Signal, kill_process};

use super::look::{Found, Look};
use crate::failure::Failure;

/// Between a death and the next start, doubled with each death that follows soon.
const PAUSE_FIRST_MS: u64 = 500;
const PAUSE_MAX_MS: u64 = 10_000;
/// A process that lived this long died of something new.
const SETTLED_MS: u64 = 30_000;
const STOP_MAX: Duration = Duration::from_secs(20);
const STOP_LOOK: Duration = Duration::from_millis(50);

/// How a process is told to end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    Terminate,
    /// What PostgreSQL calls a fast shutdown.
    Interrupt,
}

pub(super) struct Plan {
    pub(super) name: String,
    pub(super) command: Command,
    /// Where its health checks are.
    pub(super) at: SocketAddr,
    pub(super) stop: Stop,
    pub(super) speaks_http: bool,
    /// The room that it runs.
    pub(super) room: Option<&'static str>,
}

pub(super) struct Process {
    plan: Plan,
    log: PathBuf,
    child: Child,
    clock: Arc<dyn Clock>,
    started: Monotonic,
    /// Since when it is dead, if it is, and how long to wait.
    died: Option<Monotonic>,
    pause_ms: u64,
    restarts: u32,
    before: Option<(Monotonic, u64)>,
}

impl Process {
    pub(super) fn start(mut plan: Plan, logs: &Path, clock: Arc<dyn Clock>) -> Result<Process, Failure> {
        let log = logs.join(format!("{}.log", plan.name));
        let child = spawn(&mut plan, &log)?;
        let started = clock.monotonic();
        let (died, before) = (None, None);
        Ok(Process { plan, log, child, clock, started, died, pause_ms: PAUSE_FIRST_MS, restarts: 0, before })
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Checks whether it lives, and restarts it once it has been dead for long enough.
    pub(super) fn tend(&mut self) -> Result<(), Failure> {
        let now = self.clock.monotonic();
        let Some(died) = self.died else {
            if let Some(status) = self.child.try_wait()? {
                let lived_ms = now.micros_since(self.started) / 1_000;
                self.pause_ms = if lived_ms > SETTLED_MS { PAUSE_FIRST_MS } else { self.pause_ms };
                let Plan { name, .. } = &self.plan;
                eprintln!("florin: {name} ended ({status}); its log: {}", self.log.display());
                self.died = Some(now);
            }
            return Ok(());
        };
        if now.micros_since(died) / 1_000 < self.pause_ms {
            return Ok(());
        }
        self.child = spawn(&mut self.plan, &self.log)?;
        self.pause_ms = (self.pause_ms * 2).min(PAUSE_MAX_MS);
        (self.started, self.died, self.before) = (now, None, None);
        self.restarts += 1;
        eprintln!("florin: {} started again", self.plan.name);
        Ok(())
    }

    /// What was observed, with what only its supervisor knows.
    pub(super) fn seen(&mut self, found: Option<Found>) -> Look {
        let now = self.clock.monotonic();
        let requests = found.as_ref().map(|found| found.requests);
        let per_second = match (self.before, requests) {
            (Some((then, before)), Some(requests)) if now > then => {
                requests.saturating_sub(before) as f64 * 1e6 / now.micros_since(then) as f64
            }
            _ => 0.0,
        };
        self.before = requests.map(|requests| (now, requests));
        let pid = if self.died.is_none() { Some(self.child.id()) } else { None };
        Look { name: self.plan.name.clone(), pid, restarts: self.restarts, found, per_second }
    }

    /// Asks it to end, waits a bounded time, and kills it if it does not.
    pub(super) async fn stop(mut self) {
        let signal = match self.plan.stop {
            Stop::Terminate => Signal::TERM,
            Stop::Interrupt => Signal::INT,
        };
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && self.died.is_none()
        {
            // It may have ended by itself at this moment.
            let _ = kill_process(pid, signal);
        }
        let until = self.clock.monotonic().plus_millis(STOP_MAX.as_millis() as u64);
        while matches!(self.child.try_wait(), Ok(None)) && self.clock.monotonic() < until {
            tokio::time::sleep(STOP_LOOK).await;
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            eprintln!("florin: {} did not end in {} s and was killed", self.plan.name, STOP_MAX.as_secs());
        }
    }
}

impl Drop for Process {
    /// However this process ends, those it started end with it, unless it is killed itself.
    fn drop(&mut self) {
        // Both only fail if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that the system ends when this process dies, for whatever reason: nothing is left on a port or a data
/// directory. Without `setpriv` (which every Debian has), a kill -9 of this process leaves the others running.
pub(super) fn bound(program: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    match std::env::split_paths(&path).map(|dir| dir.join("setpriv")).find(|found| found.is_file()) {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "INT", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn spawn(plan: &mut Plan, log: &Path) -> Result<Child, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{} cannot be started: {error}", plan.name));
    let output: File = OpenOptions::new().create(true).append(true).open(log).map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    // A process group of its own: Ctrl-C is for the supervisor, which stops them one after the other.
    plan.command.process_group(0).stdin(Stdio::null()).stdout(output).stderr(errors).spawn().map_err(failed)
}
