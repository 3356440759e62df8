//! A proxy in front of PostgreSQL that cuts a connection at the worst moment: during a COMMIT.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::through::PostgresAddress;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The COMMIT never reaches the server: the transaction did not happen.
    BeforeServer = 1,
    /// The server commits but its answer is lost: the transaction happened, and the client does not know.
    BeforeClient = 2,
}

#[derive(Debug)]
pub struct CommitCutter {
    url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    armed: AtomicU8,
    cuts: AtomicUsize,
    commits: AtomicUsize,
}

impl CommitCutter {
    /// Starts in front of the server at `url`.
    pub async fn start(url: &str) -> CommitCutter {
        let address = PostgresAddress::parse(url);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen on a free port");
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let task = tokio::spawn(accept(listener, address.server(), Arc::clone(&state)));
        CommitCutter { url: address.through(port), state, task }
    }

    /// The server's address through this proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts the connection that sends the next COMMIT; later ones pass.
    pub fn arm(&self, cut: Cut) {
        self.state.armed.store(cut as u8, Ordering::SeqCst);
    }

    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// COMMITs seen so far, including cut ones.
    pub fn commits(&self) -> usize {
        self.state.commits.load(Ordering::SeqCst)
    }
}

impl Drop for CommitCutter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: (String, u16), state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, state) = (server.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            if let Ok(server) = TcpStream::connect(server).await {
                // Small messages in both directions: without this each waits for the previous one's acknowledgement.
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let _ = pass(client, server, &state).await;
            }
        });
    }
}

/// Copies bytes in both directions. Returning closes both connections.
async fn pass(mut client: TcpStream, mut server: TcpStream, state: &State) -> std::io::Result<()> {
    let (mut from_client, mut from_server) = (Messages::default(), [0_u8; 1 << 16]);
    let (mut client_read, mut client_write) = client.split();
    let (mut server_read, mut server_write) = server.split();
    loop {
        tokio::select! {
            read = client_read.read_buf(&mut from_client.bytes) => {
                if read? == 0 { return Ok(()) }
                while let Some(message) = from_client.next() {
                    match cut(&message, state) {
                        Some(Cut::BeforeServer) => return Ok(()),
                        Some(Cut::BeforeClient) => {
                            server_write.write_all(&message).await?;
                            return until_idle(&mut server_read).await;
                        }
                        None => server_write.write_all(&message).await?,
                    }
                }
            }
            read = server_read.read(&mut from_server) => {
                let read = read?;
                if read == 0 { return Ok(()) }
                client_write.write_all(&from_server[..read]).await?;
            }
        }
    }
}

fn cut(message: &[u8], state: &State) -> Option<Cut> {
    if !is_commit(message) {
        return None;
    }
    state.commits.fetch_add(1, Ordering::SeqCst);
    let cut = match state.armed.swap(0, Ordering::SeqCst) {
        0 => return None,
        armed if armed == Cut::BeforeServer as u8 => Cut::BeforeServer,
        _ => Cut::BeforeClient,
    };
    state.cuts.fetch_add(1, Ordering::SeqCst);
    Some(cut)
}

/// A simple query, `Q`, whose text ends with the word.
fn is_commit(message: &[u8]) -> bool {
    let Some((b'Q', rest)) = message.split_first() else { return false };
    let text = String::from_utf8_lossy(rest.get(4..).unwrap_or_default()).to_ascii_lowercase();
    text.trim_end_matches(['\0', ';', ' ', '\n']).ends_with("commit")
}

/// Reads until the server is outside of a transaction: ReadyForQuery, `Z`, with the state `I`.
async fn until_idle(server: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<()> {
    let mut seen = Vec::new();
    while !seen.ends_with(&[b'Z', 0, 0, 0, 5, b'I']) {
        if server.read_buf(&mut seen).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// A client's bytes, split into messages. The first one has no type byte.
#[derive(Debug, Default)]
struct Messages {
    bytes: Vec<u8>,
    started: bool,
}

impl Messages {
    fn next(&mut self) -> Option<Vec<u8>> {
        let kind = usize::from(self.started);
        let length: [u8; 4] = self.bytes.get(kind..kind + 4)?.try_into().ok()?;
        let whole = kind + u32::from_be_bytes(length) as usize;
        if self.bytes.len() < whole {
            return None;
        }
        self.started = true;
        let rest = self.bytes.split_off(whole);
        Some(std::mem::replace(&mut self.bytes, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_found_however_the_bytes_arrive() {
        let mut messages = Messages::default();
        for byte in b"\0\0\0\x08\0\x03\0\0Q\0\0\0\x0bcommit\0Q\0\0\0\x0aBEGIN\0" {
            messages.bytes.push(*byte);
        }
        let seen: Vec<bool> = std::iter::from_fn(|| messages.next()).map(|message| is_commit(&message)).collect();
        assert_eq!(seen, [false, true, false]);
        assert!(messages.bytes.is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_variant_cuts_once_on_its_side_of_the_server() {
        crate::on_postgres(async |store| {
            let cutter = CommitCutter::start(store.url()).await;
            let direct = store.postgres_client().await;
            let schema = store.schema();
            direct.batch_execute(&format!("create schema {schema}; create table {schema}.t (n bigint)")).await.unwrap();
            for (cut, rows) in [(Cut::BeforeServer, 0_i64), (Cut::BeforeClient, 1)] {
                let (client, connection) = tokio_postgres::connect(cutter.url(), tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                cutter.arm(cut);
                client.batch_execute(&format!("begin; insert into {schema}.t values (1)")).await.unwrap();
                assert!(client.batch_execute("commit").await.is_err(), "{cut:?}");
                let sql = format!("select count(*) from {schema}.t");
                assert_eq!(direct.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0), rows, "{cut:?}");
            }
            assert_eq!((cutter.cuts(), cutter.commits()), (2, 2));
        })
        .await;
    }
}
