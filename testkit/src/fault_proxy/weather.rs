//! Faults that come and go by themselves, in an order determined by a seed.

use std::ops::RangeInclusive;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::{Direction, Fault, FaultProxy, Toxic, ToxicKind};

/// Maximum duration of the faults; after that there are none, so that what they delayed can finish.
const LASTS_MAX: Duration = Duration::from_secs(3_600);
const SECOND_ONE_IN: u32 = 4;
const LONG_ONE_IN: u32 = 2;
const LONG_TIMES: u64 = 20;

/// An endless series of spells. Every eight contain one of each kind.
#[derive(Debug)]
pub struct Weather {
    random: StdRng,
    /// What is left of this round.
    round: Vec<ToxicKind>,
    kinds: Vec<ToxicKind>,
    spell_ms: RangeInclusive<u64>,
    calm_ms: RangeInclusive<u64>,
    lasts_max: Duration,
    first: Option<Spell>,
    all_felt: bool,
}

/// A spell of faults, and the calm after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spell {
    pub faults: Vec<Fault>,
    pub ms: u64,
    pub calm_ms: u64,
}

impl Weather {
    /// The seed is printed, so that it can be used again.
    pub fn seeded(seed: u64) -> Weather {
        println!("weather: seed {seed}");
        Weather {
            random: StdRng::seed_from_u64(seed),
            round: Vec::new(),
            kinds: ToxicKind::ALL.to_vec(),
            spell_ms: 20..=120,
            calm_ms: 10..=60,
            lasts_max: LASTS_MAX,
            first: None,
            all_felt: false,
        }
    }

    /// Only of these kinds.
    pub fn of(self, kinds: &[ToxicKind]) -> Weather {
        Weather { kinds: kinds.to_vec(), ..self }
    }

    /// The duration of each spell and each calm after it.
    pub fn paced(self, spell_ms: RangeInclusive<u64>, calm_ms: RangeInclusive<u64>) -> Weather {
        Weather { spell_ms, calm_ms, ..self }
    }

    /// This one comes first.
    pub fn beginning_with(self, first: Spell) -> Weather {
        Weather { first: Some(first), ..self }
    }

    pub fn lasting(self, at_most: Duration) -> Weather {
        Weather { lasts_max: at_most.min(LASTS_MAX), ..self }
    }

    /// Continues past its time until each of its kinds took effect, for at most an hour.
    pub fn until_all_are_felt(self) -> Weather {
        Weather { all_felt: true, ..self }
    }

    /// Runs `work` while the faults of `proxy` change, and returns the spells. Leaves the proxy without faults.
    pub async fn over<T>(self, proxy: &FaultProxy, work: impl Future<Output = T>) -> (T, Vec<Spell>) {
        let mut spells = Vec::new();
        let mut work = std::pin::pin!(work);
        let done = tokio::select! {
            done = &mut work => Some(done),
            () = self.blow(proxy, &mut spells) => None,
        };
        proxy.clear();
        match done {
            Some(done) => (done, spells),
            None => (work.await, spells),
        }
    }

    async fn blow(mut self, proxy: &FaultProxy, spells: &mut Vec<Spell>) {
        let start = SystemClock.monotonic();
        let missing = |kinds: &[ToxicKind]| kinds.iter().any(|kind| proxy.felt(*kind) == 0);
        loop {
            let passed = Duration::from_micros(SystemClock.monotonic().micros_since(start));
            let goes_on = passed < self.lasts_max || (self.all_felt && missing(&self.kinds));
            if !goes_on || passed >= LASTS_MAX {
                return;
            }
            let spell = self.spell();
            proxy.set(&spell.faults);
            spells.push(spell.clone());
            tokio::time::sleep(Duration::from_millis(spell.ms)).await;
            proxy.clear();
            tokio::time::sleep(Duration::from_millis(spell.calm_ms)).await;
        }
    }

    /// The next spell. One in four has a second fault, and every other black hole lasts long enough for deadlines to
    /// pass in it.
    pub fn spell(&mut self) -> Spell {
        if let Some(first) = self.first.take() {
            return first;
        }
        let mut faults = vec![self.fault()];
        if self.random.random_range(0..SECOND_ONE_IN) == 0 {
            let second = self.kinds[self.random.random_range(0..self.kinds.len())];
            faults.push(self.fault_of(second));
        }
        let hole = faults.iter().any(|fault| fault.toxic == Toxic::Timeout);
        let long = if hole && self.random.random_range(0..LONG_ONE_IN) == 0 { LONG_TIMES } else { 1 };
        let ms = self.random.random_range(self.spell_ms.clone()) * long;
        let calm_ms = self.random.random_range(self.calm_ms.clone());
        Spell { faults, ms, calm_ms }
    }

    fn fault(&mut self) -> Fault {
        if self.round.is_empty() {
            self.round.clone_from(&self.kinds);
            self.round.shuffle(&mut self.random);
        }
        let kind = self.round.pop().expect("weather of at least one kind");
        self.fault_of(kind)
    }

    fn fault_of(&mut self, kind: ToxicKind) -> Fault {
        let random = &mut self.random;
        let toxic = match kind {
            ToxicKind::Latency => {
                Toxic::Latency { ms: random.random_range(1..=30), jitter_ms: random.random_range(0..=15) }
            }
            ToxicKind::Down => Toxic::Down,
            ToxicKind::Bandwidth => Toxic::Bandwidth { bytes_per_second: random.random_range(50_000..=2_000_000) },
            ToxicKind::SlowClose => Toxic::SlowClose { ms: random.random_range(5..=100) },
            ToxicKind::Timeout => Toxic::Timeout,
            ToxicKind::Reset => Toxic::Reset,
            ToxicKind::Slicing => {
                Toxic::Slicing { bytes: random.random_range(1..=500), pause_ms: random.random_range(0..=1) }
            }
            ToxicKind::LimitData => Toxic::LimitData { bytes: random.random_range(0..=5_000) },
        };
        let direction = [Direction::Up, Direction::Down, Direction::Both][random.random_range(0..3)];
        Fault { toxic, direction }
    }
}
