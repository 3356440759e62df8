//! Identity as a part of this process (its store, its keys, its routes), or as one that is asked; and this process's own copy
//! of what identity tells, by which every call is judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::{Follow, Gate, GateSettings, Hears, Since, Source, Standing};
use identity::{Channels, FileChannel, HttpConfig, IdentityService, Routes, Settings};
use identity_api::{Identity, IdentityError, IdentityStatus, RemoteIdentity};
use kernel::{Clock, Ctx, Deadline, IdMaker, Principal};
use platform::crypto::KeyEncryptionKey;
use platform::db::{Access, Db};
use platform::feed::{OutboxKeeper, Retention};
use platform::health::Part;
use platform::rpc::RpcClient;
use platform::shutdown::Step;
use serde_json::{Value, json};

use super::{IDENTITY as NAME, Opening, Started, vocabulary};
use crate::failure::Failure;
use crate::stores;

/// Longest wait for what this process asks its own identity.
const ASK_MS: u64 = 10_000;

/// Runs identity here.
pub(super) async fn start(opening: &Opening<'_>, started: &mut Started) -> Result<(), Failure> {
    let (config, clock) = (opening.config, opening.clock.clone());
    let readers = usize::try_from(config.storage.pool_size)?;
    let db = Db::open(stores::of_service(config, NAME), Access::ReadWrite, readers).await?;
    let kek = KeyEncryptionKey::find(&config.crypto, db.engine())?;
    let shared = config.storage.database_url.is_some();
    // Where others share the store, what they revoke is heard by asking the store; alone, everything happens here.
    let gate = gate(opening, shared)?;
    let hears: Arc<dyn Hears> = Arc::new(gate.clone());
    let (settings, ids) = (settings(opening)?, IdMaker::new(clock.clone()));
    let identity = settings.config(issuer(opening)?, gate.vocabulary().clone(), opening.demo);
    let service = IdentityService::start(db.clone(), identity, clock.clone(), ids, Some(hears), &kek).await?;
    let service = match &settings.messages_file {
        Some(file) => {
            let channel = Arc::new(FileChannel::new(file.clone()));
            service.with_channels(Channels::default().by_email(channel.clone()).by_sms(channel))
        }
        None => service,
    };
    let service = Arc::new(service);
    service.tend();
    let keep_hours = config.feed.outbox_keep_hours;
    let keeper = Retention { db: db.clone(), outbox: NAME, keep_hours, clock: clock.clone() };
    let keeper = OutboxKeeper::start(keeper);
    started.newcomers = Some(Arc::clone(&service));
    let identity: Arc<dyn Identity> = service.clone();
    if shared {
        let follow = gate.follow(Asked { identity: Arc::clone(&identity), clock: clock.clone() });
        started.steps.push(Step::new("access", close(follow)));
    }
    started.methods.push(identity_api::methods(Arc::clone(&identity)));
    started.gauges.push(Box::new(move || {
        let (active, max) = db.connections();
        platform::telemetry::database_connections(NAME, active, max);
    }));
    started.steps.push(Step::new(NAME, async move {
        keeper.close().await;
        service.close().await;
    }));
    finish(opening, started, identity, gate)
}

/// Identity in other processes.
pub(super) async fn call(opening: &Opening<'_>, started: &mut Started) -> Result<(), Failure> {
    let (config, clock) = (opening.config, opening.clock.clone());
    let transport = super::transport(opening, &config.service(NAME).addresses)?;
    let rpc = RpcClient::new(identity_api::SERVICE, transport, clock.clone());
    let identity: Arc<dyn Identity> = Arc::new(RemoteIdentity::new(rpc));
    let gate = gate(opening, true)?;
    let follow = gate.follow(Asked { identity: Arc::clone(&identity), clock });
    started.steps.push(Step::new("access", close(follow)));
    finish(opening, started, identity, gate)
}

fn finish(
    opening: &Opening<'_>,
    started: &mut Started,
    identity: Arc<dyn Identity>,
    gate: Gate,
) -> Result<(), Failure> {
    if opening.roles.edge {
        let config = HttpConfig { issuer: issuer(opening)?, clock: opening.clock.clone() };
        mount(started, identity::routes(Arc::clone(&identity), config))?;
    }
    started.parts.push(Arc::new(IdentityPart { identity, gate: gate.clone(), clock: opening.clock.clone() }));
    started.gate = gate;
    Ok(())
}

fn mount(started: &mut Started, routes: Routes) -> Result<(), Failure> {
    started.router = std::mem::take(&mut started.router).merge(routes.v1);
    started.root = std::mem::take(&mut started.root).merge(routes.root);
    Ok(platform::http::document::merge(&mut started.api, NAME, routes.api)?)
}

/// A copy that another process feeds grows old.
pub(super) fn gate(opening: &Opening<'_>, fed_by_others: bool) -> Result<Gate, Failure> {
    let Opening { config, demo, .. } = *opening;
    let stale_ms = fed_by_others.then_some(config.access.stale_ms);
    let settings = GateSettings { remembered_max: config.access.remembered_max, stale_ms, demo };
    Ok(Gate::new(Arc::clone(&opening.clock), settings, vocabulary()?))
}

async fn close(follow: Follow) {
    follow.close().await;
}

pub(super) fn settings(opening: &Opening<'_>) -> Result<Settings, Failure> {
    Ok(opening.config.section(NAME)?)
}

fn issuer(opening: &Opening<'_>) -> Result<String, Failure> {
    settings(opening)?.issuer.or_else(|| opening.address.clone()).ok_or_else(|| {
        Failure::new(
            "identity.issuer is wanted: the address that browsers and programs reach the edge by, such as \
             https://bank.example.com; only a process that is also the edge knows it by itself",
        )
    })
}

/// For questions of the process itself: they need no permission.
fn own_ctx(clock: &dyn Clock) -> Ctx {
    let deadline = Deadline::after_millis(clock, ASK_MS);
    Ctx { principal: Principal::nobody(), deadline, request_id: "florin".into(), idempotency_key: None }
}

/// What a process's copy is fed from.
struct Asked {
    identity: Arc<dyn Identity>,
    clock: Arc<dyn Clock>,
}

impl Source for Asked {
    async fn standing(&self, since: Since) -> Result<Standing, String> {
        self.identity.standing(&own_ctx(&*self.clock), since).await.map_err(|error| error.to_string())
    }
}

struct IdentityPart {
    identity: Arc<dyn Identity>,
    gate: Gate,
    clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl Part for IdentityPart {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Without a fresh copy nobody is let in.
    async fn ready(&self) -> Result<(), String> {
        if self.gate.is_ready() { Ok(()) } else { Err("identity was not heard for too long".to_owned()) }
    }

    async fn status(&self) -> BTreeMap<&'static str, Value> {
        facts(self.identity.status(&own_ctx(&*self.clock)).await)
    }
}

fn facts(status: Result<IdentityStatus, IdentityError>) -> BTreeMap<&'static str, Value> {
    match status {
        Ok(status) => BTreeMap::from([("terms", json!(status.version)), ("waiting", json!(status.waiting))]),
        Err(error) => BTreeMap::from([("error", json!(error.code()))]),
    }
}
