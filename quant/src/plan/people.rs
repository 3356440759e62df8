//! How long people live: to a step, by a life table, or to the end of the plan.

use serde::{Deserialize, Serialize};

use super::history::Frequency;
use crate::error::{QuantError, Result, at_least, at_most, within};
use crate::paths::Chunk;
use crate::random::{Name, Streams};

const LIVES: Name = Name::new("plan.lives");
/// A step that no plan reaches.
pub(super) const NEVER: u32 = u32::MAX;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub lifespan: Lifespan,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifespan {
    /// The first step without them.
    Until(usize),
    /// By chance, for somebody of this age.
    Table { table: LifeTable, age: u16 },
    /// To the end of the plan.
    Throughout,
}

/// The chance to die within a year at each age, from a first age on. Beyond its end nobody lives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LifeTable {
    first_age: u16,
    chances: Vec<f64>,
}

impl LifeTable {
    /// Rows of age and chance; an age that is missing is refused.
    pub fn new(rows: &[(u16, f64)]) -> Result<LifeTable> {
        at_least("life table", rows.len(), 1)?;
        at_most("life table", rows.len(), 150)?;
        for (before, now) in rows.iter().zip(rows.iter().skip(1)) {
            if now.0 != before.0 + 1 {
                return Err(QuantError::Unknown { field: "life table", name: format!("age {}", before.0 + 1) });
            }
        }
        for (_, chance) in rows {
            within("life table", *chance, 0.0, 1.0)?;
        }
        let first_age = rows.first().map_or(0, |row| row.0);
        Ok(LifeTable { first_age, chances: rows.iter().map(|row| row.1).collect() })
    }

    /// The chance to be alive after each year, for somebody of an age; one more than there are years.
    fn survival(&self, age: u16) -> Vec<f64> {
        let skip = usize::from(age.saturating_sub(self.first_age));
        let mut alive = 1.0;
        let years = self.chances.iter().skip(skip).map(|chance| {
            alive *= 1.0 - chance;
            alive
        });
        std::iter::once(1.0).chain(years).chain([0.0]).collect()
    }
}

pub(super) fn check(people: &[Person]) -> Result<()> {
    at_most("people", people.len(), 2)?;
    for person in people {
        if let Lifespan::Table { table, age } = &person.lifespan {
            let last = table.first_age + table.chances.len() as u16;
            within("age", f64::from(*age), f64::from(table.first_age), f64::from(last) - 1.0)?;
        }
    }
    Ok(())
}

/// When the people of a plan die, path by path.
pub(super) struct Lives {
    people: Vec<Life>,
    steps: f64,
}

enum Life {
    Fixed(u32),
    Random(Vec<f64>),
}

impl Lives {
    pub(super) fn new(people: &[Person], steps: Frequency) -> Lives {
        let life = |person: &Person| match &person.lifespan {
            Lifespan::Until(step) => Life::Fixed(u32::try_from(*step).unwrap_or(NEVER)),
            Lifespan::Throughout => Life::Fixed(NEVER),
            Lifespan::Table { table, age } => Life::Random(table.survival(*age)),
        };
        Lives { people: people.iter().map(life).collect(), steps: steps.per_year() as f64 }
    }

    /// The first step without the first and without the second person, for each path of a chunk. Nobody counts as one
    /// person who lives on and another who never did.
    pub(super) fn draw(&self, streams: &Streams, chunk: Chunk) -> Vec<[u32; 2]> {
        let mut deaths = vec![[NEVER, 0]; chunk.paths];
        for (place, life) in self.people.iter().enumerate() {
            let mut stream = streams.at(LIVES, [chunk.index as u64, place as u64, 0]);
            for path in &mut deaths {
                let step = match life {
                    Life::Fixed(step) => *step,
                    Life::Random(survival) => death(survival, stream.uniform(), self.steps),
                };
                if let Some(slot) = path.get_mut(place) {
                    *slot = step;
                }
            }
        }
        deaths
    }
}

/// The first step after survival has fallen to `level`, straight within a year: a step that was begun is lived.
fn death(survival: &[f64], level: f64, steps: f64) -> u32 {
    let year = survival.partition_point(|alive| *alive > level).saturating_sub(1);
    let before = survival.get(year).copied().unwrap_or(0.0);
    let after = survival.get(year + 1).copied().unwrap_or(0.0);
    let part = if before > after { (before - level) / (before - after) } else { 0.0 };
    (((year as f64 + part) * steps).ceil() as u32).max(1)
}
