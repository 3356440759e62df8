//! Positions follow what banking and the ledger answer.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use testkit::{Stage, for_each_engine};
use treasury::*;

use crate::harness::{CHASE, CITI, code, money, on_a_desk, open, open_on, terms, usd};

async fn two_companies(desk: &crate::harness::Desk) -> [AccountId; 3] {
    desk.entity("acme", "USD").await;
    desk.entity("acme-eu", "EUR").await;
    desk.shelf.bank(CHASE, "USD", Some("acme"));
    desk.shelf.bank(CITI, "EUR", Some("acme-eu"));
    desk.shelf.tell(CHASE, "2026-01-30", 10_000, 9_000, &[("sales", 100)]);
    desk.shelf.tell(CITI, "2026-01-30", 2_000, 2_000, &[]);
    let chase = desk.link("acme", Source::Bank(CHASE.to_owned())).await;
    let citi = desk.link("acme-eu", Source::Bank(CITI.to_owned())).await;
    let cash = desk.cash("assets:cash", 500).await;
    [chase, citi, cash]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_has_its_balance_at_once() {
    on_a_desk(async |desk| {
        two_companies(desk).await;
        let found = desk.positions(&[GroupBy::Entity, GroupBy::Currency]).await;
        let lines: Vec<(String, i64)> = found
            .lines
            .iter()
            .map(|line| (line.group["entity"].clone(), line.booked.as_ref().unwrap().amount.minor()))
            .collect();
        assert_eq!(lines, [("acme-eu".to_owned(), 2_000), ("acme".to_owned(), 10_500)]);
        assert_eq!((found.total.booked, found.total.available), (usd(10_500), usd(9_500)));
        assert_eq!(found.total.lacks, ["no rate from EUR to USD"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_moves_the_position() {
    on_a_desk(async |desk| {
        two_companies(desk).await;
        desk.shelf.tell(CHASE, "2026-01-31", 11_000, 11_000, &[("sales", 1_000)]);
        desk.shelf.pay("assets:cash", 250);
        desk.caught_up().await;
        assert_eq!(desk.positions(&[]).await.total.booked, usd(11_750));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_read_by_two_clocks() {
    on_a_desk(async |desk| {
        two_companies(desk).await;
        let before = desk.positions(&[]).await.at;
        desk.pass_days(2);
        // On Monday the bank corrects Friday.
        desk.shelf.tell(CHASE, "2026-01-30", 12_000, 12_000, &[]);
        desk.caught_up().await;
        let ask = |by| PositionQuery { at: Some(before), by, ..PositionQuery::default() };
        let then = desk.face.positions(&desk.ctx(), ask(KnownBy::Record)).await.unwrap();
        let now = desk.face.positions(&desk.ctx(), ask(KnownBy::Event)).await.unwrap();
        assert_eq!((then.total.booked, now.total.booked), (usd(10_500), usd(12_500)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_used_in_both_directions_with_its_source() {
    on_a_desk(async |desk| {
        two_companies(desk).await;
        let csv = "base,quote,on,rate,source\nEUR,USD,2026-01-30,1.1,ECB\n".to_owned();
        desk.face.put_rates(&desk.ctx(), PutRates { items: Vec::new(), csv: Some(csv) }).await.unwrap();
        let found = desk.positions(&[]).await;
        assert_eq!((found.total.booked, found.total.incomplete), (usd(12_700), false));
        let converted = found.lines.iter().find_map(|line| line.reporting.clone()).unwrap();
        assert_eq!((converted.rate.as_str(), converted.rate_source.as_str()), ("1.1", "ECB"));
        let query = PositionQuery { currency: Some(money(0, "EUR").currency()), ..PositionQuery::default() };
        let euros = desk.face.positions(&desk.ctx(), query).await.unwrap();
        assert_eq!(euros.total.booked, money(2_000 + 9_545, "EUR"));
        let query = RateQuery { base: money(0, "EUR").currency(), quote: usd(0).currency(), limit: 10 };
        assert_eq!(desk.face.rates(&desk.ctx(), query).await.unwrap().items.len(), 1);
    })
    .await;
}

/// After any order of events, with repeats and restarts, totals equal a slow sum over what banking and the ledger answer.
#[tokio::test(flavor = "multi_thread")]
async fn totals_equal_a_slow_sum() {
    let steps = prop::collection::vec((0_u8..6, -3_000_i64..5_000, 1_i64..28), 4..14);
    let mut runner = TestRunner::new_with_rng(
        Config::with_cases(1),
        proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &[7; 32]),
    );
    let stories: Vec<Vec<(u8, i64, i64)>> = (0..4).map(|_| steps.new_tree(&mut runner).unwrap().current()).collect();
    for steps in stories {
        for_each_engine(async |store| {
            let stage = Stage::new(store);
            let mut desk = open(&stage).await;
            desk.entity("acme", "USD").await;
            desk.shelf.bank(CHASE, "USD", None);
            desk.shelf.bank(CITI, "USD", None);
            desk.link("acme", Source::Bank(CHASE.to_owned())).await;
            desk.link("acme", Source::Bank(CITI.to_owned())).await;
            desk.cash("assets:cash", 100_000).await;
            for (step, minor, day) in &steps {
                let day = crate::shelf::day(*day).to_string();
                match step {
                    0 | 1 => desk.shelf.tell(CHASE, &day, *minor, *minor, &[("sales", *minor)]),
                    2 => desk.shelf.tell(CITI, &day, *minor, *minor, &[]),
                    3 if desk.shelf.bank_rows() > 0 => {
                        desk.shelf.tell_again(usize::try_from(minor.unsigned_abs()).unwrap());
                    }
                    4 => {
                        let shelf = desk.shelf.clone();
                        drop(desk);
                        desk = open_on(&stage, shelf).await;
                    }
                    _ => desk.shelf.pay("assets:cash", if *minor == 0 { 1 } else { *minor }),
                }
            }
            desk.caught_up().await;
            let expected = desk.shelf.slow_sum(&[CHASE, CITI, "assets:cash"]);
            let found = desk.positions(&[GroupBy::Bank]).await.total;
            assert_eq!(found.booked.minor(), expected, "{steps:?}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_book_answers_empty_pages() {
    on_a_desk(async |desk| {
        let ctx = desk.ctx();
        let found = desk.positions(&[GroupBy::Account]).await;
        assert!(found.lines.is_empty() && !found.total.incomplete);
        assert_eq!(found.total.booked, usd(0));
        assert!(desk.face.entities(&ctx).await.unwrap().items.is_empty());
        assert!(desk.face.accounts(&ctx).await.unwrap().items.is_empty());
        let flows = FlowQuery { account: None, from: None, to: None, after: None, limit: 50 };
        assert!(desk.face.flows(&ctx, flows).await.unwrap().items.is_empty());
        assert!(desk.face.recurring(&ctx).await.unwrap().items.is_empty());
        assert!(desk.face.pools(&ctx).await.unwrap().items.is_empty());
        let sweeps = SweepQuery { before: None, limit: 50 };
        assert!(desk.face.sweeps(&ctx, sweeps).await.unwrap().items.is_empty());
        assert!(desk.face.exposures(&ctx).await.unwrap().items.is_empty());
        assert!(desk.face.factors(&ctx).await.unwrap().items.is_empty());
        assert_eq!(desk.face.train(&ctx).await.unwrap().series, 0);
        desk.work("treasury_daily").await;
        let question = AskValueAtRisk {
            method: Method::Historical,
            confidence: None,
            horizon_days: None,
            window_days: None,
            quantile: QuantileRule::Linear,
            drift: false,
            without_cash: false,
        };
        let run = desk.face.value_at_risk(&ctx, question).await.unwrap();
        assert_eq!(run.value_at_risk.unwrap().value_at_risk, usd(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_linked_once() {
    on_a_desk(async |desk| {
        two_companies(desk).await;
        let add = |source| AddAccount { entity: "acme".to_owned(), source, terms: terms("again") };
        let again = desk.face.add_account(&desk.ctx(), add(Source::Bank(CHASE.to_owned()))).await;
        assert_eq!(code(again), "source_linked");
        let unknown = desk.face.add_account(&desk.ctx(), add(Source::Ledger("assets:nothing".to_owned()))).await;
        assert_eq!(code(unknown), "source_unknown");
        let bad = desk.face.add_account(&desk.ctx(), add(Source::Bank("no id".to_owned()))).await;
        assert_eq!(code(bad), "source_unknown");
        assert_eq!(desk.kinds("treasury.account").await.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_a_limit() {
    on_a_desk(async |desk| {
        let exposure =
            |number: usize| Exposure { name: format!("e{number}"), factor: "EUR/USD".to_owned(), amount: usd(1) };
        let items = (0..=limits::EXPOSURES_MAX).map(exposure).collect();
        assert_eq!(code(desk.face.put_exposures(&desk.ctx(), PutExposures { items }).await), "too_many");
        let rate = "EUR,USD,2026-01-30,1.1,ECB\n".repeat(limits::ITEMS_MAX + 1);
        let csv = Some(format!("base,quote,on,rate,source\n{rate}"));
        assert_eq!(code(desk.face.put_rates(&desk.ctx(), PutRates { items: Vec::new(), csv }).await), "too_many");
    })
    .await;
}
