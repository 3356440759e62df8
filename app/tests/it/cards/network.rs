//! Card networks over TCP: approved and held, repeated, reversed, out of order, and malformed.

mod certified;

use std::net::SocketAddr;

use cards::Acquirers;
use testkit::for_each_engine;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cards::stage::{Till, VISA};

async fn acquirers(till: &Till) -> Acquirers {
    acquirers_in(till, "ascii").await
}

async fn acquirers_in(till: &Till, dialect: &str) -> Acquirers {
    let clock = std::sync::Arc::new(till.clock.clone());
    Acquirers::listen("127.0.0.1:0".parse().unwrap(), dialect, till.cards.clone(), clock).await.unwrap()
}

/// A message in ASCII by its fields, each with its own length if it has one.
pub(super) fn message(mti: &str, fields: &[(u32, &str)]) -> Vec<u8> {
    let mut bits: u128 = fields.iter().map(|(field, _)| 1_u128 << (128 - field)).sum();
    let second = bits & u128::from(u64::MAX) != 0;
    bits |= u128::from(second) << 127;
    let bitmap = if second { format!("{bits:032X}") } else { format!("{:016X}", bits >> 64) };
    let mut text = format!("{mti}{bitmap}");
    for (field, value) in fields {
        let length = match field {
            2 | 32 | 35 => format!("{:02}", value.len()),
            54 | 60 => format!("{:03}", value.len()),
            _ => String::new(),
        };
        text += &format!("{length}{value}");
    }
    text.into_bytes()
}

fn payment(mti: &str, stan: &str, amount: &str) -> Vec<u8> {
    let fields = [
        (2, VISA),
        (3, "000000"),
        (4, amount),
        (7, "0131120000"),
        (11, stan),
        (12, "130000"),
        (13, "0131"),
        (18, "5942"),
        (22, "051"),
        (25, "00"),
        (32, "12345"),
        (37, "602112000001"),
        (41, "TERM0001"),
        (42, "BOOKSHOP-000001"),
        (49, "840"),
    ];
    message(mti, &fields)
}

fn reversal(mti: &str, stan: &str, original: &str, remains: Option<&str>) -> Vec<u8> {
    let ninety = format!("0100{original}01311200000000001234500000000000");
    let mut fields = vec![
        (2, VISA),
        (3, "000000"),
        (4, "000000001000"),
        (7, "0131120000"),
        (11, stan),
        (32, "12345"),
        (37, "602112000001"),
        (41, "TERM0001"),
        (49, "840"),
        (90, ninety.as_str()),
    ];
    fields.extend(remains.map(|remains| (95, remains)));
    message(mti, &fields)
}

pub(super) struct Line<S = TcpStream>(S);

impl Line {
    pub(super) async fn open(address: SocketAddr) -> Line {
        Line(TcpStream::connect(address).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    async fn send(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length[..], message].concat()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    async fn receive(&mut self) -> String {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).await.unwrap();
        let mut frame = vec![0; u16::from_be_bytes(length).into()];
        self.0.read_exact(&mut frame).await.unwrap();
        String::from_utf8(frame).unwrap()
    }

    pub(super) async fn ask(&mut self, message: &[u8]) -> String {
        self.send(message).await;
        self.receive().await
    }
}

/// Field 39 is after 38 or 37, and before the terminal.
#[track_caller]
fn assert_code(answer: &str, mti: &str, code: &str) {
    assert!(answer.starts_with(mti), "{answer}");
    assert!(answer.contains(&format!("{code}TERM0001")), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acquirer_is_answered_once_and_reverses() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let network = acquirers(&till).await;
        let mut line = Line::open(network.address).await;
        let echo = line.ask(&message("0800", &[(7, "0131120000"), (11, "000001"), (70, "301")])).await;
        assert!(echo.starts_with("0810") && echo.contains("00000100301"), "{echo}");
        let first = line.ask(&payment("0100", "000002", "000000001000")).await;
        assert_code(&first, "0110", "00");
        assert!(first.contains("0002840C000000009000"), "{first}");
        // Balances may have moved since; the decision is the first one.
        assert_code(&line.ask(&payment("0101", "000002", "000000001000")).await, "0110", "00");
        assert_eq!(till.held().await, 1_000);
        assert_code(&line.ask(&payment("0100", "000002", "000000002000")).await, "0110", "94");
        let part = Some("000000000400000000000000C00000000C00000000");
        assert_code(&line.ask(&reversal("0400", "000003", "000002", part)).await, "0410", "00");
        assert_eq!(till.held().await, 400);
        assert_code(&line.ask(&reversal("0420", "000004", "000002", None)).await, "0430", "00");
        assert_code(&line.ask(&reversal("0421", "000004", "000002", None)).await, "0430", "00");
        assert_eq!(till.held().await, 0);
        network.stop();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_that_comes_first_declines_its_original() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let network = acquirers(&till).await;
        let mut line = Line::open(network.address).await;
        assert_code(&line.ask(&reversal("0420", "000009", "000008", None)).await, "0430", "00");
        assert_code(&line.ask(&payment("0100", "000008", "000000001000")).await, "0110", "25");
        assert_eq!(till.held().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn purchases_and_advices_are_booked() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let network = acquirers(&till).await;
        let mut line = Line::open(network.address).await;
        assert_code(&line.ask(&payment("0200", "000010", "000000001000")).await, "0210", "00");
        assert_eq!(till.balances("customers:ann").await, (Some(9_000), 0, 9_000));
        // Never declined: below the floor if need be.
        assert_code(&line.ask(&payment("0120", "000011", "000000020000")).await, "0130", "00");
        assert_eq!(till.held().await, 20_000);
        assert_code(&line.ask(&payment("0220", "000012", "000000000500")).await, "0230", "00");
        assert_eq!(till.balances("customers:ann").await.2, 8_500);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_are_in_flight_and_bad_ones_are_answered() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let network = acquirers(&till).await;
        let mut line = Line::open(network.address).await;
        for stan in 100..200 {
            line.send(&payment("0100", &format!("{stan:06}"), "000000000100")).await;
        }
        let mut answered = std::collections::BTreeSet::new();
        for _ in 100..200 {
            let answer = line.receive().await;
            assert_code(&answer, "0110", "00");
            answered.insert(answer);
        }
        assert_eq!((answered.len(), till.held().await), (100, 10_000));
        // The length of field 42 is missing its end.
        let mut cut = payment("0100", "000300", "000000000100");
        cut.truncate(cut.len() - 10);
        let answer = line.ask(&cut).await;
        assert!(answer.starts_with("0110") && answer.contains("30TERM0001"), "{answer}");
        // Without a STAN there is nothing to answer; the next one is.
        line.send(b"0100").await;
        let with_pin = message("0100", &[(7, "0131120000"), (11, "000301"), (41, "TERM0001"), (52, "12345678")]);
        assert_code(&line.ask(&with_pin).await, "0110", "57");
        let other = Acquirers::listen(
            "0.0.0.0:0".parse().unwrap(),
            "ascii",
            till.cards.clone(),
            std::sync::Arc::new(till.clock.clone()),
        );
        assert!(other.await.err().unwrap().to_string().contains("not authenticated"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_and_a_refund_are_reversed() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let network = acquirers(&till).await;
        let mut line = Line::open(network.address).await;
        assert_code(&line.ask(&payment("0200", "000020", "000000001000")).await, "0210", "00");
        let ninety = "020000002001311200000000001234500000000000";
        let fields = [
            (2, VISA),
            (3, "000000"),
            (4, "000000001000"),
            (7, "0131120000"),
            (11, "000021"),
            (32, "12345"),
            (37, "602112000001"),
            (41, "TERM0001"),
            (49, "840"),
            (90, ninety),
        ];
        assert_code(&line.ask(&message("0400", &fields)).await, "0410", "00");
        assert_code(&line.ask(&message("0401", &fields)).await, "0410", "00");
        assert_eq!(till.balances("customers:ann").await, (Some(10_000), 0, 10_000));
        network.stop();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_without_field_90_finds_its_original() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let network = acquirers(&till).await;
        let mut line = Line::open(network.address).await;
        let back = |stan: &'static str| {
            let fields = [
                (2, VISA),
                (3, "000000"),
                (4, "000000001000"),
                (7, "0131120500"),
                (11, stan),
                (32, "12345"),
                (37, "602112000001"),
                (41, "TERM0001"),
                (49, "840"),
            ];
            message("0400", &fields)
        };
        assert_code(&line.ask(&payment("0100", "000040", "000000001000")).await, "0110", "00");
        assert_code(&line.ask(&back("000041")).await, "0410", "25");
        assert_eq!(till.held().await, 1_000);
        assert_code(&line.ask(&back("000040")).await, "0410", "00");
        assert_code(&line.ask(&back("000040")).await, "0410", "00");
        assert_eq!(till.held().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_approved_if_the_message_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("visa.toml");
    let ascii = include_str!("../../../../services/cards/dialects/ascii.toml");
    std::fs::write(&path, format!("partial_approval = 60\n{ascii}")).unwrap();
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let network = acquirers_in(&till, path.to_str().unwrap()).await;
        let mut line = Line::open(network.address).await;
        let asks = |stan: &'static str, accepts: &'static str| {
            let fields = [
                (2, VISA),
                (3, "000000"),
                (4, "000000015000"),
                (7, "0131120000"),
                (11, stan),
                (32, "12345"),
                (41, "TERM0001"),
                (49, "840"),
                (60, accepts),
            ];
            message("0100", &fields)
        };
        assert_code(&line.ask(&asks("000050", "0")).await, "0110", "51");
        let part = line.ask(&asks("000051", "1")).await;
        assert_code(&part, "0110", "10");
        assert!(part.contains("000000010000"), "{part}");
        assert_eq!(till.held().await, 10_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inquiry_tells_the_balance_and_holds_nothing() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let network = acquirers(&till).await;
        let mut line = Line::open(network.address).await;
        let fields = [(2, VISA), (3, "310000"), (7, "0131120000"), (11, "000030"), (32, "12345"), (41, "TERM0001")];
        let answer = line.ask(&message("0100", &fields)).await;
        assert_code(&answer, "0110", "00");
        assert!(answer.contains("0002840C000000010000"), "{answer}");
        assert_eq!(till.held().await, 0);
        network.stop();
    })
    .await;
}
