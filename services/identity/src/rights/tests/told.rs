//! What other processes are told, and when.

use std::time::Duration;

use access::RevokedWhat;
use kernel::SystemClock;
use serde_json::json;

use super::*;
use crate::change::Told;

async fn revoke(world: &World, session: &str) {
    let tx = world.service.begin().await.unwrap();
    let what = RevokedWhat::Session { session: session.to_owned() };
    let told = Told::nothing().revoked(what).event("identity.session.ended", session, json!({}));
    world.service.commit(tx, told).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terms_include_roles_and_policies() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        world.put_role("auditor", &["accounts:read:all"]).await.unwrap();
        world.put_policy("closed", NO_ACCOUNTS).await.unwrap();
        let standing = world.service.standing_since(Since::default()).await.unwrap();
        let terms = standing.terms.unwrap();
        assert_eq!((standing.version, terms.zone.as_str()), (4, "Europe/Berlin"));
        assert_eq!(terms.roles.last().unwrap().name, "auditor");
        assert_eq!(terms.policies.last().unwrap().text, NO_ACCOUNTS);
        let known = Since { version: 4, ..Since::default() };
        assert_eq!(world.service.standing_since(known).await.unwrap().terms, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_process_has_a_change_before_it_is_answered() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        assert_eq!(world.since(), Since { version: 2, revoked: 0, wait_ms: 0 }, "it has the state at the start");
        revoke(&world, "ses_1").await;
        revoke(&world, "ses_2").await;
        assert_eq!(world.since().revoked, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_revocations_arrive_even_if_one_reply_is_too_small() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let tx = world.db.begin().await.unwrap();
        tx.execute(MANY, &[Value::Int(20_500), Value::Int(i64::MAX / 2)]).await.unwrap();
        tx.execute("update revocation_last set seq = 20500 where one = 1", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(world.service.standing_since(Since::default()).await.unwrap().more);
        revoke(&world, "ses_last").await;
        assert_eq!(world.since().revoked, 20_501);
    })
    .await;
}

const MANY: &str = r#"
with recursive numbers (n) as (select cast(1 as bigint) union all select n + 1 from numbers where n < $1)
insert into revocation (seq, what, until_at)
select n, '{"token":{"jti":"x"}}', $2 from numbers"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_process_gets_changes_at_once_or_times_out() {
    testkit::for_each_way(async |store| {
        let world = Arc::new(World::new(store).await);
        let ctx = Ctx { deadline: Deadline::after_millis(&world.clock, 60_000), ..world.admin() };
        let began = SystemClock.monotonic();
        let passed = || Duration::from_micros(SystemClock.monotonic().micros_since(began));
        let since = Since { version: 2, revoked: 0, wait_ms: 300 };
        let nothing = world.service.standing_or_news(&ctx, since).await.unwrap();
        assert!(nothing.terms.is_none() && nothing.revoked.is_empty() && passed() >= Duration::from_millis(300));

        let (waiting, since) = (Arc::clone(&world), Since { wait_ms: 10_000, ..since });
        let asked = tokio::spawn(async move { waiting.service.standing_or_news(&ctx, since).await.unwrap() });
        tokio::time::sleep(Duration::from_millis(150)).await;
        revoke(&world, "ses_1").await;
        let news = tokio::time::timeout(Duration::from_secs(2), asked).await.unwrap().unwrap();
        assert_eq!(news.revoked.len(), 1);
        let known = world.service.standing_or_news(&world.admin(), Since { version: 0, ..since }).await.unwrap();
        assert!(known.terms.is_some(), "existing changes are returned without waiting");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_changes_ends_at_the_callers_deadline() {
    testkit::on_sqlite(async |store| {
        let world = World::new(store).await;
        let ctx = Ctx { deadline: Deadline::after_millis(&world.clock, 200), ..world.admin() };
        let began = SystemClock.monotonic();
        world.service.standing_or_news(&ctx, Since { version: 2, revoked: 0, wait_ms: 10_000 }).await.unwrap();
        assert!(SystemClock.monotonic().micros_since(began) < 2_000_000);
    })
    .await;
}
