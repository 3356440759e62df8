//! Statements: numbered without gaps, each continues the one before, the same whenever asked for.

use accounts_api::*;
use jiff::civil::date;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, euro, open};

async fn part(desk: &Desk, account: AccountId, number: u32) -> Statement {
    let query = StatementQuery { account, number, after: None, limit: 500 };
    desk.face.statement(&desk.ctx(), query).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_opens_where_the_one_before_closed() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let account = desk.account(desk.savings("3.65").await, desk.customer("Ann").await).await;
        desk.move_money(1, account, 100_000, &[("text", "Paid in")]).await;
        desk.pass_days(10);
        desk.move_money(2, account, -2_500, &[("kind", "card"), ("name", "Corner Shop")]).await;
        desk.pass_days(25);
        // Told late: it belongs to the month in which it was recorded.
        let at = Some("2026-02-01T12:00:00Z".parse().unwrap());
        desk.move_late(3, account, 300, at, &[]).await;
        desk.pass_days(30);
        desk.caught_up().await;
        let list = desk.face.statements(&desk.ctx(), account).await.unwrap().items;
        let days: Vec<_> = list.iter().map(|head| (head.number, head.from, head.to)).collect();
        assert_eq!(
            days,
            [
                (3, date(2026, 3, 1), date(2026, 3, 31)),
                (2, date(2026, 2, 1), date(2026, 2, 28)),
                (1, date(2026, 1, 31), date(2026, 1, 31))
            ]
        );
        let parts = [part(&desk, account, 1).await, part(&desk, account, 2).await, part(&desk, account, 3).await];
        let ends: Vec<_> =
            parts.iter().map(|part| (part.opening.minor(), part.closing.minor(), part.items.len())).collect();
        assert_eq!(ends, [(0, 100_000, 1), (100_000, 97_500, 1), (97_500, 97_800, 1)]);
        let query = StatementQuery { account, number: 4, after: None, limit: 1 };
        assert_eq!(desk.face.statement(&desk.ctx(), query).await.unwrap_err().code(), "statement_unknown");
        desk.move_money(4, account, 5, &[]).await;
        desk.caught_up().await;
        let query = MovementQuery { kind: Some(Kind::Card), limit: 1, ..MovementQuery::default() };
        let shop = desk.face.movements(&desk.ctx(), query).await.unwrap().items[0].id;
        let choose = SetCategory { id: shop, category: Category::Travel, for_counterparty: false };
        desk.face.set_category(&desk.ctx(), choose).await.unwrap();
        assert_eq!(part(&desk, account, 2).await, parts[1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_statement_follow_each_other() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let account = desk.account(desk.savings("1").await, desk.customer("Ann").await).await;
        for number in 1..=5 {
            desk.move_money(number, account, i64::from(number), &[]).await;
        }
        desk.pass_days(1);
        desk.caught_up().await;
        let (mut query, mut amounts) = (StatementQuery { account, number: 1, after: None, limit: 2 }, Vec::new());
        loop {
            let part = desk.face.statement(&desk.ctx(), query.clone()).await.unwrap();
            amounts.extend(part.items.iter().map(|item| item.amount.minor()));
            query.after = part.next;
            if part.next.is_none() {
                break;
            }
        }
        assert_eq!(amounts, [1, 2, 3, 4, 5]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_by_category_or_month_and_currency() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let account = desk.account(desk.savings("1").await, desk.customer("Ann").await).await;
        desk.move_money(1, account, 100_000, &[("kind", "transfer")]).await;
        desk.move_money(2, account, -2_500, &[("kind", "card"), ("mcc", "5411")]).await;
        desk.pass_days(10);
        desk.move_money(3, account, -500, &[("kind", "card"), ("mcc", "5499")]).await;
        desk.caught_up().await;
        let (from, to) = (date(2026, 1, 1), date(2026, 2, 28));
        let of = async |by| {
            let query = SummaryQuery { account: Some(account), from, to, by };
            desk.face.summary(&desk.ctx(), query).await.unwrap().items
        };
        let lines: Vec<_> = of(SummaryBy::Category)
            .await
            .into_iter()
            .map(|line| (line.category.unwrap(), line.received, line.spent))
            .collect();
        assert_eq!(lines, [(Category::Income, euro(100_000), euro(0)), (Category::Groceries, euro(0), euro(3_000))]);
        let lines: Vec<_> = of(SummaryBy::Month)
            .await
            .into_iter()
            .map(|line| (line.month.unwrap(), line.movements, line.spent))
            .collect();
        assert_eq!(lines, [(date(2026, 1, 1), 2, euro(2_500)), (date(2026, 2, 1), 1, euro(500))]);
        let lines = of(SummaryBy::CategoryAndMonth).await;
        assert_eq!(lines.len(), 3);
        let query = SummaryQuery { account: Some(account), from: to, to: from, by: SummaryBy::Month };
        assert_eq!(desk.face.summary(&desk.ctx(), query).await.unwrap_err().code(), "field_invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_rule_sets_the_category_of_what_comes() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let ann = desk.customer("Ann").await;
        let account = desk.account(desk.savings("1").await, ann).await;
        let add = AddRule { customer: ann, category: Category::Education, words: vec!["Corner Shop".to_owned()] };
        let rule = desk.face.add_rule(&desk.ctx(), add).await.unwrap();
        assert_eq!(rule.words, ["corner", "shop"]);
        let texts = [("kind", "card"), ("mcc", "5411"), ("name", "Corner Shop")];
        desk.move_money(1, account, 900, &texts).await;
        let found = desk.movements(MovementQuery::default()).await;
        assert_eq!(found[0].category, Category::Education);
        desk.face.remove_rule(&desk.ctx(), RemoveRule { customer: ann, rule: rule.id }).await.unwrap();
        desk.move_money(2, account, 900, &texts).await;
        let found = desk.movements(MovementQuery::default()).await;
        assert_eq!((found[0].category, found[1].category), (Category::Groceries, Category::Education));
        let choose = SetCategory { id: found[0].id, category: Category::Shopping, for_counterparty: true };
        for _ in 0..2 {
            desk.face.set_category(&desk.ctx(), choose.clone()).await.unwrap();
        }
        assert_eq!(desk.face.rules(&desk.ctx(), ann).await.unwrap().items.len(), 1);
        desk.move_money(3, account, 900, &texts).await;
        assert_eq!(desk.movements(MovementQuery::default()).await[0].category, Category::Shopping);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_a_customer_have_a_limit() {
    testkit::on_sqlite(async |store| {
        let desk = open(&Stage::new(store)).await;
        let customer = desk.customer("Ann").await;
        let add = |number| AddRule { customer, category: Category::Travel, words: vec![format!("train{number}")] };
        for number in 0..limits::RULES_MAX {
            desk.face.add_rule(&desk.ctx(), add(number)).await.unwrap();
        }
        desk.face.add_rule(&desk.ctx(), add(0)).await.unwrap();
        assert_eq!(desk.face.add_rule(&desk.ctx(), add(limits::RULES_MAX)).await.unwrap_err().code(), "too_many");
    })
    .await;
}
