//! `florin bench identity`: what it costs to know who calls. Grants and logins at a server of its own over HTTP, the check of
//! a token and a decision by themselves, and what a storm of logins does to those who only want to move money.

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

/// What all parts share.
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

    /// A server on a store of its own, whose program may do everything.
    async fn server(&self) -> Result<(Store, Server), Failure> {
        let store = self.stores.create().await?;
        let identity: identity::Settings = self.config.section("identity")?;
        let more = [
            // The raw limit is that of the same cost.
            ("FLORIN__IDENTITY__ARGON2_MEMORY_KIB", identity.argon2_memory_kib.to_string()),
            ("FLORIN__IDENTITY__ARGON2_PASSES", identity.argon2_passes.to_string()),
            ("FLORIN__IDENTITY__PASSWORD_THREADS", identity.password_threads.to_string()),
            super::http::rollup_of(self.options.accounts),
            // Each person comes from an address of their own, as behind a proxy.
            ("FLORIN__SERVER__TRUSTED_PROXIES", "127.0.0.1/32".to_owned()),
        ];
        let server = Server::start(&store, "admin", &more).await?;
        Ok((store, server))
    }
}
