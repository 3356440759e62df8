//! The index: every posting once, found by what it is.

use accounts_api::*;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, euro, open};

async fn some(desk: &Desk) -> (AccountId, AccountId) {
    let (product, ann) = (desk.savings("1").await, desk.customer("Ann").await);
    let (one, other) = (desk.account(product, ann).await, desk.account(product, ann).await);
    desk.move_money(1, one, 100_000, &[("kind", "cash"), ("text", "Paid in")]).await;
    desk.move_money(
        2,
        one,
        -2_500,
        &[("kind", "card"), ("mcc", "5411"), ("name", "Corner Shop"), ("source", "auth_1")],
    )
    .await;
    desk.move_money(3, one, -900, &[("kind", "card"), ("mcc", "5812"), ("name", "Corner Café")]).await;
    desk.pass_days(31);
    desk.move_money(4, other, 700, &[("kind", "transfer"), ("text", "gift")]).await;
    (one, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn movements_are_found_by_each_filter() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (one, other) = some(&desk).await;
        let of = async |query: MovementQuery| {
            desk.movements(query).await.iter().map(|movement| movement.amount.minor()).collect::<Vec<_>>()
        };
        let all = MovementQuery::default;
        assert_eq!(of(all()).await, [700, -900, -2_500, 100_000]);
        assert_eq!(of(MovementQuery { account: Some(one), ..all() }).await, [-900, -2_500, 100_000]);
        assert_eq!(of(MovementQuery { account: Some(other), ..all() }).await, [700]);
        assert_eq!(of(MovementQuery { kind: Some(Kind::Card), ..all() }).await, [-900, -2_500]);
        assert_eq!(of(MovementQuery { category: Some(Category::Groceries), ..all() }).await, [-2_500]);
        assert_eq!(of(MovementQuery { direction: Some(Direction::In), ..all() }).await, [700, 100_000]);
        let range = MovementQuery { min: Some(euro(800)), max: Some(euro(2_500)), ..all() };
        assert_eq!(of(range).await, [-900, -2_500]);
        assert_eq!(of(MovementQuery { text: Some("corner".to_owned()), ..all() }).await, [-900, -2_500]);
        assert_eq!(of(MovementQuery { text: Some("café CORNER".to_owned()), ..all() }).await, [-900]);
        let from = Some("2026-02-15T00:00:00Z".parse().unwrap());
        assert_eq!(of(MovementQuery { from, ..all() }).await, [700]);
        assert_eq!(of(MovementQuery { to: from, account: Some(one), ..all() }).await, [-900, -2_500, 100_000]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_gap_or_repeat() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (one, _) = some(&desk).await;
        for number in 10..40 {
            desk.move_money(number, one, i64::from(number), &[]).await;
        }
        let all: Vec<MovementId> = desk.movements(MovementQuery::default()).await.iter().map(|one| one.id).collect();
        assert_eq!(all.len(), 34);
        let owner = desk.face.account(&desk.ctx(), one).await.unwrap().holders[0].to_string();
        for ctx in [desk.ctx(), desk.as_customer(&owner)] {
            let mut query = MovementQuery { limit: 7, ..MovementQuery::default() };
            let mut read = Vec::new();
            loop {
                let page = desk.face.movements(&ctx, query.clone()).await.unwrap();
                assert_eq!(page.indexed_to_seq, desk.paper.rows());
                read.extend(page.items.iter().map(|movement| movement.id));
                let Some(next) = page.next else { break };
                query.before = Some(next);
            }
            assert_eq!(read, all);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_of_category_stays() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        some(&desk).await;
        let shop =
            desk.movements(MovementQuery { kind: Some(Kind::Card), ..MovementQuery::default() }).await[0].clone();
        let chosen = SetCategory { id: shop.id, category: Category::Travel, for_counterparty: false };
        assert_eq!(desk.face.set_category(&desk.ctx(), chosen).await.unwrap().category, Category::Travel);
        assert_eq!(desk.face.movement(&desk.ctx(), shop.id).await.unwrap().category, Category::Travel);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_is_rebuilt_from_nothing() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        some(&desk).await;
        let before = desk.movements(MovementQuery::default()).await;
        let job = desk.opened.jobs.iter().find(|job| job.name == "index").unwrap();
        assert_eq!(
            job.schedule.next_after("2027-01-01T00:00:00Z".parse().unwrap()).unwrap().to_string(),
            "9999-12-30T00:00:00.000000Z"
        );
        accounts::rebuild(&desk.db).await.unwrap();
        assert_eq!(desk.movements(MovementQuery::default()).await, before);
    })
    .await;
}
