//! The load over ISO 8583: a few connections with many messages in flight on each.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::{Clock, Monotonic};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::load::{Paid, Signal};
use crate::failure::Failure;

pub(super) const CONNECTIONS: usize = 16;
const STANS: u32 = 1_000_000;

pub(super) struct Line {
    stream: TcpStream,
    terminal: String,
    random: StdRng,
    numbers: Arc<[String]>,
    /// By STAN: when it was sent, and its amount.
    waiting: HashMap<u32, (Monotonic, i64)>,
    in_flight: usize,
    stan: u32,
}

impl Line {
    pub(super) async fn open(
        address: &str,
        place: usize,
        in_flight: usize,
        numbers: Arc<[String]>,
    ) -> Result<Line, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (terminal, random) = (format!("TERM{place:04}"), StdRng::seed_from_u64(place as u64));
        Ok(Line { stream, terminal, random, numbers, waiting: HashMap::new(), in_flight, stan: 0 })
    }

    pub(super) async fn pay(mut self, signal: Arc<Signal>, clock: Arc<dyn Clock>) -> Result<Paid, Failure> {
        let mut paid = Paid::nothing()?;
        loop {
            let stopped = signal.stopped.load(Ordering::Relaxed);
            if stopped && self.waiting.is_empty() {
                return Ok(paid);
            }
            if !stopped {
                self.fill(&*clock).await?;
            }
            let (stan, code) = self.answer().await?;
            let (start, minor) = self.waiting.remove(&stan).ok_or_else(|| Failure::new("an answer to no message"))?;
            let took = clock.monotonic().micros_since(start);
            let measured = signal.measuring.load(Ordering::Relaxed).then_some(took);
            paid.add_one((code == "00").then_some(minor), false, measured)?;
        }
    }

    /// What may be in flight is sent together.
    async fn fill(&mut self, clock: &dyn Clock) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        while self.waiting.len() < self.in_flight {
            self.stan = (self.stan + 1) % STANS;
            let card = self.random.random_range(0..self.numbers.len());
            let number = self.numbers.get(card).ok_or_else(|| Failure::new("there are no cards"))?;
            let minor = self.random.random_range(100..=9_999_i64);
            let stan = format!("{:06}", self.stan);
            let message = cards::sample_message([&stan, number, &self.terminal], minor).map_err(Failure::of)?;
            bytes.extend(u16::try_from(message.len())?.to_be_bytes());
            bytes.extend(message);
            self.waiting.insert(self.stan, (clock.monotonic(), minor));
        }
        Ok(self.stream.write_all(&bytes).await?)
    }

    async fn answer(&mut self) -> Result<(u32, String), Failure> {
        let mut length = [0; 2];
        self.stream.read_exact(&mut length).await?;
        let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
        self.stream.read_exact(&mut frame).await?;
        let (stan, code) = cards::sample_answer(&frame).ok_or_else(|| Failure::new("an answer cannot be read"))?;
        Ok((stan.parse()?, code))
    }
}
