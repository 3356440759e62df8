//! Tokens for programs: client-credential grants, each with its durable event.

use std::collections::HashSet;

use super::closed::{self, Act};
use super::events::{self, Events};
use super::{Bench, told};
use crate::commands::bench::goals::Goals;
use crate::commands::bench::report::Report;
use crate::commands::bench::server::{Connection, Server};
use crate::failure::Failure;

const ISSUED: &str = "identity.token.issued";
const RAW_SIGNATURES: usize = 20_000;

struct Program {
    connection: Connection,
    /// Digests of all tokens it received.
    given: Vec<[u8; 32]>,
    last: String,
}

impl Act for Program {
    async fn act(&mut self) -> Result<(), Failure> {
        self.last = self.connection.grant().await?;
        self.given.push(platform::crypto::digest(&self.last));
        Ok(())
    }
}

pub(super) async fn measure(bench: &Bench<'_>, report: &mut Report<'_>, goals: &mut Goals) -> Result<(), Failure> {
    let (store, server) = bench.server().await?;
    let in_flight = bench.options.in_flight;
    let mut programs = Vec::with_capacity(in_flight);
    for _ in 0..in_flight {
        programs.push(Program { connection: server.connect().await?, given: Vec::new(), last: String::new() });
    }
    let mut events = Events::default();
    events.count(&mut server.connect().await?, ISSUED).await?;
    let done = closed::run(bench, &server, programs).await?;
    let issued = events.count(&mut server.connect().await?, ISSUED).await?;
    events::check("grants", done.acknowledged, issued)?;
    each_is_good(&server, &done.actors, done.acknowledged).await?;
    server.stop().await?;
    store.remove().await?;
    let raw = 1e9 / access::bench::signatures(RAW_SIGNATURES)?.mean_ns.max(1.0);
    told::done(report, "grants", in_flight, &done, raw, "signatures");
    report.insert("grants", done.value(in_flight, raw));
    goals.at_least("grants per core and second", bench.options.grants_at_least, done.per_core());
    Ok(())
}

/// All are different, and each program's last token is accepted.
async fn each_is_good(server: &Server, programs: &[Program], acknowledged: u64) -> Result<(), Failure> {
    let different: HashSet<_> = programs.iter().flat_map(|program| &program.given).collect();
    if different.len() as u64 != acknowledged {
        let different = different.len();
        return Err(Failure::new(format!("the work was not done: {acknowledged} grants gave {different} tokens")));
    }
    for program in programs.iter().filter(|program| !program.last.is_empty()) {
        server.connect().await?.with_token(&program.last)?.get("/v1/identity/keys").await?;
    }
    Ok(())
}
