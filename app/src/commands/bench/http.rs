//! The load of transfers over HTTP: a separate server process, one connection per caller.

use std::sync::Arc;

use kernel::{Clock, Currency, SystemClock};
use ledger_api::AccountPath;
use serde_json::{Value, json};

use super::books::{self, End};
use super::client::{Caller, FUNDS, Transfer, WORLD};
use super::load::{self, Figures, Load};
use super::memory::Memory;
use super::server::{Connection, Server};
use super::store::Store;
use crate::failure::Failure;

/// The figures, the store's state, and the server's memory.
pub(super) async fn over_http(store: &Store, load: &Load) -> Result<(Figures, End, Option<Memory>), Failure> {
    over_http_by(store, load, OverHttp::to).await
}

/// The same by callers of another kind.
pub(super) async fn over_http_by<C: Caller>(
    store: &Store,
    load: &Load,
    connect: impl AsyncFn(&Server) -> Result<C, Failure>,
) -> Result<(Figures, End, Option<Memory>), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let more = [
        ("FLORIN__SERVER__CONNECTIONS_MAX", (load.in_flight + 128).to_string()),
        ("FLORIN__SERVER__DEADLINE_MS", "30000".to_owned()),
        rollup_of(load.accounts),
    ];
    let server = Server::start(store, "service", &more).await?;
    let paths = accounts(&server, load.accounts, &clock).await?;
    // The server closes a connection that is idle for longer than its header timeout, so each request has its own.
    let before = server.connect().await?.status().await?;
    let mut callers = Vec::with_capacity(load.in_flight);
    for _ in 0..load.in_flight {
        callers.push(connect(&server).await?);
    }
    let run = load::run(callers, load, &paths, &clock).await?;
    let mut asking = server.connect().await?;
    let after = asking.status().await?;
    load::check(&run, after.rows - before.rows, asking.moved(paths.len()).await?)?;
    let memory = server.memory();
    server.stop().await?;
    let bytes = store.bytes();
    let row_bytes = ledger::mean_row_bytes(&store.open().await?).await?;
    let transfers = paths.len() as u64 + run.acknowledged;
    let figures = run.figures(after.groups - before.groups, after.rows - before.rows, None);
    Ok((figures, End { bytes, transfers, row_bytes }, memory))
}

/// The setting with which all accounts of a benchmark can be summed.
pub(super) fn rollup_of(accounts: usize) -> (&'static str, String) {
    ("FLORIN__LEDGER__ROLLUP_ACCOUNTS_MAX", (accounts + 1).to_string())
}

/// Opens and funds accounts.
pub(super) async fn accounts(
    server: &Server,
    count: usize,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<[AccountPath]>, Failure> {
    let (currency, paths) = (load::currency()?, load::paths(count)?);
    server.connect().await?.open(WORLD, currency, "debit").await?;
    open_accounts(server, &paths, currency).await?;
    books::fund(OverHttp::to(server).await?, &paths, clock).await?;
    Ok(paths)
}

async fn open_accounts(server: &Server, paths: &[AccountPath], currency: Currency) -> Result<(), Failure> {
    const CONNECTIONS: usize = 64;
    let mut opening = tokio::task::JoinSet::new();
    for chunk in paths.chunks(paths.len().div_ceil(CONNECTIONS).max(1)) {
        let (chunk, mut connection) = (chunk.to_vec(), server.connect().await?);
        opening.spawn(async move {
            for path in &chunk {
                connection.open(path.as_str(), currency, "credit").await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(opened) = opening.join_next().await {
        opened??;
    }
    Ok(())
}

pub(super) struct OverHttp {
    connection: Connection,
    currency: Currency,
}

pub(super) struct Status {
    pub groups: u64,
    pub rows: u64,
}

impl OverHttp {
    pub(super) async fn to(server: &Server) -> Result<OverHttp, Failure> {
        Ok(OverHttp { connection: server.connect().await?, currency: load::currency()? })
    }
}

impl Connection {
    async fn open(&mut self, path: &str, currency: Currency, normal: &str) -> Result<(), Failure> {
        let body = json!({ "path": path, "currency": currency.code(), "normal": normal });
        self.call("POST", "/v1/ledger/accounts", Some(body)).await.map(|_| ())
    }

    pub(super) async fn status(&mut self) -> Result<Status, Failure> {
        let status = self.get("/status").await?;
        let number = |name: &str| {
            let value = find(&status, name);
            value.ok_or_else(|| Failure::new(format!("/status does not have the ledger's {name}")))
        };
        Ok(Status { groups: number("groups")?, rows: number("rows")? })
    }

    /// Minor units that transfers moved between the accounts, without their funding.
    pub(super) async fn moved(&mut self, accounts: usize) -> Result<i64, Failure> {
        let total = self.get("/v1/ledger/balances?prefix=bench").await?;
        let debits = minor(total.pointer("/currencies/0/posted_debits/amount"))?;
        Ok(debits - FUNDS * accounts as i64)
    }
}

/// The first number of this name, anywhere.
fn find(value: &Value, name: &str) -> Option<u64> {
    match value {
        Value::Object(members) => {
            let own = members.get(name).and_then(Value::as_u64);
            own.or_else(|| members.values().find_map(|member| find(member, name)))
        }
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

fn minor(amount: Option<&Value>) -> Result<i64, Failure> {
    let text = amount.and_then(Value::as_str).ok_or_else(|| Failure::new("the roll-up has no amount"))?;
    Ok(text.replace('.', "").parse()?)
}

impl Caller for OverHttp {
    async fn send(&mut self, transfers: &[Transfer]) -> Result<(), Failure> {
        let command = |transfer: &Transfer| serde_json::to_value(transfer.command(self.currency));
        if let [transfer] = transfers {
            let body = command(transfer)?;
            self.connection.call("POST", "/v1/ledger/transactions", Some(body)).await?;
            return Ok(());
        }
        let line = |transfer| Ok(json!({ "create": command(transfer)? }));
        let lines = transfers.iter().map(line).collect::<Result<Vec<Value>, Failure>>()?;
        let answer = self.connection.post("/v1/ledger/batches", json!({ "atomic": false, "lines": lines })).await?;
        let lines = answer.get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let failed = lines.iter().find(|line| line.get("status").and_then(Value::as_u64) != Some(201));
        match failed {
            None if lines.len() == transfers.len() => Ok(()),
            failed => Err(Failure::new(format!("a line of a batch was not done: {failed:?}"))),
        }
    }
}
