//! A real Redis, started, killed and paused by a test.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::free_port;

/// A `redis-server` on a free port of 127.0.0.1, without files; it ends when this is dropped.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    args: Vec<String>,
    child: Child,
    dir: TempDir,
}

impl RedisServer {
    pub async fn start() -> RedisServer {
        RedisServer::start_with(&[]).await
    }

    /// With further arguments of `redis-server`, such as `--requirepass`.
    pub async fn start_with(args: &[&str]) -> RedisServer {
        let (port, dir) = (free_port(), tempfile::tempdir().expect("a temporary directory"));
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let server = RedisServer { port, child: spawn(port, &args, &dir), args, dir };
        server.wait().await;
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once, with everything in it.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill redis-server");
        self.child.wait().expect("wait for redis-server");
    }

    /// An empty one on the same port, after a kill.
    pub async fn restart(&mut self) {
        self.child = spawn(self.port, &self.args, &self.dir);
        self.wait().await;
    }

    /// It keeps its connections and answers nothing.
    pub fn pause(&self) {
        kill_process(self.pid(), Signal::STOP).expect("pause redis-server");
    }

    pub fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).expect("resume redis-server");
    }

    /// Sends one command, such as `FLUSHALL`, and returns the beginning of its answer.
    pub async fn command(&self, line: &str) -> String {
        let mut stream = self.connect().await.expect("connect to redis-server");
        stream.write_all(format!("{line}\r\n").as_bytes()).await.expect("send a command");
        let mut answer = vec![0; 65_536];
        let length = stream.read(&mut answer).await.expect("read its answer");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).await
    }

    async fn wait(&self) {
        for _ in 0..500 {
            if self.connect().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server does not listen on {} after five seconds", self.port);
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // Not there any more after a kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, args: &[String], dir: &TempDir) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.args(["--dir", dir.path().to_str().expect("a path in UTF-8")]).args(args).stdout(Stdio::null());
    command.spawn().expect("start redis-server; scripts/install installs it")
}
