//! Several lanes on one database, one of which may write under the lease (PostgreSQL).

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Deadline, SystemClock};
use platform::db::Migration;
use platform::lane::{Lane, LaneError};
use platform::lease::{LEASE_TABLES, Lease, LeaseConfig, Role};
use testkit::{FakeClock, TestStore, on_postgres};
use tokio_postgres::Client;

use super::toy::{Command, Effect, Toy, What, assert_whole, config, effects, migrated, soon, times};

const MIGRATION: Migration = Migration { version: 2, name: "lease", sql: LEASE_TABLES };

/// One of several processes.
struct Process {
    lease: Lease,
    lane: Arc<Lane<Toy>>,
    clock: FakeClock,
}

impl Process {
    /// Known to the others as `name`.
    async fn start(store: &TestStore, name: &str, time_ms: u64, renew_ms: u64) -> Process {
        Process::with(store, name, time_ms, renew_ms, Toy::default()).await
    }

    async fn with(store: &TestStore, name: &str, time_ms: u64, renew_ms: u64, toy: Toy) -> Process {
        let db = store.open().await;
        migrated(&db, &[MIGRATION]).await;
        let (url, schema) = (store.url().to_owned(), store.schema().to_owned());
        // The lease's clock is the test's; the lane uses the machine's.
        let clock = FakeClock::default();
        let lease = Lease::start(LeaseConfig { url, schema, time_ms, renew_ms }, Arc::new(clock.clone())).unwrap();
        lease.compete(name);
        let standing = lease.standing();
        let lane = Lane::start_under(standing, db, toy, config(), Arc::new(SystemClock)).await.unwrap();
        Process { lease, lane: Arc::new(lane), clock }
    }

    async fn close(self) {
        self.lane.close().await;
        self.lease.close().await;
    }

    fn epoch(&self) -> Option<i64> {
        self.lease.standing().term().map(|term| term.epoch)
    }

    async fn until_holder(&self) -> i64 {
        for _ in 0..2_000 {
            if let Some(epoch) = self.epoch() {
                return epoch;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("twenty seconds without the lease: {:?}", self.lease.standing().role());
    }

    fn submit(&self, command: i64, what: What) -> tokio::task::JoinHandle<Result<Effect, LaneError>> {
        let lane = Arc::clone(&self.lane);
        tokio::spawn(async move { lane.submit(Command(command, what), soon(&SystemClock)).await })
    }
}

/// What a successor does, without ending what its predecessor left open.
fn succeed(schema: &str) -> String {
    format!(
        "update {schema}.lease set epoch = epoch + 1, holder = 'other', address = 'elsewhere', \
             length = length * 2, expires_at = expires_at + 60000000; \
         update {schema}.lease_fence set epoch = epoch + 1"
    )
}

async fn until_waits_for_the_fence(client: &Client) {
    let sql = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'with held%'";
    for _ in 0..2_000 {
        if !client.query(sql, &[]).await.unwrap().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no commit waits for the fence");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_writes_and_closing_it_lets_another_write() {
    on_postgres(async |store| {
        let mut processes = vec![Process::start(store, "a", 2_000, 400).await];
        processes[0].until_holder().await;
        for name in ["b", "c"] {
            processes.push(Process::start(store, name, 2_000, 400).await);
        }
        for round in 1..=3 {
            let holders = processes.iter().filter(|process| process.epoch().is_some()).count();
            assert_eq!(holders, 1, "in round {round}");
            for (place, process) in processes.iter().enumerate() {
                let command = round * 10 + place as i64;
                let answer = process.lane.submit(Command(command, What::Note), soon(&SystemClock)).await;
                let holder = process.epoch() == Some(round);
                assert_eq!(answer.is_ok(), holder, "{answer:?}");
                assert!(holder || answer == Err(LaneError::NotWriter), "{answer:?}");
                assert_eq!(times(store, command).await, usize::from(holder));
                assert!(process.lane.state().is_accepting() && process.lease.standing().is_in_touch());
            }
            let place = processes.iter().position(|process| process.epoch().is_some()).unwrap();
            let asked = SystemClock.monotonic();
            processes.remove(place).close().await;
            while !processes.is_empty() && processes.iter().all(|process| process.epoch().is_none()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
                let waited = SystemClock.monotonic().micros_since(asked);
                assert!(waited < 1_000_000, "a released lease need not expire first");
            }
        }
        assert_whole(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn standbys_know_the_holders_address() {
    on_postgres(async |store| {
        let first = Process::start(store, "127.0.0.1:1111", 2_000, 400).await;
        let epoch = first.until_holder().await;
        assert_eq!(first.lease.standing().role(), Role::Holder { epoch });
        let second = Process::start(store, "127.0.0.1:2222", 2_000, 400).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let address = Some("127.0.0.1:1111".into());
        assert_eq!(second.lease.standing().role(), Role::StandBy { epoch, address });
        second.close().await;
        first.close().await;
    })
    .await;
}

/// A transaction that is open while the lease moves. Only the fence stops it: the lease is not checked again for a long
/// time.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_holder_cannot_commit_after_its_successor() {
    on_postgres(async |store| {
        let late = Process::start(store, "late", 60_000, 50_000).await;
        late.until_holder().await;
        assert!(late.submit(1, What::Note).await.unwrap().is_ok());
        let client = store.postgres_client().await;
        let open = late.submit(2, What::Sleep(500));
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.batch_execute(&succeed(store.schema())).await.unwrap();
        assert_eq!(open.await.unwrap(), Err(LaneError::NotWriter));
        // From then on it knows, without having checked the lease.
        assert_eq!(late.epoch(), None);
        assert_eq!(late.submit(3, What::Note).await.unwrap(), Err(LaneError::NotWriter));
        assert_eq!((times(store, 1).await, times(store, 2).await, times(store, 3).await), (1, 0, 0));
    })
    .await;
}

/// Like the books of one ledger: each lane in its own schema, the lease in the first one.
#[tokio::test(flavor = "multi_thread")]
async fn one_lease_fences_lanes_of_several_schemas() {
    on_postgres(async |store| {
        let late = Process::start(store, "late", 60_000, 50_000).await;
        late.until_holder().await;
        let beside = TestStore::postgres(store.url());
        let db = beside.open().await;
        migrated(&db, &[]).await;
        let (standing, clock) = (late.lease.standing(), Arc::new(SystemClock));
        let other = Lane::start_under(standing, db, Toy::default(), config(), clock).await.unwrap();
        assert!(other.submit(Command(1, What::Note), soon(&SystemClock)).await.is_ok());
        let client = store.postgres_client().await;
        let open = other.submit(Command(2, What::Sleep(400)), soon(&SystemClock));
        let succeeding = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            client.batch_execute(&succeed(store.schema())).await.unwrap();
        };
        let (refused, ()) = tokio::join!(open, succeeding);
        assert_eq!(refused, Err(LaneError::NotWriter));
        assert_eq!((times(&beside, 1).await, times(&beside, 2).await), (1, 0));
        other.close().await;
        beside.remove().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_and_a_takeover_wait_for_each_other() {
    on_postgres(async |store| {
        let holder = Process::start(store, "a", 60_000, 50_000).await;
        holder.until_holder().await;
        let mut client = store.postgres_client().await;
        let watch = store.postgres_client().await;
        // A takeover that fails lets the commit through.
        let taking = client.transaction().await.unwrap();
        taking.batch_execute(&succeed(store.schema())).await.unwrap();
        let waiting = holder.submit(1, What::Note);
        until_waits_for_the_fence(&watch).await;
        taking.rollback().await.unwrap();
        assert!(waiting.await.unwrap().is_ok());
        // A takeover that succeeds stops it.
        let taking = client.transaction().await.unwrap();
        taking.batch_execute(&succeed(store.schema())).await.unwrap();
        let waiting = holder.submit(2, What::Note);
        until_waits_for_the_fence(&watch).await;
        taking.commit().await.unwrap();
        assert_eq!(waiting.await.unwrap(), Err(LaneError::NotWriter));
        assert_eq!((times(store, 1).await, times(store, 2).await), (1, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_ends_its_predecessors_open_transactions() {
    on_postgres(async |store| {
        let (first, second) =
            (Process::start(store, "a", 2_000, 400).await, Process::start(store, "b", 2_000, 400).await);
        let (holder, other) = if first.lease.standing().is_holder() { (first, second) } else { (second, first) };
        holder.until_holder().await;
        // Its transaction holds the lanes' lock, and stays open for longer than anybody should wait.
        let stuck = holder.submit(1, What::Sleep(1_800));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let asked = SystemClock.monotonic();
        holder.lease.standing().resign();
        let epoch = other.until_holder().await;
        assert!(other.submit(2, What::Note).await.unwrap().is_ok());
        assert!(SystemClock.monotonic().micros_since(asked) < 1_200_000, "the open transaction was in the way");
        assert_eq!(stuck.await.unwrap(), Err(LaneError::NotWriter));
        let commands: Vec<i64> = effects(store).await.iter().map(|effect| effect.command).collect();
        assert_eq!((commands, epoch), (vec![2], 2));
        assert_whole(store).await;
    })
    .await;
}

/// As after SIGSTOP and SIGCONT: the clock has advanced, and nothing else has happened.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_process_finds_its_lease_expired() {
    on_postgres(async |store| {
        let process = Process::start(store, "a", 2_000, 300).await;
        let epoch = process.until_holder().await;
        assert!(process.submit(1, What::Note).await.unwrap().is_ok());
        process.clock.advance_millis(2_000);
        assert_eq!(process.epoch(), None);
        let answer = process.lane.submit(Command(2, What::Note), Deadline::after_millis(&SystemClock, 1_000)).await;
        assert_eq!(answer, Err(LaneError::NotWriter));
        // Nobody has taken it, so it continues: under the same epoch, or the next one if the lease had expired in the
        // database.
        assert!((epoch..=epoch + 1).contains(&process.until_holder().await));
        assert!(process.submit(3, What::Note).await.unwrap().is_ok());
        assert_whole(store).await;
    })
    .await;
}

/// No lane is left without a writer because a thread ended in a live process.
#[tokio::test(flavor = "multi_thread")]
async fn a_lane_whose_thread_ends_releases_the_lease() {
    on_postgres(async |store| {
        let broken = Process::with(store, "a", 60_000, 10_000, Toy::breaking()).await;
        broken.until_holder().await;
        let other = Process::start(store, "b", 60_000, 10_000).await;
        assert_eq!(broken.submit(1, What::Note).await.unwrap(), Err(LaneError::OutcomeUnknown));
        assert_eq!(other.until_holder().await, 2);
        assert_eq!(broken.submit(2, What::Note).await.unwrap(), Err(LaneError::NotWriter));
        assert!(other.submit(3, What::Note).await.unwrap().is_ok());
        assert_eq!((times(store, 1).await, times(store, 2).await), (1, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_resigns_does_not_take_the_lease_again() {
    on_postgres(async |store| {
        let process = Process::start(store, "a", 2_000, 200).await;
        process.until_holder().await;
        process.lease.standing().resign();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(process.epoch(), None);
        let other = Process::start(store, "b", 2_000, 200).await;
        assert_eq!(other.until_holder().await, 2);
    })
    .await;
}

/// A server whose sessions see one snapshot for a whole transaction would never see the lease change.
#[tokio::test(flavor = "multi_thread")]
async fn the_servers_default_isolation_does_not_matter() {
    on_postgres(async |store| {
        let role = format!("role_{}", store.schema());
        let client = store.postgres_client().await;
        let make = format!(
            "create role {role} login superuser; alter role {role} set default_transaction_isolation = 'repeatable read'"
        );
        client.batch_execute(&make).await.unwrap();
        let (_, rest) = store.url().split_once('@').unwrap();
        let target = store.target_through(&format!("postgres://{role}@{rest}"));
        let db = platform::db::Db::open(target, platform::db::Access::ReadWrite, 2).await.unwrap();
        db.migrate(&[Migration { version: 1, ..MIGRATION }]).await.unwrap();
        for tx in [db.begin().await.unwrap(), db.begin_alone().await.unwrap()] {
            let rows = tx.query("select current_setting('transaction_isolation')", &[]).await.unwrap();
            assert_eq!(rows[0].text(0).unwrap(), "read committed");
            tx.commit().await.unwrap();
        }
        drop(db);
        store.postgres_terminate().await;
        client.batch_execute(&format!("drop owned by {role} cascade; drop role {role}")).await.unwrap();
    })
    .await;
}
