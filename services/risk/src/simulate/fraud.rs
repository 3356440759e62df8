//! Fraud of six kinds.
//!
//! An episode begins on one day and may go on for weeks. Rates are per card and day, so that the share of fraud does not depend on
//! how many customers there are: a little below one payment in a hundred.

use std::collections::HashSet;

use risk_api::Channel;

use super::FraudKind;
use super::dice::Dice;
use super::world::{Spend, World};

/// What a holder denies is worth it, in hundredths.
const DENIED_MIN: i64 = 500;

#[derive(Debug)]
pub(super) struct Underworld {
    episodes: Vec<Episode>,
    /// Numbers of devices that no customer has.
    devices: u64,
    customers: f64,
}

/// The day, and what there is to take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crime<'a> {
    pub(super) day: u32,
    pub(super) world: &'a World,
}

#[derive(Debug, Clone, PartialEq)]
struct Episode {
    kind: FraudKind,
    customer: u32,
    merchant: u32,
    terminal: u64,
    first: u32,
    last: u32,
    device: u64,
}

type Taken = Vec<(Spend, Option<FraudKind>)>;

impl Underworld {
    pub(super) fn new(seed: u64, world: &World) -> Underworld {
        let devices = 1_000_000_000 + (seed % 1_000) * 1_000_000;
        Underworld { episodes: Vec::new(), devices, customers: world.customers.len() as f64 }
    }

    /// Adds the day's fraud to what was spent honestly.
    pub(super) fn take_part(&mut self, crime: &Crime<'_>, spends: &mut Taken, dice: &mut Dice) {
        self.begin(crime, dice);
        self.episodes.retain(|episode| episode.last >= crime.day);
        self.deny(spends);
        for episode in &self.episodes {
            episode.spend(crime, spends, dice);
        }
    }

    /// What holders bought themselves on the net, of those who will say that they did not.
    fn deny(&self, spends: &mut Taken) {
        let friendly = self.episodes.iter().filter(|episode| episode.kind == FraudKind::Friendly);
        let deniers: HashSet<u32> = friendly.map(|episode| episode.customer).collect();
        for (spend, fraud) in spends.iter_mut() {
            if spend.device.is_some() && spend.minor >= DENIED_MIN && deniers.contains(&spend.customer) {
                *fraud = Some(FraudKind::Friendly);
            }
        }
    }

    fn begin(&mut self, crime: &Crime<'_>, dice: &mut Dice) {
        use FraudKind::{CompromisedTerminal, Friendly, SlowGrowth, StolenCard, TakeOver, TestingOfNumbers};
        for (kind, a_day, least, most) in [
            (StolenCard, 0.000_75, 0, 0),
            (CompromisedTerminal, 0.000_028, 20, 45),
            (TakeOver, 0.000_30, 1, 3),
            (TestingOfNumbers, 0.000_07, 0, 0),
            (SlowGrowth, 0.000_10, 6, 12),
            (Friendly, 0.000_78, 3, 9),
        ] {
            for _ in 0..dice.count(a_day * self.customers) {
                let on_the_net = matches!(kind, TakeOver | TestingOfNumbers | SlowGrowth);
                let customer = dice.index(crime.world.customers.len()) as u32;
                let city = crime.world.customer(customer).city;
                let shops = crime.world.shops.get(city).map(Vec::as_slice).unwrap_or_default();
                let merchant =
                    dice.pick(if on_the_net { &crime.world.net } else { shops }).copied().unwrap_or_default();
                self.devices += 1;
                let terminal = dice.below(crime.world.merchant(merchant).terminals);
                let (first, last) = (crime.day, crime.day + dice.between(least, most) as u32);
                self.episodes.push(Episode { kind, customer, merchant, terminal, first, last, device: self.devices });
            }
        }
    }
}

impl Episode {
    fn spend(&self, crime: &Crime<'_>, spends: &mut Taken, dice: &mut Dice) {
        match self.kind {
            FraudKind::StolenCard => self.stolen_card(crime, spends, dice),
            FraudKind::CompromisedTerminal => self.terminal(crime, spends, dice),
            FraudKind::TakeOver => self.take_over(crime, spends, dice),
            FraudKind::TestingOfNumbers => self.testing(crime, spends, dice),
            FraudKind::SlowGrowth => self.slow_growth(crime, spends, dice),
            FraudKind::Friendly => {}
        }
    }

    fn add(&self, spends: &mut Taken, spend: Spend) {
        spends.push((spend, Some(self.kind)));
    }

    /// Several shops of one city within hours, for more than the holder would.
    fn stolen_card(&self, crime: &Crime<'_>, spends: &mut Taken, dice: &mut Dice) {
        let world = crime.world;
        let holder = world.customer(self.customer);
        let city = if dice.chance(0.6) { holder.city } else { dice.index(world.shops.len()) };
        let Some(shops) = world.shops.get(city) else { return };
        let start = dice.between(6 * 3_600, 18 * 3_600) as i64;
        for _ in 0..dice.between(4, 9) {
            // Where there is more to have.
            let dearer = |number: &&u32| world.merchant(**number).usual as i64;
            let Some(merchant) = [dice.pick(shops), dice.pick(shops)].into_iter().flatten().max_by_key(dearer) else {
                return;
            };
            let merchant = *merchant;
            let shop = world.merchant(merchant);
            let greed = 1.5 + 3.0 * dice.share();
            let minor = (shop.usual * holder.means * greed * dice.long_tailed(0.5)) as i64;
            let second = (start + dice.below(2 * 3_600) as i64).min(86_399);
            let (terminal, channel) = (dice.below(shop.terminals), shop.channel(dice));
            self.add(
                spends,
                Spend { customer: self.customer, merchant, terminal, second, minor, channel, device: None },
            );
        }
    }

    /// Copies of cards that were used here, used here.
    fn terminal(&self, crime: &Crime<'_>, spends: &mut Taken, dice: &mut Dice) {
        let shop = crime.world.merchant(self.merchant);
        for _ in 0..dice.between(4, 10) {
            let customer = dice.index(crime.world.customers.len()) as u32;
            let holder = crime.world.customer(customer);
            if dice.chance(0.7) && holder.city != crime.world.customer(self.customer).city {
                continue;
            }
            let minor = (shop.usual * (1.0 + 1.5 * dice.share()) * dice.long_tailed(0.4)) as i64;
            let second = dice.between(7 * 3_600, 20 * 3_600) as i64;
            let (merchant, terminal, channel) = (self.merchant, self.terminal, shop.channel(dice));
            self.add(spends, Spend { customer, merchant, terminal, second, minor, channel, device: None });
        }
    }

    fn take_over(&self, crime: &Crime<'_>, spends: &mut Taken, dice: &mut Dice) {
        let holder = crime.world.customer(self.customer);
        for _ in 0..dice.between(2, 5) {
            let Some(merchant) = dice.pick(&crime.world.net).copied() else { return };
            let shop = crime.world.merchant(merchant);
            let minor = (shop.usual * holder.means * (1.5 + 3.0 * dice.share()) * dice.long_tailed(0.4)) as i64;
            let second = dice.below(86_400) as i64;
            let device = Some(self.device);
            let channel = Channel::Ecommerce;
            self.add(spends, Spend { customer: self.customer, merchant, terminal: 0, second, minor, channel, device });
        }
    }

    /// Dozens of numbers at one shop within minutes.
    fn testing(&self, crime: &Crime<'_>, spends: &mut Taken, dice: &mut Dice) {
        let start = dice.below(80_000) as i64;
        for _ in 0..dice.between(10, 30) {
            let customer = dice.index(crime.world.customers.len()) as u32;
            let minor = dice.between(50, 400) as i64;
            let second = start + dice.below(1_500) as i64;
            let (merchant, device, channel) = (self.merchant, Some(self.device), Channel::Ecommerce);
            self.add(spends, Spend { customer, merchant, terminal: 0, second, minor, channel, device });
        }
    }

    /// A third more each day, as long as nobody notices.
    fn slow_growth(&self, crime: &Crime<'_>, spends: &mut Taken, dice: &mut Dice) {
        let days = crime.day - self.first;
        let minor = (600.0 * 1.33_f64.powi(days.min(20) as i32) * dice.long_tailed(0.25)) as i64;
        let second = dice.below(86_400) as i64;
        let (customer, merchant, device) = (self.customer, self.merchant, Some(self.device));
        self.add(spends, Spend { customer, merchant, terminal: 0, second, minor, channel: Channel::Ecommerce, device });
    }
}
