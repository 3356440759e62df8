//! `florin feed` on identity's store, with and without a running server.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use kernel::SystemClock;
use platform::db::{Access, Db, Target};
use platform::feed::{Feed as _, FeedSignal, OutboxFeed, Pull};

use crate::common::{Running, florin, run};

/// Registers a reader with this name.
async fn read_as(reader: &str, store: &Target) {
    let db = Db::open(store.clone(), Access::ReadWrite, 1).await.unwrap();
    let feed = OutboxFeed::new(db, FeedSignal::default(), Arc::new(SystemClock));
    let pull = Pull { after: 1, max: 1, wait_ms: 0, consumer: Some(reader.parse().unwrap()) };
    feed.events_after(pull).await.unwrap();
}

async fn on_both(story: impl AsyncFn(&Path, Option<&str>, Target)) {
    let dir = tempfile::tempdir().unwrap();
    story(dir.path(), None, Target::Sqlite { file: dir.path().join("florin-data/identity.db"), cache_mb: 2 }).await;
    testkit::on_postgres(async |store| {
        let name = format!("florin_feed_{}", std::process::id());
        platform::db::create_database(store.url(), &name).await.unwrap();
        let url = platform::db::with_database(store.url(), &name);
        let dir = tempfile::tempdir().unwrap();
        story(dir.path(), Some(&url), Target::Postgres { url: url.clone(), schema: "identity".to_owned() }).await;
        platform::db::drop_database(store.url(), &name).await.unwrap();
    })
    .await;
}

fn refused(command: &mut Command, words: &str) {
    let (good, out, said) = run(command);
    assert!(!good && said.contains(words), "{out}{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_are_listed_next_to_a_server_and_deregistered_without_one() {
    on_both(async |dir: &Path, url: Option<&str>, store: Target| {
        let command = |args: &[&str]| {
            let mut command = florin(dir);
            command.args(args).envs(url.map(|url| ("DATABASE_URL", url)));
            command.envs(url.map(|_| ("JWT_SECRET", "the same for all processes that share a store")));
            command
        };
        let mut server = Running::start(&mut command(&["serve"]));
        read_as("archive", &store).await;
        let (good, out, said) = run(&mut command(&["feed", "list"]));
        assert!(good && out.contains("identity\n") && out.contains("read by archive up to 1 ("), "{out}{said}");
        let deregister = || command(&["feed", "deregister", "identity", "archive"]);
        if url.is_none() {
            let at = format!("process {} is running on ", server.pid());
            refused(&mut deregister(), &at);
            refused(&mut deregister(), "ask it over the API (/v1/identity/parked, /v1/identity/events/consumers)");
            server.signal("TERM");
            assert_eq!(server.ended(), Some(0));
        }
        let (good, out, said) = run(&mut deregister());
        assert!(good && out.contains("identity keeps no more events for archive"), "{out}{said}");
        refused(&mut deregister(), "archive is not registered as a reader of identity's events");
        let (good, out, said) = run(&mut command(&["feed", "list", "user-management-service"]));
        assert!(good && out.contains("events so far") && !out.contains("archive"), "{out}{said}");
        refused(&mut command(&["feed", "retry", "identity", "archive", "7"]), "reads no events of other services");
        refused(&mut command(&["feed", "give-up", "ledger", "archive", "7"]), "reads no events of other services");
        refused(&mut command(&["feed", "deregister", "ledger", "archive"]), "ledger publishes no events");
        refused(
            &mut command(&["feed", "list", "archive"]),
            "there is no service archive; expected one of: ledger, identity",
        );
    })
    .await;
}

#[test]
fn listing_does_not_create_a_store() {
    let dir = tempfile::tempdir().unwrap();
    refused(florin(dir.path()).args(["feed", "list"]), "is not a data directory of florin");
    assert!(!dir.path().join("florin-data").exists());
}
