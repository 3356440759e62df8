//! Events of the ledger and of identity become messages, once.

use std::sync::atomic::Ordering;

use notifications_api::*;
use serde_json::{Value, json};
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, open, posting, states};

use Channel::{Email, Inbox};
use DeliveryState::*;

async fn on_a_desk(body: impl AsyncFn(&Desk)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = open(&stage).await;
        for (number, (path, owner)) in
            [("customers:ann", Some("cust_ann")), ("customers:bob", Some("cust_bob")), ("assets:cash", None)]
                .into_iter()
                .enumerate()
        {
            let normal = if owner.is_some() { "credit" } else { "debit" };
            desk.tell_ledger(
                &format!("a{number}"),
                "ledger.account.opened",
                path,
                json!({ "owner": owner, "normal": normal }),
            );
        }
        body(&desk).await;
    })
    .await;
}

fn postings(all: &[Value]) -> Value {
    json!({ "postings": all })
}

async fn told(desk: &Desk) -> Vec<(String, String)> {
    let of = |message: Message| (message.subject.unwrap_or_default(), message.kind);
    desk.messages().await.into_iter().map(of).collect()
}

fn pair(subject: &str, kind: &str) -> (String, String) {
    (subject.to_owned(), kind.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn bobs_payment_turns_up_in_anns_inbox_and_mailbox() {
    on_a_desk(async |desk| {
        let data = postings(&[posting("customers:bob", "customers:ann", "25.00")]);
        desk.tell_ledger("7", "ledger.transaction.posted", "txn_7", data);
        desk.read().await;
        desk.work().await;
        let expected = [pair("cust_ann", "account.money_received"), pair("cust_bob", "account.money_sent")];
        assert_eq!(told(desk).await, expected);
        let message = desk.messages().await.remove(0);
        assert_eq!(states(&message), [(Inbox, Delivered), (Email, Sent)]);
        assert_eq!(desk.inbox("cust_ann").await[0].text, "Bob sent you 25.00 USD.");
        assert_eq!(desk.mail(message.id).await.to, "ann@example.com");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_told_twice_makes_one_message() {
    on_a_desk(async |desk| {
        for _ in 0..2 {
            let data = postings(&[posting("assets:cash", "customers:ann", "25.00")]);
            desk.tell_ledger("7", "ledger.transaction.posted", "txn_7", data);
        }
        desk.read().await;
        desk.opened.consumers[1].begin_behind(0).await.unwrap();
        desk.read().await;
        desk.work().await;
        assert_eq!(told(desk).await, [pair("cust_ann", "account.money_received")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_transaction_is_told_once_with_its_sum_and_own_transfers_are_not() {
    on_a_desk(async |desk| {
        desk.tell_ledger(
            "a9",
            "ledger.account.opened",
            "customers:ann:savings",
            json!({ "owner": "cust_ann", "normal": "credit" }),
        );
        let several =
            [posting("assets:cash", "customers:ann", "25.00"), posting("assets:cash", "customers:ann", "1.50")];
        desk.tell_ledger("7", "ledger.transaction.posted", "txn_7", postings(&several));
        let own = [posting("customers:ann", "customers:ann:savings", "5.00")];
        desk.tell_ledger("8", "ledger.transaction.posted", "txn_8", postings(&own));
        desk.read().await;
        desk.work().await;
        assert_eq!(told(desk).await, [pair("cust_ann", "account.money_received")]);
        assert_eq!(desk.inbox("cust_ann").await[0].text, "cash sent you 26.50 USD.");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_below_a_persons_threshold_are_not_told() {
    on_a_desk(async |desk| {
        let terms = json!({ "thresholds": { "money_in": { "amount": "10.00", "currency": "USD" } } });
        let put =
            PutPreferences { subject: "cust_ann".to_owned(), preferences: serde_json::from_value(terms).unwrap() };
        desk.face.put_preferences(&desk.ctx(), put).await.unwrap();
        for (id, amount) in [("7", "9.99"), ("8", "10.00")] {
            let data = postings(&[posting("assets:cash", "customers:ann", amount)]);
            desk.tell_ledger(id, "ledger.transaction.posted", "txn", data);
        }
        desk.read().await;
        desk.work().await;
        assert_eq!(desk.inbox("cust_ann").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_and_frozen_accounts_are_told_to_the_owner() {
    on_a_desk(async |desk| {
        let data = postings(&[posting("customers:bob", "assets:cash", "39.99")]);
        desk.tell_ledger("7", "ledger.hold.expired", "txn_7", data);
        desk.tell_ledger("8", "ledger.account.frozen", "customers:ann", json!({}));
        desk.tell_ledger("9", "ledger.account.unfrozen", "customers:ann", json!({}));
        desk.tell_ledger("10", "ledger.account.frozen", "assets:cash", json!({}));
        desk.read().await;
        desk.work().await;
        let expected = [
            pair("cust_bob", "account.hold_expired"),
            pair("cust_ann", "account.frozen"),
            pair("cust_ann", "account.unfrozen"),
        ];
        assert_eq!(told(desk).await, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identitys_events_are_told_to_their_user() {
    on_a_desk(async |desk| {
        let user = desk.user(7, "cust_eva", Some("eva@example.com"), &["customer"]);
        let id = user.id.to_string();
        desk.world.people.lock().unwrap().push(user);
        desk.tell_identity("1", "identity.user.created", &id, json!({}));
        for (number, known) in [("2", true), ("3", false)] {
            desk.tell_identity(number, "identity.session.began", &id, json!({ "known_browser": known }));
        }
        desk.tell_identity("4", "identity.password.changed", &id, json!({}));
        desk.tell_identity("5", "identity.factor.enrolled", &id, json!({ "factor": "totp" }));
        let stolen = json!({ "client": "web", "session": "s", "user": id });
        desk.tell_identity("6", "identity.refresh_token.reused", "web", stolen);
        desk.read().await;
        desk.work().await;
        let kinds = ["new_browser", "password_changed", "factor_added", "session_stolen"];
        assert_eq!(told(desk).await, kinds.map(|kind| pair("cust_eva", &format!("security.{kind}"))));
        for message in desk.messages().await {
            assert_eq!(states(&message), [(Inbox, Delivered), (Email, Sent)], "{message:?}");
            assert_eq!(desk.mail(message.id).await.to, "eva@example.com");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_waits_until_identity_tells_who_it_is_for() {
    on_a_desk(async |desk| {
        let user = desk.user(7, "cust_eva", Some("eva@example.com"), &["customer"]);
        let id = user.id.to_string();
        desk.world.people.lock().unwrap().push(user);
        desk.world.identity_is_away.store(true, Ordering::SeqCst);
        desk.tell_identity("1", "identity.password.changed", &id, json!({}));
        desk.read().await;
        desk.work().await;
        assert_eq!(desk.messages().await[0].state, MessageState::Accepted);
        desk.world.identity_is_away.store(false, Ordering::SeqCst);
        desk.time.advance_millis(30_000);
        desk.work().await;
        let message = desk.messages().await.remove(0);
        assert_eq!((message.state, message.subject.as_deref()), (MessageState::Routed, Some("cust_eva")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_contact_at_identity_is_told_to_the_old_address() {
    on_a_desk(async |desk| {
        let user = desk.user(7, "cust_eva", Some("old@example.com"), &["customer"]);
        let id = user.id.to_string();
        desk.world.people.lock().unwrap().push(user);
        desk.tell_identity("1", "identity.user.created", &id, json!({}));
        desk.read().await;
        desk.work().await;
        desk.world.people.lock().unwrap()[0].email = Some("new@example.com".to_owned());
        desk.tell_identity("2", "identity.user.contact_changed", &id, json!({}));
        desk.read().await;
        desk.work().await;
        let message = desk.messages().await.remove(0);
        assert_eq!(message.kind, "security.contact_changed");
        assert_eq!(desk.mail(message.id).await.to, "old@example.com");
        let contact = desk.face.contact(&desk.ctx(), "cust_eva".to_owned()).await.unwrap();
        assert_eq!(contact.email.unwrap().address, "new@example.com");
    })
    .await;
}
