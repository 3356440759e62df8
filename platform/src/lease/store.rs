//! The lease in the database: its tables and the few statements on them, over a separate connection.

use std::future::Future;
use std::time::Duration;

use tokio_postgres::{Client, Config};

use super::LeaseConfig;
use super::fence::application_name;
use crate::db::{DbError, Fault, connect};

/// For the migrations of the service that uses the lease. The fence's row is separate from the row that is renewed: no
/// commit waits for a renewal, and no renewal for the commits of many lanes.
pub const LEASE_TABLES: &str = include_str!("tables.sql");

/// Microseconds by the database's clock, also within a statement.
const NOW: &str = "(extract(epoch from clock_timestamp()) * 1000000)::bigint";
/// If more time is left than was ever granted, the database's clock has gone back.
const IS_OVER: &str = "(expires_at <= {now} or expires_at > {now} + length)";

/// One connection.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    driver: tokio::task::JoinHandle<Result<(), tokio_postgres::Error>>,
    texts: Texts,
    time_ms: u64,
}

#[derive(Debug, Clone)]
struct Texts {
    look: String,
    lock: String,
    take: String,
    fence: String,
    term: String,
    renew: String,
    give_up: String,
}

/// The row's contents, seen from outside.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub epoch: i64,
    pub address: String,
    /// Microseconds; `None` if anybody may take it.
    pub left: Option<u64>,
}

/// Ends what the last holder may still have open. A process that may not see or end it waits for the server to do so.
const END_TRANSACTIONS: &str = "
select pg_terminate_backend(pid)
from pg_stat_activity
where application_name = $1
    and usename = current_user";

impl Session {
    pub(super) async fn open(config: &LeaseConfig, holder: &str) -> Result<Session, DbError> {
        const CONNECT: &str = "connect the lease to PostgreSQL";
        let wait = Duration::from_millis(config.time_ms);
        let connecting = connect(&config.url, |address| tune(address, config.time_ms, holder));
        let connected = tokio::time::timeout(wait, connecting).await;
        let (client, driver) = connected.map_err(|_| DbError::new(CONNECT, Fault::Unreachable))??;
        Ok(Session { client, driver, texts: Texts::new(&config.schema), time_ms: config.time_ms })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    pub(super) async fn look(&self) -> Result<Seen, DbError> {
        let looking = async { self.client.query_one(&self.texts.look, &[]).await };
        let row = within(self.soon(), "look at the lease", looking).await?;
        let left: i64 = row.get(2);
        let left = u64::try_from(left).ok().filter(|left| *left > 0);
        Ok(Seen { epoch: row.get(0), address: row.get(1), left })
    }

    /// Takes the lease if it is free or expired; returns its new epoch. After this nothing of an earlier epoch commits.
    pub(super) async fn take(&mut self, holder: &str, address: &str) -> Result<Option<i64>, DbError> {
        let wait = Duration::from_millis(self.time_ms);
        within(wait, "take the lease", self.take_now(holder, address)).await
    }

    async fn take_now(&mut self, holder: &str, address: &str) -> Result<Option<i64>, tokio_postgres::Error> {
        let Session { client, texts, time_ms, .. } = self;
        let tx = client.transaction().await?;
        // Another process that is about to take it has the row; waiting is of no use.
        let Some(last) = tx.query_opt(&texts.lock, &[]).await? else { return Ok(None) };
        let last: String = last.get(0);
        // First of all: they may hold the fence's row, and the lanes' locks.
        tx.execute(END_TRANSACTIONS, &[&application_name(&last)]).await?;
        let length = micros(*time_ms);
        let epoch: i64 = tx.query_one(&texts.take, &[&holder, &address, &length]).await?.get(0);
        tx.execute(&texts.fence, &[&epoch]).await?;
        tx.execute(&texts.term, &[&epoch, &holder, &address]).await?;
        tx.commit().await?;
        Ok(Some(epoch))
    }

    /// Whether the lease still has this epoch; if so it is extended. It does not matter that it had expired if nobody
    /// took it.
    pub(super) async fn renew(&self, epoch: i64, holder: &str) -> Result<bool, DbError> {
        let length = micros(self.time_ms);
        let renewing = async { self.client.execute(&self.texts.renew, &[&epoch, &holder, &length]).await };
        Ok(within(self.soon(), "renew the lease", renewing).await? == 1)
    }

    pub(super) async fn give_up(&self, epoch: i64, holder: &str) -> Result<(), DbError> {
        let giving = async { self.client.execute(&self.texts.give_up, &[&epoch, &holder]).await };
        within(self.soon(), "give the lease up", giving).await?;
        Ok(())
    }

    /// Several attempts have to fit into the lifetime of the lease.
    fn soon(&self) -> Duration {
        Duration::from_millis(self.time_ms / 3)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The session's locks must not outlive it for long, whatever happens to the network.
fn tune(address: &mut Config, time_ms: u64, holder: &str) {
    let wait = Duration::from_millis(time_ms);
    address
        .options(format!(
            "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed \
             -c default_transaction_read_only=off -c statement_timeout={time_ms} -c lock_timeout={time_ms} \
             -c idle_in_transaction_session_timeout={time_ms}"
        ))
        .application_name(format!("florin-lease-{holder}"))
        .connect_timeout(wait)
        .tcp_user_timeout(wait)
        .keepalives_idle(wait);
}

impl Texts {
    fn new(schema: &str) -> Texts {
        let lease = format!("{schema}.lease");
        let over = IS_OVER.replace("{now}", NOW);
        let mine = "place = 1 and epoch = $1 and holder = $2";
        Texts {
            look: format!(
                "select epoch, address, case when {over} then 0 else expires_at - {NOW} end from {lease} where place = 1"
            ),
            lock: format!("select holder from {lease} where place = 1 and {over} for update skip locked"),
            take: format!(
                "update {lease} set epoch = epoch + 1, holder = $1, address = $2, length = $3, expires_at = {NOW} + $3 \
                 where place = 1 returning epoch"
            ),
            fence: format!("update {lease}_fence set epoch = $1 where place = 1"),
            term: format!("insert into {lease}_term (epoch, holder, address, taken_at) values ($1, $2, $3, {NOW})"),
            renew: format!("update {lease} set length = $3, expires_at = {NOW} + $3 where {mine}"),
            give_up: format!("update {lease} set address = '', expires_at = 0 where {mine}"),
        }
    }
}

fn micros(ms: u64) -> i64 {
    i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

async fn within<T>(
    wait: Duration,
    what: &str,
    call: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, DbError> {
    match tokio::time::timeout(wait, call).await {
        Ok(answer) => answer.map_err(|error| DbError::postgres(what, error)),
        Err(_) => Err(DbError::new(what, Fault::Unreachable)),
    }
}
