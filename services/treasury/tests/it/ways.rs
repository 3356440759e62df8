//! The same calls in process, over HTTP/2 and over a network that loses and repeats them.

use std::sync::Arc;

use testkit::{Stage, on_each_way};
use treasury::*;

use crate::harness::{Desk, open, terms, usd};

async fn start(stage: &Stage<'_>) -> (Arc<dyn Treasury>, Desk) {
    let desk = open(stage).await;
    (desk.face.clone(), desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_sent_twice_has_one_effect() {
    on_each_way(&FACE, start, async |treasury, desk| {
        let entity =
            EntityTerms { title: "Acme".to_owned(), currency: usd(0).currency(), calendar: HolidayCalendar::Weekdays };
        let put = PutEntity { name: "acme".to_owned(), terms: entity };
        treasury.put_entity(&treasury.keyed(), put).await.unwrap();
        desk.shelf.open("cash:one", "USD");
        desk.shelf.open("cash:two", "USD");
        desk.shelf.pay("cash:two", 700);
        let mut ids = Vec::new();
        for path in ["cash:one", "cash:two"] {
            let source = Source::Ledger(path.to_owned());
            let add = AddAccount { entity: "acme".to_owned(), source, terms: terms("cash") };
            ids.push(treasury.add_account(&treasury.keyed(), add).await.unwrap().id);
        }
        assert_eq!(treasury.accounts(&treasury.ctx()).await.unwrap().items.len(), 2);
        assert_eq!(treasury.entities(&treasury.ctx()).await.unwrap().items.len(), 1);
        let change = ChangeAccount { id: ids[0], terms: terms("other") };
        treasury.change_account(&treasury.keyed(), change).await.unwrap();
        let flow = NewFlow {
            account: ids[0],
            amount: usd(50),
            due: "2026-02-10".parse().unwrap(),
            category: "sales".to_owned(),
            reference: None,
            counterparty: None,
        };
        let add = AddFlows { items: vec![flow], csv: None };
        let flow = treasury.add_flows(&treasury.keyed(), add).await.unwrap().items[0].id;
        let query = FlowQuery { account: None, from: None, to: None, after: None, limit: 50 };
        assert_eq!(treasury.flows(&treasury.ctx(), query).await.unwrap().items.len(), 1);
        let member = Member {
            account: ids[1],
            rule: Rule::Zero,
            direction: Direction::Both,
            minimum: None,
            multiple: None,
            priority: 0,
        };
        let put = PutPool { name: "acme".to_owned(), terms: PoolTerms { header: ids[0], members: vec![member] } };
        treasury.put_pool(&treasury.keyed(), put).await.unwrap();
        assert_eq!(treasury.pools(&treasury.ctx()).await.unwrap().items.len(), 1);
        let propose = ProposeSweep { pool: "acme".to_owned(), days: None };
        let sweep = treasury.propose(&treasury.keyed(), propose).await.unwrap();
        let list = SweepQuery { before: None, limit: 50 };
        assert_eq!(treasury.sweeps(&treasury.ctx(), list).await.unwrap().items, std::slice::from_ref(&sweep));
        assert_eq!(treasury.sweep(&treasury.ctx(), sweep.id).await.unwrap(), sweep);
        let second = kernel::Ctx { principal: desk.second().principal, ..treasury.keyed() };
        let decide = DecideSweep { sweep: sweep.id, verdict: Verdict::Approve };
        assert_eq!(treasury.decide(&second, decide).await.unwrap().state, SweepState::Done);
        assert_eq!((desk.shelf.posted("cash:one"), desk.shelf.posted("cash:two")), (700, 0));
        assert_eq!(treasury.cancel_flow(&treasury.keyed(), flow).await.unwrap().state, FlowState::Cancelled);
        let positions = treasury.positions(&treasury.ctx(), PositionQuery::default()).await.unwrap();
        assert_eq!(positions.lines.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forecasts_and_risk_answer_by_each_way() {
    on_each_way(&FACE, start, async |treasury, desk| {
        desk.entity("acme", "USD").await;
        let id = desk.cash("cash:one", 500).await;
        let terms = RecurringTerms {
            account: id,
            amount: usd(-10),
            category: "rent".to_owned(),
            counterparty: None,
            start: "2026-02-02".parse().unwrap(),
            until: None,
            every: Every::Weeks(1),
            rule: BusinessDayRule::Following,
        };
        let put = PutRecurring { name: "rent".to_owned(), terms };
        treasury.put_recurring(&treasury.keyed(), put).await.unwrap();
        assert_eq!(treasury.recurring(&treasury.ctx()).await.unwrap().items.len(), 1);
        let query = ForecastQuery { account: Some(id), entity: None, currency: None, step: Step::Day };
        assert_eq!(treasury.forecast(&treasury.ctx(), query).await.unwrap().points[1].known, usd(-10));
        treasury.train(&treasury.ctx()).await.unwrap();
        assert!(treasury.accuracy(&treasury.ctx(), AccuracyQuery { account: id }).await.unwrap().items.is_empty());
        let rate = Rate {
            base: kernel::Currency::iso("EUR").unwrap(),
            quote: usd(0).currency(),
            on: "2026-01-30".parse().unwrap(),
            rate: "1.1".to_owned(),
            source: "ECB".to_owned(),
        };
        let put = PutRates { items: vec![rate.clone()], csv: None };
        treasury.put_rates(&treasury.keyed(), put).await.unwrap();
        let query = RateQuery { base: rate.base, quote: rate.quote, limit: 5 };
        assert!(!treasury.rates(&treasury.ctx(), query).await.unwrap().items.is_empty());
        let exposure = Exposure { name: "euro".to_owned(), factor: "EUR/USD".to_owned(), amount: usd(100) };
        treasury.put_exposures(&treasury.keyed(), PutExposures { items: vec![exposure] }).await.unwrap();
        assert_eq!(treasury.exposures(&treasury.ctx()).await.unwrap().items.len(), 1);
        let csv: String = (0..40).map(|after| format!("{},0.0{}\n", crate::shelf::day(after), after % 7)).collect();
        let put = PutFactor {
            name: "EUR/USD".to_owned(),
            kind: ReturnKind::Simple,
            measure: Measure::Returns,
            csv: format!("date,value\n{csv}"),
        };
        treasury.put_factor(&treasury.keyed(), put).await.unwrap();
        assert_eq!(treasury.factors(&treasury.ctx()).await.unwrap().items.len(), 1);
        let ask = question();
        let run = treasury.value_at_risk(&treasury.keyed(), ask).await.unwrap();
        assert_eq!(treasury.run(&treasury.ctx(), run.id).await.unwrap(), run);
        let ask = AskBacktest {
            method: Method::Normal,
            confidence: None,
            window_days: Some(20),
            quantile: QuantileRule::Linear,
            without_cash: true,
        };
        assert!(treasury.backtest(&treasury.keyed(), ask).await.unwrap().backtest.is_some());
    })
    .await;
}

fn question() -> AskValueAtRisk {
    AskValueAtRisk {
        method: Method::Normal,
        confidence: None,
        horizon_days: None,
        window_days: None,
        quantile: QuantileRule::Linear,
        drift: false,
        without_cash: true,
    }
}
