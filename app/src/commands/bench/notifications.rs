//! `florin bench notifications`: messages rendered, accepted and mailed to a sink on this machine, the same mails without us,
//! and codes while optional messages wait. Every mail must arrive once.

mod room;
mod sink;

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use hdrhistogram::Histogram;
use kernel::{Clock, SystemClock};
use notifications_api::{Data, Preview, Recipient, SendMessage};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::goals::Goals;
use super::report::Report;
use super::store::Stores;
use super::table;
use crate::cli::BenchNotifications;
use crate::failure::Failure;

use room::Desk;
use sink::Sink;

const KIND: &str = "account.money_received";
const CODES: u32 = 200;
const RENDERED: u32 = 20_000;
/// Connections of the mails without us, as many as the room uses.
const CONNECTIONS: u32 = 8;
const PATIENCE_S: u64 = 600;

pub(super) async fn run(stores: &Stores<'_>, options: &BenchNotifications) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let mut goals = Goals::default();
    let sink = Sink::open().await?;
    let desk = Desk::open(stores, sink.port).await?;
    let rendered = rendered(&desk).await?;
    say(&mut report, "rendered_per_second", "messages rendered on one core", rendered);
    let accepted = accepted(&desk, options.messages, options.in_flight).await?;
    say(&mut report, "accepted_per_second", "messages accepted, durable", accepted);
    let raw = alone(options.messages).await?;
    say(&mut report, "raw_mails_per_second", "the same mails given to the sink without us", raw);
    let mailed = mailed(&desk, &sink, options.messages).await?;
    say(&mut report, "mails_per_second", "mails given to the sink", mailed);
    let codes = codes(&desk, &sink, options).await?;
    let p99 = codes.value_at_quantile(0.99);
    let waiting = table::grouped(u64::from(options.waiting));
    report.say(&format!("a code while {waiting} optional messages wait: {} (p99)", table::millis(p99)));
    report.insert("code_p99_us", json!(p99));
    goals.at_least("rendered a second", options.rendered_at_least, Some(rendered));
    goals.at_least("accepted a second", options.accepted_at_least, Some(accepted));
    goals.at_least("mails a second", options.mails_at_least, Some(mailed));
    goals.at_most("p99 of a code in ms", options.code_p99_at_most, Some(p99 as f64 / 1e3));
    desk.close().await;
    report.close(&goals, None)?;
    goals.verdict()
}

fn say(report: &mut Report<'_>, name: &'static str, what: &str, rate: f64) {
    report.say(&format!("{what}: {} a second", table::grouped(rate as u64)));
    report.insert(name, json!(rate));
}

fn rate(count: u32, since: kernel::Monotonic) -> f64 {
    f64::from(count) * 1e6 / SystemClock.monotonic().micros_since(since).max(1) as f64
}

/// By the same way as a preview.
async fn rendered(desk: &Desk) -> Result<f64, Failure> {
    let started = SystemClock.monotonic();
    for _ in 0..RENDERED {
        let preview = Preview { kind: KIND.to_owned(), locale: Some("de-AT".to_owned()), data: Data::new() };
        desk.room.preview(&desk.ctx(), preview).await?;
    }
    Ok(rate(RENDERED, started))
}

fn message(kind: &str, to: String) -> SendMessage {
    let money = json!({ "amount": "25.00", "currency": "USD" });
    let data = match kind {
        KIND => Data::from_iter([("amount".to_owned(), money), ("from".to_owned(), json!("Bob"))]),
        _ => Data::from_iter([("code".to_owned(), json!("123456"))]),
    };
    SendMessage { kind: kind.to_owned(), to: Recipient::Email(to), data, expires_at: None }
}

fn address(name: &str, number: u32) -> String {
    format!("{name}{number}@example.com")
}

async fn accepted(desk: &Desk, messages: u32, in_flight: u32) -> Result<f64, Failure> {
    let started = SystemClock.monotonic();
    let all = stream::iter(0..messages).map(|number| async move {
        desk.room.send(&desk.ctx(), message(KIND, address("person", number))).await.map(drop)
    });
    all.buffer_unordered(in_flight as usize).try_collect::<()>().await?;
    Ok(rate(messages, started))
}

/// The same number of mails of the same size, line by line, over as many connections.
async fn alone(messages: u32) -> Result<f64, Failure> {
    let sink = Sink::open().await?;
    let started = SystemClock.monotonic();
    let each = messages.div_ceil(CONNECTIONS);
    let tasks = (0..CONNECTIONS).map(|connection| tokio::spawn(one_connection(sink.port, connection, each)));
    for task in tasks.collect::<Vec<_>>() {
        task.await.map_err(|error| Failure::new(error.to_string()))??;
    }
    Ok(rate(each * CONNECTIONS, started))
}

async fn one_connection(port: u16, connection: u32, mails: u32) -> std::io::Result<()> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let (mut read, mut line) = (BufReader::new(read), String::new());
    read.read_line(&mut line).await?;
    let text = format!("{}.\r\n", format!("{}\r\n", "x".repeat(70)).repeat(28));
    for number in 0..mails {
        let to = address(&format!("raw{connection}-"), number);
        let lines = ["MAIL FROM:<a@example.com>\r\n", &format!("RCPT TO:<{to}>\r\n"), "DATA\r\n", &text];
        for said in lines {
            write.write_all(said.as_bytes()).await?;
            line.clear();
            read.read_line(&mut line).await?;
        }
    }
    Ok(())
}

/// From the start of the lanes until the sink has all of them, each once.
async fn mailed(desk: &Desk, sink: &Sink, messages: u32) -> Result<f64, Failure> {
    let started = SystemClock.monotonic();
    desk.start();
    wait(sink, messages as usize).await?;
    let rate = rate(messages, started);
    match sink.taken().values().find(|(times, _)| *times != 1) {
        Some((times, _)) => Err(Failure::new(format!("a mail arrived {times} times"))),
        None => Ok(rate),
    }
}

async fn wait(sink: &Sink, count: usize) -> Result<(), Failure> {
    let started = SystemClock.monotonic();
    while sink.count() < count {
        if SystemClock.monotonic().micros_since(started) > PATIENCE_S * 1_000_000 {
            return Err(Failure::new(format!("expected {count} mails, found {}", sink.count())));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// From the acceptance of a code to its arrival.
async fn codes(desk: &Desk, sink: &Sink, options: &BenchNotifications) -> Result<Histogram<u64>, Failure> {
    accepted(desk, options.waiting, options.in_flight).await?;
    let mut times = Histogram::new(3).map_err(|error| Failure::new(error.to_string()))?;
    for number in 0..CODES {
        let (to, started) = (address("code", number), SystemClock.monotonic());
        desk.room.send(&desk.ctx(), message("security.code", to.clone())).await?;
        loop {
            if let Some(at) = sink.taken_at(&to) {
                let micros = at.micros_since(started);
                times.record(micros).map_err(|error| Failure::new(error.to_string()))?;
                break;
            }
            if SystemClock.monotonic().micros_since(started) > PATIENCE_S * 1_000_000 {
                return Err(Failure::new(format!("the code {number} did not arrive")));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    Ok(times)
}
