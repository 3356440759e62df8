//! `florin dev split`: several processes on this machine, supervised until told to stop.
//!
//! The same binary and settings, one process per part: PostgreSQL, the rooms on it (several of one that has a writer
//! and standbys), and an edge that calls them. A process that dies is restarted; that is all the supervision there is,
//! because the processes look after the money themselves.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, SystemClock};
use platform::shutdown::Signals;
use tokio::signal::unix::{SignalKind, signal};

use super::house::House;
use super::table::Table;
use crate::cli::DevSplit;
use crate::commands::Start;
use crate::failure::Failure;
use crate::stores;

const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) fn run(start: Start<'_>, options: &DevSplit) -> Result<(), Failure> {
    let settings = start.config()?;
    let dir = make(&options.dir)?;
    let _held = hold(&dir)?;
    stores::runtime()?.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let signals = Signals::listen()?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut house = House::open(&dir, start, &settings, options.ledgers, clock).await?;
        house.introduce();
        tokio::select! {
            ended = keep(&mut house) => ended?,
            signal = signals.first() => eprintln!("florin: {signal}, stopping"),
            // The terminal was closed.
            _ = hangup.recv() => {}
        }
        house.close().await;
        eprintln!("florin: stopped");
        Ok(())
    })
}

async fn keep(house: &mut House) -> Result<(), Failure> {
    let mut table = Table::default();
    loop {
        house.tend()?;
        table.show(&house.look().await);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn make(dir: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{} cannot be made: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(failed)?;
    // Processes are started in a different directory.
    dir.canonicalize().map_err(failed)
}

fn hold(dir: &Path) -> Result<File, Failure> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::new(format!("{} is in use by another `florin dev split`; stop that one first", dir.display())))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
