//! Bytes travelling in one direction, and the effect of the toxics on them.

use std::convert::Infallible;
use std::time::Duration;

use kernel::{Clock, Monotonic, SystemClock};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};

use super::carry::Carrier;
use super::count::Counts;
use super::toxic::Lane;
use super::{Direction, Faults, ToxicKind};

/// Pieces in transit; beyond that the sender waits, as on a full link.
const UNDER_WAY: usize = 64;
const PIECE: usize = 16 << 10;
/// A bandwidth limit works in intervals of this length, so that its bytes come evenly.
const TURN_MS: u64 = 20;

pub(super) enum FlowEnd {
    /// The connection must be closed, on both sides.
    Cut,
}

pub(super) struct Flow<'a> {
    direction: Direction,
    faults: watch::Receiver<Faults>,
    counts: &'a Counts,
    /// Bytes passed since the last change of faults.
    passed: u64,
    change: u64,
}

/// What was read, and when.
struct Piece {
    read: Read,
    at: Monotonic,
    /// From -1 to 1, of the jitter.
    luck: f64,
}

enum Read {
    Bytes(Vec<u8>),
    Closed,
    Lost,
}

impl<'a> Flow<'a> {
    pub(super) fn new(direction: Direction, carrier: &'a Carrier) -> Flow<'a> {
        let mut faults = carrier.faults.clone();
        let change = faults.borrow_and_update().change;
        Flow { direction, faults, counts: &carrier.counts, passed: 0, change }
    }

    /// Runs until the sender has closed its half and the receiver was told.
    pub(super) async fn carry(
        mut self,
        luck: StdRng,
        from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
    ) -> Result<(), FlowEnd> {
        let (sender, mut pieces) = mpsc::channel(UNDER_WAY);
        let write = async {
            while let Some(piece) = pieces.recv().await {
                if !self.pass(&piece, &mut to).await? {
                    break;
                }
            }
            to.shutdown().await.map_err(|_| FlowEnd::Cut)
        };
        tokio::select! {
            end = write => end,
            never = read(from, luck, sender) => match never {},
        }
    }

    /// False at the end.
    async fn pass(&mut self, piece: &Piece, to: &mut WriteHalf<'_>) -> Result<bool, FlowEnd> {
        self.delay(piece).await;
        match &piece.read {
            Read::Bytes(bytes) => self.pass_bytes(bytes, to).await.map(|()| true),
            Read::Closed => {
                self.close_slowly(piece.at).await;
                self.out_of_the_hole().await;
                Ok(false)
            }
            Read::Lost => {
                self.out_of_the_hole().await;
                Err(FlowEnd::Cut)
            }
        }
    }

    async fn pass_bytes(&mut self, mut rest: &[u8], to: &mut WriteHalf<'_>) -> Result<(), FlowEnd> {
        while !rest.is_empty() {
            self.out_of_the_hole().await;
            let lane = self.lane();
            let (now, later) = rest.split_at(self.allowed(&lane, rest.len()));
            if !now.is_empty() {
                to.write_all(now).await.map_err(|_| FlowEnd::Cut)?;
                self.passed += now.len() as u64;
                self.counts.passed(self.direction, now.len());
            }
            if lane.limit.is_some_and(|limit| self.passed >= limit) {
                self.counts.feel(ToxicKind::LimitData);
                return Err(FlowEnd::Cut);
            }
            self.rest_after(&lane, now.len()).await;
            rest = later;
        }
        Ok(())
    }

    /// How many bytes to send at once.
    fn allowed(&self, lane: &Lane, wanted: usize) -> usize {
        let turn = lane.bytes_per_second.map(|rate| (rate * TURN_MS / 1_000).max(1));
        let limit = lane.limit.map(|limit| limit.saturating_sub(self.passed));
        let slice = lane.slice.map(|(bytes, _)| bytes as u64);
        [turn, limit, slice].into_iter().flatten().map(|most| most as usize).fold(wanted, usize::min)
    }

    async fn rest_after(&mut self, lane: &Lane, bytes: usize) {
        let sliced = lane.slice.map(|(_, pause_ms)| pause_ms * 1_000);
        let slow = lane.bytes_per_second.map(|rate| bytes as u64 * 1_000_000 / rate);
        for (micros, kind) in [(sliced, ToxicKind::Slicing), (slow, ToxicKind::Bandwidth)] {
            if let Some(micros) = micros {
                self.counts.feel(kind);
                let start = SystemClock.monotonic();
                self.wait(start, |lane| (lane.slice, lane.bytes_per_second) != (None, None), |_| micros).await;
            }
        }
    }

    async fn delay(&mut self, piece: &Piece) {
        let late = |lane: &Lane| {
            let jitter = piece.luck * (lane.jitter_ms * 1_000) as f64;
            ((lane.latency_ms * 1_000) as f64 + jitter).max(0.0) as u64
        };
        if self.wait(piece.at, |lane| late(lane) > 0, late).await {
            self.counts.feel(ToxicKind::Latency);
        }
    }

    async fn close_slowly(&mut self, read: Monotonic) {
        if self.wait(read, |lane| lane.slow_close_ms > 0, |lane| lane.slow_close_ms * 1_000).await {
            self.counts.feel(ToxicKind::SlowClose);
        }
    }

    async fn out_of_the_hole(&mut self) {
        if self.wait(SystemClock.monotonic(), |lane| lane.black_hole, |_| u64::MAX).await {
            self.counts.feel(ToxicKind::Timeout);
        }
    }

    /// Waits while the toxic is on, until that many microseconds after `from`. Reacts to a change of the faults at
    /// once. Returns whether there was anything to wait for.
    async fn wait(&mut self, from: Monotonic, on: impl Fn(&Lane) -> bool, micros: impl Fn(&Lane) -> u64) -> bool {
        let mut waited = false;
        loop {
            let lane = self.lane();
            let left = micros(&lane).saturating_sub(SystemClock.monotonic().micros_since(from));
            if !on(&lane) || left == 0 {
                return waited;
            }
            waited = true;
            tokio::select! {
                () = tokio::time::sleep(Duration::from_micros(left)) => {}
                // Without the proxy nobody can change them; the connection ends with its task.
                changed = self.faults.changed() => if changed.is_err() { return waited },
            }
        }
    }

    fn lane(&mut self) -> Lane {
        let faults = self.faults.borrow_and_update();
        if faults.change != self.change {
            self.change = faults.change;
            self.passed = 0;
        }
        Lane::of(&faults.all, self.direction)
    }
}

/// Reads ahead of the delays, so that latency does not limit the bandwidth.
async fn read(mut from: ReadHalf<'_>, mut luck: StdRng, pieces: mpsc::Sender<Piece>) -> Infallible {
    let mut buffer = vec![0; PIECE];
    loop {
        let read = match from.read(&mut buffer).await {
            Ok(0) => Read::Closed,
            Ok(length) => Read::Bytes(buffer[..length].to_vec()),
            Err(_) => Read::Lost,
        };
        let last = !matches!(read, Read::Bytes(_));
        let piece = Piece { read, at: SystemClock.monotonic(), luck: luck.random_range(-1.0..=1.0) };
        if pieces.send(piece).await.is_err() || last {
            // The writer ends the connection once it gets there.
            return std::future::pending().await;
        }
    }
}
