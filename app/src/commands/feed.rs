//! `florin feed`: lists readers of events and parked events, retries or discards parked events, and deregisters readers.
//!
//! `list` opens stores read-only, whether or not a server is running. The others change a store: on SQLite they lock the
//! data directory, and so find out whether a server is running; on PostgreSQL each is one transaction next to the servers.
//! A retry only marks the event; the service's consumer applies it.

use std::path::Path;
use std::sync::Arc;

use kernel::SystemClock;
use platform::config::Config;
use platform::data_dir::{DataDir, DataDirError};
use platform::db::{Access, Db, Target};
use platform::feed::{self, ConsumerName, Feed as _, FeedSignal, OutboxFeed, ParkedEvent, RegisteredConsumer};
use platform::room::Room;

use crate::cli::{self, Feed, FeedCommand};
use crate::commands::Start;
use crate::failure::Failure;
use crate::stores;

/// Parked events that one list shows.
const SHOWN_MAX: usize = 500;
/// Who decides, in the log.
const WHO: &str = "operator";

pub(crate) fn run(start: Start<'_>, options: &Feed) -> Result<(), Failure> {
    let config = start.config_with(options.stores.settings())?;
    stores::runtime()?.block_on(async {
        match &options.command {
            FeedCommand::List(options) => {
                let rooms = match &options.service {
                    Some(name) => vec![room(start, name, has_events, "neither publishes nor reads events")?],
                    None => start.rooms.iter().filter(|room| has_events(room)).collect(),
                };
                list(&config, &rooms).await
            }
            FeedCommand::Retry(event) => retry(&config, reading(start, &event.service)?, event).await,
            FeedCommand::GiveUp(event) => give_up(&config, reading(start, &event.service)?, event).await,
            FeedCommand::Deregister(reader) => {
                let room = room(start, &reader.service, |room| room.outbox, "publishes no events")?;
                deregister(&config, room, &reader.reader).await
            }
        }
    })
}

async fn list(config: &Config, rooms: &[&Room]) -> Result<(), Failure> {
    for room in rooms {
        println!("{}", room.name);
        let target = stores::of_service(config, room.name);
        if !exists(config, &target).await? {
            println!("  no store yet");
            continue;
        }
        let db = Db::open(target, Access::ReadOnly, 1).await?;
        if room.outbox {
            let outbox = OutboxFeed::new(db.clone(), FeedSignal::default(), Arc::new(SystemClock));
            let end = outbox.end().await?.unwrap_or_default();
            println!("  {end} events so far");
            outbox.consumers().await?.iter().for_each(|reader| show_reader(reader, end));
        }
        if reads(room) {
            let parked = feed::parked_after(&db.read().await?, "", 0, SHOWN_MAX + 1).await?;
            show_parked(&parked);
        }
    }
    Ok(())
}

fn show_reader(reader: &RegisteredConsumer, end: u64) {
    let behind = end.saturating_sub(reader.passed);
    println!("  read by {} up to {} ({behind} behind), last seen {}", reader.name, reader.passed, reader.seen_at);
}

fn show_parked(parked: &[ParkedEvent]) {
    if parked.is_empty() {
        println!("  no parked events");
    }
    for one in parked.iter().take(SHOWN_MAX) {
        let ParkedEvent { feed, cursor, reason, at, attempts, event } = one;
        println!("  parked: {feed} {cursor}  {}  {at}  tried {attempts} times: {reason}", event.kind);
    }
    if parked.len() > SHOWN_MAX {
        println!("  and more");
    }
}

async fn retry(config: &Config, room: &Room, event: &cli::ParkedEvent) -> Result<(), Failure> {
    let cli::ParkedEvent { service, feed, cursor } = event;
    let open = Open::to_change(config, room).await?;
    if !feed::want_retry(&open.db, feed, *cursor).await? {
        return Err(not_parked(service, feed, *cursor));
    }
    println!(
        "{service} tries event {cursor} of {feed} again: within seconds if it is running, else when it is started"
    );
    Ok(())
}

async fn give_up(config: &Config, room: &Room, event: &cli::ParkedEvent) -> Result<(), Failure> {
    let cli::ParkedEvent { service, feed, cursor } = event;
    let open = Open::to_change(config, room).await?;
    let given_up = feed::give_up(&open.db, feed, *cursor, WHO).await?;
    let ParkedEvent { event, reason, .. } = given_up.ok_or_else(|| not_parked(service, feed, *cursor))?;
    println!(
        "given up: event {cursor} of {feed}, {} about {}; it was parked because {reason}",
        event.kind, event.subject
    );
    Ok(())
}

async fn deregister(config: &Config, room: &Room, reader: &str) -> Result<(), Failure> {
    let name: ConsumerName = reader.parse()?;
    let open = Open::to_change(config, room).await?;
    if !feed::deregister(&open.db, &name).await? {
        let service = room.name;
        return Err(Failure::new(format!("{reader} is not registered as a reader of {service}'s events")));
    }
    println!("{} keeps no more events for {reader}", room.name);
    Ok(())
}

fn not_parked(service: &str, feed: &str, cursor: u64) -> Failure {
    Failure::new(format!("no event with cursor {cursor} of {feed} is parked in {service}"))
}

fn has_events(room: &Room) -> bool {
    room.outbox || reads(room)
}

fn reads(room: &Room) -> bool {
    !room.consumes.is_empty()
}

fn reading(start: Start<'_>, name: &str) -> Result<&'static Room, Failure> {
    room(start, name, reads, "reads no events of other services")
}

fn room(start: Start<'_>, name: &str, fits: fn(&Room) -> bool, otherwise: &str) -> Result<&'static Room, Failure> {
    let found = start.rooms.named(name).ok_or_else(|| {
        let known: Vec<&str> = start.rooms.iter().map(|room| room.name).collect();
        Failure::new(format!("there is no service {name}; expected one of: {}", known.join(", ")))
    })?;
    if fits(found) { Ok(found) } else { Err(Failure::new(format!("{name} {otherwise}"))) }
}

/// Whether the service has a store. A directory that is not a data directory is an error.
async fn exists(config: &Config, target: &Target) -> Result<bool, Failure> {
    if !config.storage.is_shared() {
        stores::stamp(&config.storage.data_dir)?;
    }
    Ok(target.exists().await?)
}

/// A store opened for a change.
struct Open {
    db: Db,
    _held: Option<DataDir>,
}

impl Open {
    async fn to_change(config: &Config, room: &Room) -> Result<Open, Failure> {
        let target = stores::of_service(config, room.name);
        if !exists(config, &target).await? {
            return Err(Failure::new(format!("{} has no store yet", room.name)));
        }
        let shared = config.storage.is_shared();
        let held = if shared { None } else { Some(hold(&config.storage.data_dir, room.name)?) };
        Ok(Open { db: Db::open(target, Access::ReadWrite, 1).await?, _held: held })
    }
}

fn hold(data_dir: &Path, service: &str) -> Result<DataDir, Failure> {
    DataDir::open(data_dir, stores::stamp(data_dir)?).map_err(|error| match error {
        DataDirError::Held { pid, .. } => Failure::new(format!(
            "process {pid} is running on {}; ask it over the API (/v1/{service}/parked, /v1/{service}/events/consumers), or stop it first",
            data_dir.display()
        )),
        other => other.into(),
    })
}
