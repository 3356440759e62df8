//! What is refused, each by its name.

use treasury::*;

use crate::harness::{CHASE, CITI, Desk, code, on_a_desk, terms, usd};

async fn put_factor(desk: &Desk, csv: &str, measure: Measure, kind: ReturnKind) -> &'static str {
    let put = PutFactor { name: "EUR/USD".to_owned(), kind, measure, csv: csv.to_owned() };
    code(desk.face.put_factor(&desk.ctx(), put).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_that_cannot_be_are_refused() {
    on_a_desk(async |desk| {
        for (csv, refused) in [
            ("date,value\n2026-01-02,1\n2026-01-02,2\n", "series_invalid"),
            ("date,value\n2025-01-02,1\n2026-01-02,2\n", "series_invalid"),
            ("date,value\n2026-01-05,1\n2026-01-02,2\n", "series_invalid"),
            ("date,value\n2026-01-02,1\n2026-01-05,0\n", "series_invalid"),
            ("date,value\n2026-01-02,x\n", "table_invalid"),
            ("date,value\n2026-01-02,NaN\n", "table_invalid"),
            ("day,value\n2026-01-02,1\n", "table_invalid"),
            ("date,value\n", "too_few"),
            ("date,value\n2026-01-02,1\n", "too_few"),
        ] {
            assert_eq!(put_factor(desk, csv, Measure::Levels, ReturnKind::Log).await, refused, "{csv}");
        }
        let all_lost = "date,value\n2026-01-02,-1\n";
        assert_eq!(put_factor(desk, all_lost, Measure::Returns, ReturnKind::Simple).await, "series_invalid");
        assert!(desk.face.factors(&desk.ctx()).await.unwrap().items.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_that_cannot_be_are_refused() {
    on_a_desk(async |desk| {
        let rate = |quote: &str, rate: &str| Rate {
            base: usd(0).currency(),
            quote: kernel::Currency::iso(quote).unwrap(),
            on: crate::shelf::day(0),
            rate: rate.to_owned(),
            source: "ECB".to_owned(),
        };
        for (item, refused) in [
            (rate("EUR", "0"), "rate_invalid"),
            (rate("EUR", "-1"), "rate_invalid"),
            (rate("EUR", "1e5"), "rate_invalid"),
            (rate("USD", "1"), "pair_invalid"),
        ] {
            let put = PutRates { items: vec![item], csv: None };
            assert_eq!(code(desk.face.put_rates(&desk.ctx(), put).await), refused);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_risk_have_bounds() {
    on_a_desk(async |desk| {
        let csv: String = (0..40).map(|after| format!("{},0.0{}\n", crate::shelf::day(after), after % 7)).collect();
        let put = PutFactor {
            name: "EUR/USD".to_owned(),
            kind: ReturnKind::Simple,
            measure: Measure::Returns,
            csv: format!("date,value\n{csv}"),
        };
        desk.face.put_factor(&desk.ctx(), put).await.unwrap();
        let exposure = |minor| Exposure { name: "euro".to_owned(), factor: "EUR/USD".to_owned(), amount: usd(minor) };
        let put = |minor| PutExposures { items: vec![exposure(minor)] };
        desk.face.put_exposures(&desk.ctx(), put(100)).await.unwrap();
        let plain = AskValueAtRisk {
            method: Method::Normal,
            confidence: None,
            horizon_days: None,
            window_days: None,
            quantile: QuantileRule::Linear,
            drift: false,
            without_cash: true,
        };
        let paths = |paths| Method::MonteCarlo { paths: Some(paths), seed: 1, shocks: Shocks::Normal };
        for (question, refused) in [
            (AskValueAtRisk { confidence: Some(0.0), ..plain.clone() }, "out_of_range"),
            (AskValueAtRisk { confidence: Some(1.0), ..plain.clone() }, "out_of_range"),
            (AskValueAtRisk { horizon_days: Some(253), ..plain.clone() }, "out_of_range"),
            (AskValueAtRisk { window_days: Some(3), confidence: Some(0.5), ..plain.clone() }, "too_few"),
            (AskValueAtRisk { method: paths(10_000_000), ..plain.clone() }, "too_many"),
            (AskValueAtRisk { method: Method::Weighted(2.0), ..plain.clone() }, "out_of_range"),
        ] {
            assert_eq!(code(desk.face.value_at_risk(&desk.ctx(), question).await), refused);
        }
        desk.face.put_exposures(&desk.ctx(), put(1_000_000_000_000_000_000)).await.unwrap();
        assert_eq!(code(desk.face.value_at_risk(&desk.ctx(), plain).await), "field_invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pools_that_cannot_be_are_refused() {
    on_a_desk(async |desk| {
        desk.entity("acme", "USD").await;
        let one = desk.cash("cash:one", 100).await;
        let other = desk.cash("cash:other", 100).await;
        desk.shelf.bank(CITI, "EUR", None);
        let euro = desk.link("acme", Source::Bank(CITI.to_owned())).await;
        let member = |account| Member {
            account,
            rule: Rule::Zero,
            direction: Direction::Both,
            minimum: None,
            multiple: None,
            priority: 0,
        };
        let put = async |name: &str, header, members: Vec<Member>| {
            let put = PutPool { name: name.to_owned(), terms: PoolTerms { header, members } };
            desk.face.put_pool(&desk.ctx(), put).await
        };
        assert_eq!(code(put("acme", one, vec![]).await), "pool_of_one");
        assert_eq!(code(put("acme", one, vec![member(one)]).await), "member_twice");
        assert_eq!(code(put("acme", one, vec![member(euro)]).await), "currency_differs");
        let odd = Member { multiple: Some(usd(0)), ..member(other) };
        assert_eq!(code(put("acme", one, vec![odd]).await), "field_invalid");
        let range = Rule::Range { low: usd(2), high: usd(1) };
        assert_eq!(code(put("acme", one, vec![Member { rule: range, ..member(other) }]).await), "field_invalid");
        put("north", one, vec![member(other)]).await.unwrap();
        assert_eq!(code(put("south", other, vec![member(one)]).await), "header_cycle");
        // Put again, a pool is in no circle with itself.
        put("north", one, vec![member(other)]).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_floor_is_within_the_credit_limit() {
    on_a_desk(async |desk| {
        desk.entity("acme", "USD").await;
        desk.shelf.bank(CHASE, "USD", None);
        let add = |floor: i64, limit: Option<i64>| AddAccount {
            entity: "acme".to_owned(),
            source: Source::Bank(CHASE.to_owned()),
            terms: AccountTerms { floor: Some(usd(floor)), credit_limit: limit.map(usd), ..terms("overdraft") },
        };
        for (floor, limit, refused) in
            [(-1, None, "floor_below_limit"), (-101, Some(100), "floor_below_limit"), (0, Some(-1), "field_invalid")]
        {
            assert_eq!(code(desk.face.add_account(&desk.ctx(), add(floor, limit)).await), refused);
        }
        desk.face.add_account(&desk.ctx(), add(-100, Some(100))).await.unwrap();
    })
    .await;
}
