//! A demo has banks of its own: the simulator answers inside of the process, two companies are connected to four banks
//! with ten accounts, and what the banks' APIs no longer tell of thirteen months comes from files.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use banking_api::{
    BankingError, Connect, ConnectionList, Connections, Day, ImportFile, ImportOptions, Imports, Part, PartBytes,
};
use kernel::{Clock, Ctx, Deadline, Principal, Secret};
use platform::room::{Introduction, OpenError};
use sha2::{Digest, Sha256};
use url::{Host, Url};

use crate::read::hexadecimal;
use crate::service::BankingService;
use crate::simulator::{BANKS, Simulator};

const DEADLINE_MS: u64 = 60_000;
const SEED: u64 = 7;
/// Stands for the simulator inside of the process, whose port is another one after each start.
const HOST: &str = "banks.localhost";
/// Older days come from files.
const DAYS_BY_API: i64 = 170;
const FORMATS: [&str; 4] = ["camt053", "mt940", "bai2", "ofx"];

/// The simulated banks of a demo.
#[derive(Clone)]
pub struct DemoBanks {
    simulator: Simulator,
    address: SocketAddr,
}

impl DemoBanks {
    /// Answers until the process ends.
    pub(crate) async fn start(clock: Arc<dyn Clock>) -> Result<DemoBanks, OpenError> {
        let simulator = Simulator::new(SEED, clock);
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = simulator.clone().router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(DemoBanks { simulator, address })
    }

    /// Real banks are never called by a demo.
    pub(crate) fn may_call(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| SANDBOXES.contains(&host)) || self.place(url.clone()).1.is_some()
    }

    /// Where a connection's bank answers, and a key for banks on this machine: simulated ones accept any.
    pub(crate) fn place(&self, mut base: Url) -> (Url, Option<Secret>) {
        let is_here = match base.host() {
            Some(Host::Domain(HOST)) => {
                let _ = base.set_ip_host(self.address.ip());
                let _ = base.set_port(Some(self.address.port()));
                true
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        (base, is_here.then(|| Secret::new("demo:demo")))
    }
}

/// Banks that hold no real money, besides those on this machine.
const SANDBOXES: [&str; 1] = ["sandbox.plaid.com"];

/// In a demo that has no connections yet.
pub(crate) async fn fill(service: BankingService, banks: DemoBanks) -> Result<Introduction, OpenError> {
    let ConnectionList { items } = service.connections(&ctx(&service, "")).await?;
    if !items.is_empty() {
        return Ok(Introduction::default());
    }
    let mut formats = FORMATS.iter().cycle();
    for (bank, path) in BANKS {
        let entity = if matches!(bank, "chase" | "wells_fargo") { "acme-us" } else { "acme-eu" };
        for number in banks.simulator.numbers(bank) {
            let format = formats.next().copied().unwrap_or_default();
            old_days(&service, &banks, (number, format), entity).await?;
        }
        let base_url = Some(format!("http://{HOST}/{path}"));
        let connect = Connect {
            bank: bank.to_owned(),
            base_url,
            entity: Some(entity.to_owned()),
            owner: None,
            public_token: None,
        };
        service.connect(&ctx(&service, bank), connect).await?;
    }
    Ok(Introduction::default())
}

async fn old_days(
    service: &BankingService,
    banks: &DemoBanks,
    (number, format): (&str, &str),
    entity: &str,
) -> Result<(), BankingError> {
    let first = banks.simulator.first_day();
    let last = Day::of_number(service.inner.clock.now().micros().div_euclid(86_400_000_000) - DAYS_BY_API);
    let Some(file) = banks.simulator.file(number, &first.to_string(), &last.to_string(), format) else { return Ok(()) };
    let ctx = ctx(service, number);
    let sha256 = hexadecimal(&Sha256::digest(&file));
    let (upload, bytes) = (sha256.clone(), file.len() as u64);
    service.receive(&ctx, Part { upload: upload.clone(), number: 0, bytes: PartBytes(file) }).await?;
    let options = ImportOptions { entity: Some(entity.to_owned()), ..ImportOptions::default() };
    service.import(&ctx, ImportFile { upload, parts: 1, bytes, sha256, options }).await?;
    Ok(())
}

fn ctx(service: &BankingService, name: &str) -> Ctx {
    let deadline = Deadline::after_millis(&*service.inner.clock, DEADLINE_MS);
    let principal = Principal::operator();
    Ctx { principal, deadline, request_id: format!("demo-{name}").into(), idempotency_key: None }
}
