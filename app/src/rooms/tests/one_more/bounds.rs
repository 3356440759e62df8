//! What a whole process promises: how many connections to PostgreSQL it opens and keeps, and how long it takes to close.

use std::time::Duration;

use kernel::{Clock, SystemClock};
use serde_json::json;
use testkit::on_postgres;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::program::Place;
use crate::rooms;

/// The bound that operators are promised beside `server.drain_ms`.
const CLOSING_MAX_MS: u64 = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_could_exceed_max_connections_is_refused() {
    on_postgres(async |store| {
        let place = Place::of_store(store).await;
        let mut refused = place.server().env("FLORIN__STORAGE__POOL_SIZE", "9000").spawn();
        assert_eq!(refused.wait().await.code(), Some(1));
        let (said, most) = (refused.output(), platform::db::connections_max(store.url()).await.unwrap());
        let leases = rooms::all().unwrap().iter().filter(|room| room.one_writer).count();
        assert!(said.contains(&format!("may open {} connections", 9_000 + leases)), "{said}");
        assert!(said.contains(&format!("server accepts {most} from all clients")), "{said}");
        assert!(said.contains(&format!("storage.pool_size = 9000, and {leases} for leases")), "{said}");
        place.remove(store).await;
    })
    .await;
}

fn has_all(found: &[(String, i64)]) -> bool {
    let counted = |room: &str| found.iter().any(|(name, _)| *name == format!("florin-{room}"));
    ["ledger", "identity", "pebbles"].into_iter().all(counted)
}

/// One more for the lease of a room that has one, and for each feed of another room that is read: readers may meet. Reads that meet while the machine is busy may open a further connection, which
/// is closed after a minute without use: while other tests keep the machine busy this one waits.
#[tokio::test(flavor = "multi_thread")]
async fn all_rooms_at_rest_keep_two_connections_each() {
    const REST_MAX_S: u64 = 300;
    const COUNT: &str =
        "select application_name, count(*) from pg_stat_activity where datname = $1 group by 1 order by 1";
    on_postgres(async |store| {
        let place = Place::of_store(store).await;
        let running = place.server().start().await;
        let (client, name) = (store.postgres_client().await, store.schema());
        let rooms = rooms::all().unwrap();
        let is_rest = |(application, count): &(String, i64)| {
            let room = rooms.iter().find(|room| *application == format!("florin-{}", room.name));
            *count <= 2 + room.map_or(0, |room| room.consumes.len() as i64)
        };
        let mut found: Vec<(String, i64)> = Vec::new();
        for _ in 0..REST_MAX_S * 5 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let rows = client.query(COUNT, &[&name]).await.unwrap();
            found = rows.iter().map(|row| (row.get::<_, String>(0), row.get::<_, i64>(1))).collect();
            if has_all(&found) && found.iter().all(is_rest) {
                break;
            }
        }
        assert!(has_all(&found), "{found:?}");
        assert!(found.iter().all(is_rest), "{found:?}");
        drop(running);
        place.remove(store).await;
    })
    .await;
}

/// A caller that never ends its request takes all of `server.drain_ms`, and then one room hangs in closing.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_hangs_in_closing_ends_within_the_promised_time() {
    const DRAIN_MS: u64 = 1_000;
    let place = Place::embedded();
    let server = place.server().env("FLORIN__SERVER__DRAIN_MS", DRAIN_MS.to_string());
    let mut server = server.env("FLORIN__PEBBLES__CLOSING_MS", "600000").start().await;
    assert_eq!(server.client().post("/v1/pebbles", &json!({})).await.status.as_u16(), 200);
    let token = server.token().unwrap();
    let mut half = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "POST /v1/ledger/accounts HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 9\r\n\r\n{{",
        server.address(),
        token.expose()
    );
    half.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;

    let began = SystemClock.monotonic();
    server.terminate();
    let status = server.wait().await;
    let took_ms = SystemClock.monotonic().micros_since(began) / 1_000;
    let said = server.output();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!((DRAIN_MS..DRAIN_MS + CLOSING_MAX_MS).contains(&took_ms), "{took_ms} ms: {said}");
    let place_of = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words}: {said}"));
    // The other rooms closed meanwhile.
    for step in ["\"step\":\"ledger\"", "\"step\":\"identity\""] {
        assert!(place_of(step) < place_of("shutdown step abandoned"), "{said}");
    }
    assert!(place_of("requests cut after server.drain_ms") < place_of("\"step\":\"ledger\""), "{said}");
    drop(half);
}
