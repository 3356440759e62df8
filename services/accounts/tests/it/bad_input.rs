//! Refusals that a story cannot produce, by name.

use accounts_api::*;
use testkit::{Stage, for_each_engine};

use crate::harness::{euro, open, savings};

#[tokio::test(flavor = "multi_thread")]
async fn users_of_a_customer_have_a_limit() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let customer = desk.customer("Ann").await;
        let put =
            |number: usize| PutUser { customer, subject: format!("usr_{number}"), role: Role::Viewer, up_to: None };
        for number in 0..limits::USERS_MAX {
            desk.face.put_user(&desk.ctx(), put(number)).await.unwrap();
        }
        let refused = desk.face.put_user(&desk.ctx(), put(limits::USERS_MAX)).await.unwrap_err();
        assert_eq!(refused.code(), "too_many");
        desk.face.put_user(&desk.ctx(), put(0)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_an_account_have_a_limit() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let account = desk.account(desk.savings("1").await, desk.customer("Ann").await).await;
        let block = || AddBlock { account, kind: BlockKind::Both, reason: "test".to_owned(), expires_at: None };
        for _ in 0..limits::BLOCKS_MAX {
            desk.face.add_block(&desk.ctx(), block()).await.unwrap();
        }
        assert_eq!(desk.face.add_block(&desk.ctx(), block()).await.unwrap_err().code(), "too_many");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_of_rates_have_a_limit() {
    testkit::on_sqlite(async |store| {
        let desk = open(&Stage::new(store)).await;
        let product = desk.savings("1").await;
        let rates = Rates { from: jiff::civil::date(2027, 1, 1), credit: Vec::new(), overdraft: None, fees: None };
        let set = || SetRates { id: product, rates: rates.clone(), correction: false };
        for _ in 1..limits::RATES_MAX {
            desk.face.set_rates(&desk.ctx(), set()).await.unwrap();
        }
        assert_eq!(desk.face.set_rates(&desk.ctx(), set()).await.unwrap_err().code(), "too_many");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_expired_is_unknown() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let account = desk.account(desk.savings("1").await, desk.customer("Ann").await).await;
        let expires_at = Some("2026-02-01T12:00:00Z".parse().unwrap());
        let block = AddBlock { account, kind: BlockKind::Debit, reason: "test".to_owned(), expires_at };
        let block = desk.face.add_block(&desk.ctx(), block).await.unwrap().blocks[0].id;
        let ctx = desk.ctx();
        let blocked = desk.face.facts(&ctx, FindAccount::Id(account)).await.unwrap();
        assert!(blocked.debit_blocked && !blocked.credit_blocked);
        desk.pass_days(2);
        let remove = RemoveBlock { account, block };
        assert_eq!(desk.face.remove_block(&desk.ctx(), remove).await.unwrap_err().code(), "block_unknown");
        let ctx = desk.ctx();
        assert!(!desk.face.facts(&ctx, FindAccount::Id(account)).await.unwrap().debit_blocked);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_and_pages_out_of_range_are_refused() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let ctx = desk.ctx();
        let query = AccountQuery { customer: None, after: None, limit: 501 };
        assert_eq!(desk.face.accounts(&ctx, query).await.unwrap_err().code(), "page_size");
        let query = MovementQuery { min: Some(euro(-1)), limit: 1, ..MovementQuery::default() };
        assert_eq!(desk.face.movements(&ctx, query).await.unwrap_err().code(), "field_invalid");
        let mut overdrawn = savings("1");
        overdrawn.terms.overdraft = Some(Overdraft { largest: euro(-1) });
        assert_eq!(desk.face.create_product(&ctx, overdrawn).await.unwrap_err().code(), "field_invalid");
        let (product, ann) = (desk.savings("1").await, desk.customer("Ann").await);
        let open = OpenAccount { product, holders: vec![ann; 10_000], overdraft: None, term: None };
        assert_eq!(desk.face.open_account(&ctx, open).await.unwrap_err().code(), "too_many");
        let tomorrow = jiff::civil::date(2026, 1, 31);
        assert_eq!(desk.face.close_day(&ctx, tomorrow).await.unwrap_err().code(), "day_not_over");
        let wrong = FindAccount::Number("DE89370400440532013001".to_owned());
        assert_eq!(desk.face.facts(&ctx, wrong).await.unwrap_err().code(), "field_invalid");
    })
    .await;
}
