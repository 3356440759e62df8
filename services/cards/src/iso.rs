//! ISO 8583:1987: cards for card networks. The same use cases as over HTTP.
//!
//! Start reading at `serve`, then `acquirer` (the use cases), `exchange` (what a message means) and `message` (how it is
//! coded).

mod acquirer;
mod certified;
mod dialect;
mod ebcdic;
mod exchange;
mod message;
mod serve;

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use kernel::{Clock, Principal, PrincipalKind};
use platform::room::OpenError;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::face::Cards;
use acquirer::Acquirer;
pub use certified::Certified;
use dialect::Dialect;
use message::Message;

/// What acquirers may do.
const ACQUIRER: [&str; 3] = ["authorizations:create:all", "authorizations:read:all", "authorizations:advance:all"];

/// A port for card networks, until it is stopped.
pub struct Acquirers {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Acquirers {
    /// Answers in this dialect: a built-in name, or a file.
    ///
    /// # Errors
    /// The address is not on this machine or is taken, or the dialect is malformed.
    pub async fn listen(
        address: SocketAddr,
        dialect: &str,
        cards: Arc<dyn Cards>,
        clock: Arc<dyn Clock>,
    ) -> Result<Acquirers, OpenError> {
        Acquirers::listen_to(address, dialect, cards, clock, None).await
    }

    /// Each acquirer is known by its certificate; without any, they are all one.
    ///
    /// # Errors
    /// As [`Acquirers::listen`].
    pub async fn listen_to(
        address: SocketAddr,
        dialect: &str,
        cards: Arc<dyn Cards>,
        clock: Arc<dyn Clock>,
        certified: Option<Certified>,
    ) -> Result<Acquirers, OpenError> {
        if certified.is_none() && !address.ip().is_loopback() {
            return Err(format!(
                "cards.iso8583_listen = {address} can be reached from other machines, and acquirers are not authenticated; \
                 set cards.iso8583_certificate_file, iso8583_key_file, iso8583_ca_file and iso8583_acquirers, or listen on 127.0.0.1"
            )
            .into());
        }
        let dialect = Arc::new(dialect_of(dialect)?);
        let listener = TcpListener::bind(address).await?;
        let principal = principal("acquirer");
        let address = listener.local_addr()?;
        let acquirer = Acquirer { cards, dialect, clock, principal };
        let task = tokio::spawn(serve::serve(listener, acquirer, certified.map(Arc::new)));
        Ok(Acquirers { address, task })
    }

    pub fn stop(&self) {
        self.task.abort();
    }
}

fn principal(name: &str) -> Principal {
    Principal::new(PrincipalKind::Service, name, ACQUIRER.iter().filter_map(|text| text.parse().ok()))
}

fn dialect_of(name: &str) -> Result<Dialect, OpenError> {
    match Dialect::built_in(name) {
        Some(dialect) => Ok(dialect),
        None => Ok(Dialect::read(&std::fs::read_to_string(name)?)?),
    }
}

/// Each message of a file of frames as a line: numbers masked, tracks and PIN blocks hidden. A message that cannot be
/// read is a line with the reason and what was read of it.
///
/// # Errors
/// The dialect is neither built in nor a well-formed file.
pub fn decode(frames: &[u8], dialect: &str) -> Result<Vec<String>, OpenError> {
    let dialect = dialect_of(dialect)?;
    let (mut lines, mut rest) = (Vec::new(), frames);
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((frame, after)) = after.split_at_checked(length) else {
            lines.push(format!("cut off: {} bytes of {length}", after.len()));
            break;
        };
        lines.push(match Message::read(frame, &dialect) {
            Ok(message) => format!("{message:?}"),
            Err(unread) => format!("{}: {:?}", unread.error, unread.read),
        });
        rest = after;
    }
    Ok(lines)
}

static ASCII: LazyLock<Option<Dialect>> = LazyLock::new(|| Dialect::built_in("ascii"));

/// An authorization request in the dialect `ascii` with this STAN, card number and terminal, and an amount in USD; for the
/// benchmark.
///
/// # Errors
/// It cannot be written.
pub fn sample_message([stan, number, terminal]: [&str; 3], minor: i64) -> Result<Vec<u8>, OpenError> {
    let mut message = Message::new([0, 1, 0, 0]);
    SAMPLE.iter().for_each(|(field, value)| message.set(*field, *value));
    for (field, value) in [(2, number), (11, stan), (41, terminal)] {
        message.set(field, value);
    }
    message.set(4, format!("{minor:012}"));
    Ok(message.write(ASCII.as_ref().ok_or("there is no dialect ascii")?)?)
}

/// STAN and code of an answer in the dialect `ascii`.
pub fn sample_answer(frame: &[u8]) -> Option<(String, String)> {
    let message = Message::read(frame, ASCII.as_ref()?).ok()?;
    Some((message.get(11)?.to_owned(), message.get(39)?.to_owned()))
}

/// Authorization requests a second that the codec writes and reads again on one core, in a dialect; for the benchmark.
///
/// # Errors
/// The dialect is unknown, or a message does not survive.
pub fn codec_rate(dialect: &str, rounds: u64, clock: &dyn Clock) -> Result<u64, OpenError> {
    let dialect = dialect_of(dialect)?;
    let mut message = Message::new([0, 1, 0, 0]);
    SAMPLE.iter().for_each(|(field, value)| message.set(*field, *value));
    let begun = clock.monotonic();
    for round in 0..rounds {
        message.set(11, format!("{:06}", round % 1_000_000));
        let read = Message::read(&message.write(&dialect)?, &dialect).map_err(|unread| unread.error)?;
        if read.get(11) != message.get(11) {
            return Err("a message does not survive its dialect".into());
        }
    }
    Ok(rounds.saturating_mul(1_000_000) / clock.monotonic().micros_since(begun).max(1))
}

/// The mandatory fields of a 0100.
const SAMPLE: [(u8, &str); 15] = [
    (2, "4111111111111111"),
    (3, "000000"),
    (4, "000000001000"),
    (7, "0131120000"),
    (12, "130000"),
    (13, "0131"),
    (14, "4912"),
    (18, "5942"),
    (22, "051"),
    (25, "00"),
    (32, "12345"),
    (37, "602112000001"),
    (41, "TERM0001"),
    (42, "BOOKSHOP-000001"),
    (49, "840"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benchmarks_message_survives_each_dialect() {
        for dialect in ["ascii", "binary", "ebcdic"] {
            assert!(codec_rate(dialect, 10, &kernel::SystemClock).unwrap() > 0, "{dialect}");
        }
    }

    #[test]
    fn the_benchmarks_request_has_what_it_was_given() {
        let bytes = sample_message(["000042", "4242424242424242", "TERM0007"], 1_234).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        for part in ["4242424242424242", "000000001234", "000042", "TERM0007"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(sample_answer(&bytes), None);
    }

    #[test]
    fn a_recording_is_shown_line_by_line_and_masked() {
        let dialect = Dialect::built_in("ascii").unwrap();
        let mut message = Message::new([0, 1, 0, 0]);
        for (field, value) in [(2, "4111111111111111"), (11, "000001"), (35, "4111111111111111=2812101")] {
            message.set(field, value);
        }
        let bytes = message.write(&dialect).unwrap();
        let mut frames = [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], &bytes].concat();
        frames.extend([0, 4, b'0', b'1', b'x', b'0', 0, 9, b'0']);
        let lines = decode(&frames, "ascii").unwrap();
        assert_eq!(lines[0], "0100 2=411111******1111 11=000001 35=***");
        assert!(lines[1].starts_with("the message type is not four digits"), "{lines:?}");
        assert_eq!(lines[2], "cut off: 1 bytes of 9");
        assert!(decode(&frames, "/nowhere/latin.toml").is_err());
    }
}
