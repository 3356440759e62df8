//! Each kind of toxic is measured against the same traffic without it.

mod cutting;
mod slowing;
mod weather;

use std::net::SocketAddr;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::FaultProxy;

/// Much longer than anything here takes without a toxic.
const SOON: Duration = Duration::from_secs(5);

/// What a server read: bytes, the end, or an error kind.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Bytes(Vec<u8>),
    End,
    Lost(std::io::ErrorKind),
}

/// An echo server, a proxy in front of it, and a client on the other side.
struct Line {
    proxy: FaultProxy,
    client: TcpStream,
    heard: UnboundedReceiver<Heard>,
}

impl Line {
    async fn open() -> Line {
        let (address, heard) = echo().await;
        let proxy = FaultProxy::start(address).await;
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        client.set_nodelay(true).unwrap();
        let mut line = Line { proxy, client, heard };
        assert_eq!(line.round_trip().await.0, b"hello");
        line
    }

    /// The reply to `hello`, and the milliseconds it took.
    async fn round_trip(&mut self) -> (Vec<u8>, u64) {
        timed(async {
            self.client.write_all(b"hello").await.unwrap();
            let mut answer = vec![0; 5];
            self.client.read_exact(&mut answer).await.unwrap();
            answer
        })
        .await
    }

    async fn hear(&mut self) -> Heard {
        tokio::time::timeout(SOON, self.heard.recv()).await.unwrap().unwrap()
    }

    /// Discards what the server received so far.
    fn hush(&mut self) {
        while self.heard.try_recv().is_ok() {}
    }
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, u64) {
    let start = SystemClock.monotonic();
    let value = tokio::time::timeout(SOON, work).await.unwrap();
    (value, SystemClock.monotonic().micros_since(start) / 1_000)
}

async fn echo() -> (SocketAddr, UnboundedReceiver<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heard) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                let mut bytes = vec![0; 1 << 16];
                loop {
                    let read = match stream.read(&mut bytes).await {
                        Ok(0) => Heard::End,
                        Ok(length) => Heard::Bytes(bytes[..length].to_vec()),
                        Err(error) => Heard::Lost(error.kind()),
                    };
                    let back = if let Heard::Bytes(bytes) = &read { Some(bytes.clone()) } else { None };
                    let _ = tell.send(read);
                    match back {
                        Some(bytes) if stream.write_all(&bytes).await.is_ok() => {}
                        _ => return,
                    }
                }
            });
        }
    });
    (address, heard)
}
