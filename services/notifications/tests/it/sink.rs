//! A mail server of a test: takes mails, or fails on command.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What happens to one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Take,
    /// This line at this command: `MAIL`, `RCPT`, `DATA`, or `.` after the text.
    Say(&'static str, &'static str),
    /// The connection is lost at this command, before it is answered.
    Lose(&'static str),
    /// Nothing is said at this command for longer than anybody waits.
    Hang(&'static str),
}

#[derive(Clone, Default)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<String>>>,
    senders: Arc<Mutex<Vec<String>>>,
    /// How often nothing was said.
    pub(crate) hangs: Arc<AtomicUsize>,
    /// Connections are closed before a word.
    pub(crate) is_away: Arc<AtomicBool>,
    fates: Arc<Mutex<VecDeque<Fate>>>,
}

impl Sink {
    pub(crate) async fn open() -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sink = Sink { port, ..Sink::default() };
        let shared = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = shared.clone();
                // A client that leaves ends its connection.
                tokio::spawn(async move { sink.talk(stream).await.ok() });
            }
        });
        sink
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The next mails, in this order; all later ones are taken.
    pub(crate) fn next(&self, fates: &[Fate]) {
        self.fates.lock().unwrap().extend(fates);
    }

    /// Everything taken, whether or not it could say so.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    /// The envelopes' senders, in the order in which they were named.
    pub(crate) fn senders(&self) -> Vec<String> {
        self.senders.lock().unwrap().clone()
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        if self.is_away.load(Ordering::SeqCst) {
            return Ok(());
        }
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        write.write_all(b"220 sink ready\r\n").await?;
        let mut fate = None;
        loop {
            let mut line = String::new();
            if read.read_line(&mut line).await? == 0 || self.is_away.load(Ordering::SeqCst) {
                return Ok(());
            }
            let command = line.split([' ', ':', '\r']).next().unwrap_or_default().to_uppercase();
            if command == "MAIL" {
                let sender = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                self.senders.lock().unwrap().push(sender);
                fate = Some(self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Take));
            }
            let now = fate.unwrap_or(Fate::Take);
            if !self.passes(now, &command, &mut write).await? {
                match now {
                    Fate::Say(..) => continue,
                    _ => return Ok(()),
                }
            }
            match command.as_str() {
                "EHLO" => write.write_all(b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n").await?,
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await?;
                    let text = text(&mut read).await?;
                    // A server that loses the line after the dot has the mail.
                    if !matches!(now, Fate::Say(".", _)) {
                        self.taken.lock().unwrap().push(text);
                    }
                    let passes = self.passes(now, ".", &mut write).await?;
                    match (passes, now) {
                        (true, _) => write.write_all(b"250 2.0.0 taken\r\n").await?,
                        (false, Fate::Say(..)) => {}
                        (false, _) => return Ok(()),
                    }
                }
                "QUIT" => {
                    write.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => write.write_all(b"250 2.0.0 fine\r\n").await?,
            }
        }
    }

    /// Whether nothing special happens here.
    async fn passes(
        &self,
        fate: Fate,
        command: &str,
        write: &mut (impl AsyncWriteExt + Unpin),
    ) -> std::io::Result<bool> {
        match fate {
            Fate::Say(at, line) if at == command => {
                write.write_all(format!("{line}\r\n").as_bytes()).await?;
                Ok(false)
            }
            Fate::Lose(at) if at == command => Ok(false),
            Fate::Hang(at) if at == command => {
                self.hangs.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(30)).await;
                Ok(false)
            }
            _ => Ok(true),
        }
    }
}

/// Up to the final dot.
async fn text(read: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if read.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(text);
        }
        text += line.strip_prefix('.').unwrap_or(&line);
    }
}
