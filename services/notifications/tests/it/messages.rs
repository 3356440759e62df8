//! Messages: what is refused, what is kept from strangers, and what happens at quiet hours and in digests.

use kernel::Timestamp;
use notifications_api::*;
use serde_json::json;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, ann, open, open_with, received, states};

use Channel::{Email, Inbox};
use DeliveryState::*;

async fn on_a_desk(body: impl AsyncFn(&Desk)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        body(&open(&stage).await).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_turns_up_in_inbox_and_mailbox() {
    on_a_desk(async |desk| {
        let message = desk.send(ann()).await.unwrap();
        let at = format!("http://localhost/v1/notifications/messages/{}/mail", message.id);
        assert_eq!(message.mail_at, Some(at));
        desk.work().await;
        assert_eq!(states(&desk.message(message.id).await), [(Inbox, Delivered), (Email, Sent)]);
        let mail = desk.mail(message.id).await;
        assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ann@example.com", "You received 25.00 USD"));
        assert!(mail.text.starts_with("Hello Ann,\n\nBob sent you 25.00 USD."), "{}", mail.text);
        let inbox = desk.inbox("cust_ann").await;
        assert_eq!((inbox.len(), inbox[0].text.as_str()), (1, "Bob sent you 25.00 USD."));
        assert_eq!(desk.face.unread(&desk.ctx(), Some("cust_ann".to_owned())).await.unwrap().unread, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_twice_is_one() {
    on_a_desk(async |desk| {
        let first = desk.face.send(&desk.keyed("hello-1"), received(ann())).await.unwrap();
        let again = desk.face.send(&desk.keyed("hello-1"), received(ann())).await.unwrap();
        assert_eq!((first.id, desk.messages().await.len()), (again.id, 1));
        let other = SendMessage { kind: "account.money_sent".to_owned(), ..received(ann()) };
        let taken = desk.face.send(&desk.keyed("hello-1"), other).await.unwrap_err();
        assert_eq!(taken.code(), "idempotency_key_taken");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_sent_are_refused_by_name() {
    on_a_desk(async |desk| {
        let stranger = Recipient::Phone("+4930123456".to_owned());
        let mut lacking = received(ann());
        lacking.data.remove("from");
        for (command, code) in [
            (SendMessage { kind: "account.lost".to_owned(), ..received(ann()) }, "kind_unknown"),
            (lacking, "variable_missing"),
            (received(stranger), "recipient_unreachable"),
            (received(Recipient::Phone("12".to_owned())), "field_invalid"),
            (received(Recipient::Email("nobody".to_owned())), "field_invalid"),
            (received(Recipient::Subject("two words".to_owned())), "field_invalid"),
        ] {
            assert_eq!(desk.face.send(&desk.ctx(), command.clone()).await.unwrap_err().code(), code, "{command:?}");
        }
        let refused = desk.face.send(&desk.customer("cust_ann"), received(ann())).await.unwrap_err();
        assert_eq!((refused.code(), desk.messages().await.len()), ("forbidden", 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_address_gets_a_mail_and_no_inbox() {
    on_a_desk(async |desk| {
        let to = Recipient::Email("bob@bücher.example".to_owned());
        let message = desk.send(to).await.unwrap();
        assert_eq!(states(&message), [(Email, Queued)]);
        assert_eq!(message.deliveries[0].address.as_deref(), Some("b•••@bücher.example"));
        desk.work().await;
        assert!(desk.mail(message.id).await.text.starts_with("Hello,\n"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_with_a_role_gets_a_message() {
    on_a_desk(async |desk| {
        for number in 1..=5_u128 {
            let subject = format!("empl_{number}");
            let roles = if number == 5 { ["customer"] } else { ["employee"] };
            let user = desk.user(number, &subject, Some("x@example.com"), &roles);
            desk.world.people.lock().unwrap().push(user);
        }
        let message = desk.send(Recipient::Role("employee".to_owned())).await.unwrap();
        assert_eq!((message.state, message.deliveries.len()), (MessageState::Accepted, 0));
        desk.work().await;
        desk.work().await;
        assert_eq!(desk.message(message.id).await.state, MessageState::Routed);
        for (number, entries) in [(1, 1), (4, 1), (5, 0)] {
            assert_eq!(desk.inbox(&format!("empl_{number}")).await.len(), entries, "{number}");
        }
    })
    .await;
}

fn preferences(terms: serde_json::Value) -> PutPreferences {
    PutPreferences { subject: "cust_ann".to_owned(), preferences: serde_json::from_value(terms).unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_hold_a_mail_and_judge_it_again() {
    on_a_desk(async |desk| {
        let quiet = preferences(json!({ "quiet_hours": { "start": "11:00", "end": "13:00" } }));
        desk.face.put_preferences(&desk.ctx(), quiet).await.unwrap();
        let message = desk.send(ann()).await.unwrap();
        assert_eq!(states(&message), [(Inbox, Delivered), (Email, Held)]);
        let one: Timestamp = "2026-01-31T13:00:00Z".parse().unwrap();
        assert_eq!(message.deliveries[1].due_at, Some(one));
        // In the meantime they last longer.
        let longer = preferences(json!({ "quiet_hours": { "start": "11:00", "end": "14:00" } }));
        desk.face.put_preferences(&desk.ctx(), longer).await.unwrap();
        desk.time.set(one);
        desk.work().await;
        let delivery = desk.message(message.id).await.deliveries.remove(1);
        assert_eq!((delivery.state, delivery.due_at), (Held, Some(one.plus_seconds(3_600))));
        desk.time.set(one.plus_seconds(3_600));
        desk.work().await;
        assert_eq!(desk.message(message.id).await.deliveries[1].state, Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_is_one_mail() {
    on_a_desk(async |desk| {
        let daily = json!({ "categories": { "account": { "digest": { "rhythm": "daily", "at": "18:00" } } } });
        desk.face.put_preferences(&desk.ctx(), preferences(daily)).await.unwrap();
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(desk.send(ann()).await.unwrap());
        }
        assert_eq!(states(&all[0]), [(Inbox, Delivered), (Email, Collected)]);
        desk.work().await;
        assert_eq!(desk.message(all[0].id).await.deliveries[1].state, Collected);
        desk.time.set("2026-01-31T18:00:00Z".parse().unwrap());
        desk.work().await;
        for message in &all {
            assert_eq!(desk.message(message.id).await.deliveries[1].state, Sent);
        }
        let mail = desk.mail(all[0].id).await;
        assert_eq!((mail.subject.as_str(), mail.text.matches("You received").count()), ("3 messages from Florin", 3));
        assert!(desk.face.kept_mail(&desk.ctx(), all[1].id).await.is_err(), "the others are in the same mail");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_cancelled_before_it_leaves() {
    on_a_desk(async |desk| {
        let message = desk.send(ann()).await.unwrap();
        let cancelled = desk.face.cancel(&desk.ctx(), message.id).await.unwrap();
        assert_eq!(states(&cancelled), [(Inbox, Delivered), (Email, Cancelled)]);
        desk.work().await;
        assert!(desk.face.kept_mail(&desk.ctx(), message.id).await.is_err());
        assert_eq!(desk.face.cancel(&desk.ctx(), message.id).await.unwrap_err().code(), "message_under_way");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_texts_and_codes_are_in_no_event_and_no_open_column() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = open_with(&stage, true, &[]).await;
        let data = json!({ "code": "PLANTED-7193" });
        let serde_json::Value::Object(data) = data else { panic!("an object") };
        let to = Recipient::Email("planted@secret.example".to_owned());
        let code = SendMessage { kind: "security.code".to_owned(), data, ..received(to) };
        let code = desk.face.send(&desk.ctx(), code).await.unwrap();
        desk.work().await;
        assert!(desk.mail(code.id).await.text.contains("PLANTED-7193"));
        desk.send(ann()).await.unwrap();
        desk.work().await;
        let told = serde_json::to_string(&desk.events().await).unwrap();
        let shown = serde_json::to_string(&desk.messages().await).unwrap();
        for word in ["PLANTED", "planted@", "ann@example", "25.00"] {
            assert!(!told.contains(word) && !shown.contains(word), "{word}: {told} {shown}");
        }
        if let Some(file) = desk.db.file() {
            let bytes = ["", "-wal"].map(|end| std::fs::read(format!("{}{end}", file.display())).unwrap_or_default());
            let found =
                |word: &str| bytes.iter().any(|bytes| bytes.windows(word.len()).any(|part| part == word.as_bytes()));
            assert!(found("account.money_received"));
            for word in ["PLANTED", "planted@", "ann@example", "25.00"] {
                assert!(!found(word), "{word} is in the store");
            }
        }
    })
    .await;
}
