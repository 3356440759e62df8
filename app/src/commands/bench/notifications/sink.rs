//! A mail server that takes everything, and remembers when each mail was taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{Clock, Monotonic, SystemClock};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// By recipient: how often, and when last.
pub(super) type Taken = HashMap<String, (u64, Monotonic)>;

#[derive(Clone)]
pub(super) struct Sink {
    pub(super) port: u16,
    taken: Arc<Mutex<Taken>>,
}

impl Sink {
    pub(super) async fn open() -> std::io::Result<Sink> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let sink = Sink { port: listener.local_addr()?.port(), taken: Arc::default() };
        let shared = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = shared.clone();
                // A client that leaves ends its connection.
                tokio::spawn(async move { sink.talk(stream).await.ok() });
            }
        });
        Ok(sink)
    }

    pub(super) fn taken(&self) -> Taken {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn taken_at(&self, to: &str) -> Option<Monotonic> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).get(to).map(|(_, at)| *at)
    }

    pub(super) fn count(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        write.write_all(b"220 sink ready\r\n").await?;
        let (mut line, mut to) = (String::new(), String::new());
        loop {
            line.clear();
            if read.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let answer: &[u8] = match line.split([' ', ':', '\r']).next().unwrap_or_default() {
                "EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    b"250 fine\r\n"
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await?;
                    while line != ".\r\n" {
                        line.clear();
                        if read.read_line(&mut line).await? == 0 {
                            return Ok(());
                        }
                    }
                    let now = SystemClock.monotonic();
                    let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
                    let known = taken.entry(to.clone()).or_insert((0, now));
                    *known = (known.0 + 1, now);
                    b"250 taken\r\n"
                }
                _ => b"250 fine\r\n",
            };
            write.write_all(answer).await?;
        }
    }
}
