//! Customers: found by what they have, reached by those who act for them, and erased.

use accounts_api::*;
use platform::holder::{Erase, Erased};
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, open};

fn full() -> Profile {
    Profile {
        name: "Ann-Marie Miller".to_owned(),
        email: Some("Ann@Example.com".to_owned()),
        phone: Some("+4930123456".to_owned()),
        tax_ids: vec![TaxId { country: "DE".to_owned(), number: "12 345/678".to_owned() }],
        ..Profile::default()
    }
}

async fn found(desk: &Desk, find: Find) -> Vec<CustomerId> {
    let query = CustomerQuery { find: Some(find), after: None, limit: 10 };
    desk.face.customers(&desk.ctx(), query).await.unwrap().items.into_iter().map(|one| one.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_found_by_each_key_until_erased() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (kind, state) = (CustomerKind::Person, Some(CustomerState::Active));
        let create = CreateCustomer { id: None, kind, state, profile: full(), external_id: Some("crm-1".to_owned()) };
        let ann = desk.face.create_customer(&desk.ctx(), create).await.unwrap().id;
        desk.customer("Bob Miller").await;
        let account = desk.account(desk.savings("1").await, ann).await;
        let number = desk.face.account(&desk.ctx(), account).await.unwrap().number;
        let all = || {
            [
                Find::ExternalId("crm-1".to_owned()),
                Find::Email("ann@example.COM".to_owned()),
                Find::Phone("+49 30 123456".to_owned()),
                Find::TaxId("12345678".to_owned()),
                Find::Name("miller ann".to_owned()),
            ]
        };
        for find in all() {
            assert_eq!(found(&desk, find.clone()).await, [ann], "{find:?}");
        }
        assert_eq!(found(&desk, Find::Number(number.to_lowercase())).await, [ann]);
        assert_eq!(found(&desk, Find::Name("Miller".to_owned())).await.len(), 2);
        assert_eq!(found(&desk, Find::Name("Mill".to_owned())).await, []);
        let refused = desk.face.erase_customer(&desk.ctx(), ann).await.unwrap_err();
        assert_eq!(refused.code(), "customer_has_accounts");
        desk.face.close_account(&desk.ctx(), CloseAccount { id: account, rest_to: None }).await.unwrap();
        for _ in 0..2 {
            let erased = desk.face.erase_customer(&desk.ctx(), ann).await.unwrap();
            assert_eq!((erased.state, erased.profile), (CustomerState::Closed, None));
        }
        for find in all() {
            assert!(!found(&desk, find).await.contains(&ann));
        }
        assert_eq!(desk.face.customer(&desk.ctx(), ann).await.unwrap().profile, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_a_customer_erases_texts_in_the_ledger() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (ann, product) = (desk.customer("Ann").await, desk.savings("0").await);
        let account = desk.account(product, ann).await;
        desk.move_money(1, account, 500, &[("text", "from Ann's aunt")]).await;
        desk.move_money(2, account, -500, &[]).await;
        desk.face.close_account(&desk.ctx(), CloseAccount { id: account, rest_to: None }).await.unwrap();
        desk.caught_up().await;
        desk.paper.fail_after(0);
        desk.face.erase_customer(&desk.ctx(), ann).await.unwrap();
        assert!(desk.paper.says("from Ann's aunt"));
        let work = desk.opened.periodic.iter().find(|work| work.name == "accounts_unfinished").unwrap();
        (work.work)().await.unwrap();
        assert!(!desk.paper.says("from Ann's aunt"));
        desk.verify().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_about_a_customer_is_collected_corrected_and_erased() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (ann, product) = (desk.customer("Ann").await, desk.savings("0").await);
        let account = desk.account(product, ann).await;
        desk.move_money(1, account, 500, &[("text", "from Bob")]).await;
        desk.move_money(2, account, -500, &[]).await;
        desk.caught_up().await;
        let (holder, subject, ctx) = (desk.opened.holder.clone().unwrap(), ann.to_string(), desk.ctx());
        let first = holder.collect(&ctx, &subject, None).await.unwrap();
        assert_eq!(first.items[0].value["name"], "Ann");
        let texts = holder.collect(&ctx, &subject, first.next).await.unwrap();
        assert_eq!((texts.items.len(), texts.items[0].value["text"].as_str()), (1, Some("from Bob")));
        let value = serde_json::json!({ "name": "Anna" });
        let correction = platform::holder::Correction { id: "profile".to_owned(), value };
        assert!(holder.rectify(&ctx, &subject, correction).await.unwrap());
        assert_eq!(desk.face.customer(&ctx, ann).await.unwrap().profile.unwrap().name, "Anna");
        let held = holder.erase(&ctx, &subject, Erase::ForGood).await.unwrap();
        assert_eq!((held.erased.len(), held.kept.len()), (0, 1));
        desk.face.close_account(&ctx, CloseAccount { id: account, rest_to: None }).await.unwrap();
        let preview = holder.erase(&ctx, &subject, Erase::Preview).await.unwrap();
        assert_eq!(holder.erase(&ctx, &subject, Erase::ForGood).await.unwrap(), preview);
        assert_eq!(holder.erase(&ctx, &subject, Erase::ForGood).await.unwrap(), Erased::default());
        assert_eq!(holder.collect(&ctx, &subject, None).await.unwrap().items, []);
        assert_eq!(holder.ages(&ctx).await.unwrap(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_under_the_given_id_is_made_once() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let id = Some("cust_01kppyzd5gfmra2qsx5rkvr8wb".parse().unwrap());
        let create =
            || CreateCustomer { id, kind: CustomerKind::Person, state: None, profile: full(), external_id: None };
        let first = desk.face.create_customer(&desk.ctx(), create()).await.unwrap();
        assert_eq!(desk.face.create_customer(&desk.ctx(), create()).await.unwrap(), first);
        let other = CreateCustomer { kind: CustomerKind::Business, ..create() };
        assert_eq!(desk.face.create_customer(&desk.ctx(), other).await.unwrap_err().code(), "customer_exists");
        let created = desk.events().await.into_iter().filter(|event| event.event.kind == "accounts.customer.created");
        assert_eq!(created.count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_reaches_what_one_of_theirs_holds() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (ann, bob) = (desk.customer("Ann").await, desk.customer("Bob").await);
        let product = desk.savings("1").await;
        let (hers, his) = (desk.account(product, ann).await, desk.account(product, bob).await);
        let put = |role| PutUser { customer: ann, subject: "usr_1".to_owned(), role, up_to: None };
        desk.face.put_user(&desk.ctx(), put(Role::Viewer)).await.unwrap();
        desk.move_money(1, hers, 500, &[]).await;
        desk.caught_up().await;
        for subject in ["usr_1".to_owned(), ann.to_string()] {
            let ctx = desk.as_customer(&subject);
            assert_eq!(desk.face.account(&ctx, hers).await.unwrap().id, hers);
            assert_eq!(desk.face.account(&ctx, his).await.unwrap_err().code(), "account_unknown");
            assert_eq!(desk.face.customer(&ctx, bob).await.unwrap_err().code(), "customer_unknown");
            let query = AccountQuery { customer: None, after: None, limit: 10 };
            let listed = desk.face.accounts(&ctx, query).await.unwrap().items;
            assert_eq!(listed.iter().map(|account| account.id).collect::<Vec<_>>(), [hers]);
            let page =
                desk.face.movements(&ctx, MovementQuery { limit: 10, ..MovementQuery::default() }).await.unwrap();
            assert_eq!(page.items.len(), 1);
        }
        // A viewer reads.
        let page =
            desk.face.movements(&desk.ctx(), MovementQuery { limit: 10, ..MovementQuery::default() }).await.unwrap();
        let choose = || SetCategory { id: page.items[0].id, category: Category::Income, for_counterparty: false };
        let viewer = desk.as_customer("usr_1");
        assert_eq!(desk.face.set_category(&viewer, choose()).await.unwrap_err().code(), "movement_unknown");
        desk.face.put_user(&desk.ctx(), put(Role::Owner)).await.unwrap();
        desk.face.set_category(&viewer, choose()).await.unwrap();
        let remove = RemoveUser { customer: ann, subject: "usr_1".to_owned() };
        desk.face.remove_user(&desk.ctx(), remove).await.unwrap();
        assert_eq!(desk.face.account(&viewer, hers).await.unwrap_err().code(), "account_unknown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_stored_in_the_clear() {
    testkit::on_sqlite(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (kind, state) = (CustomerKind::Person, Some(CustomerState::Active));
        let create =
            CreateCustomer { id: None, kind, state, profile: full(), external_id: Some("crm-4711".to_owned()) };
        let ann = desk.face.create_customer(&desk.ctx(), create).await.unwrap().id;
        let account = desk.account(desk.savings("1").await, ann).await;
        desk.move_money(1, account, 500, &[("text", "rent of the cabin"), ("name", "Hildegard")]).await;
        desk.caught_up().await;
        desk.db.checkpoint().await.unwrap();
        let bytes = std::fs::read(desk.db.file().unwrap()).unwrap();
        for planted in ["Miller", "miller", "Example.com", "4930123456", "345/678", "crm-4711", "cabin", "Hildegard"] {
            let is_there = bytes.windows(planted.len()).any(|window| window == planted.as_bytes());
            assert!(!is_there, "{planted} is in the file");
        }
        let found =
            desk.movements(MovementQuery { text: Some("CABIN rent".to_owned()), ..MovementQuery::default() }).await;
        assert_eq!(found[0].name.as_deref(), Some("Hildegard"));
    })
    .await;
}
