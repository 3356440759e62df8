//! Each API (four dialects, Plaid) ends with what the bank has, after every fault and kills in between.

use std::time::Duration;

use banking::simulator::Fault;
use banking_api::*;
use testkit::{Stage, on_sqlite, size};

use crate::world::{BACK_DAYS, World, differences, world};

const DAY_MS: u64 = 86_400_000;

/// Numbers that look random, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A bank, and the path of its API.
struct Way {
    bank: &'static str,
    api: &'static str,
}

async fn ends_with_the_truth(way: Way) {
    on_sqlite(async |store| {
        let stage = Stage::new(store);
        let mut world = world(&stage).await;
        let mut dice = Dice(11);
        world.connect(way.bank, way.api).await;
        world.simulator.weather(&Fault::ALL);
        for _ in 0..size("FLORIN_TEST_BANKING_DAYS", 12) {
            stage.time.advance_millis(DAY_MS * (1 + dice.below(2)));
            killed(&world, Duration::from_millis(5 + dice.below(120))).await;
            world.reopen(&stage).await;
            renewed(&world).await;
            world.rounds().await;
        }
        world.simulator.weather(&[]);
        settled(&stage, &world).await;
        compared(&stage, &world, &way).await;
    })
    .await;
}

/// A process that dies somewhere in its work.
async fn killed(world: &World, after: Duration) {
    let sync = world.sync();
    let dying = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.spawn(sync);
        std::thread::sleep(after);
        runtime.shutdown_background();
    });
    tokio::task::spawn_blocking(move || dying.join().unwrap()).await.unwrap();
}

/// A person consents again where the bank asks for it.
async fn renewed(world: &World) {
    for connection in world.desk.face.connections(&world.desk.ctx()).await.unwrap().items {
        if connection.state == ConnectionState::ConsentNeeded {
            let change = ChangeConnection { id: connection.id, change: ConnectionChange::Consent };
            world.desk.face.change_connection(&world.desk.ctx(), change).await.unwrap();
        }
    }
}

async fn settled(stage: &Stage<'_>, world: &World) {
    for _ in 0..8 {
        renewed(world).await;
        stage.time.advance_millis(3_600_000);
        world.rounds().await;
        let continued = world.desk.opened.periodic.iter().find(|work| work.name == "banking_imports").unwrap();
        (continued.work)().await.unwrap();
    }
    for connection in world.desk.face.connections(&world.desk.ctx()).await.unwrap().items {
        assert_eq!((connection.state, connection.reason), (ConnectionState::Active, None), "{}", connection.bank);
    }
}

async fn compared(stage: &Stage<'_>, world: &World, way: &Way) {
    let today = stage.time.clone();
    let today = kernel::Clock::now(&today).micros().div_euclid(86_400_000_000);
    let started = today - BACK_DAYS + 1;
    let from = Day::of_number(started.max(0)).to_string();
    // A statement of a day comes when it is over.
    let end = Day::of_number(if way.bank == "citi" { today } else { today + 1 }).to_string();
    let found = world.found().await;
    let truth = world.truth(way.bank, &from);
    assert!(!truth.is_empty());
    for (number, mut expected) in truth {
        expected.retain(|(day, _), _| day.as_str() < end.as_str());
        assert_eq!(differences(&found[&number], &expected, &from), Default::default(), "{number} since {from}");
    }
    balances(world).await;
}

/// The latest booked balance of each account is the bank's own.
async fn balances(world: &World) {
    let truth = world.simulator.truth();
    for account in world.accounts().await {
        let own = truth.as_array().unwrap().iter();
        let own = own.clone().find(|own| own["number"].as_str().unwrap().ends_with(&account.last_four)).unwrap();
        let kinds = [BalanceKind::ClosingBooked, BalanceKind::InterimBooked];
        let booked = account.balances.iter().filter(|balance| kinds.contains(&balance.kind));
        // An older one was right when it was told: a late entry has changed it since.
        let last = booked.clone().map(|balance| balance.as_of).max();
        for balance in booked.filter(|balance| Some(balance.as_of) == last) {
            let day = balance.as_of.to_string();
            assert_eq!(own["balances"][&day].as_i64(), Some(balance.amount.minor()), "{} on {day}", account.last_four);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chase_ends_with_the_truth() {
    ends_with_the_truth(Way { bank: "chase", api: "chase" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wells_fargo_ends_with_the_truth() {
    ends_with_the_truth(Way { bank: "wells_fargo", api: "wells-fargo" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bank_of_america_ends_with_the_truth() {
    ends_with_the_truth(Way { bank: "bank_of_america", api: "bank-of-america" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn citi_ends_with_the_truth() {
    ends_with_the_truth(Way { bank: "citi", api: "citi" }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plaid_ends_with_the_truth() {
    ends_with_the_truth(Way { bank: "plaid", api: "plaid" }).await;
}
