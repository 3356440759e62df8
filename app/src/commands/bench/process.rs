//! A ledger as a process of its own: the same executable, on free ports of this machine, called as an edge calls it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use ledger_api::{BookName, Books, Ledger, RemoteBooks};
use platform::rpc::{Credential, Http2, RpcClient, TcpConnect};
use tokio::net::TcpListener;

use super::child::Running;
use super::client::operator;
use super::memory::Memory;
use super::store::Store;
use crate::failure::Failure;

const READY_TRIES_MAX: u32 = 300;
const READY_PAUSE: Duration = Duration::from_millis(50);

pub(super) struct LedgerProcess {
    running: Running,
    ledger: Arc<dyn Ledger>,
}

impl LedgerProcess {
    /// Starts it and waits until it answers.
    pub(super) async fn start(
        store: &Store,
        accounts: usize,
        connections: usize,
        clock: &Arc<dyn Clock>,
    ) -> Result<LedgerProcess, Failure> {
        let secret = Secret::make(store)?;
        let address = free_address().await?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "ledger"])
            .envs(store.variables())
            .env("FLORIN__SERVER__LISTEN", "127.0.0.1:0")
            .env("FLORIN__RPC__LISTEN", &address)
            .env("FLORIN__RPC__SECRET_FILE", &secret.file)
            .env("FLORIN__SERVICES__LEDGER__MODE", "local")
            .env("FLORIN__LEDGER__ROLLUP_ACCOUNTS_MAX", (accounts + 1).to_string())
            .env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let transport = Http2::new([address], connections, &secret.credential, Arc::new(TcpConnect), Arc::clone(clock));
        let books = RemoteBooks::new(RpcClient::new(ledger_api::SERVICE, Arc::new(transport), Arc::clone(clock)));
        let mut process = LedgerProcess { running: Running(child), ledger: books.book(&BookName::main()).await? };
        process.until_ready(clock).await?;
        Ok(process)
    }

    pub(super) fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.ledger)
    }

    pub(super) fn memory(&self) -> Option<Memory> {
        Memory::of(self.running.id())
    }

    async fn until_ready(&mut self, clock: &Arc<dyn Clock>) -> Result<(), Failure> {
        for _ in 0..READY_TRIES_MAX {
            if self.ledger.status(&operator(&**clock)).await.is_ok() {
                return Ok(());
            }
            if let Some(ended) = self.running.ended()? {
                return Err(Failure::new(format!("the ledger of the benchmark ended with {ended}")));
            }
            tokio::time::sleep(READY_PAUSE).await;
        }
        Err(Failure::new("the ledger of the benchmark did not become ready"))
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.running.stop().await
    }
}

/// Known to the two processes alone; its file is gone as soon as both have read it.
pub(super) struct Secret {
    pub(super) file: PathBuf,
    credential: Credential,
}

impl Secret {
    pub(super) fn make(store: &Store) -> Result<Secret, Failure> {
        let file = store.name_beside("rpc");
        let credential = Credential::read_or_make(&file)?;
        Ok(Secret { file, credential })
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // What cannot be removed is the secret of a process that is about to end.
        let _ = std::fs::remove_file(&self.file);
    }
}

pub(super) async fn free_address() -> Result<String, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string())
}
