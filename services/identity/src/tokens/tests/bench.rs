//! Grants per second through the service, each with its durable event.
//!
//! `cargo test --release -p identity --lib tokens::tests::bench -- --ignored --nocapture --test-threads=1`

use std::sync::Arc;
use std::time::Duration;

use access::TOKEN_TYPE;
use identity_api::{Grant, Origin, TokenRequest};
use kernel::{Clock, SystemClock};
use serde_json::json;
use testkit::{TestStore, on_postgres, on_sqlite};

use super::world::*;
use crate::change::Told;

const GRANTS: usize = 2_000;

/// How a grant's event becomes durable.
#[derive(Clone, Copy, PartialEq)]
enum By {
    /// As the product does it.
    Shared,
    /// For comparison: a commit for each.
    Alone,
}

#[tokio::test(flavor = "current_thread")]
#[ignore = "a measurement"]
async fn grants_a_second_on_one_core() {
    on_sqlite(measure).await;
    on_postgres(measure).await;
}

async fn measure(store: &TestStore) {
    let world = Arc::new(World::new(store).await);
    measure_in(&world, store, GRANTS).await;
    println!("each store access takes 5 ms more:");
    world.identity.db.keep_pace(Arc::new(Slow));
    measure_in(&world, store, GRANTS / 10).await;
}

/// A distant disk.
#[derive(Debug)]
struct Slow;

#[async_trait::async_trait]
impl platform::db::Pace for Slow {
    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn measure_in(world: &Arc<World>, store: &TestStore, most: usize) {
    for (by, name) in [(By::Alone, "a commit each"), (By::Shared, "shared commits")] {
        for tasks in [1, 64] {
            let grants = if tasks == 1 { most / 8 } else { most };
            let before = world.told("identity.token.issued").await;
            let begun = SystemClock.monotonic();
            run(world, tasks, grants, by).await;
            let micros = SystemClock.monotonic().micros_since(begun).max(1);
            assert_eq!(world.told("identity.token.issued").await - before, grants);
            let rate = grants as u64 * 1_000_000 / micros;
            println!("{:?}, {name}, {tasks} at a time: {rate} grants/s", store.engine());
        }
    }
}

async fn run(world: &Arc<World>, tasks: usize, grants: usize, by: By) {
    let workers: Vec<_> = (0..tasks)
        .map(|task| {
            let world = Arc::clone(world);
            let share = grants / tasks + usize::from(task < grants % tasks);
            tokio::spawn(async move {
                for _ in 0..share {
                    grant(&world, by).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn grant(world: &World, by: By) {
    if by == By::Alone {
        return alone(world).await;
    }
    let grant = Grant::ClientCredentials { scope: Some("read:accounts".to_owned()) };
    let request = TokenRequest { client: auth("reporting"), grant, origin: Origin::default() };
    let reply = world.face.token(&nobody(), request).await.unwrap();
    assert_eq!((reply.scope.as_str(), reply.expires_in), ("read:accounts", 600));
    assert_eq!(reply.access_token.expose().matches('.').count(), 2);
}

/// The same work except for the way to the store.
async fn alone(world: &World) {
    let identity = &world.identity;
    let tx = identity.db.read().await.unwrap();
    let client = identity.authenticated(&tx, &auth("reporting")).await.unwrap();
    let signer = identity.signer(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let token = signer.sign(TOKEN_TYPE, &json!({"sub": client.id, "scope": "read:accounts", "exp": 1})).unwrap();
    assert_eq!(token.matches('.').count(), 2);
    let tx = identity.begin().await.unwrap();
    let told = Told::nothing().event("identity.token.issued", client.id, json!({"grant": "client_credentials"}));
    identity.commit(tx, told).await.unwrap();
}
