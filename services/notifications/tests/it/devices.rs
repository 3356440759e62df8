//! Devices of people, and push messages to them: by a browser's push service, and by Firebase.

use std::sync::atomic::Ordering;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use notifications_api::*;
use serde_json::json;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, ann, open, open_to, received, states};
use crate::providers::{Fate, Providers};

use Channel::{Inbox, Push};
use DeliveryState::*;

async fn on_a_desk(body: impl AsyncFn(&Desk, &Providers)) {
    for_each_engine(async |store| {
        let (stage, providers) = (Stage::new(store), Providers::open().await);
        let (vapid, account) = (store.dir().join("vapid.pem"), store.dir().join("fcm.json"));
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pem = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n", &pem[..64], &pem[64..]);
        std::fs::write(&vapid, pem).unwrap();
        std::fs::write(&account, providers.app().account()).unwrap();
        let settings = [
            ("vapid_key_file", vapid.display().to_string()),
            ("fcm_credentials_file", account.display().to_string()),
            ("fcm_base_url", providers.url()),
            ("webhook_http", "true".to_owned()),
            ("provider_failures_max", "1000".to_owned()),
        ];
        body(&open_to(&stage, &settings).await, &providers).await;
    })
    .await;
}

async fn adds(desk: &Desk, address: DeviceAddress) -> Device {
    let command = AddDevice { subject: Some("cust_ann".to_owned()), address };
    desk.face.add_device(&desk.ctx(), command).await.unwrap()
}

async fn devices(desk: &Desk) -> Vec<Device> {
    desk.face.devices(&desk.ctx(), Some("cust_ann".to_owned())).await.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_to_each_device_of_a_person() {
    on_a_desk(async |desk, providers| {
        adds(desk, providers.browser().subscription("one")).await;
        adds(desk, providers.app().registration("app-1")).await;
        let sent = desk.send(ann()).await.unwrap();
        desk.work().await;
        let message = desk.message(sent.id).await;
        assert_eq!(states(&message), [(Inbox, Delivered), (Push, Sent), (Push, Sent)]);
        let pushed = providers.pushed();
        assert_eq!(pushed.len(), 1);
        let shown = json!({
            "title": "You received 25.00 USD", "body": "Bob sent you 25.00 USD.", "id": message.deliveries[1].id,
        });
        assert_eq!((&pushed[0].shown, pushed[0].ttl, pushed[0].urgency.as_str()), (&shown, 86_400, "normal"));
        let apps = providers.apps();
        assert_eq!((apps.len(), &apps[0]["token"]), (1, &json!("app-1")));
        assert_eq!(apps[0]["notification"]["title"], "You received 25.00 USD");
        assert_eq!(apps[0]["android"]["ttl"], "86400s");
        assert_eq!(message.deliveries[1].address.as_deref(), Some("127.0.0.1"));
        assert_eq!(message.deliveries[2].address.as_deref(), Some("fcm"));
        // A second message uses the token of the first.
        desk.send(ann()).await.unwrap();
        desk.work().await;
        assert_eq!((providers.apps().len(), providers.app().tokens.load(Ordering::SeqCst)), (2, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_a_push_service_has_its_end() {
    on_a_desk(async |desk, providers| {
        for (fate, state, stays) in [
            (Fate::Say(413, ""), Dead, true),
            (Fate::Say(403, ""), Dead, true),
            (Fate::Say(500, ""), Queued, true),
            (Fate::Later(429, 600), Queued, true),
            (Fate::Lose, Unknown, true),
            (Fate::Say(404, ""), Bounced, false),
            (Fate::Say(410, ""), Bounced, false),
        ] {
            let device = adds(desk, providers.browser().subscription("one")).await;
            providers.next(&[fate]);
            let sent = desk.send(ann()).await.unwrap();
            desk.work().await;
            let push = desk.message(sent.id).await.deliveries.remove(1);
            assert_eq!(push.state, state, "{fate:?} {push:?}");
            assert_eq!(devices(desk).await.iter().any(|one| one.id == device.id), stays, "{fate:?}");
            // What waits goes before the next one.
            desk.time.advance_millis(3_600_000);
            desk.work().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_removed_is_forgotten_and_a_revoked_token_renewed() {
    const GONE: &str = r#"{"error":{"status":"NOT_FOUND","details":[{"errorCode":"UNREGISTERED"}]}}"#;
    const OTHER: &str = r#"{"error":{"status":"X","details":[{"errorCode":"SENDER_ID_MISMATCH"}]}}"#;
    on_a_desk(async |desk, providers| {
        for answer in [Fate::Say(404, GONE), Fate::Say(403, OTHER)] {
            adds(desk, providers.app().registration("app-1")).await;
            providers.next(&[answer]);
            let sent = desk.send(ann()).await.unwrap();
            desk.work().await;
            assert_eq!(states(&desk.message(sent.id).await), [(Inbox, Delivered), (Push, Bounced)]);
            assert_eq!(devices(desk).await, []);
        }
        adds(desk, providers.app().registration("app-1")).await;
        providers.app().revoke();
        let sent = desk.send(ann()).await.unwrap();
        desk.work().await;
        assert_eq!(states(&desk.message(sent.id).await), [(Inbox, Delivered), (Push, Queued)]);
        desk.time.advance_millis(10_000);
        desk.work().await;
        assert_eq!((states(&desk.message(sent.id).await)[1], providers.apps().len()), ((Push, Sent), 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandatory_message_falls_on_only_when_no_device_got_it() {
    on_a_desk(async |desk, providers| {
        let serde_json::Value::Object(data) = json!({ "at": "2026-01-31T12:00:00Z" }) else { panic!("an object") };
        let changed = SendMessage { kind: "security.password_changed".to_owned(), data, ..received(ann()) };
        for device in ["one", "two"] {
            adds(desk, providers.browser().subscription(device)).await;
        }
        providers.next(&[Fate::Say(410, "")]);
        let sent = desk.face.send(&desk.ctx(), changed).await.unwrap();
        desk.work().await;
        let mut all = states(&desk.message(sent.id).await);
        all.sort_by_key(|(channel, state)| (*channel, *state == Sent));
        assert_eq!(all, [(Inbox, Delivered), (Push, Bounced), (Push, Sent)]);
        assert_eq!(providers.pushed()[0].urgency, "high");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_belongs_to_the_person_who_used_it_last() {
    on_a_desk(async |desk, providers| {
        let (own, bob) = (desk.customer("cust_ann"), desk.customer("cust_bob"));
        let add = || AddDevice { subject: None, address: providers.browser().subscription("one") };
        let first = desk.face.add_device(&own, add()).await.unwrap();
        assert_eq!(desk.face.add_device(&own, add()).await.unwrap(), first, "the same again changes nothing");
        assert_eq!((first.subject.as_str(), first.host.as_deref()), ("cust_ann", Some("127.0.0.1")));
        let refused = desk.face.remove_device(&bob, first.id).await.unwrap_err();
        assert_eq!(refused.code(), "device_unknown");
        let second = desk.face.add_device(&bob, add()).await.unwrap();
        assert_eq!((second.subject.as_str(), devices(desk).await.len()), ("cust_bob", 0));
        let asked = desk.face.devices(&bob, Some("cust_ann".to_owned())).await.unwrap().items;
        assert_eq!(asked, std::slice::from_ref(&second), "customers always get their own");
        desk.face.remove_device(&bob, second.id).await.unwrap();
        assert_eq!(desk.face.devices(&bob, None).await.unwrap().items, []);
        assert_eq!(desk.face.push_key(&own).await.unwrap().web.unwrap().len(), 87);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_device_is_not_shown_to_its_next_owner() {
    on_a_desk(async |desk, providers| {
        adds(desk, providers.browser().subscription("one")).await;
        let sent = desk.send(ann()).await.unwrap();
        let address = providers.browser().subscription("one");
        desk.face.add_device(&desk.customer("cust_bob"), AddDevice { subject: None, address }).await.unwrap();
        desk.work().await;
        let push = desk.message(sent.id).await.deliveries.remove(1);
        assert_eq!((push.state, push.reason.as_deref()), (Suppressed, Some("device_removed")));
        assert_eq!(providers.pushed(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_have_a_form_and_a_limit() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = open(&stage).await;
        let keys = WebKeys {
            p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
                .to_owned(),
            auth: kernel::Secret::new("BTBZMqHH6r4Tts7J_aSIgg"),
        };
        let web = |endpoint: &str, keys: WebKeys| {
            DeviceAddress::Web(WebSubscription { endpoint: endpoint.to_owned(), keys, expiration_time: None })
        };
        let good = "https://push.example.com/p/1";
        for (address, field) in [
            (web("http://push.example.com/p/1", keys.clone()), "address.web.endpoint"),
            (web("https://127.0.0.1/p/1", keys.clone()), "address.web.endpoint"),
            (web(good, WebKeys { p256dh: "BAAA".to_owned(), ..keys.clone() }), "address.web.keys.p256dh"),
            (web(good, WebKeys { auth: kernel::Secret::new("AAAA"), ..keys.clone() }), "address.web.keys.auth"),
            (DeviceAddress::Fcm(FcmRegistration { token: kernel::Secret::new("a b") }), "address.fcm.token"),
        ] {
            let command = AddDevice { subject: Some("cust_ann".to_owned()), address };
            let refused = desk.face.add_device(&desk.ctx(), command).await.unwrap_err();
            let Some(Refusal::FieldInvalid { field: found, .. }) = refused.refusal() else { panic!("{refused}") };
            assert_eq!(found, field);
        }
        for number in 0..limits::DEVICES_MAX {
            adds(&desk, web(&format!("{good}{number}"), keys.clone())).await;
        }
        let one_more = AddDevice { subject: Some("cust_ann".to_owned()), address: web(good, keys) };
        let refused = desk.face.add_device(&desk.ctx(), one_more).await.unwrap_err();
        assert_eq!(refused.code(), "too_many_devices");
    })
    .await;
}
