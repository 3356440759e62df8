//! A room of one operation and one table: what a service is at least, and all that a list of rooms has to carry.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use kernel::{Clock, Ctx, Deadline};
use ledger_api::Books;
use platform::access;
use platform::config::Settings;
use platform::db::{Db, Migration, Value};
use platform::error::Failure;
use platform::frame::ActsAs;
use platform::http::document::Part;
use platform::http::{CallCtx, Json, Problem};
use platform::jobs::{Job, Missed, Progress, Run, Schedule};
use platform::room::{Door, Face, Later, OpenError, Opened, Operation, Room, Routes, Site, needs};
use platform::rpc::{Methods, Repeat, RpcClient};
use platform::shutdown::Step;
use serde::Deserialize;
use serde_json::{Value as Answer, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, PathsBuilder};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

pub(in crate::rooms) static ROOM: Room = Room {
    service: "pebble-service",
    about: "counts pebbles",
    migrations: &[Migration {
        version: 1,
        name: "pebble",
        sql: "create table pebble (n SEQ, thrown_by TEXT not null)",
    }],
    settings: Settings {
        text: SETTINGS,
        ranges: &[("pond_max", 1..=100), ("closing_ms", 0..=600_000)],
        ..Settings::NONE
    },
    words: &[("pebbles", &["throw"])],
    grants: &[("service", &["pebbles:throw:all"])],
    operations: OPERATIONS,
    tags: TAGS,
    document,
    ..Room::named("pebbles")
};

const SETTINGS: &str = "\
[pebbles]
# Pebbles that the pond takes.
pond_max = 3
# Milliseconds for which closing the room blocks its thread, as a disk that hangs does.
closing_ms = 0
";

const OPERATIONS: &[Operation] =
    &[Operation { name: "throw_pebble", word: needs("pebbles", "throw"), refusals: &["not_found"] }];
const TAGS: &[(&str, &str)] = &[("Pebbles", "What is thrown into the pond.")];

const COUNT: &str = "select count(*) from pebble";
const TAKE: &str = "delete from pebble where n = (select max(n) from pebble)";
const ADD: &str = "insert into pebble (n, thrown_by) values ($1, $2)";

#[async_trait]
pub(in crate::rooms) trait Pebbles: Send + Sync {
    async fn throw(&self, ctx: &Ctx) -> Result<i64, Failure>;
}

pub(in crate::rooms) static FACE: Face<dyn Pebbles> = Face { name: "pebbles", serve, remote };

pub(in crate::rooms) fn serve(pebbles: Arc<dyn Pebbles>) -> Methods {
    Methods::new("pebbles").on("throw", move |ctx, ()| {
        let pebbles = Arc::clone(&pebbles);
        async move { pebbles.throw(&ctx).await }
    })
}

pub(in crate::rooms) fn remote(rpc: RpcClient) -> Arc<dyn Pebbles> {
    Arc::new(Far(rpc))
}

struct Far(RpcClient);

#[async_trait]
impl Pebbles for Far {
    async fn throw(&self, ctx: &Ctx) -> Result<i64, Failure> {
        self.0.call(ctx, "throw", &(), Repeat::Never).await
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rooms) struct Pond {
    pond_max: i64,
    closing_ms: u64,
}

struct Near {
    db: Db,
    pond: Pond,
}

#[async_trait]
impl Pebbles for Near {
    async fn throw(&self, ctx: &Ctx) -> Result<i64, Failure> {
        access::check(ctx, "pebbles", "throw", None).map_err(|_| Failure::Forbidden)?;
        let tx = self.db.begin().await?;
        let there = tx.query(COUNT, &[]).await?.first().map_or(Ok(0), |row| row.int(0))?;
        if there >= self.pond.pond_max {
            return Err(Failure::NotFound);
        }
        tx.execute(ADD, &[Value::Int(there + 1), Value::Text(&ctx.principal.subject)]).await?;
        tx.commit().await?;
        Ok(there + 1)
    }
}

/// Its job calls the ledger.
pub(in crate::rooms) async fn open(site: Site<Pond>, books: Arc<dyn Books>) -> Result<Opened<dyn Pebbles>, OpenError> {
    let hangs = Duration::from_millis(site.settings.closing_ms);
    let opened = Opened::<dyn Pebbles>::new(Arc::new(Near { db: site.db.clone(), pond: site.settings }));
    let steps = vec![Step::new("pond", async move { std::thread::sleep(hangs) })];
    Ok(Opened { steps, jobs: vec![emptying(site.db, site.own, books, site.clock)?], ..opened })
}

/// Takes the pebbles out, one at a time, as the room itself, once the ledger has answered it.
fn emptying(db: Db, own: Arc<dyn ActsAs>, books: Arc<dyn Books>, clock: Arc<dyn Clock>) -> Result<Job, OpenError> {
    let work = move |run: Run| -> Later<()> {
        let (db, own, books, clock) = (db.clone(), Arc::clone(&own), Arc::clone(&books), Arc::clone(&clock));
        Box::pin(async move {
            let (principal, deadline) = (own.principal().await?, Deadline::after_millis(&*clock, 5_000));
            let ctx = Ctx { principal, deadline, request_id: "empty".into(), idempotency_key: None };
            access::check(&ctx, "pebbles", "throw", None).map_err(|_| "the room itself may not")?;
            books.books(&ctx).await.map_err(|error| format!("the ledger says {}", error.code()))?;
            for taken in 1.. {
                let tx = db.begin().await?;
                if tx.execute(TAKE, &[]).await? == 0 {
                    return Ok(());
                }
                run.step(&tx, &Progress { mark: taken, done: taken, total: None }).await?;
                tx.commit().await?;
            }
            Ok(())
        })
    };
    let (about, schedule) = ("empties the pond", Schedule::parse("0 2 * * 0 Europe/Berlin")?);
    Ok(Job { name: "empty", about, schedule, missed: Missed::Once, work: Box::new(work) })
}

pub(in crate::rooms) fn mount(pebbles: Arc<dyn Pebbles>, _: Door<Pond>) -> Result<Routes, OpenError> {
    Ok(Routes::under_v1(Router::new().route("/pebbles", post(throw_pebble)).with_state(pebbles)))
}

async fn throw_pebble(State(pebbles): State<Arc<dyn Pebbles>>, CallCtx(ctx): CallCtx) -> Result<Json<Answer>, Problem> {
    pebbles.throw(&ctx).await.map(|thrown| Json(json!({ "thrown": thrown }))).map_err(Problem::from)
}

fn document() -> OpenApi {
    let operation = OperationBuilder::new().operation_id(Some("throw_pebble")).tag("Pebbles").build();
    let paths = PathsBuilder::new().path("/pebbles", PathItem::new(HttpMethod::Post, operation)).build();
    let api = OpenApiBuilder::new().info(InfoBuilder::new().build()).paths(paths).build();
    Part { room: "pebbles", tags: TAGS, samples: Vec::new(), operations: OPERATIONS, story: "{}" }.finish(api)
}
