//! The real binary, started, killed and stopped by a test.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use hyper::{Method, StatusCode};
use kernel::{Clock, Secret, SystemClock};
use platform::crypto::KeyEncryptionKey;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{Client, free_port};

const READY_MAX: Duration = Duration::from_secs(30);
const STOP_MAX: Duration = Duration::from_secs(30);
/// The first secrets of every server under test: a client that may do everything.
const FIRST_SECRETS: &str =
    "[client]\nid = \"tests\"\nsecret = \"only-for-tests-and-nothing-else-in-the-world\"\nroles = [\"admin\"]\n";
/// Id and secret of that client.
pub const CLIENT: (&str, &str) = ("tests", "only-for-tests-and-nothing-else-in-the-world");
/// The same for all processes of a deployment, which share what is sealed under it.
const MASTER: &str = "the key of houses that stand for a test and no longer";
/// All processes of a deployment use the same one, wherever they listen.
const ISSUER: &str = "http://localhost";
const POLL: Duration = Duration::from_millis(10);
/// What a program needs to run at all.
const KEPT: [&str; 4] = ["HOME", "LD_LIBRARY_PATH", "PATH", "TMPDIR"];

/// The master key of deployments under test.
pub fn master() -> KeyEncryptionKey {
    KeyEncryptionKey::from_secret(&Secret::new(MASTER)).expect("the key of tests is long enough")
}

/// How to start a server; can be used again after a kill, for the same data.
#[derive(Debug, Clone)]
pub struct ServerBuilder {
    binary: PathBuf,
    data_dir: PathBuf,
    /// The command, with what follows it.
    args: Vec<OsString>,
    say: Say,
    env: Vec<(OsString, OsString)>,
}

/// Gives a program its command line: as its arguments, unless the program is a test that is told in another way.
pub type Say = fn(&mut Command, &[OsString]);

/// A running `florin serve`; it ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    /// For the client that the tests call as; `None` if the server has no API or needs no token.
    token: Option<Secret>,
    /// Its working directory, with its output.
    dir: TempDir,
}

impl ServerBuilder {
    /// `binary` is `env!("CARGO_BIN_EXE_florin")` in the tests of the crate `app`.
    pub fn new(binary: impl AsRef<Path>, data_dir: impl AsRef<Path>) -> ServerBuilder {
        let (binary, data_dir) = (binary.as_ref().to_owned(), data_dir.as_ref().to_owned());
        let say: Say = |command, words| {
            command.args(words);
        };
        ServerBuilder { binary, data_dir, args: vec!["serve".into()], say, env: Vec::new() }
    }

    /// Arguments after `florin serve`.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> ServerBuilder {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Another command that serves, such as `dev split`.
    pub fn command<const N: usize>(mut self, words: [&str; N]) -> ServerBuilder {
        self.args = words.map(OsString::from).to_vec();
        self
    }

    /// For a program that does not take its command line as arguments.
    pub fn said_by(mut self, say: Say) -> ServerBuilder {
        self.say = say;
        self
    }

    /// For example `FLORIN__LEDGER__BATCH_MAX`.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> ServerBuilder {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    pub fn envs(mut self, pairs: impl IntoIterator<Item = (&'static str, OsString)>) -> ServerBuilder {
        self.env.extend(pairs.into_iter().map(|(name, value)| (name.into(), value)));
        self
    }

    /// Services that it calls in other processes, such as `LEDGER`.
    pub fn calling(self, services: &[&str], addresses: &str) -> ServerBuilder {
        services.iter().fold(self, |builder, service| {
            builder
                .env(format!("FLORIN__SERVICES__{service}__MODE"), "remote")
                .env(format!("FLORIN__SERVICES__{service}__ADDRESSES"), addresses)
        })
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(&self) -> Server {
        let mut server = self.spawn();
        let client = server.client();
        let started = SystemClock.monotonic();
        loop {
            if let Some(status) = server.child.try_wait().expect("ask for the server's state") {
                panic!("the server ended with {status} before it was ready:\n{}", server.output());
            }
            let answer = client.send(Method::GET, "/ready", &[], None).await;
            if answer.is_ok_and(|answer| answer.status == StatusCode::OK) {
                if self.asks_for_tokens() {
                    server.token = Some(client.token(CLIENT.0, CLIENT.1).await.expect("a token"));
                }
                return server;
            }
            let waited = SystemClock.monotonic().micros_since(started);
            assert!(u128::from(waited) < READY_MAX.as_micros(), "the server is not ready:\n{}", server.output());
            tokio::time::sleep(POLL).await;
        }
    }

    /// An edge does, except in a demo.
    fn asks_for_tokens(&self) -> bool {
        let named = |name: &str| self.args.iter().any(|arg| arg == name);
        let services = self.args.first().is_some_and(|command| command == "serve")
            && self.args.iter().skip(1).any(|arg| !arg.to_string_lossy().starts_with('-'));
        (!services || named("edge")) && !named("--demo")
    }

    /// Starts the server without waiting: for tests of a failing start.
    pub fn spawn(&self) -> Server {
        let dir = tempfile::tempdir().expect("make a temporary directory");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let output = File::create(dir.path().join("output")).expect("make a file for the server's output");
        let secrets = dir.path().join("first-secrets");
        fs::write(&secrets, FIRST_SECRETS).expect("write the first secrets");
        fs::set_permissions(&secrets, Permissions::from_mode(0o600)).expect("close the first secrets");
        let mut command = Command::new(&self.binary);
        // Nothing on the test machine configures the server: no DATABASE_URL, no FLORIN__ variable.
        command.env_clear();
        (self.say)(&mut command, &self.args);
        let child = command
            .current_dir(dir.path())
            .envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .env("FLORIN__SERVER__LISTEN", address.to_string())
            .env("FLORIN__RPC__LISTEN", "127.0.0.1:0")
            .env("FLORIN__STORAGE__DATA_DIR", &self.data_dir)
            .env("FLORIN__IDENTITY__FIRST_SECRETS_FILE", &secrets)
            .env("FLORIN__IDENTITY__ISSUER", ISSUER)
            .env("JWT_SECRET", MASTER)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("share the file"))
            .stderr(output)
            .spawn()
            .expect("start the server");
        Server { child, address, token: None, dir }
    }
}

impl Server {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn client(&self) -> Client {
        let client = Client::new(self.address);
        match &self.token {
            Some(token) => client.with_token(token.clone()),
            None => client,
        }
    }

    /// The tests' client token, if there is one.
    pub fn token(&self) -> Option<Secret> {
        self.token.clone()
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// The server's output so far.
    pub fn output(&self) -> String {
        fs::read(self.dir.path().join("output")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap()
    }

    /// The text after `words` on the first line that has them, once it was printed.
    pub async fn said(&self, words: &str) -> String {
        let started = SystemClock.monotonic();
        loop {
            let output = self.output();
            // An incomplete line does not count.
            let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
            if let Some((_, rest)) = whole.lines().find_map(|line| line.split_once(words)) {
                return rest.to_owned();
            }
            let waited = SystemClock.monotonic().micros_since(started);
            assert!(u128::from(waited) < READY_MAX.as_micros(), "{words:?} was never printed:\n{output}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// SIGKILL: no chance to clean up. Returns once the process is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("kill the server");
        self.child.wait().expect("wait for the server's end");
    }

    /// SIGTERM, for tests that watch the server stop.
    pub fn terminate(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, Signal::TERM).expect("ask the server to stop");
    }

    /// Waits for the end, for a bounded time.
    pub async fn wait(&mut self) -> ExitStatus {
        let started = SystemClock.monotonic();
        loop {
            if let Some(status) = self.child.try_wait().expect("ask for the server's state") {
                return status;
            }
            let waited = SystemClock.monotonic().micros_since(started);
            assert!(u128::from(waited) < STOP_MAX.as_micros(), "the server does not stop:\n{}", self.output());
            tokio::time::sleep(POLL).await;
        }
    }

    /// SIGTERM and the end: the exit status and the whole output.
    pub async fn stop(mut self) -> (ExitStatus, String) {
        self.terminate();
        let status = self.wait().await;
        (status, self.output())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both only fail if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(dir: &Path, text: &str) -> PathBuf {
        let file = dir.join("server");
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stopped_server_reports_its_status_and_output() {
        let dir = tempfile::tempdir().unwrap();
        let text = "trap 'echo bye; exit 3' TERM; echo $1 $FLORIN__SERVER__LISTEN; while :; do sleep 0.01; done";
        let server = ServerBuilder::new(script(dir.path(), text), dir.path()).spawn();
        let hello = format!("serve {}\n", server.address());
        while server.output() != hello {
            tokio::time::sleep(POLL).await;
        }
        let (status, output) = server.stop().await;
        assert_eq!((status.code(), output), (Some(3), format!("{hello}bye\n")));
    }

    #[tokio::test(flavor = "multi_thread")]
    #[should_panic(expected = "exit status: 7 before it was ready:\nno such thing")]
    async fn a_server_that_does_not_start_is_reported_with_its_output() {
        let dir = tempfile::tempdir().unwrap();
        ServerBuilder::new(script(dir.path(), "echo no such thing; exit 7"), dir.path()).start().await;
    }
}
