//! Simulated card traffic: customers with habits and places, merchants and their terminals, seasons, and fraud of six kinds.
//!
//! A seed makes the same rows again. Fraud is rare, part of it spends like its owner, labels come days later and some never: a
//! model that finds everything here would be wrong about the world.
//!
//! Start reading at [`Traffic`], then `world` (who spends how) and `fraud` (who takes it).

mod dice;
mod fraud;
mod world;

#[cfg(test)]
mod tests;

use kernel::{Currency, Money, Timestamp};
use risk_api::{Assess, EntityId, SubjectKind, Verdict};

use crate::import::{HistoryRow, Known};
use dice::Dice;
use fraud::{Crime, Underworld};
use world::{Customer, Spend, World};

const DAY_US: i64 = 86_400_000_000;

/// The extent of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub days: u32,
    pub seed: u64,
    pub customers: u32,
    /// Midnight of the first day.
    pub start: Timestamp,
}

/// The kinds of fraud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum FraudKind {
    /// A card is taken and spent with in a few hours.
    StolenCard,
    /// A terminal copies cards, and false ones are used at it.
    CompromisedTerminal,
    /// A stranger shops with the holder's account from a device of their own.
    TakeOver,
    /// Many numbers are tried with small amounts.
    TestingOfNumbers,
    /// Small amounts that grow from day to day.
    SlowGrowth,
    /// The holder denies what the holder bought.
    Friendly,
}

/// One row with the truth about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Swipe {
    pub(crate) row: HistoryRow,
    pub(crate) fraud: Option<FraudKind>,
}

/// Rows by time, a day at once.
#[derive(Debug)]
pub(crate) struct Traffic {
    plan: Plan,
    world: World,
    underworld: Underworld,
    day: u32,
    ready: std::vec::IntoIter<Swipe>,
    made: u64,
}

impl Traffic {
    pub(crate) fn new(plan: Plan) -> Traffic {
        let world = World::new(&mut Dice::new(plan.seed, 0), plan.customers);
        let underworld = Underworld::new(plan.seed, &world);
        Traffic { plan, world, underworld, day: 0, ready: Vec::new().into_iter(), made: 0 }
    }

    fn make_day(&mut self) -> Vec<Swipe> {
        let mut dice = Dice::new(self.plan.seed, 1 + u64::from(self.day));
        let midnight = self.plan.start.micros() + i64::from(self.day) * DAY_US;
        let mut spends: Vec<(Spend, Option<FraudKind>)> = Vec::new();
        let weekday = (midnight.div_euclid(DAY_US) + 3).rem_euclid(7);
        for place in 0..self.world.customers.len() {
            let spent = self.world.day_of(place, self.day, weekday, &mut dice);
            spends.extend(spent.into_iter().map(|spend| (spend, None)));
        }
        let crime = Crime { day: self.day, world: &self.world };
        self.underworld.take_part(&crime, &mut spends, &mut dice);
        spends.sort_by_key(|(spend, _)| spend.second);
        spends.into_iter().map(|(spend, fraud)| self.swipe(midnight, &spend, fraud, &mut dice)).collect()
    }

    fn swipe(&mut self, midnight: i64, spend: &Spend, fraud: Option<FraudKind>, dice: &mut Dice) -> Swipe {
        self.made += 1;
        let at = Timestamp::from_micros(midnight + spend.second * 1_000_000 + dice.below(1_000_000) as i64);
        let id = format!("sim-{}-{:09}", self.plan.seed, self.made);
        let id = id.parse().expect("letters, digits and dashes are a token");
        let mut subject = Assess::new(id, SubjectKind::CardAuthorization, at);
        let customer: &Customer = self.world.customer(spend.customer);
        let merchant = self.world.merchant(spend.merchant);
        subject.amount = Currency::iso("EUR").ok().map(|currency| Money::new(spend.minor.max(1), currency));
        subject.card = named(&format!("card-{}", spend.customer));
        subject.account = named(&format!("acct-{}", spend.customer));
        subject.merchant = named(&format!("shop-{}", spend.merchant));
        subject.terminal = named(&format!("term-{}-{}", spend.merchant, spend.terminal));
        subject.category = merchant.category.parse().ok();
        subject.country = merchant.country.parse().ok();
        subject.channel = Some(spend.channel);
        subject.place = spend.is_present().then_some(merchant.place);
        subject.device = spend.device.and_then(|device| named(&format!("dev-{device}")));
        subject.zone = Some(customer.zone.to_owned());
        let label = label_of(fraud, at, dice);
        Swipe { row: HistoryRow { subject, declined: false, label }, fraud }
    }
}

impl Iterator for Traffic {
    type Item = Swipe;

    fn next(&mut self) -> Option<Swipe> {
        loop {
            if let Some(swipe) = self.ready.next() {
                return Some(swipe);
            }
            if self.day >= self.plan.days {
                return None;
            }
            self.ready = self.make_day().into_iter();
            self.day += 1;
        }
    }
}

fn named(name: &str) -> Option<EntityId> {
    name.parse().ok()
}

/// Most fraud is known within two weeks; what holders deny takes longest; some is never known.
fn label_of(fraud: Option<FraudKind>, at: Timestamp, dice: &mut Dice) -> Option<Known> {
    let (verdict, never, days) = match fraud {
        None => (Verdict::Genuine, 0.03, 4.0 + 3.0 * dice.share()),
        Some(FraudKind::Friendly) => (Verdict::Fraud, 0.08, 3.0 + 8.0 * dice.long_tailed(0.6)),
        Some(_) => (Verdict::Fraud, 0.08, 0.2 + 2.2 * dice.long_tailed(0.8)),
    };
    let is_told = !dice.chance(never);
    is_told.then(|| Known { verdict, at: at.plus_seconds((days * 86_400.0) as i64) })
}
