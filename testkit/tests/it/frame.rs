//! The operations that every room has without writing them: its events and their readers, parked events, outcomes.
//!
//! Told once for all rooms, by a room `shop` that has nothing else. The recorded answers are the examples that the
//! document of each room shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Ctx, Deadline, Principal, PrincipalKind, Timestamp};
use platform::db::{Db, Tx, Value as Param};
use platform::feed::{
    CloudEvent, Consumer, ConsumerConfig, Effect, EffectError, Event, Feed, FeedError, NewEvent, OutboxFeed, Pull,
};
use platform::frame::{self, Frame, Here, Offers, Parts, There};
use platform::once::Once;
use platform::room::{Face, Operation, Room, Routes, Site, Word, needs};
use platform::rpc::Methods;
use serde::Deserialize;
use serde_json::json;
use testkit::{Stage, Story, Telling};

use crate::notes::Refusal;

/// Next to the document that shows it.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../platform/src/frame");
const OFFERS: Offers = Offers { room: "shop", outbox: true, consumes: true, once: true };

static ROOM: Room = Room {
    outbox: true,
    once: true,
    consumes: &["stock"],
    operations: OPERATIONS,
    document: || frame::document(OFFERS),
    ..Room::named("shop")
};

const READ: Word = needs("events", "read");
const CHANGE: Word = needs("events", "change");

const OPERATIONS: &[Operation] = &[
    Operation { name: "shop_events", word: READ, refusals: &["page_size", "cursor_ahead", "events_gone"] },
    Operation { name: "shop_event_consumers", word: READ, refusals: &[] },
    Operation { name: "shop_deregister_event_consumer", word: CHANGE, refusals: &["not_found"] },
    Operation { name: "shop_parked_events", word: READ, refusals: &["limit_too_large", "cursor_invalid"] },
    Operation { name: "shop_retry_parked_event", word: CHANGE, refusals: &["not_found"] },
    Operation { name: "shop_give_up_parked_event", word: CHANGE, refusals: &["not_found"] },
    Operation { name: "shop_outcome", word: Word::Nothing, refusals: &["not_found"] },
];

/// The frame's part is all that this room has.
static FACE: Face<dyn Frame> = Face {
    name: "shop",
    serve: |frame| frame::serve(Methods::new("shop"), frame),
    remote: |rpc| Arc::new(There::new(rpc)),
};

/// Of the stock's events.
const CURSORS: [u64; 2] = [4711, 4712];

/// Another room: it tells of two items, which are not on the shelf yet.
struct Stock(Timestamp);

#[async_trait]
impl Feed for Stock {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let event = |cursor: u64| {
            let (id, item) = (cursor.to_string(), format!("item-{cursor}"));
            let data = json!({ "item": item });
            let event = CloudEvent::new("/stock", id, "stock.item.sold_out", item, self.0, data);
            Event { cursor, event }
        };
        Ok(CURSORS.into_iter().filter(|cursor| *cursor > pull.after).map(event).collect())
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        Ok(Some(CURSORS[1]))
    }
}

#[derive(Default)]
struct Shelf {
    is_filled: AtomicBool,
}

#[async_trait]
impl Effect for Shelf {
    async fn happen(&self, _: &Tx, event: &Event) -> Result<(), EffectError> {
        if self.is_filled.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(EffectError::Refused(format!("{} is not on the shelf", event.event.subject)))
    }
}

#[derive(Deserialize)]
struct NoSettings {}

/// What the story changes beside the frame's operations.
struct Shop {
    db: Db,
    shelf: Arc<Shelf>,
}

async fn open(stage: &Stage<'_>) -> (Arc<dyn Frame>, Shop) {
    let site: Site<NoSettings> = stage.site(&ROOM, &[]).await;
    let outbox = OutboxFeed::new(site.db.clone(), site.signal.clone(), Arc::clone(&site.clock));
    place_orders(&site).await;
    let pull = Pull { after: 1, max: 1, wait_ms: 0, consumer: Some("delivery".parse().unwrap()) };
    outbox.events_after(pull).await.unwrap();
    outcomes(&site).await;
    let shelf = Arc::new(Shelf::default());
    let consumer = parked(&site, &shelf).await;
    let (db, clock) = (site.db.clone(), Arc::clone(&site.clock));
    let parts = Parts { offers: OFFERS, db: db.clone(), outbox: Some(outbox), consumers: vec![consumer], clock };
    (Arc::new(Here::new(parts)), Shop { db, shelf })
}

async fn place_orders(site: &Site<NoSettings>) {
    let tx = site.db.begin().await.unwrap();
    let order = |number: u64| {
        let order = format!("order-{number}");
        NewEvent::new("shop.order.placed", order.clone(), json!({ "order": order }))
    };
    site.outbox.add(&tx, (17..=19).map(order).collect()).await.unwrap();
    tx.commit().await.unwrap();
}

/// One command that was carried out, and one that was refused.
async fn outcomes(site: &Site<NoSettings>) {
    let once: Once<Refusal> = site.once().unwrap();
    let ctx = |key: &str| Ctx {
        principal: Principal::new(PrincipalKind::Service, "story", []),
        deadline: Deadline::after_millis(&*site.clock, 10_000),
        request_id: "req".into(),
        idempotency_key: Some(key.parse().unwrap()),
    };
    for key in ["order-17", "order-18"] {
        let turn = once.begin(&ctx(key), "place_order", &json!({ "order": key })).await.unwrap();
        let tx = site.db.begin().await.unwrap();
        assert_eq!(turn.again::<String>(&tx).await, Ok(None));
        if key == "order-17" {
            turn.made(&tx, &key).await.unwrap();
            tx.commit().await.unwrap();
        } else {
            let refusal = Refusal::NoteUnknown { id: key.to_owned() };
            turn.refused(tx, refusal.into()).await;
        }
    }
}

/// The consumer of the stock, with both of its events parked.
async fn parked(site: &Site<NoSettings>, shelf: &Arc<Shelf>) -> Arc<Consumer> {
    let config = ConsumerConfig { attempts_max: 1, ..ConsumerConfig::of("shop", "stock") };
    let (feed, clock) = (Arc::new(Stock(site.clock.now())), Arc::clone(&site.clock));
    let effect: Arc<dyn Effect> = Arc::clone(shelf) as Arc<dyn Effect>;
    let consumer = Arc::new(Consumer::new(site.db.clone(), feed, effect, clock, config));
    let running = consumer.start();
    while consumer.cursor().await.unwrap() < CURSORS[1] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.close().await;
    consumer
}

#[test]
fn the_room_has_exactly_the_frames_operations() {
    let own: Vec<_> = OPERATIONS.iter().map(|one| (one.name.to_owned(), one.word, one.refusals)).collect();
    let offered: Vec<_> = frame::operations(OFFERS).into_iter().map(|one| (one.name, one.word, one.refusals)).collect();
    assert_eq!(own, offered);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_the_frame() {
    let routes = |shop: Arc<dyn Frame>, _: &Stage<'_>| Routes::under_v1(frame::routes(OFFERS, shop));
    Story::of(&ROOM, &FACE, FOLDER).keeps_private(&["order-", "item-"]).tell(open, routes, whole).await;
}

async fn whole(story: &Telling, shop: &Shop) {
    of_events(story, shop).await;
    of_parked_events(story, shop).await;
    let token = story.token(|_| {});
    let outcome = |key: &str| story.ask("shop_outcome").at("operation", "place_order").at("key", key).by(&token);
    let made = outcome("order-17").gives(200).await;
    assert_eq!((&made["made"], made.json.get("refused")), (&json!("order-17"), None));
    let refused = outcome("order-18").shown("A refusal").gives(200).await;
    assert_eq!(refused["refused"]["code"], "note_unknown");
    outcome("order-19").refused("not_found").await;
    let another = story.token(|claims| claims.sub = "another".to_owned());
    outcome("order-17").by(&another).refused("not_found").await;
}

async fn of_events(story: &Telling, shop: &Shop) {
    let events = || story.ask("shop_events");
    assert_eq!(events().query("after", "1").query("limit", "1").gives(200).await["next"], 2);
    assert_eq!(events().query("after", "3").gives(200).await["items"], json!([]));
    for limit in ["0", "1001"] {
        events().query("limit", limit).refused("page_size").await;
    }
    assert_eq!(events().query("after", "4").refused("cursor_ahead").await["end"], 3);

    let readers = story.ask("shop_event_consumers").gives(200).await;
    assert_eq!((&readers["items"][0]["name"], &readers["end"]), (&json!("delivery"), &json!(3)));
    let deregister = || story.ask("shop_deregister_event_consumer").at("name", "delivery");
    deregister().gives(204).await;
    deregister().refused("not_found").await;

    let tx = shop.db.begin().await.unwrap();
    tx.execute("delete from outbox where seq <= $1", &[Param::Int(2)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(events().query("after", "1").refused("events_gone").await["first"], 3);
}

async fn of_parked_events(story: &Telling, shop: &Shop) {
    let list = || story.ask("shop_parked_events");
    let first = list().query("limit", "1").gives(200).await;
    let second = list().query("cursor", &first["next"]).gives(200).await;
    assert_eq!((&first["items"][0]["cursor"], &second["items"][0]["cursor"]), (&json!(4711), &json!(4712)));
    list().query("limit", "501").refused("limit_too_large").await;
    list().query("cursor", "nonsense").refused("cursor_invalid").await;

    let at =
        |operation: &str, cursor: &str| story.ask(operation).at("feed", "stock").at("cursor", cursor).body(json!({}));
    let retry = || at("shop_retry_parked_event", "4711");
    assert_eq!(retry().shown("It failed again").gives(200).await["reason"], "item-4711 is not on the shelf");
    shop.shelf.is_filled.store(true, Ordering::SeqCst);
    assert_eq!(retry().shown("It was applied").gives(200).await.json, json!({ "happened": true }));
    retry().refused("not_found").await;
    let give_up = || at("shop_give_up_parked_event", "4712");
    assert_eq!(give_up().gives(200).await["event"]["subject"], "item-4712");
    give_up().refused("not_found").await;
}
