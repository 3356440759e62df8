//! How long the disk takes to make a small append durable: the lower bound of every commit.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use hdrhistogram::Histogram;
use kernel::{Clock, SystemClock};

use crate::failure::Failure;

const SYNCS: usize = 200;

/// Microseconds of one `fdatasync` after an append of 4 KiB.
pub(super) fn sync_times(dir: &Path) -> Result<Histogram<u64>, Failure> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join(format!("florin-bench-sync-{}", std::process::id()));
    let mut times = Histogram::new(3).map_err(|error| Failure::new(error.to_string()))?;
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    for _ in 0..SYNCS {
        file.write_all(&[7; 4096])?;
        let start = SystemClock.monotonic();
        file.sync_data()?;
        times.record(SystemClock.monotonic().micros_since(start)).map_err(|error| Failure::new(error.to_string()))?;
    }
    drop(file);
    std::fs::remove_file(&path)?;
    Ok(times)
}
