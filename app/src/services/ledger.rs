//! The ledger as a part of this process: its store, its lane, its routes, and how it is closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Clock, Ctx, Deadline, IdMaker, Principal};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::Ledger;
use platform::config::Config;
use platform::db::{Access, Db, Target};
use platform::health::Part;
use platform::shutdown::Step;
use serde_json::{Value, json};

use super::{Opening, Started, demo};
use crate::failure::Failure;

/// The name of the service, of its file and of its schema.
const NAME: &str = "ledger";
/// Longest wait for what this process asks its own ledger.
const ASK_MS: u64 = 10_000;

pub(super) async fn start(opening: &Opening<'_>, started: &mut Started) -> Result<(), Failure> {
    let db = open_store(opening).await?;
    let clock = opening.clock.clone();
    let service = LedgerService::start(db, config(opening.config), clock.clone(), IdMaker::new(clock.clone())).await?;
    let service = Arc::new(service);
    if opening.demo {
        demo::seed(&*service, || own_ctx(&*clock, Principal::demo())).await?;
    }
    let (router, api) = ledger::routes(service.clone());
    started.router = std::mem::take(&mut started.router).merge(router);
    started.api.merge(api);
    started.parts.push(Arc::new(LedgerPart { service: service.clone(), clock }));
    started.gauges.push(Box::new({
        let service = service.clone();
        move || {
            let (active, max) = service.connections();
            platform::telemetry::database_connections(NAME, active, max);
        }
    }));
    started.steps.push(Step::new(NAME, close(service)));
    Ok(())
}

/// SQLite: a file of its own in the data directory. PostgreSQL: a schema of its own.
async fn open_store(opening: &Opening<'_>) -> Result<Db, Failure> {
    let storage = &opening.config.storage;
    let target = match &storage.database_url {
        Some(url) => Target::Postgres { url: url.expose().to_owned(), schema: NAME.to_owned() },
        None => {
            let file = opening.data_dir.path().join(format!("{NAME}.db"));
            Target::Sqlite { file, cache_mb: storage.sqlite_cache_mb }
        }
    };
    Ok(Db::open(target, Access::ReadWrite, usize::try_from(storage.pool_size)?).await?)
}

fn config(config: &Config) -> LedgerConfig {
    let ledger = &config.ledger;
    LedgerConfig {
        batch_max: ledger.batch_max,
        queue_max: ledger.queue_max,
        clock_behind_max_ms: ledger.clock_behind_max_ms,
        rollup_accounts_max: usize::try_from(ledger.rollup_accounts_max).unwrap_or(usize::MAX),
        accounts_cached_max: ledger.accounts_cached_max,
        write_behind_accounts: ledger.write_behind_accounts,
        idempotency_days: i64::from(ledger.idempotency_days),
        ..LedgerConfig::default()
    }
}

/// For questions of the process itself.
fn own_ctx(clock: &dyn Clock, principal: Principal) -> Ctx {
    let deadline = Deadline::after_millis(clock, ASK_MS);
    Ctx { principal, deadline, request_id: "florin".into(), idempotency_key: None }
}

/// The head is for people to keep: `florin verify --against` proves with it that nothing was cut or rewritten since.
async fn close(service: Arc<LedgerService>) {
    match service.close().await {
        Ok(head) => eprintln!("florin: ledger head {head}"),
        Err(error) => tracing::error!(%error, cause = ?error.source, "the ledger's head could not be read at the end"),
    }
}

struct LedgerPart {
    service: Arc<LedgerService>,
    clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl Part for LedgerPart {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn ready(&self) -> Result<(), String> {
        if self.service.is_accepting() { Ok(()) } else { Err("the lane takes no commands".to_owned()) }
    }

    async fn status(&self) -> BTreeMap<&'static str, Value> {
        let ctx = own_ctx(&*self.clock, Principal::operator());
        match self.service.status(&ctx).await {
            Ok(status) => BTreeMap::from([
                ("book", json!(status.book)),
                ("head", json!(status.head)),
                ("groups", json!(status.groups)),
                ("rows", json!(status.rows)),
                ("accepting", json!(status.accepting)),
                ("waiting", json!(status.waiting)),
            ]),
            Err(error) => BTreeMap::from([("error", json!(error.code()))]),
        }
    }
}
