//! A process that ends between any two steps of a delivery, a relay that is away for an hour, and clocks that jump.
//!
//! What a process has in memory is dropped where it stands, as a kill does; what is left is the store.

use std::sync::atomic::Ordering;
use std::time::Duration;

use notifications_api::*;
use serde_json::json;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, open_with, received};
use crate::sink::{Fate, Sink};

use DeliveryState::*;

const DAY_MS: u64 = 86_400_000;

async fn open(stage: &Stage<'_>, sink: &Sink) -> Desk {
    let settings = [("mail_relays", sink.url()), ("mail_timeout_s", "60".to_owned())];
    let all: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    open_with(stage, false, &all).await
}

fn mail(kind: &str) -> SendMessage {
    let data = match kind {
        "security.code" => json!({ "code": "123456" }),
        _ => json!({ "at": "2026-01-31T12:00:00Z" }),
    };
    let serde_json::Value::Object(data) = data else { panic!("an object") };
    let to = Recipient::Email("ann@example.com".to_owned());
    SendMessage { kind: kind.to_owned(), data, ..received(to) }
}

async fn state(desk: &Desk, id: MessageId) -> DeliveryState {
    desk.message(id).await.deliveries[0].state
}

/// Works until the relay says nothing, and ends there.
async fn killed_at(desk: Desk, sink: &Sink, command: &'static str) {
    let before = sink.hangs.load(Ordering::SeqCst);
    sink.next(&[Fate::Hang(command)]);
    let hangs = async {
        while sink.hangs.load(Ordering::SeqCst) == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = desk.work() => panic!("the relay was to say nothing at {command}"),
        () = hangs => {}
    }
    drop(desk);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_at_any_step_loses_and_doubles_nothing() {
    for (command, arrived) in [("MAIL", 0), ("RCPT", 0), ("DATA", 0), (".", 1)] {
        for_each_engine(async |store| {
            let (stage, sink) = (Stage::new(store), Sink::open().await);
            let desk = open(&stage, &sink).await;
            let sent = desk.face.send(&desk.ctx(), mail("security.password_changed")).await.unwrap();
            killed_at(desk, &sink, command).await;
            let desk = open(&stage, &sink).await;
            for (passes_ms, expected) in [(0, Sending), (900_001, Unknown), (DAY_MS, Undelivered)] {
                desk.time.advance_millis(passes_ms);
                desk.work().await;
                assert_eq!((state(&desk, sent.id).await, sink.taken().len()), (expected, arrived), "{command}");
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_before_and_after_a_delivery_leaves_it_to_the_next() {
    for_each_engine(async |store| {
        let (stage, sink) = (Stage::new(store), Sink::open().await);
        let desk = open(&stage, &sink).await;
        let sent = desk.face.send(&desk.ctx(), mail("security.password_changed")).await.unwrap();
        for _ in 0..2 {
            drop(open(&stage, &sink).await);
            let desk = open(&stage, &sink).await;
            desk.work().await;
            assert_eq!((state(&desk, sent.id).await, sink.taken().len()), (Sent, 1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_whose_process_ended_is_never_sent_late() {
    for_each_engine(async |store| {
        let (stage, sink) = (Stage::new(store), Sink::open().await);
        let desk = open(&stage, &sink).await;
        let code = mail("security.code");
        let sent = desk.face.send(&desk.ctx(), SendMessage { kind: "security.address_code".to_owned(), ..code }).await;
        let id = sent.unwrap().id;
        killed_at(desk, &sink, "DATA").await;
        let desk = open(&stage, &sink).await;
        // Its life is shorter than the time after which a process counts as ended: it is never sent late.
        desk.time.advance_millis(900_001);
        desk.work().await;
        desk.time.advance_millis(60_000);
        desk.work().await;
        assert_eq!((state(&desk, id).await, sink.taken().len()), (Expired, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_away_for_an_hour_gets_each_mail_once() {
    for_each_engine(async |store| {
        let (stage, sink) = (Stage::new(store), Sink::open().await);
        let desk = open(&stage, &sink).await;
        sink.is_away.store(true, Ordering::SeqCst);
        let mut all = Vec::new();
        for minute in 0..60 {
            if minute % 10 == 0 {
                all.push(desk.face.send(&desk.ctx(), mail("security.password_changed")).await.unwrap().id);
            }
            desk.work().await;
            desk.time.advance_millis(60_000);
        }
        assert!(sink.taken().is_empty());
        sink.is_away.store(false, Ordering::SeqCst);
        // Longer than the longest pause after an hour of attempts.
        for _ in 0..3 {
            desk.time.advance_millis(10_000_000);
            desk.work().await;
        }
        for id in &all {
            assert_eq!(state(&desk, *id).await, Sent);
        }
        assert_eq!(sink.taken().len(), all.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_loses_and_doubles_nothing() {
    for_each_engine(async |store| {
        let (stage, sink) = (Stage::new(store), Sink::open().await);
        let desk = open(&stage, &sink).await;
        let kind = "security.password_changed";
        let first = desk.face.send(&desk.ctx(), mail(kind)).await.unwrap();
        sink.next(&[Fate::Say("RCPT", "450 4.2.1 later")]);
        desk.work().await;
        assert_eq!(state(&desk, first.id).await, Queued);
        // An hour back: what is due waits until then, and what is new goes at once.
        desk.time.step_back_millis(3_600_000);
        let second = desk.face.send(&desk.ctx(), mail(kind)).await.unwrap();
        desk.work().await;
        assert_eq!((state(&desk, first.id).await, state(&desk, second.id).await), (Queued, Sent));
        desk.time.advance_millis(3_610_000);
        desk.work().await;
        assert_eq!((state(&desk, first.id).await, sink.taken().len()), (Sent, 2));
        // A week ahead: what waits is over. And back again: what is new goes.
        let third = desk.face.send(&desk.ctx(), mail(kind)).await.unwrap();
        let now = desk.message(third.id).await.created_at;
        desk.time.set(now.plus_seconds(7 * 86_400));
        desk.work().await;
        desk.time.set(now);
        let fourth = desk.face.send(&desk.ctx(), mail(kind)).await.unwrap();
        desk.work().await;
        assert_eq!((state(&desk, third.id).await, state(&desk, fourth.id).await), (Expired, Sent));
        assert_eq!(sink.taken().len(), 3);
    })
    .await;
}
