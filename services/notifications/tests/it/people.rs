//! Contacts, their verification, preferences and inboxes, and who reaches them.

use kernel::Secret;
use notifications_api::*;
use serde_json::json;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, ann, open, states};

use Channel::{Email, Inbox, Push, Sms};

async fn on_a_desk(body: impl AsyncFn(&Desk)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        body(&open(&stage).await).await;
    })
    .await;
}

fn contact(email: Option<&str>) -> PutContact {
    let email = email.map(str::to_owned);
    PutContact { subject: "cust_ann".to_owned(), name: Some("Ann".to_owned()), email, ..PutContact::default() }
}

fn verify(code: &str) -> Verify {
    Verify { subject: "cust_ann".to_owned(), field: ContactField::Email, code: Secret::new(code) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_own_address_is_used_once_it_is_verified() {
    on_a_desk(async |desk| {
        let own = desk.customer("cust_ann");
        let changed = desk.face.put_contact(&own, contact(Some("new@example.com"))).await.unwrap();
        let old = Some(Reach { address: "ann@example.com".to_owned(), verified: true });
        assert_eq!((changed.email, changed.new_email.as_deref()), (old.clone(), Some("new@example.com")));
        desk.work().await;
        let code = desk.code().await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for left in [4, 3] {
            let refused = desk.face.verify(&own, verify(wrong)).await.unwrap_err();
            assert_eq!(refused.refusal(), Some(&Refusal::CodeWrong { tries_left: left }));
        }
        let verified = desk.face.verify(&own, verify(&code)).await.unwrap();
        assert_eq!(verified.email.unwrap().address, "new@example.com");
        assert_eq!(desk.face.verify(&own, verify(&code)).await.unwrap_err().code(), "nothing_to_verify");
        desk.work().await;
        // The change was told to the old address.
        let all = desk.messages().await;
        let told = all.iter().find(|message| message.kind == "security.contact_changed").unwrap();
        assert_eq!(desk.mail(told.id).await.to, "ann@example.com");
        let message = desk.send(ann()).await.unwrap();
        desk.work().await;
        assert_eq!(desk.mail(message.id).await.to, "new@example.com");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_wiped_and_ends_after_five_attempts_or_ten_minutes() {
    on_a_desk(async |desk| {
        let own = desk.customer("cust_ann");
        desk.face.put_contact(&own, contact(Some("new@example.com"))).await.unwrap();
        desk.work().await;
        let code = desk.code().await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            assert_eq!(desk.face.verify(&own, verify(wrong)).await.unwrap_err().code(), "code_wrong");
        }
        assert_eq!(desk.face.verify(&own, verify(&code)).await.unwrap_err().code(), "code_wrong");
        desk.face.put_contact(&own, contact(Some("new@example.com"))).await.unwrap();
        desk.work().await;
        let code = desk.code().await;
        desk.time.advance_millis(600_000);
        let own = desk.customer("cust_ann");
        assert_eq!(desk.face.verify(&own, verify(&code)).await.unwrap_err().code(), "code_wrong");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_change_an_address_at_once_and_the_old_one_is_told() {
    on_a_desk(async |desk| {
        let changed = desk.face.put_contact(&desk.ctx(), contact(Some("office@example.com"))).await.unwrap();
        assert_eq!(changed.email.unwrap().address, "office@example.com");
        desk.work().await;
        let told = desk.messages().await.remove(0);
        assert_eq!(
            (told.kind.as_str(), desk.mail(told.id).await.to.as_str()),
            ("security.contact_changed", "ann@example.com")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_contacts_are_refused_by_field() {
    on_a_desk(async |desk| {
        let some = |text: &str| Some(text.to_owned());
        for (command, field) in [
            (PutContact { name: some("Ann\r\nBcc: x"), ..contact(None) }, "name"),
            (PutContact { name: some("\u{202e}nnA"), ..contact(None) }, "name"),
            (PutContact { name: some(&"x".repeat(10_000)), ..contact(None) }, "name"),
            (contact(Some("ann")), "email"),
            (contact(Some("ann@example.com\r\nBcc: x@y.z")), "email"),
            (PutContact { phone: some("030 123"), ..contact(None) }, "phone"),
            (PutContact { locale: some("de_AT"), ..contact(None) }, "locale"),
            (PutContact { zone: some("Mars/Olympus"), ..contact(None) }, "zone"),
        ] {
            let refused = desk.face.put_contact(&desk.ctx(), command).await.unwrap_err();
            let Some(Refusal::FieldInvalid { field: found, .. }) = refused.refusal() else { panic!("{refused}") };
            assert_eq!(found, field);
        }
        let phone = PutContact { phone: some("+4930123456"), ..contact(Some("ann@example.com")) };
        let refused = desk.face.put_contact(&desk.customer("cust_ann"), phone).await.unwrap_err();
        assert_eq!(refused.code(), "recipient_unreachable", "no channel carries the code");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_reach_their_own_things_alone() {
    on_a_desk(async |desk| {
        let message = desk.send(ann()).await.unwrap();
        let (own, bob) = (desk.customer("cust_ann"), desk.customer("cust_bob"));
        assert_eq!(desk.face.message(&own, message.id).await.unwrap().id, message.id);
        assert_eq!(desk.face.message(&bob, message.id).await.unwrap_err().code(), "message_unknown");
        let ask = || "cust_ann".to_owned();
        assert_eq!(desk.face.contact(&bob, ask()).await.unwrap_err().code(), "contact_unknown");
        assert_eq!(desk.face.preferences(&bob, ask()).await.unwrap_err().code(), "contact_unknown");
        assert_eq!(desk.face.put_contact(&bob, contact(None)).await.unwrap_err().code(), "contact_unknown");
        // Whoever is named, customers get their own.
        let query = InboxQuery { subject: Some(ask()), limit: 10, ..InboxQuery::default() };
        assert_eq!(desk.face.inbox(&bob, query.clone()).await.unwrap().items, []);
        let entry = desk.face.inbox(&own, query).await.unwrap().items.remove(0);
        let mark = |state| MarkEntry { id: entry.id, state };
        assert_eq!(desk.face.mark(&bob, mark(EntryState::Read)).await.unwrap_err().code(), "entry_unknown");
        assert_eq!(desk.face.mark(&own, mark(EntryState::Read)).await.unwrap().state, EntryState::Read);
        assert_eq!(desk.face.unread(&own, None).await.unwrap().unread, 0);
        desk.face.mark(&own, mark(EntryState::Archived)).await.unwrap();
        assert_eq!(desk.inbox("cust_ann").await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_say_when_a_message_would_go() {
    on_a_desk(async |desk| {
        let terms = json!({
            "categories": { "account": { "channels": { "sms": true, "inbox": false } } },
            "quiet_hours": { "start": "22:00", "end": "07:00" },
        });
        let preferences: Preferences = serde_json::from_value(terms).unwrap();
        let put = PutPreferences { subject: "cust_ann".to_owned(), preferences: preferences.clone() };
        desk.face.put_preferences(&desk.ctx(), put).await.unwrap();
        assert_eq!(desk.face.preferences(&desk.ctx(), "cust_ann".to_owned()).await.unwrap(), preferences);
        let at = Some("2026-01-31T23:00:00Z".parse().unwrap());
        let ask = AskNext { subject: "cust_ann".to_owned(), kind: "account.money_received".to_owned(), at };
        let next = desk.face.next(&desk.ctx(), ask).await.unwrap();
        let found: Vec<_> = next.channels.iter().map(|on| (on.channel, on.because.as_str())).collect();
        assert_eq!(found, [(Inbox, "opted_out"), (Email, "quiet_hours"), (Sms, "no_address"), (Push, "no_address")]);
        assert_eq!(next.channels[1].goes_at.unwrap(), "2026-02-01T07:00:00Z".parse().unwrap());
        let message = desk.send(ann()).await.unwrap();
        assert_eq!(states(&message), [(Inbox, DeliveryState::Suppressed), (Email, DeliveryState::Queued)]);
        let fixed = json!({ "categories": { "security": { "channels": { "email": false } } } });
        let put =
            PutPreferences { subject: "cust_ann".to_owned(), preferences: serde_json::from_value(fixed).unwrap() };
        assert_eq!(desk.face.put_preferences(&desk.ctx(), put).await.unwrap_err().code(), "field_invalid");
    })
    .await;
}
