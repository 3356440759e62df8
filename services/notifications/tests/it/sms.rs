//! SMS by Twilio's interface: what is sent, what each answer means, receipts in any order, and STOP.

use notifications_api::*;
use serde_json::json;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, open_to, received, states};
use crate::providers::{Fate, Providers, signature};
use crate::sink::{self as mail, Sink};

use DeliveryState::*;

const ANN: &str = "+4930123456";

async fn on_a_desk(settings: &[(&'static str, &str)], body: impl AsyncFn(&Desk, &Providers)) {
    for_each_engine(async |store| {
        let (stage, providers) = (Stage::new(store), Providers::open().await);
        let mut all = providers.sms_settings();
        all.extend(settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let desk = open_to(&stage, &all).await;
        body(&desk, &providers).await;
    })
    .await;
}

fn to_ann(kind: &str, data: serde_json::Value) -> SendMessage {
    let serde_json::Value::Object(data) = data else { panic!("an object") };
    let to = Recipient::Phone(ANN.to_owned());
    SendMessage { kind: kind.to_owned(), data, ..received(to) }
}

fn changed() -> SendMessage {
    to_ann("security.password_changed", json!({ "at": "2026-01-31T12:00:00Z" }))
}

fn code() -> SendMessage {
    to_ann("security.code", json!({ "code": "123456" }))
}

/// Ann with both addresses.
async fn ann_is_known(desk: &Desk) {
    let contact = PutContact {
        subject: "cust_ann".to_owned(),
        email: Some("ann@example.com".to_owned()),
        phone: Some(ANN.to_owned()),
        ..PutContact::default()
    };
    desk.face.put_contact(&desk.ctx(), contact).await.unwrap();
}

async fn sms_of(desk: &Desk, id: MessageId) -> Delivery {
    desk.message(id).await.deliveries.into_iter().find(|delivery| delivery.channel == Channel::Sms).unwrap()
}

fn path(id: DeliveryId) -> String {
    format!("/v1/notifications/receipts/twilio?delivery={id}")
}

async fn hears(desk: &Desk, path: &str, fields: &[(&str, &str)]) -> Result<(), NotificationsError> {
    let signature = signature(path, fields);
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    desk.face.sms_form(&desk.ctx(), SmsForm { path: path.to_owned(), fields, signature }).await
}

async fn receipt(desk: &Desk, id: DeliveryId, status: &str, code: &str) {
    hears(desk, &path(id), &[("MessageStatus", status), ("ErrorCode", code)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_goes_once_and_is_wiped() {
    on_a_desk(&[], async |desk, providers| {
        let sent = desk.face.send(&desk.ctx(), code()).await.unwrap();
        for _ in 0..2 {
            desk.work().await;
            desk.time.advance_millis(60_000);
        }
        let sms = providers.sms();
        assert_eq!(sms.len(), 1);
        assert_eq!((sms[0]["To"].as_str(), sms[0]["From"].as_str()), (ANN, "+15005550006"));
        assert!(sms[0]["Body"].starts_with("123456 is your code."), "{sms:?}");
        assert_eq!(sms[0]["ValidityPeriod"], "300");
        let delivery = sms_of(desk, sent.id).await;
        assert_eq!((delivery.state, delivery.address.as_deref()), (Sent, Some("•••56")));
        assert!(sms[0]["StatusCallback"].ends_with(&path(delivery.id)), "{sms:?}");
        // A receipt that it never arrived does not bring the code back.
        receipt(desk, delivery.id, "undelivered", "30003").await;
        desk.work().await;
        assert_eq!((sms_of(desk, sent.id).await.state, providers.sms().len()), (Undelivered, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_the_provider_has_its_end() {
    on_a_desk(&[], async |desk, providers| {
        for (fate, state, reason) in [
            (Fate::Say(400, r#"{"code":21612}"#), Undelivered, Some("400 21612")),
            (Fate::Say(400, r#"{"code":21408}"#), Dead, Some("400 21408")),
            (Fate::Say(401, r#"{"code":20003}"#), Dead, Some("401 20003")),
            (Fate::Say(500, ""), Queued, Some("retry")),
            (Fate::Later(429, 90), Queued, Some("retry")),
            (Fate::Lose, Unknown, Some("lost")),
        ] {
            let sent = desk.face.send(&desk.ctx(), changed()).await.unwrap();
            providers.next(&[fate]);
            desk.work().await;
            let sms = sms_of(desk, sent.id).await;
            assert_eq!((sms.state, sms.reason.as_deref()), (state, reason), "{fate:?} {sms:?}");
            assert!(!format!("{sms:?}").contains(ANN));
            if let Fate::Later(_, seconds) = fate {
                let wait = sms.due_at.unwrap().micros_since(sms.attempts[0].at);
                assert!(wait >= i64::from(seconds) * 1_000_000, "{wait}");
            }
            // What waits goes before the next one.
            desk.time.advance_millis(3_600_000);
            desk.work().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_bounces_falls_to_sms_and_a_wrong_number_is_suppressed() {
    let sink = Sink::open().await;
    on_a_desk(&[("mail_relays", &sink.url())], async |desk, providers| {
        ann_is_known(desk).await;
        sink.next(&[mail::Fate::Say("RCPT", "550 5.1.1 no such user")]);
        let to = Recipient::Subject("cust_ann".to_owned());
        let sent = desk.face.send(&desk.ctx(), SendMessage { to, ..changed() }).await.unwrap();
        desk.work().await;
        let all = states(&desk.message(sent.id).await);
        assert_eq!(all, [(Channel::Inbox, Delivered), (Channel::Email, Bounced), (Channel::Sms, Sent)]);
        providers.next(&[Fate::Say(400, r#"{"code":21211}"#)]);
        for (state, reason) in [(Bounced, "400 21211"), (Suppressed, "bounced")] {
            let sent = desk.face.send(&desk.ctx(), changed()).await.unwrap();
            desk.work().await;
            let sms = sms_of(desk, sent.id).await;
            assert_eq!((sms.state, sms.reason.as_deref()), (state, Some(reason)));
        }
        assert_eq!(providers.sms().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_may_come_in_any_order_and_twice() {
    on_a_desk(&[], async |desk, _| {
        for (receipts, expected) in [
            (&[("sent", ""), ("delivered", "")][..], Delivered),
            (&[("delivered", ""), ("sent", ""), ("delivered", "")], Delivered),
            (&[("queued", ""), ("undelivered", "30003"), ("sent", "")], Undelivered),
            (&[("failed", "30008"), ("delivered", "")], Undelivered),
            (&[("sent", "")], Sent),
        ] {
            let sent = desk.face.send(&desk.ctx(), changed()).await.unwrap();
            desk.work().await;
            let id = sms_of(desk, sent.id).await.id;
            for (status, code) in receipts {
                receipt(desk, id, status, code).await;
            }
            assert_eq!(sms_of(desk, sent.id).await.state, expected, "{receipts:?}");
        }
        let told = desk.events().await.into_iter().filter(|event| event.kind == "notifications.delivery.delivered");
        assert_eq!(told.count(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_settles_an_unknown_outcome() {
    on_a_desk(&[], async |desk, providers| {
        let sent = desk.face.send(&desk.ctx(), changed()).await.unwrap();
        providers.next(&[Fate::Lose]);
        desk.work().await;
        let sms = sms_of(desk, sent.id).await;
        assert_eq!(sms.state, Unknown);
        receipt(desk, sms.id, "sent", "").await;
        assert_eq!(sms_of(desk, sent.id).await.state, Sent);
        receipt(desk, sms.id, "delivered", "").await;
        desk.time.advance_millis(86_400_000);
        desk.work().await;
        assert_eq!((sms_of(desk, sent.id).await.state, providers.sms().len()), (Delivered, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proof_invalid() {
    on_a_desk(&[], async |desk, _| {
        let sent = desk.face.send(&desk.ctx(), changed()).await.unwrap();
        desk.work().await;
        let id = sms_of(desk, sent.id).await.id;
        let fields = [("MessageStatus", "undelivered")];
        let good = signature(&path(id), &fields);
        for (path, status, signature) in [
            (path(id), "delivered", good.clone()),
            (path(kernel::Id::from_bits(8)), "undelivered", good.clone()),
            (path(id), "undelivered", String::new()),
            (path(id), "undelivered", good.to_lowercase()),
        ] {
            let fields = vec![("MessageStatus".to_owned(), status.to_owned())];
            let refused = desk.face.sms_form(&desk.ctx(), SmsForm { path, fields, signature }).await.unwrap_err();
            assert_eq!(refused.code(), "proof_invalid");
        }
        assert_eq!(sms_of(desk, sent.id).await.state, Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_stop_gets_nothing_until_they_say_start() {
    on_a_desk(&[], async |desk, providers| {
        let says = async |body: &str| {
            let inbound = "/v1/notifications/receipts/twilio";
            hears(desk, inbound, &[("From", ANN), ("To", "+15005550006"), ("Body", body)]).await.unwrap();
        };
        let state = async || {
            let sent = desk.face.send(&desk.ctx(), changed()).await.unwrap();
            desk.work().await;
            let sms = sms_of(desk, sent.id).await;
            (sms.state, sms.reason)
        };
        says("Hello").await;
        assert_eq!(state().await, (Sent, None));
        says("Stop").await;
        assert_eq!(state().await, (Suppressed, Some("stopped".to_owned())));
        let query = SuppressionQuery { address: Some(ANN.to_owned()), after: None, limit: 10 };
        let found = desk.face.suppressions(&desk.ctx(), query).await.unwrap().items;
        assert_eq!((found.len(), found[0].channel, found[0].reason.as_str()), (1, Channel::Sms, "stopped"));
        says("START").await;
        assert_eq!(state().await, (Sent, None));
        // Twilio knew before us.
        providers.next(&[Fate::Say(400, r#"{"code":21610}"#)]);
        assert_eq!(state().await, (Suppressed, Some("stopped".to_owned())));
        assert_eq!(state().await, (Suppressed, Some("stopped".to_owned())));
        assert_eq!(providers.sms().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_optional_sms_to_one_number_wait() {
    on_a_desk(&[("sms_per_hour", "2")], async |desk, providers| {
        ann_is_known(desk).await;
        let terms = json!({ "categories": { "account": { "channels": { "sms": true } } } });
        let preferences = serde_json::from_value(terms).unwrap();
        let put = PutPreferences { subject: "cust_ann".to_owned(), preferences };
        desk.face.put_preferences(&desk.ctx(), put).await.unwrap();
        for _ in 0..3 {
            desk.send(Recipient::Subject("cust_ann".to_owned())).await.unwrap();
            desk.work().await;
        }
        desk.face.send(&desk.ctx(), changed()).await.unwrap();
        desk.work().await;
        assert_eq!(providers.sms().len(), 3, "two optional ones, and the mandatory one");
        desk.time.advance_millis(3_600_001);
        desk.work().await;
        assert_eq!(providers.sms().len(), 4);
    })
    .await;
}
