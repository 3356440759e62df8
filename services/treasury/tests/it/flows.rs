//! Flows are matched with what comes, grow old, and come again by rules.

use treasury::*;

use crate::harness::{CHASE, code, on_a_desk, usd};

fn new(account: AccountId, minor: i64, due: &str, reference: Option<&str>) -> NewFlow {
    NewFlow {
        account,
        amount: usd(minor),
        due: due.parse().unwrap(),
        category: "invoices".to_owned(),
        reference: reference.map(str::to_owned),
        counterparty: None,
    }
}

async fn add(desk: &crate::harness::Desk, items: Vec<NewFlow>) -> Vec<Flow> {
    desk.face.add_flows(&desk.ctx(), AddFlows { items, csv: None }).await.unwrap().items
}

async fn all(desk: &crate::harness::Desk) -> Vec<Flow> {
    let query = FlowQuery { account: None, from: None, to: None, after: None, limit: 500 };
    desk.face.flows(&desk.ctx(), query).await.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_matched_by_reference_then_by_amount() {
    on_a_desk(async |desk| {
        desk.entity("acme", "USD").await;
        desk.shelf.bank(CHASE, "USD", None);
        let account = desk.link("acme", Source::Bank(CHASE.to_owned())).await;
        add(desk, vec![new(account, 100, "2026-02-10", Some("INV-1")), new(account, 70, "2026-01-28", None)]).await;
        desk.shelf.transaction(CHASE, "2026-01-30", 40, Some("INV-1"));
        desk.shelf.transaction(CHASE, "2026-01-30", 70, None);
        desk.shelf.tell(CHASE, "2026-01-30", 110, 110, &[("invoices", 110)]);
        desk.caught_up().await;
        let found: Vec<(FlowState, i64)> = all(desk).await.iter().map(|one| (one.state, one.matched.minor())).collect();
        assert_eq!(found, [(FlowState::Matched, 70), (FlowState::Planned, 40)]);
        // Read again, nothing is matched twice.
        desk.shelf.tell(CHASE, "2026-01-31", 110, 110, &[]);
        desk.caught_up().await;
        assert_eq!(all(desk).await[1].matched, usd(40));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_of_the_ledger_matches() {
    on_a_desk(async |desk| {
        desk.entity("acme", "USD").await;
        let account = desk.cash("assets:cash", 1_000).await;
        add(desk, vec![new(account, -300, "2026-02-02", Some("rent-2"))]).await;
        desk.shelf.pay_for("assets:cash", -300, Some("rent-2"));
        desk.caught_up().await;
        assert_eq!(all(desk).await[0].state, FlowState::Matched);
        // What is matched is in no projection any more.
        assert_eq!(desk.positions(&[]).await.total.projected, usd(700));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_flow_counts_for_ten_days() {
    on_a_desk(async |desk| {
        desk.entity("acme", "USD").await;
        let account = desk.cash("assets:cash", 1_000).await;
        add(desk, vec![new(account, 50, "2026-01-31", None)]).await;
        assert_eq!(desk.positions(&[]).await.total.projected, usd(1_050));
        for (days, state, projected) in
            [(1, FlowState::Overdue, 1_050), (9, FlowState::Overdue, 1_050), (1, FlowState::Dropped, 1_000)]
        {
            desk.pass_days(days);
            desk.work("treasury_daily").await;
            assert_eq!(all(desk).await[0].state, state);
            assert_eq!(desk.positions(&[]).await.total.projected, usd(projected), "{state:?}");
        }
        assert_eq!(desk.kinds("treasury.flow").await, ["treasury.flow.overdue", "treasury.flow.dropped"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_flow_no_longer_counts() {
    on_a_desk(async |desk| {
        desk.entity("acme", "USD").await;
        let account = desk.cash("assets:cash", 1_000).await;
        let id = add(desk, vec![new(account, 50, "2026-01-31", None)]).await[0].id;
        assert_eq!(desk.face.cancel_flow(&desk.ctx(), id).await.unwrap().state, FlowState::Cancelled);
        assert_eq!(desk.positions(&[]).await.total.projected, usd(1_000));
        assert_eq!(code(desk.face.cancel_flow(&desk.ctx(), id).await), "flow_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recurring_flow_comes_on_business_days() {
    on_a_desk(async |desk| {
        desk.entity("acme", "USD").await;
        let account = desk.cash("assets:cash", 1_000).await;
        let terms = RecurringTerms {
            account,
            amount: usd(-10),
            category: "rent".to_owned(),
            counterparty: None,
            start: "2026-02-01".parse().unwrap(),
            until: None,
            every: Every::Months { months: 1, on: DayOfMonth::Day(1) },
            rule: BusinessDayRule::Following,
        };
        let put = PutRecurring { name: "rent".to_owned(), terms: terms.clone() };
        desk.face.put_recurring(&desk.ctx(), put.clone()).await.unwrap();
        let days = async || -> Vec<String> { all(desk).await.iter().map(|one| one.due.to_string()).collect() };
        // The first of February and of March are Sundays.
        assert_eq!(days().await[..3], ["2026-02-02", "2026-03-02", "2026-04-01"]);
        let count = days().await.len();
        // Put again, and topped up much later: each day has one flow.
        desk.face.put_recurring(&desk.ctx(), put).await.unwrap();
        assert_eq!(days().await.len(), count);
        desk.pass_days(40);
        desk.work("treasury_daily").await;
        let later = days().await;
        assert!(later.len() > count, "{later:?}");
        let mut once = later.clone();
        once.dedup();
        assert_eq!(once, later);
        let other = RecurringTerms { amount: usd(-12), ..terms };
        let put = PutRecurring { name: "rent".to_owned(), terms: other };
        desk.face.put_recurring(&desk.ctx(), put).await.unwrap();
        let amounts: Vec<i64> = all(desk).await.iter().map(|one| one.amount.minor()).collect();
        assert_eq!((amounts[0], amounts[2], *amounts.last().unwrap()), (-10, -12, -12));
    })
    .await;
}
