//! Whole logins: the page, the password at its cost, the code, and the application's tokens.

use std::sync::Arc;

use super::closed;
use super::events::{self, Events};
use super::visitor::Visitor;
use super::{Bench, people, told};
use crate::commands::bench::goals::Goals;
use crate::commands::bench::report::Report;
use crate::commands::bench::server::Server;
use crate::failure::Failure;

pub(super) const BEGAN: &str = "identity.session.began";

pub(super) async fn measure(bench: &Bench<'_>, report: &mut Report<'_>, goals: &mut Goals) -> Result<(), Failure> {
    let (store, server) = bench.server().await?;
    let (server, in_flight) = (Arc::new(server), bench.options.logins_in_flight);
    let people = people::make(&server, in_flight).await?;
    let mut events = Events::default();
    events.count(&mut server.connect().await?, BEGAN).await?;
    let done = closed::run(bench, &server, fresh(&server, people).await?).await?;
    let began = events.count(&mut server.connect().await?, BEGAN).await?;
    events::check("logins", done.acknowledged, began)?;
    let raw = raw(bench).await?;
    told::done(report, "logins", in_flight, &done, raw, "password checks");
    report.insert("logins", done.value(in_flight, raw));
    goals.at_least("logins per core and second", bench.options.logins_at_least, done.per_core());
    prove(&server, done.actors).await?;
    stop(server).await?;
    store.remove().await
}

/// Connections that were not idle while the users were created.
pub(super) async fn fresh(server: &Server, people: Vec<Visitor>) -> Result<Vec<Visitor>, Failure> {
    let mut fresh = Vec::with_capacity(people.len());
    for person in people {
        fresh.push(person.at(server.connect().await?));
    }
    Ok(fresh)
}

/// Each must have received a token of their own in the end.
pub(super) async fn prove(server: &Server, people: Vec<Visitor>) -> Result<(), Failure> {
    for person in people.into_iter().filter(Visitor::has_logged_in) {
        person.prove(server.connect().await?).await?;
    }
    Ok(())
}

pub(super) async fn stop(server: Arc<Server>) -> Result<(), Failure> {
    match Arc::into_inner(server) {
        Some(server) => server.stop().await,
        None => Err(Failure::new("somebody still calls the server of the benchmark")),
    }
}

/// Password checks per second on an otherwise idle core, at the same cost.
async fn raw(bench: &Bench<'_>) -> Result<f64, Failure> {
    let identity: identity::Settings = bench.config.section("identity")?;
    let clock = Arc::clone(&bench.clock);
    let (memory_kib, passes) = (identity.argon2_memory_kib, identity.argon2_passes);
    let micros = bench.options.raw_seconds * 1_000_000;
    let check = move || identity::raw_password_checks(memory_kib, passes, micros, &*clock);
    let raw = tokio::task::spawn_blocking(check).await??;
    Ok(raw.checked as f64 * 1e6 / raw.micros.max(1) as f64)
}
