//! A person who was erased: what was sealed about them cannot be read, and nothing new is stored.

use notifications_api::{AddDevice, DeviceAddress, FcmRegistration, PutContact};
use testkit::{Stage, for_each_engine};

use crate::harness::{ann, open_with, received};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_of_an_erased_person() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let list = store.dir().join("erasures");
        std::fs::write(&list, "2026-01-31T12:00:00.000000Z cust_ann\n").unwrap();
        let desk = open_with(&stage, true, &[]).await;
        let refused = desk.face.send(&desk.ctx(), received(ann())).await.unwrap_err();
        assert_eq!(refused.code(), "subject_erased");
        let email = Some("ann@example.com".to_owned());
        let contact = PutContact { subject: "cust_ann".to_owned(), email, ..PutContact::default() };
        assert_eq!(desk.face.put_contact(&desk.ctx(), contact).await.unwrap_err().code(), "subject_erased");
        let fcm = FcmRegistration { token: kernel::Secret::new("app-1") };
        let device = AddDevice { subject: Some("cust_ann".to_owned()), address: DeviceAddress::Fcm(fcm) };
        assert_eq!(desk.face.add_device(&desk.ctx(), device).await.unwrap_err().code(), "subject_erased");
        assert_eq!((desk.messages().await.len(), desk.inbox("cust_ann").await.len()), (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_person_erased_later_cannot_be_read_and_are_not_sent() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = open_with(&stage, true, &[]).await;
        let message = desk.send(ann()).await.unwrap();
        drop(desk);
        std::fs::write(store.dir().join("erasures"), "2026-01-31T12:00:00.000000Z cust_ann\n").unwrap();
        let desk = open_with(&stage, true, &[]).await;
        desk.work().await;
        let shown = desk.message(message.id).await;
        let mail = &shown.deliveries[1];
        assert_eq!(
            (mail.state, mail.reason.as_deref(), mail.address.as_deref()),
            (notifications_api::DeliveryState::Suppressed, Some("erased"), None)
        );
        assert_eq!(desk.inbox("cust_ann").await, []);
    })
    .await;
}
