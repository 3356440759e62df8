//! Where services are opened: the one list of them, and what each hands to the process that runs it.

mod books;
mod demo;
mod first;
mod identity;
mod ledger;
mod roles;
mod shared;

use std::sync::Arc;

use access::Gate;
use axum::Router;
use kernel::Clock;
use platform::config::Config;
use platform::data_dir::DataDir;
use platform::health::Part;
use platform::rpc::{Http2, Methods, Transport};
use platform::shutdown::Step;
use utoipa::openapi::{InfoBuilder, License, OpenApi, OpenApiBuilder};

use crate::commands::serve::Inside;
use crate::failure::Failure;

pub(crate) use first::{ADMIN, DEMO_PASSWORD, DEMO_PROGRAM, First, PROGRAM};
pub(crate) use roles::Roles;

/// Not a service: what stands between callers from outside and the services.
pub(crate) const EDGE: &str = "edge";
/// The name of the service, of its file and of its schema.
pub(crate) const LEDGER: &str = "ledger";
/// The same for the service that knows who people and programs are.
pub(crate) const IDENTITY: &str = "identity";
/// Every part of the house that this binary can be.
pub(crate) const KNOWN: [&str; 3] = [EDGE, LEDGER, IDENTITY];

/// What a service is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) config: &'a Config,
    /// Of a process that runs a service; the edge alone keeps nothing.
    pub(crate) data_dir: Option<&'a DataDir>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) roles: Roles,
    pub(crate) inside: &'a Inside,
    /// Where callers from outside are answered, of a process that is the edge.
    pub(crate) address: Option<String>,
    /// Something to look at is put into a new store.
    pub(crate) demo: bool,
}

/// What the services hand back.
pub(crate) struct Started {
    /// Their routes, without prefix; mounted under `/v1` and `/api/v1` by the edge, behind the check of the token.
    pub(crate) router: Router,
    /// Routes for people and programs who have no token yet.
    pub(crate) root: Router,
    /// By which every call to this process is judged.
    pub(crate) gate: Gate,
    /// What people are told at the first start.
    pub(crate) first: First,
    /// What other processes may call.
    pub(crate) methods: Vec<Methods>,
    /// For readiness and `/status`.
    pub(crate) parts: Vec<Arc<dyn Part>>,
    /// To empty after the last request, in this order.
    pub(crate) steps: Vec<Step>,
    /// Set every few seconds.
    pub(crate) gauges: Vec<Box<dyn Fn() + Send + Sync>>,
    /// Their operations, with paths as mounted under `/v1`.
    pub(crate) api: OpenApi,
}

pub(crate) async fn start(opening: &Opening<'_>) -> Result<Started, Failure> {
    let gate = identity::gate(opening.config, &opening.clock, true, opening.demo);
    let mut started = Started {
        router: Router::new(),
        root: Router::new(),
        gate,
        first: First::default(),
        methods: Vec::new(),
        parts: Vec::new(),
        steps: Vec::new(),
        gauges: Vec::new(),
        api: document(),
    };
    if opening.roles.ledger {
        ledger::start(opening, &mut started).await?;
    } else if opening.roles.edge {
        ledger::call(opening, &mut started).await?;
    }
    if opening.roles.identity {
        identity::start(opening, &mut started).await?;
    } else {
        identity::call(opening, &mut started).await?;
    }
    Ok(started)
}

/// The way to processes that run a service.
fn transport(opening: &Opening<'_>, addresses: &[String]) -> Result<Arc<dyn Transport>, Failure> {
    let inside = opening.inside;
    let credential = inside.credential.as_ref();
    let credential = credential.ok_or_else(|| Failure::new("calling another process needs rpc.secret_file"))?;
    let connections = opening.config.rpc.connections;
    Ok(Arc::new(Http2::new(addresses.to_vec(), connections, credential, inside.connect(), opening.clock.clone())))
}

/// What the services describe, without opening any: for `florin openapi`.
pub(crate) fn api() -> OpenApi {
    let mut api = document();
    api.merge(::ledger::api());
    api.merge(::identity::api());
    api
}

/// What holds for every operation.
const INTRODUCTION: &str = "\
A double-entry ledger over JSON. Every path answers under `/v1` and `/api/v1`. A body goes with `Content-Type: \
application/json`, even an empty one, and unknown fields are refused.

**Money** is a decimal text with its currency, `{\"amount\": \"10.00\", \"currency\": \"USD\"}`, with exactly the digits that the \
currency has. A JSON number is refused.

**Repeats are harmless.** Give a transaction an `id` of your own, or send an `Idempotency-Key`: the same command gets its first \
answer again, with status 200, `\"replayed\": true` and the header `Idempotency-Replayed: true`. Refusals that depend on the \
books are remembered in the same way. After a timeout, ask by id or key, or simply send the same again.

**Refusals** are problems of RFC 9457 (`application/problem+json`). Act on `code`, which never changes its meaning; `detail` is \
for people; `errors` names fields of the request; other members are particulars such as `account`, `asked` and `available`. \
`request_id` is in our log too; you may set it with `X-Request-Id`.

**Books.** `?book=NAME` beside any operation says which book it is about; without it, `main` is meant. A book is a ledger of its \
own. A posting may name the book that its accounts are in; all of a transaction, and of a batch, is in one book.

**Time.** Instants are RFC 3339 in UTC. An answer comes within ten seconds; `X-Deadline-Ms` makes it less.";

/// The frame of the API's document; services merge theirs into it.
fn document() -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("Florin")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .license(Some(license))
        .build();
    OpenApiBuilder::new().info(info).build()
}
