//! Identity as a holder of personal data: what it holds about a user, corrects, and erases.

use platform::db::Value;
use platform::holder::{Correction, Erase, Holder};
use serde_json::json;
use testkit::for_each_engine;

use crate::people::harness::{Desk, PASSWORD, why};

/// Every text of every table that could name a user.
const TEXTS: &str = "
select username || ' ' || coalesce(name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '') from person
union all select coalesce(address, '') || ' ' || coalesce(agent, '') from session";

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_user_is_an_id_that_cannot_log_in() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let (ann, bob) = (desk.person("ann", &["employee"]).await, desk.person("bob", &["customer"]).await);
        let (_, _, session) = desk.enrolled("ann").await;
        let held = desk.service.collect(&desk.ctx, "sub_ann", None).await.unwrap();
        let kinds = |name: &str| held.items.iter().filter(|item| item.data_type == name).count();
        assert!(kinds("user") >= 2 && kinds("session") >= 1, "{held:?}");
        let preview = desk.service.erase(&desk.ctx, "sub_ann", Erase::Preview).await.unwrap();
        assert!(desk.view(&session).await.is_ok(), "a preview changes nothing");
        assert_eq!(desk.service.erase(&desk.ctx, "sub_ann", Erase::ForGood).await.unwrap(), preview);
        assert_eq!(why(desk.view(&session).await), "not_logged_in");
        assert_eq!(why(desk.password("ann", PASSWORD).await), "wrong_credentials");
        let texts = desk.texts(TEXTS).await;
        assert!(texts.iter().all(|text| !text.contains("ann@")), "{texts:?}");
        assert!(texts.iter().any(|text| text.contains("bob@")), "{texts:?}");
        let id = ann.id.to_bytes();
        for sql in [
            "select count(*) from factor where person = $1",
            "select count(*) from backup_code where person = $1",
            "select count(*) from device where person = $1",
            "select count(*) from person where id = $1 and (password is not null or status = 'active')",
        ] {
            assert_eq!(desk.number(sql, &[Value::Bytes(&id)]).await, 0, "{sql}");
        }
        assert!(desk.events().await.iter().any(|event| event.contains("identity.user.erased")));
        let again = desk.service.erase(&desk.ctx, "sub_ann", Erase::ForGood).await.unwrap();
        assert!(again.erased.is_empty() && again.kept.is_empty());
        assert!(desk.service.collect(&desk.ctx, "sub_ann", None).await.unwrap().items.is_empty());
        assert!(desk.password("bob", PASSWORD).await.is_ok());
        assert_eq!(desk.service.ages(&desk.ctx).await.unwrap()[0].oldest, bob.created_at);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_is_not_erased() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("max", &["admin"]).await;
        let outcome = desk.service.erase(&desk.ctx, "sub_max", Erase::ForGood).await.unwrap();
        assert!(outcome.erased.is_empty() && outcome.kept[0].because.contains("last administrator"));
        assert!(desk.texts(TEXTS).await.iter().any(|text| text.contains("max@")));
        desk.person("eve", &["admin"]).await;
        let outcome = desk.service.erase(&desk.ctx, "sub_max", Erase::ForGood).await.unwrap();
        assert!(!outcome.erased.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_contact_is_corrected() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let correct = async |id: &str, value: &str| {
            let correction = Correction { id: id.to_owned(), value: json!(value) };
            desk.service.rectify(&desk.ctx, "sub_ann", correction).await.unwrap()
        };
        assert!(correct("name", "Ann Miller-Smith").await);
        assert!(desk.texts(TEXTS).await.iter().any(|text| text.contains("Ann Miller-Smith")));
        for (id, value) in [("email", "no address"), ("username", "eve"), ("password", "x")] {
            assert!(!correct(id, value).await, "{id}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_needs_permissions_on_users() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let ctx = desk.caller(&["users:read:own", "users:change:own", "accounts:*:all"]);
        assert!(desk.service.collect(&ctx, "sub_ann", None).await.is_err());
        assert!(desk.service.erase(&ctx, "sub_ann", Erase::Preview).await.is_err());
        let correction = Correction { id: "name".to_owned(), value: json!("x") };
        assert!(desk.service.rectify(&ctx, "sub_ann", correction).await.is_err());
        assert!(desk.service.ages(&ctx).await.is_err());
    })
    .await;
}
