//! A ledger in a separate process: the same executable, on free ports of this machine, called as an edge calls it.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use identity_api::{ClientAuth, Grant, Origin, RemoteIdentity, TokenRequest, Tokens};
use kernel::{Clock, Principal, PrincipalKind};
use ledger_api::{BookName, Books, Ledger, RemoteBooks};
use platform::crypto::random_token;
use platform::rpc::{Credential, Http2, RpcClient, TcpConnect, Transport};
use tokio::net::TcpListener;

use super::child::Running;
use super::client::Whom;
use super::memory::Memory;
use super::store::Store;
use crate::failure::Failure;

const READY_TRIES_MAX: u32 = 300;
const READY_PAUSE: Duration = Duration::from_millis(50);

pub(super) struct LedgerProcess {
    running: Running,
    ledger: Arc<dyn Ledger>,
    whom: Whom,
}

impl LedgerProcess {
    /// Starts it and waits until it answers.
    pub(super) async fn start(
        store: &Store,
        accounts: usize,
        connections: usize,
        clock: &Arc<dyn Clock>,
    ) -> Result<LedgerProcess, Failure> {
        let secret = Secret::make(store, "service")?;
        let address = free_address().await?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "ledger", "identity"])
            .envs(store.variables())
            .env("FLORIN__SERVER__LISTEN", "127.0.0.1:0")
            .env("FLORIN__RPC__LISTEN", &address)
            .envs(secret.variables())
            .env("FLORIN__SERVICES__LEDGER__MODE", "local")
            .env("FLORIN__LEDGER__ROLLUP_ACCOUNTS_MAX", (accounts + 1).to_string())
            .env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let connect = Arc::new(TcpConnect);
        let transport = Http2::new([address], connections, &secret.credential, connect, Arc::clone(clock));
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let client = |service| RpcClient::new(service, Arc::clone(&transport), Arc::clone(clock));
        let ledger = RemoteBooks::new(client(ledger_api::SERVICE)).book(&BookName::main()).await?;
        let mut process = LedgerProcess { running: Running(child), ledger, whom: Whom::operator(clock) };
        process.until_ready().await?;
        let identity = RemoteIdentity::new(client(identity_api::SERVICE));
        process.whom.principal = principal(&identity, &process.whom, &secret).await?;
        Ok(process)
    }

    pub(super) fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.ledger)
    }

    /// The client that the process was configured with.
    pub(super) fn whom(&self) -> Whom {
        self.whom.clone()
    }

    pub(super) fn memory(&self) -> Option<Memory> {
        Memory::of(self.running.id())
    }

    async fn until_ready(&mut self) -> Result<(), Failure> {
        for _ in 0..READY_TRIES_MAX {
            if self.ledger.status(&self.whom.ctx()).await.is_ok() {
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

/// Gets a token as a program does.
pub(super) async fn principal(identity: &RemoteIdentity, whom: &Whom, secret: &Secret) -> Result<Principal, Failure> {
    let client =
        ClientAuth { id: Some(PROGRAM.to_owned()), secret: Some(kernel::Secret::new(&secret.program)), basic: true };
    let asked = TokenRequest { client, grant: Grant::ClientCredentials { scope: None }, origin: Origin::default() };
    let token = identity.token(&whom.ctx(), asked).await?.access_token;
    let mut principal = Principal::new(PrincipalKind::Service, PROGRAM, []);
    principal.token = Some(Arc::new(token));
    Ok(principal)
}

/// The client that a benchmark calls as.
pub(super) const PROGRAM: &str = "bench";

/// Secrets shared by the two processes; the files are removed as soon as both have read them.
pub(super) struct Secret {
    rpc_file: PathBuf,
    program_file: PathBuf,
    credential: Credential,
    /// The client's secret.
    pub(super) program: String,
    master: String,
}

impl Secret {
    /// The client has this role.
    pub(super) fn make(store: &Store, role: &str) -> Result<Secret, Failure> {
        let (rpc_file, program_file) = (store.name_beside("rpc"), store.name_beside("program"));
        let credential = Credential::read_or_make(&rpc_file)?;
        let random = || random_token(32).expose().to_owned();
        let (program, master) = (random(), random());
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&program_file)?;
        writeln!(file, "[client]\nid = \"{PROGRAM}\"\nsecret = \"{program}\"\nroles = [\"{role}\"]")?;
        Ok(Secret { rpc_file, program_file, credential, program, master })
    }

    /// Of calls between the processes.
    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The process's settings.
    pub(super) fn variables(&self) -> [(&'static str, OsString); 4] {
        [
            ("FLORIN__RPC__SECRET_FILE", self.rpc_file.clone().into()),
            ("FLORIN__IDENTITY__FIRST_SECRETS_FILE", self.program_file.clone().into()),
            ("FLORIN__IDENTITY__ISSUER", "http://localhost".into()),
            ("JWT_SECRET", self.master.clone().into()),
        ]
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        for file in [&self.rpc_file, &self.program_file] {
            // If it cannot be removed, it is the secret of a process that is about to end.
            let _ = std::fs::remove_file(file);
        }
    }
}

pub(super) async fn free_address() -> Result<String, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string())
}
