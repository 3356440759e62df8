//! What a seed determines in advance: the faults of one world and their times.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::simulation::stage::{CLIENTS, READERS};

/// By then the network is whole and everybody runs.
pub(crate) const WHOLE_AGAIN_MS: u64 = 3_000;

pub(crate) const LEDGER: &str = "ledger";

pub(crate) fn reader(number: usize) -> String {
    format!("reader-{number}")
}

pub(crate) fn client(number: usize) -> String {
    format!("client-{number}")
}

#[derive(Debug, Clone)]
pub(crate) enum Act {
    Crash(String),
    Restart(String),
    CutOff(String),
    Repair(String),
    Hold(String),
    Release(String),
    /// The ledger's clock is moved by this many milliseconds.
    SetClock(i64),
}

pub(crate) struct Plan {
    pub(crate) acts: BTreeMap<(u64, usize), Act>,
    /// Of a hundred statements, how many are slow.
    pub(crate) slow_statements: u32,
    pub(crate) slow_ms_max: u64,
    /// Of a hundred connections, how many break after some reads.
    pub(crate) brittle: u32,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Plan {
        let mut dice = dice(seed, 0);
        let mut plan = Plan {
            acts: BTreeMap::new(),
            slow_statements: dice.random_range(5..40),
            slow_ms_max: dice.random_range(2..50),
            brittle: dice.random_range(0..70),
        };
        for _ in 0..dice.random_range(0..4) {
            plan.down(&mut dice, LEDGER.to_owned());
        }
        for _ in 0..dice.random_range(0..3) {
            let number = dice.random_range(0..READERS);
            plan.down(&mut dice, reader(number));
        }
        if dice.random_bool(0.25) {
            let (whom, from) = (somebody(&mut dice), when(&mut dice));
            let until = from + dice.random_range(20..600);
            plan.at(from, Act::CutOff(whom.clone()));
            plan.at(until, Act::Repair(whom));
        }
        for _ in 0..dice.random_range(0..3) {
            let (whom, from) = (somebody(&mut dice), when(&mut dice));
            let until = from + dice.random_range(20..900);
            plan.at(from, Act::Hold(whom.clone()));
            plan.at(until, Act::Release(whom));
        }
        if dice.random_bool(0.4) {
            let at = when(&mut dice);
            plan.at(at, Act::SetClock(dice.random_range(-1_600..1_600)));
        }
        plan.end();
        plan
    }

    fn down(&mut self, dice: &mut StdRng, whom: String) {
        let from = when(dice);
        let until = from + dice.random_range(10..400);
        self.at(from, Act::Crash(whom.clone()));
        self.at(until, Act::Restart(whom));
    }

    /// Every network fault is undone.
    fn end(&mut self) {
        let everybody = (0..READERS).map(reader).chain((0..CLIENTS).map(client));
        for whom in everybody {
            self.at(WHOLE_AGAIN_MS, Act::Release(whom.clone()));
            self.at(WHOLE_AGAIN_MS, Act::Repair(whom));
        }
    }

    fn at(&mut self, ms: u64, act: Act) {
        self.acts.insert((ms, self.acts.len()), act);
    }
}

fn when(dice: &mut StdRng) -> u64 {
    dice.random_range(50..2_000)
}

/// A part whose connection to the ledger is disturbed.
fn somebody(dice: &mut StdRng) -> String {
    match dice.random_range(0..READERS + CLIENTS) {
        number if number < READERS => reader(number),
        number => client(number - READERS),
    }
}

/// The random numbers of one part of one world.
pub(crate) fn dice(seed: u64, part: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ part.wrapping_mul(0xbf58_476d_1ce4_e5b9))
}
