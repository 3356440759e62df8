//! Entries and heads, on both engines.

use std::time::Duration;

use audit::*;
use platform::feed::Pull;
use serde_json::json;
use testkit::{Stage, for_each_engine};

use crate::harness::{code, open, open_beside, run_by_hand};

const PAUSE: Duration = Duration::from_millis(5);

fn kinds(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.body.as_ref().unwrap().kind.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_one_entry_with_its_actor() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        desk.some().await;
        desk.read().await;
        let entries = desk.entries().await;
        assert_eq!(
            kinds(&entries),
            [
                "audit.log.began",
                "ledger.transaction.posted",
                "identity.user.roles_changed",
                "identity.login.failed",
                "cards.card.issued",
                "cards.authorization.declined",
            ]
        );
        let bodies: Vec<&Body> = entries.iter().map(|entry| entry.body.as_ref().unwrap()).collect();
        assert_eq!(bodies.iter().map(|body| body.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        let roles = bodies[2];
        assert_eq!((roles.class, roles.risk), (Class::AdminOperations, Risk::High));
        let who = [&roles.actor, &roles.actor_kind, &roles.client, &roles.session, &roles.request];
        let who = who.map(|part| part.as_deref().unwrap());
        assert_eq!(who, ["user_eva", "employee", "console", "ses_1", "req_1"]);
        assert_eq!((roles.source.as_str(), roles.cursor, roles.object.as_str()), ("identity", 1, "user_ann"));
        assert_eq!(bodies[1].transaction.as_deref(), Some("txn_1"));
        assert_eq!((bodies[1].source.as_str(), bodies[1].financial), ("ledger/main", true));
        assert_eq!(bodies[5].result, Outcome::Refused);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_append_without_a_gap() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let (one, other) = (open(&stage).await, open(&stage).await);
        for round in 0..20 {
            let desk = if round % 2 == 0 { &one } else { &other };
            // Both read the same feed: what one has read, the other has passed.
            for each in [&one, &other] {
                each.tell_cards("cards.card.issued", &format!("card_{round}"), json!({}));
            }
            desk.read().await;
            desk.sign().await;
        }
        let entries = one.entries().await;
        assert_eq!(entries.len(), 21);
        assert!((0..).zip(&entries).all(|(index, entry)| entry.index == index));
        let head = one.face.checkpoint(&one.ctx(), None).await.unwrap();
        assert_eq!(head, other.face.checkpoint(&other.ctx(), None).await.unwrap());
        assert_eq!(head.size, 21);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_what_they_name() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        desk.some().await;
        let text = |text: &str| Some(text.to_owned());
        let all = || EntryQuery { limit: 10, ..EntryQuery::default() };
        for (query, expected) in [
            (EntryQuery { transaction: text("txn_1"), ..all() }, vec![1]),
            (EntryQuery { object: text("card_1"), ..all() }, vec![4]),
            (EntryQuery { subject: text("cust_ann"), ..all() }, vec![5, 4]),
            (EntryQuery { actor: text("user_eva"), ..all() }, vec![5, 4, 3, 2]),
            (EntryQuery { actor: text("user_eva"), class: Some(Class::Financial), ..all() }, vec![5]),
            (EntryQuery { kind: text("identity.login.failed"), ..all() }, vec![3]),
            (EntryQuery { class: Some(Class::Authentication), ..all() }, vec![3]),
            (EntryQuery { risk: Some(Risk::High), ..all() }, vec![2]),
            (EntryQuery { framework: Some(Framework::Pci), ..all() }, vec![6, 5, 4, 3, 2, 0]),
            (EntryQuery { before: Some(2), ..all() }, vec![1, 0]),
            (EntryQuery { limit: 2, ..all() }, vec![6, 5]),
        ] {
            let page = desk.face.entries(&desk.ctx(), query.clone()).await.unwrap();
            let found: Vec<u64> = page.items.iter().map(|entry| entry.index).collect();
            assert_eq!(found, expected, "{query:?}");
        }
        let now = desk.entries().await[0].body.as_ref().unwrap().recorded_at;
        for (from, to, expected) in [(now, now, 0), (now, now.plus_seconds(1), 7), (now.plus_seconds(1), now, 0)] {
            let query = EntryQuery { from: Some(from), to: Some(to), ..all() };
            assert_eq!(desk.face.entries(&desk.ctx(), query).await.unwrap().items.len(), expected);
        }
        let query = EntryQuery { limit: 501, ..all() };
        assert_eq!(code(desk.face.entries(&desk.ctx(), query).await), "field_invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_book_is_read_from_then_on() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        desk.look_at_books().await;
        desk.make_acme("txn_acme");
        desk.look_at_books().await;
        while desk.size().await < 3 {
            tokio::time::sleep(PAUSE).await;
        }
        let entries = desk.entries().await;
        let bodies = entries.iter().filter_map(|entry| entry.body.as_ref());
        let body = bodies.into_iter().find(|body| body.transaction.is_some()).unwrap();
        assert_eq!((body.source.as_str(), body.object.as_str()), ("ledger/acme", "txn_acme"));
        let sources = desk.face.log(&desk.ctx()).await.unwrap().sources;
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(names, ["ledger", "identity", "cards", "ledger/acme"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_book_that_moved_is_an_entry() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        desk.look_at_books().await;
        desk.tell_ledger("txn_1");
        for _ in 0..2 {
            desk.look_at_books().await;
        }
        desk.tell_ledger("txn_2");
        desk.look_at_books().await;
        let query = EntryQuery { kind: Some("ledger.book.head".to_owned()), limit: 10, ..EntryQuery::default() };
        let heads = desk.face.entries(&desk.ctx(), query).await.unwrap().items;
        let data = heads.iter().map(|entry| entry.body.clone().unwrap().data.unwrap());
        let rows: Vec<u64> = data.map(|data| data["rows"].as_u64().unwrap()).collect();
        assert_eq!(rows, [2, 1], "a book without rows, and one that did not move, have no new head");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_events_become_a_critical_entry() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        for card in ["card_1", "card_2", "card_3", "card_4"] {
            desk.tell_cards("cards.card.issued", card, json!({}));
        }
        *desk.rooms[1].first.lock().unwrap() = 3;
        desk.read().await;
        let entries = desk.entries().await;
        let gap = entries[1].body.as_ref().unwrap();
        assert_eq!((gap.kind.as_str(), gap.risk), ("audit.events.missed", Risk::Critical));
        assert_eq!(gap.data, Some(json!({ "source": "cards", "first": 1, "last": 2 })));
        let objects: Vec<&str> =
            entries[2..].iter().map(|entry| entry.body.as_ref().unwrap().object.as_str()).collect();
        assert_eq!(objects, ["card_3", "card_4"]);
    })
    .await;
}

/// Of each size on the way there is one head, and each continues the ones before.
#[tokio::test(flavor = "multi_thread")]
async fn heads_continue_each_other() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let mut heads = vec![desk.head().await];
        for round in 0..5 {
            for _ in 0..=round {
                desk.tell_cards("cards.card.issued", "card_1", json!({}));
            }
            desk.read().await;
            desk.sign().await;
            desk.sign().await;
            heads.push(desk.head().await);
        }
        assert_eq!(heads.iter().map(|head| head.size).collect::<Vec<_>>(), [1, 2, 4, 7, 11, 16]);
        let keys = desk.verifying().await;
        for head in &heads {
            let opened = Checkpoint::opened(&head.checkpoint, &keys).unwrap();
            assert_eq!((opened.size, opened.origin.as_str()), (head.size, "florin-audit"));
            assert_eq!(desk.face.checkpoint(&desk.ctx(), Some(head.size)).await.unwrap(), *head);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_key_signs_beside_its_successor() {
    for_each_engine(async |store| {
        let mut desk = open(&Stage::new(store)).await;
        let old = desk.verifying().await;
        run_by_hand(&mut desk, "key").await;
        desk.some().await;
        let both = desk.verifying().await;
        assert_eq!((both.len(), &both[1..]), (2, &old[..]));
        let note = desk.head().await.checkpoint;
        for key in &both {
            assert!(Checkpoint::opened(&note, std::slice::from_ref(key)).is_ok());
        }
        desk.time.advance_millis(31 * 86_400_000);
        desk.tell_cards("cards.card.issued", "card_2", json!({}));
        desk.read().await;
        desk.sign().await;
        let note = desk.head().await.checkpoint;
        assert!(Checkpoint::opened(&note, &both[..1]).is_ok());
        assert!(matches!(Checkpoint::opened(&note, &both[1..]), Err(NoteError::Unsigned { .. })));
    })
    .await;
}

/// The file of the last head is of a later day than the store.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_put_back_goes_on_under_another_name() {
    testkit::on_sqlite(async |store| {
        let stage = Stage::new(store);
        let desk = open(&stage).await;
        desk.some().await;
        let (before, file) = (desk.head().await, store.dir().join("audit-head"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before.checkpoint);
        // As a store that was put back looks: the file has a head that the log does not have.
        let tx = desk.db.begin().await.unwrap();
        tx.batch("update log set size = 5; delete from head; delete from entry where index_at = 5").await.unwrap();
        tx.batch("update tile set hashes = substr(hashes, 1, 160) where level = 0").await.unwrap();
        tx.commit().await.unwrap();
        let again = open(&stage).await;
        let head = again.head().await;
        assert_eq!((head.origin.as_str(), head.size), ("florin-audit/2", 6));
        let once_more = open(&stage).await;
        assert_eq!(once_more.head().await, head);
        let first = again.entries().await[5].body.clone().unwrap();
        assert_eq!((first.kind.as_str(), first.risk), ("audit.log.continued", Risk::Critical));
        assert_eq!(first.data.unwrap()["last_head"], before.checkpoint);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_its_head_file_goes_on_under_another_name() {
    testkit::on_sqlite(async |store| {
        let stage = Stage::new(store);
        open(&stage).await.some().await;
        assert_eq!(open(&stage).await.head().await.origin, "florin-audit");
        assert_eq!(open_beside(&stage, "elsewhere").await.head().await.origin, "florin-audit/2");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_an_entry_once_a_minute() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        for _ in 0..3 {
            desk.entries().await;
        }
        assert_eq!(desk.size().await, 2);
        let read = desk.face.entry(&desk.ctx(), 1).await.unwrap().body.unwrap();
        assert_eq!((read.kind.as_str(), read.class), ("audit.log.read", Class::DataAccess));
        assert_eq!((read.actor.as_deref(), read.object.as_str()), (Some("operator"), "entries"));
        assert_eq!(desk.size().await, 3, "reading one entry is another operation");
        desk.time.advance_millis(60_000);
        desk.entries().await;
        assert_eq!(desk.size().await, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_read_by_auditors_and_accesses_by_oneself() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        desk.some().await;
        let ann = desk.customer("cust_ann");
        let of = |subject: &str| AccessQuery { subject: subject.to_owned(), before: None, limit: 10 };
        assert_eq!(desk.face.accesses(&ann, of("cust_ann")).await.unwrap().items.len(), 2);
        assert_eq!(code(desk.face.accesses(&ann, of("cust_bob")).await), "not_found");
        let all = EntryQuery { limit: 10, ..EntryQuery::default() };
        assert_eq!(code(desk.face.entries(&ann, all).await), "forbidden");
        assert_eq!(code(desk.face.entry(&ann, 0).await), "forbidden");
        let pull = Pull { after: 0, max: 10, wait_ms: 0, consumer: None };
        assert_eq!(code(desk.face.events_after(&ann, pull).await), "forbidden");
    })
    .await;
}
