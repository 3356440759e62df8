//! Commands that are sent twice: concurrently, later, by others, to other processes; and the replies.

mod races;
pub(crate) mod shelf;

use std::sync::Arc;

use kernel::SystemClock;
use platform::db::Value;
use platform::error::{Failure, ServiceError};
use platform::once::{KEEP_DAYS, Outcome, Sweep, find};
use serde_json::json;
use testkit::{FakeClock, for_each_engine};

use shelf::{Error, PutThing, Refused, SIZE_MAX, Shelf, by, vase};

fn refused(refusal: Refused, replayed: bool) -> Error {
    ServiceError::Refused { refusal, replayed }
}

async fn opened(store: &testkit::TestStore) -> Shelf {
    Shelf::open(store, Arc::new(SystemClock)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_gets_its_first_answer_marked_as_replayed() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        let ann = by("ann", Some("k1"), 5_000);
        let first = shelf.put(&ann, vase("vase")).await.unwrap();
        assert!(!first.replayed);
        let again = shelf.put(&ann, vase("vase")).await.unwrap();
        assert_eq!((again.id, again.replayed), (first.id, true));
        // Another process with the same store and the same key.
        let other = opened(store).await;
        assert_eq!(other.put(&ann, vase("vase")).await.unwrap().id, first.id);
        assert_eq!(shelf.count().await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_command_under_the_same_key_is_refused() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        let ann = by("ann", Some("k1"), 5_000);
        shelf.put(&ann, vase("vase")).await.unwrap();
        for other in [vase("jug"), PutThing { size: 11, ..vase("vase") }] {
            assert_eq!(shelf.put(&ann, other).await, Err(Failure::IdempotencyKeyTaken.into()));
        }
        assert_eq!(Failure::IdempotencyKeyTaken.row().status, 422);
        assert_eq!(shelf.count().await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_its_caller_and_to_one_operation() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        let first = shelf.put(&by("ann", Some("k1"), 5_000), vase("vase")).await.unwrap();
        let other = shelf.put(&by("bob", Some("k1"), 5_000), vase("jug")).await.unwrap();
        assert!(!other.replayed && other.id != first.id);
        let tx = shelf.db.begin().await.unwrap();
        let ann = by("ann", Some("k1"), 5_000);
        let turn = shelf.once.begin(&ann, "take_thing", &vase("vase")).await.unwrap();
        assert_eq!(turn.again::<i64>(&tx).await, Ok(None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_nothing_is_remembered() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        shelf.put(&by("ann", None, 5_000), vase("vase")).await.unwrap();
        let again = shelf.put(&by("ann", None, 5_000), vase("vase")).await;
        assert_eq!(again, Err(refused(Refused::OnTheShelf { name: "vase".to_owned() }, false)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_depends_on_state_is_remembered() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        shelf.put(&by("ann", None, 5_000), vase("vase")).await.unwrap();
        let ann = by("ann", Some("k1"), 5_000);
        let taken = || Refused::OnTheShelf { name: "vase".to_owned() };
        assert_eq!(shelf.put(&ann, vase("vase")).await, Err(refused(taken(), false)));
        let tx = shelf.db.begin().await.unwrap();
        tx.execute("delete from thing where size > $1", &[Value::Int(0)]).await.unwrap();
        tx.commit().await.unwrap();
        // By now it would succeed, but the caller was told otherwise.
        assert_eq!(shelf.put(&ann, vase("vase")).await, Err(refused(taken(), true)));
        assert_eq!(shelf.count().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_leaves_nothing_but_its_refusal() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        let ann = by("ann", Some("k1"), 5_000);
        let large = PutThing { size: SIZE_MAX + 1, ..vase("vase") };
        assert_eq!(shelf.put(&ann, large.clone()).await, Err(refused(Refused::TooLarge, false)));
        assert_eq!(shelf.put(&ann, large).await, Err(refused(Refused::TooLarge, true)));
        assert_eq!(shelf.count().await, 0, "the row that was written before the refusal");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_form_and_permission_are_not_remembered() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        let ann = by("ann", Some("k1"), 5_000);
        let nameless = PutThing { name: String::new(), size: 10 };
        assert_eq!(shelf.put(&ann, nameless).await, Err(refused(Refused::NameMissing, false)));
        let foreign = PutThing { size: -1, ..vase("vase") };
        assert_eq!(shelf.put(&ann, foreign).await, Err(refused(Refused::NotYours, false)));
        // The key is free for the corrected command.
        assert!(!shelf.put(&ann, vase("vase")).await.unwrap().replayed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_with_an_unknown_outcome_looks_it_up_by_the_key() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        let made = shelf.put(&by("ann", Some("k1"), 5_000), vase("vase")).await.unwrap();
        shelf.put(&by("ann", Some("k2"), 5_000), vase("vase")).await.unwrap_err();
        let tx = shelf.db.read().await.unwrap();
        let look =
            async |subject: &str, key: &str| find(&tx, subject, "put_thing", &key.parse().unwrap()).await.unwrap();
        assert!(matches!(look("ann", "k1").await, Some(Outcome::Made { key, .. }) if key == json!(made.id)));
        let refusal = json!({ "code": "on_the_shelf", "name": "vase" });
        assert!(matches!(look("ann", "k2").await, Some(Outcome::Refused { refusal: found, .. }) if found == refusal));
        assert_eq!((look("ann", "k3").await, look("bob", "k1").await), (None, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_commands_are_removed_in_bounded_batches() {
    for_each_engine(async |store| {
        let clock = FakeClock::default();
        let shelf = Shelf::open(store, Arc::new(clock.clone())).await;
        let fake = |key: &str| {
            let deadline = kernel::Deadline::after_millis(&clock, 5_000);
            kernel::Ctx { deadline, ..by("ann", Some(key), 0) }
        };
        shelf.put(&fake("old"), vase("old")).await.unwrap();
        let tx = shelf.db.begin().await.unwrap();
        const MANY: &str = "insert into once (principal, operation, key, command, at, state, answer)
            select 'ann', 'many', key || $1, command, at, state, answer from once where operation = 'put_thing'";
        for number in 0..1_500 {
            tx.execute(MANY, &[Value::Text(&number.to_string())]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let day_ms = 86_400_000;
        let sweep = Sweep { db: shelf.db.clone(), room: "shelf", clock: Arc::new(clock.clone()) };
        clock.advance_millis(u64::from(KEEP_DAYS) * day_ms);
        shelf.put(&fake("new"), vase("new")).await.unwrap();
        assert_eq!(sweep.round().await.unwrap(), 0, "thirty days are not over");
        clock.advance_millis(1);
        assert_eq!(sweep.round().await.unwrap(), 1_501);
        assert!(shelf.put(&fake("new"), vase("new")).await.unwrap().replayed);
        let again = shelf.put(&fake("old"), vase("old")).await;
        assert_eq!(again, Err(refused(Refused::OnTheShelf { name: "old".to_owned() }, false)), "executed again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_command_cannot_be_read_or_guessed() {
    for_each_engine(async |store| {
        let shelf = opened(store).await;
        shelf.put(&by("ann", Some("k1"), 5_000), vase("4111111111111111")).await.unwrap();
        let tx = shelf.db.read().await.unwrap();
        let rows = tx.query("select command, answer from once", &[]).await.unwrap();
        let digest: [u8; 32] = rows[0].array(0).unwrap();
        assert!(!rows[0].text(1).unwrap().contains("4111"));
        // Somebody with the store who guesses the command has no key to check the guess with.
        let plain = platform::crypto::digest(r#"{"name":"4111111111111111","size":10}"#);
        assert_ne!(digest, plain);
    })
    .await;
}
