//! Net worth through the face: linked accounts, corrections, currencies, and the daily record.

use kernel::Currency;
use planning_api::*;

use crate::harness::{code, on_a_desk, usd};

fn linked(source: Source, class: AssetClass) -> AddAsset {
    AddAsset { household: None, name: "linked".to_owned(), class, wrapper: Wrapper::Free, source, values: Vec::new() }
}

fn of_ledger(account: &str) -> Source {
    Source::Ledger { book: None, account: account.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_accounts_and_things_told_by_hand_add_up() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        desk.shelf.set("customers:ann", "cust_ann", 18_100);
        let bank = "bacc_01kppyzd5gfmra2qsx5rkvr8wb";
        desk.shelf.set(bank, "cust_ann", -5_000);
        desk.asset(&ann, AssetClass::Property, &[("2026-01-01", 1_000_000)]).await;
        desk.face.add_asset(&ann, linked(of_ledger("customers:ann"), AssetClass::Cash)).await.unwrap();
        let card = Source::Bank { account: bank.to_owned() };
        desk.face.add_asset(&ann, linked(card, AssetClass::Debt)).await.unwrap();
        assert_eq!(desk.total(&ann, "2026-01-31").await, 1_000_000 + 18_100 - 5_000);
        assert_eq!(desk.total(&ann, "2026-01-01").await, 1_000_000);
        // A look a minute later reads the account again; one within it does not.
        desk.shelf.set("customers:ann", "cust_ann", 20_000);
        assert_eq!(desk.total(&ann, "2026-01-31").await, 1_013_100);
        desk.time.advance_millis(61_000);
        assert_eq!(desk.total(&ann, "2026-01-31").await, 1_015_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_counts_once_and_only_its_owner_links_it() {
    on_a_desk(async |desk| {
        let (ann, id) = desk.household().await;
        desk.shelf.set("customers:ann", "cust_ann", 100);
        let bob = desk.joined(&ann, id, "cust_bob", Role::Partner).await;
        let link = || linked(of_ledger("customers:ann"), AssetClass::Cash);
        assert_eq!(code(desk.face.add_asset(&bob, link()).await), "account_unknown");
        let first = desk.face.add_asset(&ann, link()).await.unwrap();
        let double = desk.face.add_asset(&ann, link()).await.unwrap_err();
        let Some(Refusal::AssetDouble { asset, .. }) = double.refusal() else { panic!("{double}") };
        assert_eq!(*asset, first.id.to_string());
        // Every member sees what the household has.
        assert_eq!(desk.total(&bob, "2026-01-31").await, 100);
    })
    .await;
}

/// The account is gone: what is known stays, and becomes stale.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_read_keeps_its_last_value() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        desk.shelf.set("customers:ann", "cust_ann", 100);
        desk.face.add_asset(&ann, linked(of_ledger("customers:ann"), AssetClass::Cash)).await.unwrap();
        desk.shelf.remove("customers:ann");
        desk.time.advance_millis(6 * 86_400_000);
        let worth = desk.face.net_worth(&ann, WorthQuery { household: None, from: None, to: None }).await.unwrap();
        assert_eq!((worth.days[0].total, worth.lines[0].state), (usd(100), LineState::Stale));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_recorded_daily_without_anybody_looking() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        desk.shelf.set("customers:ann", "cust_ann", 100);
        desk.face.add_asset(&ann, linked(of_ledger("customers:ann"), AssetClass::Cash)).await.unwrap();
        for (minor, day) in [(200, "2026-02-01"), (300, "2026-02-02")] {
            desk.shelf.set("customers:ann", "cust_ann", minor);
            desk.time.advance_millis(86_400_000);
            desk.daily().await;
            assert_eq!(desk.total(&ann, day).await, minor);
        }
        assert_eq!(desk.total(&ann, "2026-01-31").await, 100);
        let recorded = desk.events().await;
        assert!(recorded.iter().filter(|event| event.event.kind == "planning.net_worth.recorded").count() >= 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_currency_needs_a_rate_and_says_so() {
    on_a_desk(async |desk| {
        let (ann, id) = desk.household().await;
        let euro = Currency::iso("EUR").unwrap();
        let value = DatedValue { on: "2026-01-10".parse().unwrap(), amount: kernel::Money::new(10_000, euro) };
        let add = AddAsset { values: vec![value], ..linked(Source::ByHand { currency: euro }, AssetClass::Cash) };
        desk.face.add_asset(&ann, add).await.unwrap();
        let day = Some("2026-01-31".parse().unwrap());
        let query = || WorthQuery { household: None, from: day, to: day };
        let before = desk.face.net_worth(&ann, query()).await.unwrap();
        assert_eq!((before.days[0].total, before.days[0].incomplete), (usd(0), true));
        assert_eq!(before.lines[0].state, LineState::NoRate);
        let on = "2026-01-30".parse().unwrap();
        let rate = Rate { currency: euro, on, rate: "1.0834".to_owned(), source: "ECB".to_owned() };
        desk.face.put_rate(&ann, PutRate { household: id, rate: rate.clone() }).await.unwrap();
        let after = desk.face.net_worth(&ann, query()).await.unwrap();
        assert_eq!((after.days[0].total, after.days[0].incomplete), (usd(10_834), false));
        assert_eq!(after.lines[0].rate, Some(rate));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_told_again_is_corrected() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        let asset = desk.asset(&ann, AssetClass::Property, &[("2026-01-01", 100), ("2026-01-20", 300)]).await;
        let values = vec![DatedValue { on: "2026-01-20".parse().unwrap(), amount: usd(250) }];
        let stored = desk.face.put_values(&ann, PutValues { asset, values }).await.unwrap().items;
        assert_eq!(stored.iter().map(|one| one.amount.minor()).collect::<Vec<_>>(), [250, 100]);
        assert_eq!((desk.total(&ann, "2026-01-19").await, desk.total(&ann, "2026-01-20").await), (100, 250));
        let close = ChangeAsset {
            id: asset,
            name: None,
            class: None,
            wrapper: None,
            closed_on: Some("2026-01-25".parse().unwrap()),
        };
        desk.face.change_asset(&ann, close).await.unwrap();
        assert_eq!((desk.total(&ann, "2026-01-24").await, desk.total(&ann, "2026-01-25").await), (250, 0));
    })
    .await;
}
