//! Forecasts through the face: known and expected never overlap, and what was said is held against what came.

use treasury::*;

use crate::harness::{CHASE, Desk, on_a_desk, usd};
use crate::shelf::day;

/// Thirty days of January at the same amount a day, told by a bank.
async fn january(desk: &Desk) -> AccountId {
    desk.entity("acme", "USD").await;
    desk.shelf.bank(CHASE, "USD", None);
    for after in 0..30 {
        desk.shelf.tell(CHASE, &day(after).to_string(), 1_000 + 10 * after, 0, &[("sales", 10)]);
    }
    let id = desk.link("acme", Source::Bank(CHASE.to_owned())).await;
    desk.caught_up().await;
    id
}

fn query(account: AccountId, step: Step) -> ForecastQuery {
    ForecastQuery { account: Some(account), entity: None, currency: None, step }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_goes_on_from_the_last_balance() {
    on_a_desk(async |desk| {
        let id = january(desk).await;
        let found = desk.face.forecast(&desk.ctx(), query(id, Step::Day)).await.unwrap();
        assert_eq!((found.data_to.to_string().as_str(), found.opening), ("2026-01-30", Some(usd(1_290))));
        assert_eq!(found.points.len(), 14);
        assert_eq!((found.points[0].net.p50, found.points[0].balance), (usd(10), Some(usd(1_300))));
        assert_eq!(found.components[0].fallback.as_deref(), Some("constant"));
        let currency = Some(usd(0).currency());
        for entity in [None, Some("acme".to_owned())] {
            let query = ForecastQuery { account: None, entity, currency, step: Step::Week };
            let found = desk.face.forecast(&desk.ctx(), query).await.unwrap();
            assert_eq!((found.points.len(), found.points[0].net.p50), (13, usd(70)));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_counts_once_known_matched_or_forecast() {
    on_a_desk(async |desk| {
        let id = january(desk).await;
        let flow = NewFlow {
            account: id,
            amount: usd(500),
            due: "2026-02-01".parse().unwrap(),
            category: "sales".to_owned(),
            reference: None,
            counterparty: None,
        };
        desk.face.add_flows(&desk.ctx(), AddFlows { items: vec![flow], csv: None }).await.unwrap();
        let said = desk.face.forecast(&desk.ctx(), query(id, Step::Day)).await.unwrap();
        let p50: Vec<i64> = said.points.iter().map(|point| point.net.p50.minor()).collect();
        assert_eq!(p50[..4], [0, 500, 10, 10]);
        // It comes on the 31st: what is forecast begins after it, and it is in the balance.
        desk.shelf.transaction(CHASE, "2026-01-31", 500, None);
        desk.shelf.tell(CHASE, "2026-01-31", 1_790, 0, &[("sales", 500)]);
        desk.caught_up().await;
        let said = desk.face.forecast(&desk.ctx(), query(id, Step::Day)).await.unwrap();
        assert_eq!((said.opening, said.points[0].known), (Some(usd(1_790)), usd(0)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_held_against_what_came() {
    on_a_desk(async |desk| {
        let id = january(desk).await;
        desk.work("treasury_daily").await;
        for after in [30, 31, 32] {
            desk.pass_days(1);
            desk.shelf.tell(CHASE, &day(after).to_string(), 1_000 + 10 * after, 0, &[("sales", 12)]);
            desk.caught_up().await;
            desk.work("treasury_daily").await;
            // Kept once a day.
            desk.work("treasury_daily").await;
        }
        let found = desk.face.accuracy(&desk.ctx(), AccuracyQuery { account: id }).await.unwrap().items;
        assert_eq!((found[0].lead, found[0].count, found[1].count, found[2].count), (1, 3, 2, 1));
        assert!(
            found[0].bias.minor() >= 0 && found[0].mean_absolute_error.minor() >= found[0].bias.minor(),
            "{found:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn training_keeps_a_model_for_every_series() {
    on_a_desk(async |desk| {
        january(desk).await;
        // The account, the entity and the currency, each by day, week and month.
        let trained = desk.face.train(&desk.ctx()).await.unwrap();
        assert_eq!((trained.series, trained.fallbacks), (9, trained.models));
        assert_eq!(desk.face.train(&desk.ctx()).await.unwrap(), trained);
        let job = desk.opened.jobs.iter().find(|job| job.name == "training").unwrap();
        assert_eq!(job.missed, platform::jobs::Missed::Once);
    })
    .await;
}
