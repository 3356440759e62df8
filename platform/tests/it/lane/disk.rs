//! Failing disks under an SQLite store. The fault is loaded into a separate process: `testkit::run_alone`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use kernel::{Deadline, SystemClock};
use platform::lane::LaneError;
use testkit::{DiskFault, DiskFaultKind, TestStore, run_alone};

use super::toy::{Command, Toy, What, assert_whole, soon, start, times};

/// Where to switch the fault, in the process that has it.
fn trigger() -> Option<PathBuf> {
    std::env::var_os("DISK_FAULT_TRIGGER").map(PathBuf::from)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_reported_and_loses_nothing() {
    let Some(trigger) = trigger() else {
        let fault = DiskFault::new(DiskFaultKind::Full, "store.db");
        return run_alone("lane::disk::a_full_disk_is_reported_and_loses_nothing", fault.env());
    };
    let store = TestStore::sqlite();
    let lane = start(&store, SystemClock, Toy::default()).await;
    lane.submit(Command(1, What::Note), soon(&SystemClock)).await.unwrap();
    fs::write(&trigger, "").unwrap();
    let refused = lane.submit(Command(2, What::Note), soon(&SystemClock)).await;
    assert_eq!(refused, Err(LaneError::StorageFull));
    fs::remove_file(&trigger).unwrap();
    lane.submit(Command(3, What::Note), soon(&SystemClock)).await.unwrap();
    lane.close().await;
    assert_eq!((times(&store, 1).await, times(&store, 2).await, times(&store, 3).await), (1, 0, 1));
    assert_whole(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_stops_the_lane_until_the_disk_recovers() {
    let Some(trigger) = trigger() else {
        let fault = DiskFault::new(DiskFaultKind::Sync, "store.db");
        return run_alone("lane::disk::a_failed_sync_stops_the_lane_until_the_disk_recovers", fault.env());
    };
    let store = TestStore::sqlite();
    let lane = start(&store, SystemClock, Toy::default()).await;
    lane.submit(Command(1, What::Note), soon(&SystemClock)).await.unwrap();
    fs::write(&trigger, "").unwrap();
    let unknown = lane.submit(Command(2, What::Note), Deadline::after_millis(&SystemClock, 500)).await;
    assert_eq!(unknown, Err(LaneError::OutcomeUnknown));
    assert!(!lane.state().is_accepting());
    let refused = lane.submit(Command(3, What::Note), soon(&SystemClock)).await;
    assert_eq!(refused, Err(LaneError::Unavailable));
    fs::remove_file(&trigger).unwrap();
    for _ in 0..400 {
        if lane.state().is_accepting() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    lane.submit(Command(4, What::Note), soon(&SystemClock)).await.unwrap();
    lane.close().await;
    assert_eq!((times(&store, 1).await, times(&store, 3).await, times(&store, 4).await), (1, 0, 1));
    assert!(times(&store, 2).await <= 1);
    assert_whole(&store).await;
}
