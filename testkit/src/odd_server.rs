//! An outside server that behaves as the request's path says: slow, silent, broken, too large.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const HEAD_MAX: usize = 64 << 10;
const CHUNK: usize = 64 << 10;

/// Plain HTTP/1.1 on a free port of 127.0.0.1, one request per connection.
#[derive(Debug)]
pub struct OddServer {
    address: SocketAddr,
    heard: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl OddServer {
    /// Paths: `/ok` answers; `/status/503` answers that status; `/to?URL` redirects there; `/silent` never answers;
    /// `/reset` cuts; `/lies` sends less than it announced; `/endless` sends a gigabyte; `/head` has a header of a
    /// megabyte; `/slow` sends a character every 50 ms; `/back` is unavailable twice, then answers; `/echo` answers
    /// with the head of the request.
    pub async fn start() -> OddServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let heard = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let heard = Arc::clone(&counted);
                tokio::spawn(async move {
                    // A caller that hangs up is the point of half of these.
                    let _ = behave(stream, &heard).await;
                });
            }
        });
        OddServer { address, heard, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests that arrived completely.
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

impl Drop for OddServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn behave(mut stream: TcpStream, heard: &AtomicUsize) -> std::io::Result<()> {
    let head = head(&mut stream).await?;
    let count = heard.fetch_add(1, Ordering::SeqCst) + 1;
    let target = head.split_whitespace().nth(1).unwrap_or("/").to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    match path {
        "/silent" => tokio::time::sleep(Duration::from_secs(60)).await,
        "/reset" => stream.set_zero_linger()?,
        "/lies" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort").await?,
        "/endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n").await?;
            for _ in 0..(1 << 30) / CHUNK {
                stream.write_all(&[b'x'; CHUNK]).await?;
            }
        }
        "/head" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            for number in 0..16_384 {
                stream.write_all(format!("x-{number}: {}\r\n", "y".repeat(48)).as_bytes()).await?;
            }
        }
        "/slow" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await?;
            for _ in 0..1_000 {
                stream.write_all(b"z").await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        "/to" => {
            let answer = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {query}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await?;
        }
        "/back" if count <= 2 => answer(&mut stream, 503, "later").await?,
        "/echo" => answer(&mut stream, 200, &head).await?,
        _ => {
            let status = path.strip_prefix("/status/").and_then(|status| status.parse().ok()).unwrap_or(200);
            answer(&mut stream, status, "ok").await?;
        }
    }
    stream.shutdown().await
}

async fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") && bytes.len() < HEAD_MAX {
        let mut some = [0; 4_096];
        let read = stream.read(&mut some).await?;
        if read == 0 {
            break;
        }
        bytes.extend_from_slice(&some[..read]);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn answer(stream: &mut TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status} Odd\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}
