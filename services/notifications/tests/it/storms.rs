//! Many mails over a provider with one fault in three, and two processes on one store: nothing is lost, and nothing that
//! was acknowledged arrives twice. `FLORIN_DEEP=1` sends 2,000.

use std::collections::BTreeMap;

use notifications_api::*;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, open_to, open_with, received};
use crate::providers::{Fate as Answer, Providers};
use crate::sink::{Fate, Sink};

const ROUNDS: usize = 12;

fn messages() -> usize {
    if std::env::var_os("FLORIN_DEEP").is_some() { 2_000 } else { 90 }
}

fn to_person(number: usize) -> SendMessage {
    let data = serde_json::json!({ "at": "2026-01-31T12:00:00Z" });
    let serde_json::Value::Object(data) = data else { panic!("an object") };
    let kind = "security.password_changed".to_owned();
    SendMessage { kind, data, ..received(Recipient::Email(format!("person{number}@example.com"))) }
}

/// How often each mail arrived, by its Message-ID.
fn arrived(sink: &Sink) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for mail in sink.taken() {
        let id = mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().to_owned();
        *all.entry(id).or_default() += 1;
    }
    all
}

async fn desk(stage: &Stage<'_>, sink: &Sink) -> Desk {
    let settings = [("mail_relays", sink.url()), ("mail_timeout_s", "1".to_owned())];
    let mut all: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    all.extend([("provider_failures_max", "1000"), ("life_s", "2592000")]);
    open_with(stage, false, &all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_arrive_once_over_a_relay_with_one_fault_in_three() {
    for_each_engine(async |store| {
        let (stage, sink) = (Stage::new(store), Sink::open().await);
        let desk = desk(&stage, &sink).await;
        let faults = [
            Fate::Say("RCPT", "450 4.2.1 later"),
            Fate::Lose("DATA"),
            Fate::Lose("."),
            Fate::Say(".", "451 4.3.0 later"),
        ];
        for (number, fault) in (0..messages()).zip(faults.iter().cycle()) {
            desk.face.send(&desk.ctx(), to_person(number)).await.unwrap();
            sink.next(&[Fate::Take, Fate::Take, *fault]);
        }
        for _ in 0..ROUNDS {
            desk.work().await;
            desk.time.advance_millis(44_000_000);
        }
        let arrived = arrived(&sink);
        assert_eq!(arrived.len(), messages());
        assert!(arrived.values().all(|times| *times == 1), "{arrived:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sms_arrive_once_over_a_provider_with_one_fault_in_three() {
    for_each_engine(async |store| {
        let (stage, providers) = (Stage::new(store), Providers::open().await);
        let mut settings = providers.sms_settings();
        settings.push(("life_s", "2592000".to_owned()));
        let desk = open_to(&stage, &settings).await;
        let faults = [Answer::Say(500, ""), Answer::Later(429, 60), Answer::Lose, Answer::Say(503, "")];
        for number in 0..messages() {
            let to = Recipient::Phone(format!("+49{:08}", 30_000_000 + number));
            desk.face.send(&desk.ctx(), SendMessage { to, ..to_person(number) }).await.unwrap();
        }
        // One in three, after which the others are taken.
        for fault in faults.iter().cycle().take(messages() / 3) {
            providers.next(&[Answer::Take, Answer::Take, *fault]);
        }
        for _ in 0..ROUNDS {
            desk.work().await;
            desk.time.advance_millis(44_000_000);
        }
        let numbers: Vec<String> = providers.sms().into_iter().map(|sms| sms["To"].clone()).collect();
        let different: std::collections::BTreeSet<&String> = numbers.iter().collect();
        assert_eq!((numbers.len(), different.len()), (messages(), messages()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_work_without_doubles() {
    for_each_engine(async |store| {
        let (stage, sink) = (Stage::new(store), Sink::open().await);
        let (one, other) = (desk(&stage, &sink).await, desk(&stage, &sink).await);
        for number in 0..messages() {
            one.face.send(&one.ctx(), to_person(number)).await.unwrap();
        }
        tokio::join!(one.work(), other.work());
        let arrived = arrived(&sink);
        assert_eq!(arrived.len(), messages());
        assert!(arrived.values().all(|times| *times == 1), "{arrived:?}");
    })
    .await;
}
