//! Liquidity at risk: the chance, by day, that an account or an entity falls under its floor, from the forecast's own past
//! errors in blocks, with and without the moves of a sweep.

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most, finite, same_length};
use crate::paths::{self, Chunk, Work};
use crate::random::{Name, Streams};

pub const LIQUIDITY_DAYS_MAX: usize = 366;
/// The most accounts and entities in one question.
pub const GROUPS_MAX: usize = 500;
const ERRORS_MIN: usize = 20;

const BLOCKS: Name = Name::new("liquidity.blocks");

#[derive(Debug, Clone, PartialEq)]
pub struct LiquidityAccount {
    pub name: String,
    /// Accounts of an entity stand for each other: it is under its floor when their sum is under the sum of their floors.
    pub entity: String,
    pub floor: Money,
    /// The balance at the end of each day as it is forecast.
    pub expected: Vec<Money>,
    /// What a sweep moves in, or out when negative, on each day; empty without one.
    pub moves: Vec<Money>,
    /// What came less what was forecast a day ahead, in smallest units, oldest first, for the same days in all accounts.
    pub errors: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiquidityQuestion {
    pub currency: Currency,
    pub paths: usize,
    /// Days of errors that are drawn together, for all accounts at once.
    pub block_days: usize,
    pub seed: u64,
}

/// One day of an account or an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dated {
    pub chance: f64,
    /// How far under the floor, on average over the paths that are under it.
    pub depth: Money,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AtRisk {
    pub name: String,
    pub is_entity: bool,
    pub without_sweep: Vec<Dated>,
    pub with_sweep: Vec<Dated>,
    pub paths: usize,
}

/// Accounts in their order, then entities by name.
pub fn liquidity_at_risk(
    accounts: &[LiquidityAccount],
    question: &LiquidityQuestion,
    work: Work<'_>,
) -> Result<Vec<AtRisk>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let model = Model::new(accounts, question)?;
    let streams = Streams::new(question.seed);
    let job = |scratch: &mut Vec<f64>, chunk| model.chunk(&streams, chunk, scratch);
    let done = paths::run(question.paths, work, Vec::new, job)?;
    if done.chunks.is_empty() {
        return Err(QuantError::Stopped);
    }
    let mut total = Counts::new(model.cells());
    done.chunks.iter().for_each(|counts| total.add(counts));
    model.answers(&total, done.paths, question.currency)
}

/// How often, and by how much in sum, each cell was under its floor.
struct Counts {
    under: Vec<u32>,
    depth: Vec<f64>,
}

impl Counts {
    fn new(cells: usize) -> Counts {
        Counts { under: vec![0; cells], depth: vec![0.0; cells] }
    }

    fn add(&mut self, other: &Counts) {
        self.under.iter_mut().zip(&other.under).for_each(|(sum, one)| *sum += one);
        self.depth.iter_mut().zip(&other.depth).for_each(|(sum, one)| *sum += one);
    }
}

/// An account or an entity: its accounts, and how far above its floor it is expected to be, by day.
struct Group {
    name: String,
    members: Vec<usize>,
    is_entity: bool,
    room: [Vec<f64>; 2],
}

struct Model {
    groups: Vec<Group>,
    /// Errors day after day, a value for each account.
    errors: Vec<f64>,
    accounts: usize,
    days: usize,
    block: usize,
}

impl Model {
    fn new(accounts: &[LiquidityAccount], question: &LiquidityQuestion) -> Result<Model> {
        let days = accounts.first().map_or(0, |account| account.expected.len());
        let rows = accounts.first().map_or(0, |account| account.errors.len());
        at_least("expected", days, 1)?;
        at_most("expected", days, LIQUIDITY_DAYS_MAX)?;
        at_least("errors", rows, ERRORS_MIN)?;
        at_most("errors", rows, crate::series::ROWS_OF_HISTORY_MAX)?;
        at_least("block_days", question.block_days, 1)?;
        at_most("block_days", question.block_days, rows)?;
        let mut errors = vec![0.0; rows * accounts.len()];
        let mut groups = Vec::new();
        for (place, account) in accounts.iter().enumerate() {
            same_length("errors", rows, account.errors.len())?;
            finite("errors", &account.errors)?;
            let cells = errors.iter_mut().skip(place).step_by(accounts.len());
            cells.zip(&account.errors).for_each(|(cell, error)| *cell = *error);
            let room = account.room(days, question.currency)?;
            groups.push(Group { name: account.name.clone(), members: vec![place], is_entity: false, room });
        }
        let mut entities: Vec<&str> = accounts.iter().map(|account| account.entity.as_str()).collect();
        entities.sort_unstable();
        entities.dedup();
        for entity in entities {
            let members: Vec<usize> = (0..accounts.len())
                .filter(|place| accounts.get(*place).is_some_and(|one| one.entity == entity))
                .collect();
            let room = [0, 1].map(|variant| sum_of(&groups, &members, variant, days));
            groups.push(Group { name: entity.to_owned(), members, is_entity: true, room });
        }
        at_most("accounts and entities", groups.len(), GROUPS_MAX)?;
        Ok(Model { groups, errors, accounts: accounts.len(), days, block: question.block_days })
    }

    fn cells(&self) -> usize {
        self.groups.len() * self.days * 2
    }

    fn chunk(&self, streams: &Streams, chunk: Chunk, sums: &mut Vec<f64>) -> Counts {
        let mut counts = Counts::new(self.cells());
        let starts = self.errors.len() / self.accounts - self.block + 1;
        for path in 0..chunk.paths {
            let mut stream = streams.at(BLOCKS, [chunk.index as u64, path as u64, 0]);
            sums.clear();
            sums.resize(self.accounts, 0.0);
            let mut row = 0;
            for day in 0..self.days {
                row = if day % self.block == 0 { stream.below(starts) } else { row + 1 };
                let errors = self.errors.iter().skip(row * self.accounts);
                sums.iter_mut().zip(errors).for_each(|(sum, error)| *sum += error);
                self.count(day, sums, &mut counts);
            }
        }
        counts
    }

    fn count(&self, day: usize, sums: &[f64], counts: &mut Counts) {
        let cells = counts.under.iter_mut().zip(&mut counts.depth).skip(day * self.groups.len() * 2);
        let mut cells = cells.take(self.groups.len() * 2);
        for group in &self.groups {
            let error: f64 = group.members.iter().filter_map(|member| sums.get(*member)).sum();
            for room in &group.room {
                let left = room.get(day).copied().unwrap_or(f64::NAN) + error;
                if let Some((under, depth)) = cells.next()
                    && left < 0.0
                {
                    *under += 1;
                    *depth -= left;
                }
            }
        }
    }

    fn answers(&self, counts: &Counts, paths: usize, currency: Currency) -> Result<Vec<AtRisk>> {
        let dated = |group: usize, variant: usize| -> Result<Vec<Dated>> {
            (0..self.days)
                .map(|day| {
                    let cell = (day * self.groups.len() + group) * 2 + variant;
                    let under = counts.under.get(cell).copied().unwrap_or(0);
                    let depth = counts.depth.get(cell).copied().unwrap_or(0.0);
                    let depth = amount::money("depth", depth / f64::from(under.max(1)), currency)?;
                    Ok(Dated { chance: f64::from(under) / paths as f64, depth })
                })
                .collect()
        };
        let answer = |(place, group): (usize, &Group)| {
            let (without_sweep, with_sweep) = (dated(place, 0)?, dated(place, 1)?);
            Ok(AtRisk { name: group.name.clone(), is_entity: group.is_entity, without_sweep, with_sweep, paths })
        };
        self.groups.iter().enumerate().map(answer).collect()
    }
}

fn sum_of(groups: &[Group], members: &[usize], variant: usize, days: usize) -> Vec<f64> {
    let mut sum = vec![0.0; days];
    let rooms = members.iter().filter_map(|member| groups.get(*member)?.room.get(variant));
    rooms.for_each(|room| sum.iter_mut().zip(room).for_each(|(sum, one)| *sum += one));
    sum
}

impl LiquidityAccount {
    /// Expected balances less the floor, without and with the moves so far.
    fn room(&self, days: usize, currency: Currency) -> Result<[Vec<f64>; 2]> {
        same_length("expected", days, self.expected.len())?;
        if !self.moves.is_empty() {
            same_length("moves", days, self.moves.len())?;
        }
        let floor = amount::units("floor", self.floor, currency)?;
        let mut moved = 0.0;
        let mut room = [Vec::with_capacity(days), Vec::with_capacity(days)];
        let [without, with] = &mut room;
        for (day, expected) in self.expected.iter().enumerate() {
            let expected = amount::units("expected", *expected, currency)? - floor;
            if let Some(one) = self.moves.get(day) {
                moved += amount::units("moves", *one, currency)?;
            }
            without.push(expected);
            with.push(expected + moved);
        }
        Ok(room)
    }
}
