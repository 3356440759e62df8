//! Risk and identity in a separate process, called as an edge or a card service calls them.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use identity_api::RemoteIdentity;
use kernel::Clock;
use platform::health::Facts;
use platform::room::about;
use platform::rpc::{Http2, Repeat, RpcClient, TcpConnect, Transport};
use risk_api::{Entity, EntityKind, FACE, Risk, RiskError};

use crate::commands::bench::child::Running;
use crate::commands::bench::client::Whom;
use crate::commands::bench::memory::Memory;
use crate::commands::bench::process::{Secret, free_address, principal};
use crate::commands::bench::store::Store;
use crate::failure::Failure;

const CONNECTIONS: usize = 2;
const READY_TRIES_MAX: u32 = 2_400;
const READY_PAUSE: Duration = Duration::from_millis(25);

pub(super) struct RiskProcess {
    running: Running,
    rpc: RpcClient,
    pub(super) risk: Arc<dyn Risk>,
    pub(super) whom: Whom,
}

impl RiskProcess {
    /// Starts it and waits until it answers.
    pub(super) async fn start(store: &Store, secret: &Secret, clock: &Arc<dyn Clock>) -> Result<RiskProcess, Failure> {
        let address = free_address().await?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "identity", "risk"])
            .envs(store.variables())
            .env("FLORIN__SERVER__LISTEN", "127.0.0.1:0")
            .env("FLORIN__RPC__LISTEN", &address)
            .envs(secret.variables())
            .env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let http2 = Http2::new([address], CONNECTIONS, secret.credential(), Arc::new(TcpConnect), Arc::clone(clock));
        let transport: Arc<dyn Transport> = Arc::new(http2);
        let client = |service| RpcClient::new(service, Arc::clone(&transport), Arc::clone(clock));
        let (rpc, risk) = (client(FACE.name), (FACE.remote)(client(FACE.name)));
        let mut process = RiskProcess { running: Running(child), rpc, risk, whom: Whom::operator(clock) };
        let identity = RemoteIdentity::new(client(identity_api::SERVICE));
        process.until_ready(&identity, secret).await?;
        Ok(process)
    }

    /// Until it issues a token and answers with it.
    async fn until_ready(&mut self, identity: &RemoteIdentity, secret: &Secret) -> Result<(), Failure> {
        for _ in 0..READY_TRIES_MAX {
            if let Ok(principal) = principal(identity, &self.whom, secret).await {
                self.whom.principal = principal;
                let card = Entity { kind: EntityKind::Card, id: "bench".parse()? };
                if self.risk.entity(&self.whom.ctx(), card).await.is_ok() {
                    return Ok(());
                }
            }
            if let Some(ended) = self.running.ended()? {
                return Err(Failure::new(format!("the risk process of the benchmark ended with {ended}")));
            }
            tokio::time::sleep(READY_PAUSE).await;
        }
        Err(Failure::new("the risk process of the benchmark did not become ready"))
    }

    /// Until every stored entity is in its memory; returns their number.
    pub(super) async fn until_loaded(&self) -> Result<u64, Failure> {
        for _ in 0..READY_TRIES_MAX {
            let facts: Facts =
                self.rpc.call::<_, _, RiskError>(&self.whom.ctx(), about::ABOUT, &(), Repeat::Question).await?;
            if facts.get("all_entities_loaded").is_some_and(|loaded| *loaded == true) {
                return Ok(facts.get("entities").and_then(serde_json::Value::as_u64).unwrap_or_default());
            }
            tokio::time::sleep(READY_PAUSE).await;
        }
        Err(Failure::new("the entities were not loaded in time"))
    }

    pub(super) fn memory(&self) -> Option<Memory> {
        Memory::of(self.running.id())
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.running.stop().await
    }
}
