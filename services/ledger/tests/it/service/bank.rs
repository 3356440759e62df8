//! Many clients move money between a few accounts while others read all balances at once. In every reading the total is
//! the same and nobody is below a floor; afterwards every acknowledged transaction is found.
//!
//! `FLORIN_TEST_BANK_SECONDS` makes it run longer than one second by each way.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kernel::{Clock, SystemClock};
use ledger_api::{LedgerError, Limits, Operation, RollUpQuery, Side, WantedStatus};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::TestStore;

use crate::service::harness::{Desk, create, id, may_go_negative, path, pay, post, posting, usd, void};
use crate::service::way::for_each_way_even_bad;

const ACCOUNTS: u64 = 6;
const CLIENTS: u64 = 12;
const READERS: u64 = 3;
/// For accounts with an even number; the others may go down to this.
const CREDIT: i64 = -200;

fn name(number: u64) -> String {
    format!("bank:{number}")
}

fn floor(number: u64) -> i64 {
    if number.is_multiple_of(2) { 0 } else { CREDIT }
}

/// One client's random commands; returns the acknowledged ids.
async fn client(desk: Arc<Desk>, number: u64, stop: Arc<AtomicBool>) -> Vec<u128> {
    let mut random = StdRng::seed_from_u64(number);
    let (mut acknowledged, mut made) = (Vec::new(), 0_u64);
    while !stop.load(Ordering::Relaxed) {
        made += 1;
        let bits = (u128::from(number) << 64) | u128::from(made * 4);
        let (from, to) = (random.random_range(0..ACCOUNTS), random.random_range(0..ACCOUNTS - 1));
        let to = if to >= from { to + 1 } else { to };
        let amount = random.random_range(1..150);
        let (from, to) = (name(from), name(to));
        let steps = match random.random_range(0..4) {
            0 | 1 => vec![pay(bits, &from, &to, amount)],
            2 => {
                let held = create(bits, vec![posting(&from, &to, amount)]);
                let held = Operation::Create(ledger_api::NewTransaction { status: WantedStatus::Pending, ..held });
                let end =
                    if made.is_multiple_of(2) { post(bits + 1, bits, &[], true) } else { void(bits + 1, bits, &[]) };
                vec![held, end]
            }
            _ => vec![Operation::Create(create(
                bits,
                vec![posting(&from, &to, amount), posting(&to, &from, amount / 2 + 1)],
            ))],
        };
        for step in steps {
            let step_id = step.id().unwrap().bits();
            match desk.run(step).await {
                Ok(_) | Err(LedgerError::Refused { .. }) => acknowledged.push(step_id),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    acknowledged
}

async fn reader(desk: Arc<Desk>, stop: Arc<AtomicBool>) -> u64 {
    let mut readings = 0;
    while !stop.load(Ordering::Relaxed) {
        let total = desk.ledger.roll_up(&desk.ctx, RollUpQuery::now(path("bank"))).await.unwrap();
        let sums = &total.currencies[0];
        assert_eq!(sums.net_debit, usd(0), "the total moved: {sums:?}");
        assert_eq!(sums.pending_debits, sums.pending_credits);
        let page = desk.ledger.accounts(&desk.ctx, Default::default()).await.unwrap();
        let posted: i64 = page.items.iter().map(|account| account.balances.posted.minor()).sum();
        assert_eq!(posted, 0, "the accounts of one page are inconsistent");
        for account in &page.items {
            let available = account.balances.available.map_or(0, |available| available.minor());
            assert!(available >= 0, "below its floor: {account:?}");
        }
        readings += 1;
    }
    readings
}

async fn bank(store: &TestStore) {
    let desk = Desk::open_at(store, Default::default(), Default::default()).await;
    for number in 0..ACCOUNTS {
        let limits = Limits { floor: Some(usd(floor(number))), ..Limits::default() };
        desk.account(&name(number), Side::Credit, limits).await.unwrap();
    }
    desk.account("bank:issue", Side::Credit, may_go_negative()).await.unwrap();
    for number in 0..ACCOUNTS {
        desk.run(pay(u128::from(number) + 1, "bank:issue", &name(number), 300)).await.unwrap();
    }
    let (desk, stop) = (Arc::new(desk), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> =
        (1..=CLIENTS).map(|number| tokio::spawn(client(Arc::clone(&desk), number, Arc::clone(&stop)))).collect();
    let readers: Vec<_> = (0..READERS).map(|_| tokio::spawn(reader(Arc::clone(&desk), Arc::clone(&stop)))).collect();
    let seconds = testkit::size("FLORIN_TEST_BANK_SECONDS", 1);
    let begun = SystemClock.monotonic();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for client in clients {
        acknowledged.extend(client.await.unwrap());
    }
    let mut readings = 0;
    for reader in readers {
        readings += reader.await.unwrap();
    }
    assert!(acknowledged.len() > 100 && readings > 5, "{} transactions, {readings} readings", acknowledged.len());
    let desk = Arc::into_inner(desk).unwrap().reopen(store).await;
    let mut moved: HashMap<String, i64> = HashMap::new();
    for bits in acknowledged.iter().copied().chain(1..=u128::from(ACCOUNTS)) {
        let Ok(found) = desk.find(bits).await else { continue };
        assert_eq!(found.id, id(bits));
        if found.kind == ledger_api::TransactionKind::Posted || found.kind == ledger_api::TransactionKind::Post {
            for posting in &found.postings {
                *moved.entry(posting.debit.to_string()).or_default() -= posting.amount.minor();
                *moved.entry(posting.credit.to_string()).or_default() += posting.amount.minor();
            }
        }
    }
    for account in desk.all_accounts().await {
        assert_eq!(moved[account.path.as_str()], account.balances.posted.minor(), "{}", account.path);
    }
    println!(
        "{} acknowledged, {readings} readings in {} us",
        acknowledged.len(),
        SystemClock.monotonic().micros_since(begun)
    );
    desk.ledger.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_total_never_changes_and_floors_hold() {
    for_each_way_even_bad(bank).await;
}
