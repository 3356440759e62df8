//! `florin jobs`: the jobs of all rooms, and a run by hand.
//!
//! It reads and writes their rows in the rooms' stores, and leaves the work to the server: the request for a run is one
//! row update, which the engines allow next to a running server.

use std::time::Duration;

use kernel::{Clock, SystemClock, Timestamp};
use platform::config::Config;
use platform::db::{Access, Db, DbError, Fault};
use platform::jobs::{self, JobRow};

use crate::cli::{Jobs, JobsCommand, RunJob};
use crate::commands::Start;
use crate::failure::Failure;
use crate::house::Rooms;
use crate::stores::{self, COULD_NOT_RUN};

const TAKEN_MAX_S: u64 = 30;
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(crate) fn run(start: Start<'_>, options: &Jobs) -> Result<(), Failure> {
    let config = start.config_with(options.stores.settings())?;
    stores::runtime()?.block_on(async {
        match &options.command {
            JobsCommand::List => list(start.rooms, &config).await,
            JobsCommand::Run(options) => run_now(start.rooms, &config, options).await,
        }
    })
}

/// The running server executes this job.
pub(crate) fn run_named(start: Start<'_>, name: &str) -> Result<(), Failure> {
    let config = start.config()?;
    let options = RunJob { name: name.to_owned() };
    stores::runtime()?.block_on(run_now(start.rooms, &config, &options))
}

async fn list(rooms: &Rooms, config: &Config) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for room in rooms.iter() {
        let Some(db) = open(config, room.name, Access::ReadOnly).await? else { continue };
        rows.extend(all(&db).await?.into_iter().map(|row| (format!("{}.{}", room.name, row.name), row)));
    }
    if rows.is_empty() {
        println!("there are no jobs yet; a server creates them when it starts");
        return Ok(());
    }
    let titles = ["job", "schedule", "due", "last run", "outcome"].map(str::to_owned);
    let lines: Vec<[String; 5]> = [titles].into_iter().chain(rows.iter().map(|(name, row)| line(name, row))).collect();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(String::len).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    for [job, schedule, due, last, outcome] in &lines {
        let [a, b, c, d] = widths;
        println!("{job:<a$}  {schedule:<b$}  {due:<c$}  {last:<d$}  {outcome}");
    }
    Ok(())
}

fn line(name: &str, row: &JobRow) -> [String; 5] {
    let at = |at: Option<Timestamp>| {
        at.map_or_else(
            || "-".to_owned(),
            |at| at.plus_micros(-(at.micros() % 1_000_000)).to_string().replace(".000000", ""),
        )
    };
    let outcome = match (row.run, row.last_outcome.as_str()) {
        (Some(_), why) if row.failures > 0 => format!("failed {} times, to be tried again: {why}", row.failures),
        (Some(_), _) if row.holder.is_empty() => format!("stopped after {}, to be continued", done(row)),
        (Some(_), _) => format!("running, {}", done(row)),
        (None, "") => "-".to_owned(),
        (None, outcome) => outcome.to_owned(),
    };
    [name.to_owned(), row.schedule.clone(), at(row.due), at(row.last_ended), outcome]
}

fn done(row: &JobRow) -> String {
    row.total.map_or_else(|| format!("{} done", row.done), |total| format!("{} of {total} done", row.done))
}

async fn run_now(rooms: &Rooms, config: &Config, options: &RunJob) -> Result<(), Failure> {
    let unknown = || Failure::new(format!("there is no job {}; see `florin jobs list`", options.name));
    let (room, job) = options.name.split_once('.').ok_or_else(|| unknown().with_status(COULD_NOT_RUN))?;
    let room = rooms.named(room).ok_or_else(|| unknown().with_status(COULD_NOT_RUN))?;
    let db = open(config, room.name, Access::ReadWrite).await?;
    let db = db.ok_or_else(|| unknown().with_status(COULD_NOT_RUN))?;
    let before = find(&db, job).await?.ok_or_else(|| unknown().with_status(COULD_NOT_RUN))?;
    jobs::ask(&db, job, SystemClock.now()).await?;
    let started = SystemClock.monotonic();
    let mut told = before.done;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let row = find(&db, job).await?.ok_or_else(unknown)?;
        if row.run.is_some() && row.done != told {
            told = row.done;
            eprintln!("{}: {}", options.name, done(&row));
        }
        if row.asked.is_none() && row.failures > before.failures {
            return Err(Failure::new(format!("{} failed and is tried again: {}", options.name, row.last_outcome)));
        }
        if row.asked.is_none() && row.run.is_none() && row.last_ended > before.last_ended {
            return ended(&options.name, &row);
        }
        if row.asked.is_some() && SystemClock.monotonic().micros_since(started) > TAKEN_MAX_S * 1_000_000 {
            let sentence =
                format!("no server took {} within {TAKEN_MAX_S} s; it is done at the next start", options.name);
            return Err(Failure::new(sentence).with_status(COULD_NOT_RUN));
        }
    }
}

fn ended(name: &str, row: &JobRow) -> Result<(), Failure> {
    match row.last_outcome.as_str() {
        "done" => {
            println!("{name}: done");
            Ok(())
        }
        outcome => Err(Failure::new(format!("{name} failed: {outcome}"))),
    }
}

async fn find(db: &Db, job: &str) -> Result<Option<JobRow>, DbError> {
    Ok(all(db).await?.into_iter().find(|row| row.name == job))
}

/// A store of an earlier version has no jobs.
async fn all(db: &Db) -> Result<Vec<JobRow>, DbError> {
    match jobs::list(db).await {
        Err(error) if error.fault == Fault::Statement => Ok(Vec::new()),
        other => other,
    }
}

/// Nothing if the room's store does not exist yet.
async fn open(config: &Config, room: &str, access: Access) -> Result<Option<Db>, Failure> {
    let target = stores::of_service(config, room);
    if !target.exists().await? {
        return Ok(None);
    }
    Ok(Some(Db::open(target, access, 1).await?))
}
