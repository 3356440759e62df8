//! Deferred account rows: readers see every commit, a killed process loses nothing, and the file is clean as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{LedgerConfig, verify};
use ledger_api::{Account, AccountChange, Limits, Side};
use platform::db::{Access, Db, Target, backup_files};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::{FakeClock, TestStore, on_sqlite};

use crate::service::harness::{Desk, hold, may_go_negative, path, pay, post, usd, void};

const ACCOUNTS: u64 = 40;
const STEPS: u128 = 600;

fn always() -> LedgerConfig {
    LedgerConfig { write_behind_accounts: 0, batch_max: 7, ..LedgerConfig::default() }
}

fn name(number: u64) -> String {
    format!("a{number:02}")
}

async fn open_accounts(desk: &Desk) {
    for number in 0..ACCOUNTS {
        desk.account(&name(number), Side::Credit, may_go_negative()).await.unwrap();
    }
}

async fn all(desk: &Desk) -> BTreeMap<String, Account> {
    desk.all_accounts().await.into_iter().map(|account| (account.path.to_string(), account)).collect()
}

/// Some step that always succeeds; holds are settled by later steps.
async fn step(desk: &Desk, random: &mut StdRng, open: &mut Vec<u128>, id: u128) {
    let from = random.random_range(0..ACCOUNTS);
    let to = (from + random.random_range(1..ACCOUNTS)) % ACCOUNTS;
    let amount = random.random_range(1..1_000);
    // What no posting row contains must be in the table with its commit.
    if random.random_range(0..12) == 0 {
        let ceiling = Some(usd(1_000_000_000 + amount));
        let limits = Limits { ceiling, ..may_go_negative() };
        desk.change(&name(from), AccountChange::SetLimits(limits)).await.unwrap();
        return;
    }
    let operation = match random.random_range(0..6) {
        0 => {
            open.push(id);
            hold(id, &name(from), &name(to), amount)
        }
        1 if !open.is_empty() => post(id, open.swap_remove(random.random_range(0..open.len())), &[], true),
        2 if !open.is_empty() => void(id, open.swap_remove(random.random_range(0..open.len())), &[]),
        _ => pay(id, &name(from), &name(to), amount),
    };
    desk.run(operation).await.unwrap();
}

/// The file as a process killed now would leave it, opened elsewhere.
async fn killed(store: &TestStore, name: &str) -> TestStore {
    let copy = TestStore::sqlite();
    let from = store.dir().join("store.db");
    backup_files(&[(from, copy.dir().join("store.db"))], |_, _, _| ())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    copy
}

async fn waiting_from(store: &TestStore) -> Option<i64> {
    let db = store.open_with(Access::ReadOnly).await;
    let tx = db.read().await.unwrap();
    let mark = tx.query("select seq from account_head_mark", &[]).await.unwrap();
    mark.first().map(|row| row.int(0).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_finds_every_balance_in_the_log() {
    on_sqlite(async |store| {
        let desk = Desk::open_at(store, FakeClock::default(), always()).await;
        open_accounts(&desk).await;
        let (mut random, mut open) = (StdRng::seed_from_u64(11), Vec::new());
        let mut with_rows_behind = 0;
        for id in 1..=STEPS {
            step(&desk, &mut random, &mut open, id).await;
            if id % 60 != 0 {
                continue;
            }
            let copy = killed(store, "backup").await;
            with_rows_behind += u64::from(waiting_from(&copy).await.is_some());
            verify(&copy.open_with(Access::ReadOnly).await, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
            let again = Desk::open_at(&copy, desk.clock.clone(), always()).await;
            assert_eq!(all(&again).await, all(&desk).await, "after step {id}");
            again.run(pay(1_000_000, "a00", "a01", 1)).await.unwrap();
            again.ledger.close().await.unwrap();
            assert_eq!(waiting_from(&copy).await, None, "closing a ledger leaves no deferred row");
            verify(&copy.open_with(Access::ReadOnly).await, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
        }
        assert!(with_rows_behind > 5, "the test must see waiting rows");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_one_instant_while_rows_are_deferred() {
    on_sqlite(async |store| {
        let desk = Arc::new(Desk::open_at(store, FakeClock::default(), always()).await);
        open_accounts(&desk).await;
        let writer = {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move {
                let (mut random, mut open) = (StdRng::seed_from_u64(12), Vec::new());
                for id in 1..=STEPS {
                    step(&desk, &mut random, &mut open, id).await;
                }
            })
        };
        let mut looks = 0;
        while !writer.is_finished() || looks == 0 {
            let accounts = all(&desk).await;
            let sum = |pick: fn(&Account) -> i64| accounts.values().map(pick).sum::<i64>();
            assert_eq!(sum(|account| account.balances.posted.minor()), 0);
            assert_eq!(
                sum(|account| account.balances.pending_in.minor()),
                sum(|account| account.balances.pending_out.minor())
            );
            let now = desk.ledger.account(&desk.ctx, &path("a00")).await.unwrap();
            assert!(now.balances.version >= accounts["a00"].balances.version, "a later answer is not older");
            looks += 1;
        }
        writer.await.unwrap();
        assert!(looks > 10, "{looks} looks");
    })
    .await;
}

/// A waiting account row may be old, but not wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_row_is_checked_against_its_past_states() {
    on_sqlite(async |store| {
        let desk = Desk::open_at(store, FakeClock::default(), always()).await;
        open_accounts(&desk).await;
        let (mut random, mut open) = (StdRng::seed_from_u64(13), Vec::new());
        for id in 1..=STEPS {
            step(&desk, &mut random, &mut open, id).await;
        }
        for (change, clean) in [
            ("update account_head set posted_debits = posted_debits", true),
            ("update account_head set posted_debits = posted_debits + 1 where no = 7", false),
            ("update account_head set version = version + 1 where no = 9", false),
            ("update account_head set holds = holds + 1 where no = 3", false),
            ("update account_head_mark set seq = seq + 1000000", false),
            ("delete from account_head_mark", false),
        ] {
            let copy = killed(store, change).await;
            assert!(waiting_from(&copy).await.is_some());
            let file = copy.dir().join("store.db");
            let db = Db::open(Target::Sqlite { file, cache_mb: 2 }, Access::ReadWrite, 1).await.unwrap();
            db.write(|tx| Box::pin(tx.batch(change))).await.unwrap();
            let found = verify(&db, &ledger_api::BookName::main(), None, |_| ()).await;
            assert_eq!(found.is_ok(), clean, "{change}: {found:?}");
        }
    })
    .await;
}
