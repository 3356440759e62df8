//! Deliveries to a relay that fails on command: retries, failover, unknown outcomes, and the ends.

use notifications_api::*;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, ann, open_with, received, states};
use crate::sink::{Fate, Sink};

use Channel::{Email, Inbox};
use DeliveryState::*;

/// A room with these relays, and Ann with an address.
async fn on_a_desk(relays: usize, settings: &[(&str, &str)], body: impl AsyncFn(&Desk, &[Sink])) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let mut sinks = Vec::new();
        for _ in 0..relays {
            sinks.push(Sink::open().await);
        }
        let urls = sinks.iter().map(Sink::url).collect::<Vec<_>>().join(",");
        let mut all = vec![("mail_relays", urls.as_str()), ("mail_timeout_s", "1")];
        all.extend(settings);
        let desk = open_with(&stage, false, &all).await;
        let email = Some("ann@example.com".to_owned());
        let contact = PutContact { subject: "cust_ann".to_owned(), email, ..PutContact::default() };
        desk.face.put_contact(&desk.ctx(), contact).await.unwrap();
        body(&desk, &sinks).await;
    })
    .await;
}

fn changed() -> SendMessage {
    let data = serde_json::json!({ "at": "2026-01-31T12:00:00Z" });
    let serde_json::Value::Object(data) = data else { panic!("an object") };
    SendMessage { kind: "security.password_changed".to_owned(), data, ..received(ann()) }
}

async fn mail_of(desk: &Desk, id: MessageId) -> Delivery {
    let message = desk.message(id).await;
    message.deliveries.into_iter().find(|delivery| delivery.channel == Email).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_given_to_the_relay_once() {
    on_a_desk(1, &[], async |desk, sinks| {
        let message = desk.send(ann()).await.unwrap();
        assert_eq!(states(&message), [(Inbox, Delivered), (Email, Queued)]);
        for _ in 0..3 {
            desk.work().await;
            desk.time.advance_millis(3_600_000);
        }
        assert_eq!(states(&desk.message(message.id).await), [(Inbox, Delivered), (Email, Sent)]);
        let taken = sinks[0].taken();
        assert_eq!(taken.len(), 1);
        assert!(taken[0].contains("Subject: You received 25.00 USD"), "{}", taken[0]);
        let told: Vec<String> = desk.events().await.into_iter().map(|event| event.kind).collect();
        assert_eq!(told, ["notifications.contact.changed", "notifications.delivery.sent"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_a_relay_has_its_end() {
    on_a_desk(1, &[("provider_failures_max", "1000")], async |desk, sinks| {
        for (fate, state, reason) in [
            (Fate::Say("RCPT", "450 4.2.1 greylisted"), Queued, Some("retry")),
            (Fate::Say("MAIL", "421 4.3.2 closing"), Queued, Some("retry")),
            (Fate::Say(".", "552 5.2.2 full"), Undelivered, Some("552 5.2.2 mailbox full")),
            (Fate::Say("RCPT", "550 5.7.1 blocked"), Dead, Some("550 5.7.1")),
            (Fate::Lose("DATA"), Queued, Some("retry")),
            (Fate::Hang("RCPT"), Queued, Some("retry")),
            (Fate::Lose("."), Unknown, Some("the connection was lost")),
            (Fate::Take, Sent, None),
        ] {
            let message = desk.send(ann()).await.unwrap();
            sinks[0].next(&[fate]);
            desk.work().await;
            let mail = mail_of(desk, message.id).await;
            assert_eq!((mail.state, mail.reason.as_deref()), (state, reason), "{fate:?} {mail:?}");
            assert!(!format!("{mail:?}").contains("ann@example.com"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_until_it_is_dead_or_taken() {
    on_a_desk(1, &[("provider_failures_max", "1000"), ("life_s", "2592000")], async |desk, sinks| {
        let message = desk.send(ann()).await.unwrap();
        sinks[0].next(&[Fate::Say("RCPT", "450 4.2.1 later"); 9]);
        for attempts in 1..=9 {
            desk.work().await;
            let mail = mail_of(desk, message.id).await;
            assert_eq!(mail.attempts.len(), attempts);
            assert_eq!(mail.state, if attempts < 9 { Queued } else { Dead });
            desk.time.advance_millis(50_000_000);
        }
        assert_eq!(sinks[0].taken().len(), 0);
        let dead = desk.face.dead(&desk.ctx(), DeadQuery { after: None, limit: 10 }).await.unwrap();
        let id = dead.items[0].delivery.id;
        desk.face.change_dead(&desk.ctx(), ChangeDead { id, change: DeadChange::Retry }).await.unwrap();
        desk.work().await;
        assert_eq!((mail_of(desk, message.id).await.state, sinks[0].taken().len()), (Sent, 1));
        let again = desk.face.change_dead(&desk.ctx(), ChangeDead { id, change: DeadChange::GiveUp }).await;
        assert_eq!(again.unwrap_err().code(), "delivery_not_dead");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_exist_is_suppressed() {
    on_a_desk(1, &[], async |desk, sinks| {
        let first = desk.send(ann()).await.unwrap();
        sinks[0].next(&[Fate::Say("RCPT", "550 5.1.1 no such user")]);
        desk.work().await;
        assert_eq!(mail_of(desk, first.id).await.state, Bounced);
        let second = desk.send(ann()).await.unwrap();
        desk.work().await;
        let mail = mail_of(desk, second.id).await;
        assert_eq!((mail.state, mail.reason.as_deref()), (Suppressed, Some("bounced")));
        let query = SuppressionQuery { address: Some("Ann@Example.com".to_owned()), after: None, limit: 10 };
        let found = desk.face.suppressions(&desk.ctx(), query).await.unwrap().items;
        desk.face.lift(&desk.ctx(), Lift { id: found[0].id }).await.unwrap();
        let third = desk.send(ann()).await.unwrap();
        desk.work().await;
        assert_eq!(mail_of(desk, third.id).await.state, Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_relay_is_asked_and_a_failing_one_left_alone() {
    on_a_desk(2, &[("provider_failures_max", "2")], async |desk, sinks| {
        for number in 1..=3 {
            sinks[0].next(&[Fate::Say("MAIL", "421 4.3.2 closing")]);
            let message = desk.send(ann()).await.unwrap();
            desk.work().await;
            assert_eq!((mail_of(desk, message.id).await.state, sinks[1].taken().len()), (Sent, number));
        }
        // The third was not even offered to the first relay: its circuit is open for half a minute.
        desk.time.advance_millis(30_001);
        let message = desk.send(ann()).await.unwrap();
        sinks[1].next(&[Fate::Say("MAIL", "421 4.3.2 closing")]);
        desk.work().await;
        assert_eq!(mail_of(desk, message.id).await.state, Queued, "the fault that was left for the third mail");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_optional_goes_after_its_life() {
    on_a_desk(1, &[], async |desk, sinks| {
        let message = desk.send(ann()).await.unwrap();
        desk.time.advance_millis(86_400_000);
        desk.work().await;
        let mail = mail_of(desk, message.id).await;
        assert_eq!((mail.state, mail.reason.as_deref()), (Expired, Some("life_over")));
        assert!(sinks[0].taken().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_optional_mails_wait_and_mandatory_ones_do_not() {
    on_a_desk(1, &[("emails_per_day", "2")], async |desk, sinks| {
        for _ in 0..2 {
            desk.send(ann()).await.unwrap();
            desk.work().await;
        }
        let third = desk.send(ann()).await.unwrap();
        let security = desk.face.send(&desk.ctx(), changed()).await.unwrap();
        desk.work().await;
        let mail = mail_of(desk, third.id).await;
        assert_eq!((mail.state, mail.reason.as_deref()), (Held, Some("rate_limit")));
        assert_eq!(mail_of(desk, security.id).await.state, Sent);
        assert_eq!(mail.due_at.unwrap(), desk.message(third.id).await.created_at.plus_seconds(86_400));
        assert_eq!(sinks[0].taken().len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_not_sent_again_unless_the_kind_allows_doubles() {
    on_a_desk(1, &[], async |desk, sinks| {
        let message = desk.send(ann()).await.unwrap();
        sinks[0].next(&[Fate::Lose(".")]);
        desk.work().await;
        desk.time.advance_millis(3_600_000);
        desk.work().await;
        assert_eq!((mail_of(desk, message.id).await.state, sinks[0].taken().len()), (Unknown, 1));
        desk.time.advance_millis(86_400_000);
        desk.work().await;
        let mail = mail_of(desk, message.id).await;
        assert_eq!((mail.state, mail.reason.as_deref()), (Undelivered, Some("outcome_unknown")));
        let serde_json::Value::Object(data) = serde_json::json!({ "code": "123456" }) else { panic!("an object") };
        let code = SendMessage { kind: "security.code".to_owned(), data, ..received(ann()) };
        let code = desk.face.send(&desk.ctx(), code).await.unwrap();
        sinks[0].next(&[Fate::Lose(".")]);
        desk.work().await;
        desk.time.advance_millis(10_000);
        desk.work().await;
        assert_eq!((mail_of(desk, code.id).await.state, sinks[0].taken().len()), (Sent, 3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_of_a_process_that_ended_is_unknown() {
    on_a_desk(1, &[], async |desk, sinks| {
        let message = desk.send(ann()).await.unwrap();
        // As a kill leaves it: claimed, and never heard of again.
        let tx = desk.db.begin().await.unwrap();
        let until = desk.message(message.id).await.created_at.plus_seconds(900).micros();
        tx.batch(&format!("update delivery set state = 'sending', claimed_until = {until} where channel = 'email'"))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        desk.work().await;
        assert_eq!(mail_of(desk, message.id).await.state, Sending);
        desk.time.advance_millis(900_001);
        desk.work().await;
        let mail = mail_of(desk, message.id).await;
        assert_eq!((mail.state, mail.reason.as_deref()), (Unknown, Some("the process ended")));
        assert!(sinks[0].taken().is_empty());
    })
    .await;
}
