//! Card networks over TCP: frames of two bytes of length, many messages in flight on a connection, answers in any order.
//!
//! Invariants: a message that cannot be read is answered 30 where its type and STAN are readable, and otherwise counted;
//! connections, and messages in flight on each, are bounded.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use super::acquirer::Acquirer;
use super::certified::Certified;
use super::exchange::{answer, code};
use super::message::{Message, Unread};
use super::principal;

/// Bytes of one message.
const MESSAGE_MAX: usize = 4_096;
const IN_FLIGHT_MAX: usize = 256;
const CONNECTIONS_MAX: usize = 64;
/// An acquirer sends an echo now and then.
const IDLE_MAX: Duration = Duration::from_secs(300);
/// For answers that are not taken.
const WRITE_MAX: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, acquirer: Acquirer, certified: Option<Arc<Certified>>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, from)) => {
                let (acquirer, certified) = (acquirer.clone(), certified.clone());
                connections.spawn(async move {
                    opened(acquirer, certified, stream, from).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection of a card network could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn opened(acquirer: Acquirer, certified: Option<Arc<Certified>>, stream: TcpStream, from: SocketAddr) {
    let Some(certified) = certified else {
        let (reading, writing) = stream.into_split();
        return connection(acquirer, (reading, writing), from).await;
    };
    match certified.accept(stream).await {
        Ok((stream, name)) => {
            let acquirer = Acquirer { principal: principal(name), ..acquirer };
            connection(acquirer, tokio::io::split(stream), from).await;
        }
        Err(error) => tracing::warn!(%from, %error, "a card network was refused"),
    }
}

async fn connection<R, W>(acquirer: Acquirer, (mut reading, writing): (R, W), from: SocketAddr)
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let acquirer = Arc::new(acquirer);
    let (name, dialect) = (&acquirer.principal.subject, &acquirer.dialect.name);
    tracing::info!(%from, %name, dialect, "a card network is connected");
    let (answers, waiting) = mpsc::channel(IN_FLIGHT_MAX);
    let writer = tokio::spawn(write(writing, waiting));
    let places = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let Ok(Ok(Some(frame))) = tokio::time::timeout(IDLE_MAX, read(&mut reading)).await else { break };
        let (acquirer, answers) = (Arc::clone(&acquirer), answers.clone());
        // Not aborted with the connection: a payment that has begun is finished.
        tokio::spawn(async move {
            if let Some(answer) = message(&acquirer, &frame).await {
                // A connection that has ended needs no answer: the acquirer repeats or reverses.
                let _ = answers.send(answer).await;
            }
            drop(place);
        });
    }
    drop(answers);
    let _ = writer.await;
    tracing::info!(%from, "a card network has disconnected");
}

/// The bytes of the answer, if there is one.
async fn message(acquirer: &Acquirer, frame: &[u8]) -> Option<Vec<u8>> {
    let answer = match Message::read(frame, &acquirer.dialect) {
        Ok(request) if is_request(&request) => acquirer.answer(&request).await,
        Ok(_) => return unanswered(),
        Err(unread) => unreadable(&unread)?,
    };
    let code = answer.get(39).unwrap_or_default().to_owned();
    let class = answer.mti_text().get(1..2).unwrap_or_default().to_owned();
    metrics::counter!("iso8583_messages_total", "class" => class, "code" => code).increment(1);
    match answer.write(&acquirer.dialect) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            tracing::error!(%error, "an answer to a card network could not be written");
            None
        }
    }
}

/// The answer to a message of which type and STAN could be read.
fn unreadable(unread: &Unread) -> Option<Message> {
    tracing::warn!(error = %unread.error, "a message of a card network could not be read");
    let Unread { read, .. } = unread;
    if read.get(11).is_none() || !is_request(read) {
        return unanswered();
    }
    Some(answer(read, code::FORMAT_ERROR))
}

/// An answer is not answered.
fn is_request(message: &Message) -> bool {
    message.mti.get(2).is_some_and(|function| matches!(function, 0 | 2))
}

fn unanswered<T>() -> Option<T> {
    metrics::counter!("iso8583_unreadable_total").increment(1);
    None
}

/// Nothing at the end of the connection.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    match stream.read_exact(&mut length).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let length = usize::from(u16::from_be_bytes(length));
    if length > MESSAGE_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is longer than any message"));
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).await?;
    Ok(Some(frame))
}

/// What is ready goes out together.
async fn write(mut stream: impl AsyncWrite + Unpin, mut answers: mpsc::Receiver<Vec<u8>>) {
    let mut ready = Vec::with_capacity(IN_FLIGHT_MAX);
    while answers.recv_many(&mut ready, IN_FLIGHT_MAX).await > 0 {
        let mut bytes = Vec::new();
        for answer in ready.drain(..) {
            bytes.extend(u16::try_from(answer.len()).unwrap_or(0).to_be_bytes());
            bytes.extend(answer);
        }
        let sent = async { stream.write_all(&bytes).await.and(stream.flush().await) };
        if !matches!(tokio::time::timeout(WRITE_MAX, sent).await, Ok(Ok(()))) {
            return;
        }
    }
}
