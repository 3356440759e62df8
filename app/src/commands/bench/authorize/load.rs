//! The load: callers in a closed loop, each with a connection of its own, and what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use kernel::Clock;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::network::{CONNECTIONS, Line};
use super::told::Told;
use crate::cli::BenchAuthorize;
use crate::commands::bench::server::{Connection, Server};
use crate::failure::Failure;

const CATEGORIES: [&str; 4] = ["5411", "5812", "5942", "4111"];
const COUNTRIES: [&str; 4] = ["DE", "FR", "US", "JP"];
const MERCHANTS: u32 = 500;
/// Payments of each caller that are cleared afterwards.
const CLEARED_EACH: usize = 100;

pub(super) struct Paid {
    /// In the measured time.
    pub(super) approved: u64,
    pub(super) declined: u64,
    pub(super) without_risk: u64,
    pub(super) micros: u64,
    /// Microseconds.
    pub(super) latency: Histogram<u64>,
    /// With the warm-up, in smallest units.
    pub(super) held: i64,
    pub(super) approved_in_all: u64,
    /// Some of the approved payments, to be cleared afterwards.
    pub(super) some: Vec<String>,
}

impl Paid {
    pub(super) fn nothing() -> Result<Paid, Failure> {
        let latency = Histogram::new(3)?;
        Ok(Paid {
            approved: 0,
            declined: 0,
            without_risk: 0,
            micros: 0,
            latency,
            held: 0,
            approved_in_all: 0,
            some: Vec::new(),
        })
    }

    pub(super) fn per_second(&self) -> f64 {
        self.approved as f64 * 1e6 / self.micros.max(1) as f64
    }

    fn add(&mut self, other: &Paid) -> Result<(), Failure> {
        self.approved += other.approved;
        self.declined += other.declined;
        self.without_risk += other.without_risk;
        self.held += other.held;
        self.approved_in_all += other.approved_in_all;
        self.some.extend_from_slice(&other.some);
        Ok(self.latency.add(&other.latency)?)
    }
}

#[derive(Default)]
pub(super) struct Signal {
    pub(super) measuring: AtomicBool,
    pub(super) stopped: AtomicBool,
}

pub(super) async fn run(
    server: &Server,
    numbers: Arc<[String]>,
    (in_flight, network): (usize, &str),
    options: &BenchAuthorize,
    clock: &Arc<dyn Clock>,
) -> Result<(Paid, Told), Failure> {
    let signal = Arc::new(Signal::default());
    let mut loops = tokio::task::JoinSet::new();
    let lines = if options.iso8583 { in_flight.min(CONNECTIONS) } else { 0 };
    for place in 0..lines {
        let line = Line::open(network, place, in_flight.div_ceil(lines), Arc::clone(&numbers)).await?;
        loops.spawn(line.pay(Arc::clone(&signal), Arc::clone(clock)));
    }
    let callers = if options.iso8583 { 0 } else { in_flight };
    for place in 0..callers {
        let random = StdRng::seed_from_u64(place as u64);
        let (connection, numbers) = (server.connect().await?, Arc::clone(&numbers));
        let caller = Caller { place, random, connection, numbers };
        loops.spawn(caller.pay(Arc::clone(&signal), Arc::clone(clock)));
    }
    tokio::time::sleep(Duration::from_secs(options.warm_up_seconds)).await;
    // A connection that is idle is closed, so each question has its own.
    let before = Told::of(server).await?;
    let start = clock.monotonic();
    signal.measuring.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    signal.measuring.store(false, Ordering::Relaxed);
    let micros = clock.monotonic().micros_since(start);
    let told = Told::of(server).await?.since(&before);
    signal.stopped.store(true, Ordering::Relaxed);
    let mut paid = Paid::nothing()?;
    while let Some(ended) = loops.join_next().await {
        paid.add(&ended??)?;
    }
    Ok((Paid { micros, ..paid }, told))
}

struct Caller {
    place: usize,
    random: StdRng,
    connection: Connection,
    numbers: Arc<[String]>,
}

impl Caller {
    async fn pay(mut self, signal: Arc<Signal>, clock: Arc<dyn Clock>) -> Result<Paid, Failure> {
        let mut paid = Paid::nothing()?;
        let mut round = 0_u64;
        while !signal.stopped.load(Ordering::Relaxed) {
            round += 1;
            let (body, minor) = self.payment(round)?;
            let start = clock.monotonic();
            let answer = self.connection.post("/payments/authorize", body).await?;
            let took = clock.monotonic().micros_since(start);
            paid.count(&answer, minor, signal.measuring.load(Ordering::Relaxed).then_some(took))?;
        }
        Ok(paid)
    }

    fn payment(&mut self, round: u64) -> Result<(Value, i64), Failure> {
        let card = self.random.random_range(0..self.numbers.len());
        let number = self.numbers.get(card).ok_or_else(|| Failure::new("there are no cards"))?;
        let minor = self.random.random_range(100..=9_999_i64);
        let merchant = self.random.random_range(0..MERCHANTS);
        let of = |list: [&'static str; 4]| list.get(merchant as usize % 4).copied().unwrap_or_default();
        let body = json!({
            "request_id": format!("bench-{}-{round}", self.place),
            "pan": number,
            "amount": format!("{}.{:02}", minor / 100, minor % 100),
            "merchant": format!("merchant-{merchant}"),
            "category": of(CATEGORIES),
            "country": of(COUNTRIES),
            "channel": "ecommerce",
        });
        Ok((body, minor))
    }
}

impl Paid {
    fn count(&mut self, answer: &Value, minor: i64, took: Option<u64>) -> Result<(), Failure> {
        let approved = answer.get("status").and_then(Value::as_str) == Some("approved");
        if approved {
            let id = answer.get("id").and_then(Value::as_str).filter(|_| self.some.len() < CLEARED_EACH);
            self.some.extend(id.map(str::to_owned));
        }
        let reason = answer.get("reason").and_then(Value::as_str);
        let without_risk = matches!(reason, Some("approved_without_risk" | "risk_away"));
        self.add_one(approved.then_some(minor), without_risk, took)
    }

    /// One answer: what is held now, and the time that it took in the measured part.
    pub(super) fn add_one(&mut self, held: Option<i64>, without_risk: bool, took: Option<u64>) -> Result<(), Failure> {
        self.held += held.unwrap_or(0);
        self.approved_in_all += u64::from(held.is_some());
        let Some(took) = took else { return Ok(()) };
        match held {
            Some(_) => self.approved += 1,
            None => self.declined += 1,
        }
        self.without_risk += u64::from(without_risk);
        Ok(self.latency.record(took)?)
    }
}
