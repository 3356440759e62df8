//! Customers and merchants, and their genuine payments.

use risk_api::{Channel, Place};

use super::dice::Dice;

#[derive(Debug)]
struct City {
    latitude: f64,
    longitude: f64,
    country: &'static str,
    zone: &'static str,
    /// Hours ahead of UTC, about.
    ahead: f64,
}

const fn city(latitude: f64, longitude: f64, country: &'static str, zone: &'static str, ahead: f64) -> City {
    City { latitude, longitude, country, zone, ahead }
}

static CITIES: [City; 12] = [
    city(52.52, 13.40, "DE", "Europe/Berlin", 1.0),
    city(48.14, 11.58, "DE", "Europe/Berlin", 1.0),
    city(53.55, 9.99, "DE", "Europe/Berlin", 1.0),
    city(48.21, 16.37, "AT", "Europe/Vienna", 1.0),
    city(48.86, 2.35, "FR", "Europe/Paris", 1.0),
    city(45.46, 9.19, "IT", "Europe/Rome", 1.0),
    city(40.42, -3.70, "ES", "Europe/Madrid", 1.0),
    city(52.37, 4.90, "NL", "Europe/Amsterdam", 1.0),
    city(51.51, -0.13, "GB", "Europe/London", 0.0),
    city(38.72, -9.14, "PT", "Europe/Lisbon", 0.0),
    city(52.23, 21.01, "PL", "Europe/Warsaw", 1.0),
    city(40.71, -74.01, "US", "America/New_York", -5.0),
];

/// Category, usual amount in hundredths, how often people go there, and whether it is a shop on the net.
static TRADES: [(&str, f64, f64, bool); 12] = [
    ("5411", 3_200.0, 30.0, false),
    ("5541", 5_500.0, 8.0, false),
    ("5812", 2_600.0, 14.0, false),
    ("5814", 1_100.0, 14.0, false),
    ("5912", 1_900.0, 6.0, false),
    ("5651", 6_500.0, 5.0, false),
    ("5732", 17_000.0, 2.0, false),
    ("6011", 9_000.0, 5.0, false),
    ("5964", 4_500.0, 12.0, true),
    ("5815", 1_000.0, 8.0, true),
    ("4722", 26_000.0, 1.5, true),
    ("5999", 8_500.0, 4.0, true),
];

#[derive(Debug)]
pub(super) struct Merchant {
    pub(super) category: &'static str,
    pub(super) country: &'static str,
    pub(super) place: Place,
    pub(super) usual: f64,
    pub(super) terminals: u64,
    pub(super) on_the_net: bool,
}

#[derive(Debug)]
pub(super) struct Customer {
    pub(super) zone: &'static str,
    pub(super) city: usize,
    /// How freely money is spent; 1 is usual.
    pub(super) means: f64,
    a_day: f64,
    ahead: f64,
    /// Hours later than others.
    shift: f64,
    favourites: Vec<u32>,
    net_favourites: Vec<u32>,
    net_share: f64,
    /// Of a trip: first day, days, city.
    trips: Vec<(u32, u32, usize)>,
}

/// One payment before it is a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spend {
    pub(super) customer: u32,
    pub(super) merchant: u32,
    pub(super) terminal: u64,
    /// Of the day.
    pub(super) second: i64,
    pub(super) minor: i64,
    pub(super) channel: Channel,
    pub(super) device: Option<u64>,
}

impl Spend {
    pub(super) fn is_present(&self) -> bool {
        self.channel != Channel::Ecommerce
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) customers: Vec<Customer>,
    pub(super) merchants: Vec<Merchant>,
    /// Merchants with a shop, by city.
    pub(super) shops: Vec<Vec<u32>>,
    pub(super) net: Vec<u32>,
}

impl World {
    pub(super) fn new(dice: &mut Dice, customers: u32) -> World {
        let mut world = World {
            customers: Vec::new(),
            merchants: Vec::new(),
            shops: vec![Vec::new(); CITIES.len()],
            net: Vec::new(),
        };
        let merchants = (customers / 3).max(120);
        for number in 0..merchants {
            let merchant = Merchant::new(dice);
            let city = CITIES.iter().position(|city| city.country == merchant.country && is_near(city, merchant.place));
            match city.and_then(|city| world.shops.get_mut(city)) {
                Some(shops) if !merchant.on_the_net => shops.push(number),
                _ => world.net.push(number),
            }
            world.merchants.push(merchant);
        }
        for _ in 0..customers {
            let customer = Customer::new(dice, &world);
            world.customers.push(customer);
        }
        world
    }

    pub(super) fn customer(&self, number: u32) -> &Customer {
        self.customers.get(number as usize).expect("spends name customers of this world")
    }

    pub(super) fn merchant(&self, number: u32) -> &Merchant {
        self.merchants.get(number as usize).expect("spends name merchants of this world")
    }

    /// What one customer buys in one day.
    pub(super) fn day_of(&self, place: usize, day: u32, weekday: i64, dice: &mut Dice) -> Vec<Spend> {
        let Some(customer) = self.customers.get(place) else { return Vec::new() };
        let number = place as u32;
        let trip = customer.trips.iter().find(|(first, days, _)| (*first..first + days).contains(&day));
        let season = 1.0 + 0.15 * (f64::from(day) * std::f64::consts::TAU / 30.0).sin();
        let weekend = if weekday >= 5 { 1.25 } else { 0.92 };
        let away = if trip.is_some() { 1.6 } else { 1.0 };
        let count = dice.count(customer.a_day * season * weekend * away);
        (0..count).filter_map(|_| self.one_spend(customer, number, trip.map(|(_, _, city)| *city), dice)).collect()
    }

    fn one_spend(&self, customer: &Customer, number: u32, away: Option<usize>, dice: &mut Dice) -> Option<Spend> {
        let on_the_net = dice.chance(customer.net_share);
        let merchant = match (on_the_net, away) {
            (true, _) if dice.chance(0.8) => *dice.habit(&customer.net_favourites)?,
            (true, _) => *dice.pick(&self.net)?,
            (false, Some(city)) => *dice.pick(self.shops.get(city)?)?,
            (false, None) if dice.chance(0.85) => *dice.habit(&customer.favourites)?,
            (false, None) => *dice.pick(self.shops.get(customer.city)?)?,
        };
        let shop = self.merchant(merchant);
        // A new washing machine now and then.
        let once = if dice.chance(0.015) { 4.0 + 4.0 * dice.share() } else { 1.0 };
        let amount = shop.usual * customer.means * once * dice.long_tailed(0.55);
        let device = shop.on_the_net.then(|| u64::from(number) * 4 + u64::from(dice.chance(0.2)));
        let channel = shop.channel(dice);
        let hours = if dice.chance(0.06) { 24.0 * dice.share() } else { 14.0 + 3.4 * dice.normal() + customer.shift };
        let second = ((hours - customer.ahead).rem_euclid(24.0) * 3_600.0) as i64;
        let terminal = dice.below(shop.terminals);
        Some(Spend { customer: number, merchant, terminal, second, minor: amount as i64, channel, device })
    }
}

fn is_near(city: &City, place: Place) -> bool {
    (city.latitude - place.latitude).abs() < 0.2 && (city.longitude - place.longitude).abs() < 0.2
}

impl Merchant {
    fn new(dice: &mut Dice) -> Merchant {
        let total: f64 = TRADES.iter().map(|trade| trade.2).sum();
        let mut at = dice.share() * total;
        let mut chosen = TRADES.first();
        for trade in &TRADES {
            at -= trade.2;
            if at <= 0.0 {
                chosen = Some(trade);
                break;
            }
        }
        let (category, usual, _, on_the_net) = *chosen.unwrap_or(&("5411", 3_200.0, 1.0, false));
        let city = dice.pick(&CITIES);
        let (latitude, longitude) = city.map_or((52.5, 13.4), |city| (city.latitude, city.longitude));
        let place = Place {
            latitude: latitude + 0.15 * (dice.share() - 0.5),
            longitude: longitude + 0.15 * (dice.share() - 0.5),
        };
        let usual = usual * dice.long_tailed(0.35);
        let terminals = if on_the_net { 1 } else { dice.between(1, 4) };
        Merchant { category, country: city.map_or("DE", |city| city.country), place, usual, terminals, on_the_net }
    }

    pub(super) fn channel(&self, dice: &mut Dice) -> Channel {
        match self.category {
            _ if self.on_the_net => Channel::Ecommerce,
            "6011" => Channel::Atm,
            _ if dice.chance(0.55) => Channel::Contactless,
            _ => Channel::Present,
        }
    }
}

impl Customer {
    fn new(dice: &mut Dice, world: &World) -> Customer {
        // Every other one lives in one of the first three.
        let city = if dice.chance(0.5) { dice.index(3) } else { dice.index(CITIES.len()) };
        let home = CITIES.get(city);
        let shops = world.shops.get(city).map(Vec::as_slice).unwrap_or_default();
        let mut some =
            |from: &[u32], count: usize| -> Vec<u32> { (0..count).filter_map(|_| dice.pick(from).copied()).collect() };
        let (favourites, net_favourites) = (some(shops, 10), some(&world.net, 5));
        let mut trips = Vec::new();
        let mut day = dice.below(90) as u32;
        while day < 400 {
            let days = dice.between(2, 10) as u32;
            trips.push((day, days, dice.index(CITIES.len())));
            day += days + dice.between(20, 150) as u32;
        }
        Customer {
            zone: home.map_or("Europe/Berlin", |home| home.zone),
            city,
            means: dice.long_tailed(0.4),
            a_day: (1.5 * dice.long_tailed(0.6)).min(8.0),
            ahead: home.map_or(1.0, |home| home.ahead),
            shift: 1.5 * dice.normal(),
            favourites,
            net_favourites,
            net_share: 0.1 + 0.35 * dice.share(),
            trips,
        }
    }
}
