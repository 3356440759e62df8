//! A room with one job, `build`, whose effect is a row.

use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;
use platform::db::{Db, Migration, Value};
use platform::jobs::{Job, JobRow, Missed, Progress, Run, Runner, Schedule, list};
use platform::room::{Later, Room, migrate};
use testkit::{FakeClock, TestStore};

const PIECES: Migration =
    Migration { version: 1, name: "pieces", sql: "create table piece (n SEQ, run TEXT not null)" };

static SHOP: Room = Room { migrations: &[PIECES], ..Room::named("shop") };

const PIECE_ADD: &str = "insert into piece (n, run) values ((select coalesce(max(n), 0) + 1 from piece), $1)";
const PIECE_LIST: &str = "select run from piece order by n";

#[derive(Clone)]
pub(crate) struct Workshop {
    pub(crate) db: Db,
}

impl Workshop {
    pub(crate) async fn open(store: &TestStore) -> Workshop {
        Workshop::of(store.open().await).await
    }

    pub(crate) async fn of(db: Db) -> Workshop {
        migrate(&SHOP, &db).await.unwrap();
        Workshop { db }
    }

    pub(crate) fn runner(
        &self,
        clock: &FakeClock,
        schedule: &str,
        missed: Missed,
        work: impl Fn(Workshop, Run) -> Later<()> + Send + Sync + 'static,
    ) -> Runner {
        let shop = self.clone();
        let work = Box::new(move |run| work(shop.clone(), run));
        let schedule = Schedule::parse(schedule).unwrap();
        let job = Job { name: "build", about: "builds pieces", schedule, missed, work };
        Runner::start(self.db.clone(), "shop", Arc::new(clock.clone()), vec![job])
    }

    /// One step, whose effect is a row with the time that the run stands for.
    pub(crate) fn piece(self, run: Run) -> Later<()> {
        Box::pin(async move { self.pieces_of(run, 1, Duration::ZERO).await })
    }

    /// `count` steps, continued where the run stopped.
    pub(crate) async fn pieces_of(
        self,
        run: Run,
        count: i64,
        pause: Duration,
    ) -> Result<(), platform::room::OpenError> {
        let begin: i64 = run.stopped_at()?.unwrap_or(0);
        for step in begin..count {
            let tx = self.db.begin().await?;
            tx.execute(PIECE_ADD, &[Value::Text(&run.due().to_string())]).await?;
            run.step(&tx, &Progress { mark: step + 1, done: step + 1, total: Some(count) }).await?;
            tx.commit().await?;
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    pub(crate) async fn pieces(&self) -> Vec<String> {
        let tx = self.db.read().await.unwrap();
        let rows = tx.query(PIECE_LIST, &[]).await.unwrap();
        rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
    }

    pub(crate) async fn row(&self) -> JobRow {
        list(&self.db).await.unwrap().pop().unwrap()
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Waits for at most twenty seconds.
pub(crate) async fn until(is: impl AsyncFn() -> bool) {
    for _ in 0..400 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not happen in twenty seconds");
}
