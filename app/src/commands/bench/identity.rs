//! `florin bench identity`: the cost of authentication. Grants and logins on a separate server over HTTP, token checks
//! and decisions by themselves, and the effect of a login storm on transfers.

mod checks;
mod closed;
mod events;
mod grants;
mod logins;
mod paced;
mod people;
mod storm;
mod told;
mod visitor;

use std::sync::Arc;

use kernel::{Clock, SystemClock};
use platform::config::Config;

use super::goals::Goals;
use super::pictures;
use super::report::Report;
use super::server::Server;
use super::store::{Store, Stores};
use crate::cli::{BenchIdentity, IdentityPart};
use crate::failure::Failure;

pub(super) use storm::{Storm, Turn};

/// State shared by all parts.
struct Bench<'a> {
    stores: &'a Stores<'a>,
    config: &'a Config,
    options: &'a BenchIdentity,
    clock: Arc<dyn Clock>,
}

pub(super) async fn run(stores: &Stores<'_>, config: &Config, options: &BenchIdentity) -> Result<(), Failure> {
    let mut report = Report::open(&options.output, stores.engine(), stores.dir())?;
    let mut goals = Goals::default();
    let bench = Bench { stores, config, options, clock: Arc::new(SystemClock) };
    if bench.wants(IdentityPart::Checks) {
        checks::measure(&bench, &mut report, &mut goals).await?;
    }
    if bench.wants(IdentityPart::Grants) {
        grants::measure(&bench, &mut report, &mut goals).await?;
    }
    if bench.wants(IdentityPart::Logins) {
        logins::measure(&bench, &mut report, &mut goals).await?;
    }
    let mut picture = None;
    if bench.wants(IdentityPart::Storm) {
        let storm = storm::measure(&bench, &mut report, &mut goals).await?;
        picture = Some(pictures::of_storm(stores.engine(), &storm));
    }
    report.close(&goals, picture.as_deref())?;
    goals.verdict()
}

impl Bench<'_> {
    fn wants(&self, part: IdentityPart) -> bool {
        self.options.only.is_empty() || self.options.only.contains(&part)
    }

    /// A server on its own store, whose client may do everything.
    async fn server(&self) -> Result<(Store, Server), Failure> {
        let store = self.stores.create().await?;
        let identity: identity::Settings = self.config.section("identity")?;
        let more = [
            // The raw limit uses the same cost.
            ("FLORIN__IDENTITY__ARGON2_MEMORY_KIB", identity.argon2_memory_kib.to_string()),
            ("FLORIN__IDENTITY__ARGON2_PASSES", identity.argon2_passes.to_string()),
            ("FLORIN__IDENTITY__PASSWORD_THREADS", identity.password_threads.to_string()),
            super::http::rollup_of(self.options.accounts),
            // Each user has their own address, as behind a proxy.
            ("FLORIN__SERVER__TRUSTED_PROXIES", "127.0.0.1/32".to_owned()),
        ];
        let server = Server::start(&store, "admin", &more).await?;
        Ok((store, server))
    }
}
