//! Value at risk: what it says, that it is kept, and that it is the same again.

use treasury::*;

use crate::harness::{CITI, Desk, code, money, on_a_desk, usd};
use crate::shelf::day;

/// Returns that repeat: -3 %, -1 %, 0 %, 1 %, 2 %.
async fn factor(desk: &Desk, name: &str, days: i64, scale: f64) -> Factor {
    let values = [-0.03, -0.01, 0.0, 0.01, 0.02];
    let lines: String = (0..days)
        .map(|after| format!("{},{}\n", day(after), scale * values[after.unsigned_abs() as usize % 5]))
        .collect();
    let put = PutFactor {
        name: name.to_owned(),
        kind: ReturnKind::Simple,
        measure: Measure::Returns,
        csv: format!("date,value\n{lines}"),
    };
    desk.face.put_factor(&desk.ctx(), put).await.unwrap()
}

async fn exposures(desk: &Desk, items: &[(&str, i64)]) {
    let one = |(factor, minor): &(&str, i64)| Exposure {
        name: factor.to_lowercase().replace('/', "-"),
        factor: (*factor).to_owned(),
        amount: usd(*minor),
    };
    let items = items.iter().map(one).collect();
    desk.face.put_exposures(&desk.ctx(), PutExposures { items }).await.unwrap();
}

fn ask(method: Method) -> AskValueAtRisk {
    AskValueAtRisk {
        method,
        confidence: Some(0.9),
        horizon_days: None,
        window_days: Some(100),
        quantile: QuantileRule::Lower,
        drift: false,
        without_cash: true,
    }
}

fn monte_carlo(seed: u64) -> Method {
    Method::MonteCarlo { paths: Some(5_000), seed, shocks: Shocks::Normal }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_of_the_worst_days_is_the_value_at_risk() {
    on_a_desk(async |desk| {
        factor(desk, "EUR/USD", 100, 1.0).await;
        exposures(desk, &[("EUR/USD", 1_000_000)]).await;
        let run = desk.face.value_at_risk(&desk.ctx(), ask(Method::Historical)).await.unwrap();
        let found = run.value_at_risk.clone().unwrap();
        assert_eq!((found.value_at_risk, found.expected_shortfall), (usd(30_000), usd(30_000)));
        assert_eq!((found.observations, found.contributions[0].exposure), (100, usd(1_000_000)));
        assert_eq!(desk.face.run(&desk.ctx(), run.id).await.unwrap(), run);
        assert_eq!((run.factors[0].version, run.version, run.window_days), (1, 1, 100));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_bits() {
    on_a_desk(async |desk| {
        factor(desk, "EUR/USD", 100, 1.0).await;
        factor(desk, "GBP/USD", 100, -0.5).await;
        exposures(desk, &[("EUR/USD", 1_000_000), ("GBP/USD", 300_000)]).await;
        let of = async |seed| desk.face.value_at_risk(&desk.ctx(), ask(monte_carlo(seed))).await.unwrap().value_at_risk;
        let one = of(7).await.unwrap();
        assert_eq!(of(7).await, Some(one.clone()));
        assert_ne!(of(8).await, Some(one.clone()));
        let parts: i64 = one.contributions.iter().map(|part| part.value_at_risk.minor()).sum();
        assert_eq!(parts, one.value_at_risk.minor());
        // Both factors move as one: the covariance is singular, but some variables have it.
        assert!(one.standard_errors.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_cash_is_an_exposure_by_itself() {
    on_a_desk(async |desk| {
        desk.entity("acme", "EUR").await;
        desk.shelf.bank(CITI, "EUR", None);
        desk.shelf.tell(CITI, "2026-01-30", 100_000, 100_000, &[]);
        desk.link("acme", Source::Bank(CITI.to_owned())).await;
        let of = AskValueAtRisk { without_cash: false, ..ask(Method::Historical) };
        let found = desk.face.value_at_risk(&desk.ctx(), of.clone()).await.unwrap();
        assert_eq!(found.lacks, ["no rate from EUR to USD"]);
        let rate = Rate {
            base: money(0, "EUR").currency(),
            quote: usd(0).currency(),
            on: day(29),
            rate: "1.1".to_owned(),
            source: "ECB".to_owned(),
        };
        desk.face.put_rates(&desk.ctx(), PutRates { items: vec![rate], csv: None }).await.unwrap();
        let found = desk.face.value_at_risk(&desk.ctx(), of.clone()).await.unwrap();
        assert_eq!(found.lacks, ["cash in EUR: no history of EUR/USD"]);
        factor(desk, "EUR/USD", 100, 1.0).await;
        let found = desk.face.value_at_risk(&desk.ctx(), of).await.unwrap();
        assert_eq!((found.lacks.len(), found.value_at_risk.unwrap().value_at_risk), (0, usd(3_300)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_names_the_days_that_lost_more() {
    on_a_desk(async |desk| {
        factor(desk, "EUR/USD", 200, 1.0).await;
        exposures(desk, &[("EUR/USD", 1_000_000)]).await;
        let question = AskBacktest {
            method: Method::Normal,
            confidence: Some(0.9),
            window_days: Some(100),
            quantile: QuantileRule::Linear,
            without_cash: true,
        };
        let found = desk.face.backtest(&desk.ctx(), question).await.unwrap().backtest.unwrap();
        // Every fifth day loses 3 %, and about 2.2 % are told.
        assert_eq!((found.days, found.exceedances.len()), (100, 20));
        assert!((found.expected - 10.0).abs() < 1e-9 && found.count.p_value < 0.01, "{found:?}");
        assert_eq!(found.exceedances[0].profit, usd(-30_000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exposure_needs_a_history() {
    on_a_desk(async |desk| {
        exposures(desk, &[("EUR/USD", 1_000_000)]).await;
        let ask_now = async |question| code(desk.face.value_at_risk(&desk.ctx(), question).await);
        assert_eq!(ask_now(ask(Method::Historical)).await, "factor_unknown");
        factor(desk, "EUR/USD", 3, 1.0).await;
        assert_eq!(ask_now(ask(Method::Historical)).await, "too_few");
        factor(desk, "EUR/USD", 30, 1.0).await;
        let far = AskValueAtRisk { confidence: Some(0.99), ..ask(Method::Historical) };
        assert_eq!(ask_now(far).await, "level_outside_sample");
    })
    .await;
}
