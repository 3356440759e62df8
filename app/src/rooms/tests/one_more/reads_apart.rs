//! A room that reads the events of a room in another process: it asks as itself, and misses and repeats nothing when
//! that process is killed and comes back.

use std::time::Duration;

use platform::db::{Access, Db, Value as Param};
use serde_json::{Value, json};
use testkit::{Client, Server, ServerBuilder, for_each_engine, free_port};

use super::program::Place;
use crate::rooms;

const SEEN: &str = "select n from ripple order by n";
const MOVE: &str = "update feed_cursor set seq = $1 where feed = 'identity'";
const REMOVE: &str = "delete from outbox where seq <= $1";

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_another_process_misses_and_repeats_nothing_over_a_kill() {
    for_each_engine(async |store| {
        let place = Place::of_store(store).await.with_reader();
        let at = format!("127.0.0.1:{}", free_port());
        let identity = async || alone(&place, "identity").env("FLORIN__RPC__LISTEN", &at).start().await;
        let first = identity().await;
        let rest = rest(&place, &at).await;
        let client = rest.client();
        create(&client, "ann").await;
        let upto = has_all(&client).await;
        let status = until(&client, |status| status["lag"] == 0).await;
        assert_eq!((&status["lag"], &status["parked"], &status["trouble"]), (&json!(0), &json!(0), &Value::Null));

        first.kill();
        let away = until(&client, |status| status["trouble"].is_string()).await;
        assert!(away["cursor"].as_u64() >= Some(upto), "{away}");
        let _again = identity().await;
        create(&client, "bob").await;
        assert!(has_all(&client).await > upto);

        // Each event has a row under its cursor, and a second effect of the same would not have been stored.
        let ripples = store_of(&place, "ripples").await;
        let (mut seen, mut all) = (json!([]), cursors(&client).await);
        for _ in 0..100 {
            let rows = ripples.read().await.unwrap().query(SEEN, &[]).await.unwrap();
            seen = rows.iter().map(|row| row.int(0).unwrap()).collect();
            if seen == all {
                break;
            }
            // Rooms that begin to act as themselves make events of identity at any time.
            tokio::time::sleep(Duration::from_millis(100)).await;
            all = cursors(&client).await;
        }
        assert_eq!((seen, &until(&client, |_| true).await["parked"]), (all, &json!(0)));
        named(&place, &client, &ripples).await;
        drop(rest);
        place.remove(store).await;
    })
    .await;
}

/// What the feed cannot give: the reader says so, and goes on when it can.
async fn named(place: &Place, client: &Client, ripples: &Db) {
    let end = has_all(client).await;
    change(ripples, MOVE, end + 1_000).await;
    // Other rooms make events of identity too, so that the last one may be a later one by now.
    until(client, |status| {
        status["trouble"].as_str().is_some_and(|why| why.starts_with("no event has that cursor yet"))
    })
    .await;
    change(&store_of(place, "identity").await, REMOVE, end - 1).await;
    change(ripples, MOVE, 1).await;
    let gone = format!("events before cursor {end} were removed, and some of them were not read");
    until(client, |status| status["trouble"] == *gone).await;
    change(ripples, MOVE, end).await;
    create(client, "carl").await;
    assert!(has_all(client).await > end);
}

fn alone(place: &Place, room: &str) -> ServerBuilder {
    place.server_at(&place.data().join(room)).arg(room)
}

/// The edge and all rooms but identity, which are called at this address.
async fn rest(place: &Place, at: &str) -> Server {
    let others = rooms::list().into_iter().map(|mounted| mounted.name()).filter(|name| *name != "identity");
    let builder = place.server_at(&place.data().join("ripples")).arg("edge").arg("ripples");
    others.fold(builder, ServerBuilder::arg).calling(&["IDENTITY"], at).start().await
}

async fn store_of(place: &Place, room: &str) -> Db {
    Db::open(place.target(room), Access::ReadWrite, 1).await.unwrap()
}

async fn change(db: &Db, sql: &'static str, cursor: u64) {
    let tx = db.begin().await.unwrap();
    tx.execute(sql, &[Param::Int(cursor.cast_signed())]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Once the edge has noticed that identity is back: until then nothing happened.
async fn create(client: &Client, name: &str) {
    let user = json!({ "username": name, "roles": ["customer"] });
    let mut answer = client.post("/v1/identity/users", &user).await;
    for _ in 0..100 {
        if answer.status.as_u16() != 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        answer = client.post("/v1/identity/users", &user).await;
    }
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text());
}

/// Every event of identity.
async fn cursors(client: &Client) -> Value {
    let events = client.get("/v1/identity/events?limit=1000").await.json();
    events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["id"].as_str().unwrap().parse::<i64>().unwrap())
        .collect()
}

/// Waits until the reader has applied every event of identity; returns the last one's cursor.
async fn has_all(client: &Client) -> u64 {
    let mut end = None;
    for _ in 0..200 {
        end = client.get("/v1/identity/events/consumers").await.json()["end"].as_u64();
        if end.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let end = end.unwrap();
    let there = until(client, |status| status["cursor"].as_u64() >= Some(end) && status["trouble"].is_null()).await;
    there["cursor"].as_u64().unwrap()
}

async fn status(client: &Client) -> Value {
    client.get("/status").await.json()["services"]["ripples.identity"].clone()
}

/// The reader's status, once it is as wanted.
async fn until(client: &Client, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..1_200 {
        last = status(client).await;
        if wanted(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the reader did not get there: {last}")
}
