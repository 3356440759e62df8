//! The same calls in process, over HTTP/2 and over a network that loses and repeats them.

use kernel::Secret;
use notifications_api::*;
use testkit::{Stage, on_each_way};

use crate::harness::{Desk, ann, open, received};

async fn start(stage: &Stage<'_>) -> (std::sync::Arc<dyn Notifications>, Desk) {
    let desk = open(stage).await;
    (desk.face.clone(), desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_sent_twice_has_one_effect() {
    on_each_way(&FACE, start, async |room, desk| {
        let message = room.send(&room.keyed(), received(ann())).await.unwrap();
        assert_eq!(desk.messages().await.len(), 1);
        let cancelled = room.cancel(&room.keyed(), message.id).await.unwrap();
        assert_eq!(cancelled.deliveries[1].state, DeliveryState::Cancelled);
        let email = Some("office@example.com".to_owned());
        let contact = PutContact { subject: "cust_ann".to_owned(), email, ..PutContact::default() };
        room.put_contact(&room.keyed(), contact).await.unwrap();
        let told = desk.messages().await.into_iter().filter(|one| one.kind == "security.contact_changed");
        assert_eq!(told.count(), 1);
        let preferences = Preferences::default();
        let put = PutPreferences { subject: "cust_ann".to_owned(), preferences: preferences.clone() };
        assert_eq!(room.put_preferences(&room.keyed(), put).await.unwrap(), preferences);
        desk.send(ann()).await.unwrap();
        desk.work().await;
        desk.make_dead("email").await;
        let dead = room.dead(&room.ctx(), DeadQuery { after: None, limit: 10 }).await.unwrap().items;
        let change = ChangeDead { id: dead[0].delivery.id, change: DeadChange::GiveUp };
        room.change_dead(&room.keyed(), change).await.unwrap();
        let url = "https://shop.example.com/hooks".to_owned();
        let add = AddEndpoint { url, events: vec!["*".to_owned()], owner: None };
        let id = room.add_endpoint(&room.keyed(), add).await.unwrap().endpoint.id;
        let query = EndpointQuery { after: None, limit: 10 };
        assert_eq!(room.endpoints(&room.ctx(), query).await.unwrap().items.len(), 1);
        room.rotate(&room.keyed(), id).await.unwrap();
        let test = ChangeEndpoint { id, change: EndpointChange::Test };
        room.change_endpoint(&room.keyed(), test).await.unwrap();
        let query = PostQuery { endpoint: id, before: None, limit: 10 };
        let posts = room.posts(&room.ctx(), query).await.unwrap().items;
        assert_eq!(posts.len(), 1);
        room.resend(&room.keyed(), posts[0].id).await.unwrap();
        let replay = Replay { id, from: posts[0].created_at, to: posts[0].created_at.plus_seconds(1) };
        assert_eq!(room.replay(&room.keyed(), replay).await.unwrap().posts, 1);
        let fcm = FcmRegistration { token: Secret::new("app-1") };
        let add = AddDevice { subject: Some("cust_ann".to_owned()), address: DeviceAddress::Fcm(fcm) };
        let device = room.add_device(&room.keyed(), add).await.unwrap();
        let devices = async || room.devices(&room.ctx(), Some("cust_ann".to_owned())).await.unwrap().items;
        assert_eq!(devices().await, std::slice::from_ref(&device));
        room.remove_device(&room.keyed(), device.id).await.unwrap();
        assert_eq!(devices().await, []);
        let entry = desk.inbox("cust_ann").await.remove(0);
        let mark = MarkEntry { id: entry.id, state: EntryState::Archived };
        assert_eq!(room.mark(&room.keyed(), mark).await.unwrap().state, EntryState::Archived);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_answer_by_each_way() {
    on_each_way(&FACE, start, async |room, desk| {
        let message = room.send(&room.keyed(), received(ann())).await.unwrap();
        desk.work().await;
        let ann = || "cust_ann".to_owned();
        assert_eq!(room.message(&room.ctx(), message.id).await.unwrap().id, message.id);
        let query = MessageQuery { subject: Some(ann()), before: None, limit: 10 };
        assert_eq!(room.messages(&room.ctx(), query).await.unwrap().items.len(), 1);
        assert_eq!(room.kept_mail(&room.ctx(), message.id).await.unwrap().to, "ann@example.com");
        assert!(room.kinds(&room.ctx()).await.unwrap().items.len() > 10);
        let preview = Preview { kind: "account.frozen".to_owned(), locale: None, data: Data::new() };
        assert_eq!(room.preview(&room.ctx(), preview).await.unwrap().subject, "Your account was frozen");
        assert_eq!(room.contact(&room.ctx(), ann()).await.unwrap().name.as_deref(), Some("Ann"));
        assert_eq!(room.preferences(&room.ctx(), ann()).await.unwrap(), Preferences::default());
        let next = AskNext { subject: ann(), kind: "account.frozen".to_owned(), at: None };
        assert_eq!(room.next(&room.ctx(), next).await.unwrap().channels.len(), 4);
        let query = InboxQuery { subject: Some(ann()), limit: 10, ..InboxQuery::default() };
        assert_eq!(room.inbox(&room.ctx(), query).await.unwrap().items.len(), 1);
        assert_eq!(room.unread(&room.ctx(), Some(ann())).await.unwrap().unread, 1);
        let query = SuppressionQuery { limit: 10, ..SuppressionQuery::default() };
        assert_eq!(room.suppressions(&room.ctx(), query).await.unwrap().items, []);
        let lift = Lift { id: kernel::Id::from_bits(7) };
        assert_eq!(room.lift(&room.keyed(), lift).await.unwrap_err().code(), "suppression_unknown");
        assert_eq!(room.push_key(&room.ctx()).await.unwrap().web, None);
        let form = SmsForm { path: "/x".to_owned(), fields: Vec::new(), signature: String::new() };
        assert_eq!(room.sms_form(&room.ctx(), form).await.unwrap_err().code(), "proof_invalid");
        let mail = ReturnedMail { secret: Secret::new("x"), to: None, mail: String::new() };
        assert_eq!(room.returned_mail(&room.ctx(), mail).await.unwrap_err().code(), "proof_invalid");
        let link = Unsubscribe { token: "x".to_owned() };
        assert_eq!(room.unsubscribe(&room.ctx(), link).await.unwrap_err().code(), "link_invalid");
        let code = Secret::new("123456");
        let verify = Verify { subject: ann(), field: ContactField::Phone, code };
        assert_eq!(room.verify(&room.keyed(), verify).await.unwrap_err().code(), "nothing_to_verify");
    })
    .await;
}
