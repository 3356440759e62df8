//! The real binary in its own directory, with nothing of this machine's environment.

use std::cell::OnceCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

pub(crate) fn florin(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_florin"));
    command.current_dir(dir).env_clear();
    command.env("FLORIN__SERVER__LISTEN", "127.0.0.1:0").env("FLORIN__RPC__LISTEN", "127.0.0.1:0").stdin(Stdio::null());
    // The same for all processes of a deployment.
    command.env("FLORIN__IDENTITY__ISSUER", "http://localhost");
    command.env("FLORIN__IDENTITY__FIRST_SECRETS_FILE", first_secrets());
    command
}

/// The configuration of every server. Not in the server's own directory, whose contents tests check.
fn first_secrets() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(make_first_secrets)
}

fn make_first_secrets() -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-secrets");
    if file.exists() {
        return file;
    }
    // Complete before it gets its name: tests of other files run at the same time.
    let secrets = file.with_extension(std::process::id().to_string());
    std::fs::write(
        &secrets,
        "[client]\nid = \"tests\"\nsecret = \"only-for-tests-and-nothing-else-in-the-world\"\nroles = [\"admin\"]\n",
    )
    .unwrap();
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(secrets, &file).unwrap();
    file
}

/// A token of the client that every server is configured with; empty where no tokens are issued.
fn token(at: &str) -> String {
    let basic = "dGVzdHM6b25seS1mb3ItdGVzdHMtYW5kLW5vdGhpbmctZWxzZS1pbi10aGUtd29ybGQ=";
    let form = "grant_type=client_credentials";
    let head = format!(
        "POST /oauth2/token HTTP/1.1\r\nauthorization: Basic {basic}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n",
        form.len()
    );
    let (status, answer) = Port(at.to_owned()).ask(&head, form);
    if status == 404 {
        return String::new();
    }
    let token = answer.split_once("\"access_token\":\"").and_then(|(_, rest)| rest.split_once('"'));
    token.unwrap_or_else(|| panic!("no token: {status} {answer}")).0.to_owned()
}

/// Runs a command that ends by itself; one that does not is killed and fails the test.
pub(crate) fn run(command: &mut Command) -> (bool, String, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let out = std::thread::spawn(move || std::io::read_to_string(&mut stdout).unwrap());
    let said = std::thread::spawn(move || std::io::read_to_string(&mut stderr).unwrap());
    let status = ended(&mut child);
    if status.is_none() {
        child.kill().unwrap();
    }
    let (out, said) = (out.join().unwrap(), said.join().unwrap());
    let status = status.unwrap_or_else(|| panic!("it does not end by itself: {out}{said}"));
    (status.success(), out, said)
}

fn ended(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..1_800 {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}

/// A server that is killed, by its own handle, when the test is over.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    token: OnceCell<String>,
    pub(crate) at: String,
    pub(crate) said: Vec<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Running {
        Running::start_saying(command, " listens on http://", ',')
    }

    /// The address that stands between `words` and `end`.
    pub(crate) fn start_saying(command: &mut Command, words: &str, end: char) -> Running {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut running = Running { child, lines, token: OnceCell::new(), at: String::new(), said: Vec::new() };
        let at = running.wait_for(words);
        running.at = at.split(end).next().unwrap_or_default().to_owned();
        running
    }

    /// The text after `words` on the next line that has them, up to a comma.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        self.wait_for_all(&[words])
    }

    /// The same for a line that has all these words in this order.
    pub(crate) fn wait_for_all(&mut self, words: &[&str]) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|_| panic!("{words:?} was never printed: {:#?}", self.said));
            self.said.push(line.clone());
            let rest = words.iter().try_fold(&*line, |line, words| line.split_once(words).map(|(_, rest)| rest));
            if let Some(rest) = rest {
                return rest.split(',').next().unwrap_or_default().to_owned();
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id();
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end and returns the exit code; none for a process that was killed.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        ended(&mut self.child).expect("still running after 20 seconds").code()
    }

    /// As the tests' client, where the path is part of the API.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let port = Port(self.at.clone());
        port.ask(&format!("GET {path} HTTP/1.1\r\n{}", self.bearer(path)), "")
    }

    pub(crate) fn post(&self, path: &str, json: &str) -> (u16, String) {
        let port = Port(self.at.clone());
        port.ask(&format!("POST {path} HTTP/1.1\r\n{}{}", self.bearer(path), of_json(json)), json)
    }

    fn bearer(&self, path: &str) -> String {
        if !path.starts_with("/v1") && !path.starts_with("/api/v1") {
            return String::new();
        }
        let token = self.token.get_or_init(|| token(&self.at));
        if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") }
    }
}

fn of_json(json: &str) -> String {
    format!("content-type: application/json\r\ncontent-length: {}\r\n", json.len())
}

/// Anything that answers HTTP.
pub(crate) struct Port(pub(crate) String);

impl Port {
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    pub(crate) fn post(&self, path: &str, json: &str) -> (u16, String) {
        self.ask(&format!("POST {path} HTTP/1.1\r\n{}", of_json(json)), json)
    }

    fn ask(&self, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.0).unwrap();
        write!(stream, "{head}host: localhost\r\nconnection: close\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
