//! Disks that are full, fail to sync, or cannot be written.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use hyper::StatusCode;
use testkit::{DiskFault, DiskFaultKind};

use crate::survival::books::{Callers, any_transfer, builder, check, new_id, prepare, verify};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_reported_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let fault = DiskFault::new(DiskFaultKind::Full, "ledger.db");
    let server = builder(dir.path()).envs(fault.env()).start().await;
    let client = server.client();
    prepare(&client).await;
    let callers = Callers::start(&server, 8);
    tokio::time::sleep(Duration::from_millis(200)).await;
    fault.on();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let refused = client.post("/v1/ledger/transactions", &any_transfer(new_id())).await;
    assert_eq!(refused.status, StatusCode::INSUFFICIENT_STORAGE, "{}", refused.text());
    assert_eq!(refused.json()["code"], "storage_full");
    assert_eq!(client.get("/v1/ledger/balances?prefix=bank").await.status, StatusCode::OK, "queries still work");
    fault.off();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let done = client.post("/v1/ledger/transactions", &any_transfer(new_id())).await;
    assert_eq!(done.status, StatusCode::CREATED, "with space again it goes on by itself: {}", done.text());
    let told = callers.finish().await;
    assert!(told.refused.contains("storage_full") && told.refused.len() == 1, "{:?}", told.refused);
    check(&client, &told).await;
    server.stop().await;
    verify(dir.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_is_not_an_acknowledgement() {
    let dir = tempfile::tempdir().unwrap();
    let fault = DiskFault::new(DiskFaultKind::Sync, "ledger.db");
    let server = builder(dir.path()).envs(fault.env()).start().await;
    let client = server.client();
    prepare(&client).await;
    let callers = Callers::start(&server, 8);
    tokio::time::sleep(Duration::from_millis(200)).await;
    fault.on();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(client.get("/ready").await.status, StatusCode::SERVICE_UNAVAILABLE, "not ready meanwhile");
    fault.off();
    let told = callers.finish().await;
    for _ in 0..50 {
        if client.get("/ready").await.status == StatusCode::OK {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let done = client.post("/v1/ledger/transactions", &any_transfer(new_id())).await;
    assert_eq!(done.status, StatusCode::CREATED, "{}", done.text());
    let expected = ["outcome_unknown", "unavailable", "deadline_exceeded"];
    assert!(told.refused.iter().all(|code| expected.contains(&code.as_str())), "{:?}", told.refused);
    assert!(!told.done.is_empty());
    check(&client, &told).await;
    server.stop().await;
    verify(dir.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unwritable_directory_is_reported_in_a_sentence() {
    // The superuser may write anywhere, so a file takes the directory's place.
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("books");
    std::fs::write(&place, "not a directory").unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o400)).unwrap();
    let mut server = builder(&place).spawn();
    let status = server.wait().await;
    let output = server.output();
    assert!(!status.success());
    assert!(output.contains("books") && !output.contains("panicked"), "{output}");
}
