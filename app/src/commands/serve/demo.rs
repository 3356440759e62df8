//! The clock of a demo, which people may set forward: `POST /v1/demo/clock {"advance_days": 31}`.
//!
//! Holds and tokens expire, schedules and jobs fall due as if that time had passed. The offset is a file in the data
//! directory, so that time does not go back at the next start. Deadlines of calls do not notice.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use kernel::{Clock, Monotonic, SystemClock, Timestamp};
use platform::config::Config;
use platform::http::{Json, Problem};
use serde::{Deserialize, Serialize};

const FILE: &str = "demo-clock";
const DAY_US: i64 = 86_400_000_000;
/// In one request, and in all.
const DAYS_MAX: i64 = 36_500;

/// The machine's clock, some days ahead.
#[derive(Debug)]
pub(super) struct DemoClock {
    ahead_days: AtomicI64,
    path: PathBuf,
    /// One change at a time.
    changing: Mutex<()>,
}

impl DemoClock {
    /// As it was set in this data directory before.
    fn open(data_dir: &Path) -> io::Result<Arc<DemoClock>> {
        let path = data_dir.join(FILE);
        let ahead_days = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().ok().filter(|days| (0..=DAYS_MAX).contains(days)).ok_or_else(|| {
                io::Error::other(format!("{} must have a number of days from 0 to {DAYS_MAX}", path.display()))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Arc::new(DemoClock { ahead_days: AtomicI64::new(ahead_days), path, changing: Mutex::new(()) }))
    }

    /// Sets it forward once that is on disk.
    fn advance(&self, days: i64) -> Result<(), Problem> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = self.ahead_days.load(Ordering::Acquire) + days;
        if !(1..=DAYS_MAX).contains(&days) || ahead > DAYS_MAX {
            let expected = format!("expected 1 to {DAYS_MAX}, and no more in all");
            return Err(Problem::field("advance_days", expected));
        }
        self.keep(ahead)
            .map_err(|error| Problem::internal(format!("{} was not written: {error}", self.path.display())))?;
        self.ahead_days.store(ahead, Ordering::Release);
        tracing::warn!(days, ahead, "the clock of the demo was set forward");
        Ok(())
    }

    fn keep(&self, ahead_days: i64) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        writeln!(file, "{ahead_days}")?;
        file.sync_all()?;
        std::fs::rename(new, &self.path)
    }

    fn face(&self) -> Face {
        Face { now: self.now(), ahead_days: self.ahead_days.load(Ordering::Acquire) }
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_micros(self.ahead_days.load(Ordering::Acquire) * DAY_US)
    }

    fn monotonic(&self) -> Monotonic {
        SystemClock.monotonic()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_days: i64,
}

#[derive(Serialize)]
struct Face {
    now: Timestamp,
    /// In all.
    ahead_days: i64,
}

/// The clock that can be set, if this process is a demo.
pub(super) fn clock(config: &Config, demo: bool) -> io::Result<Option<Arc<DemoClock>>> {
    if demo { DemoClock::open(&config.storage.data_dir).map(Some) } else { Ok(None) }
}

/// The clock of the process.
pub(super) fn or_system(clock: Option<&Arc<DemoClock>>) -> Arc<dyn Clock> {
    match clock {
        Some(clock) => Arc::clone(clock) as Arc<dyn Clock>,
        None => Arc::new(SystemClock),
    }
}

/// Below `/v1`, in a demo only.
pub(super) fn routes(clock: Option<Arc<DemoClock>>) -> Router {
    clock.map_or(Router::new(), |clock| Router::new().route("/demo/clock", get(look).post(advance)).with_state(clock))
}

async fn look(State(clock): State<Arc<DemoClock>>) -> Json<Face> {
    Json(clock.face())
}

async fn advance(State(clock): State<Arc<DemoClock>>, Json(asked): Json<Advance>) -> Result<Json<Face>, Problem> {
    clock.advance(asked.advance_days)?;
    Ok(Json(clock.face()))
}
