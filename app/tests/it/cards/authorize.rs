//! Decisions: what the guides send is approved and held, and each reason to decline is produced.

use cards::{
    Allowed, CardChange, CardStatus, Cards, Controls, CurrencyRate, Issuing, Limit, Per, Reason, StandIn, Status,
};
use kernel::{Currency, Money};
use testkit::for_each_engine;

use crate::cards::stage::{MASTER, Till, VISA, ask, usd};

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_payment_is_held_in_the_ledger() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let card = till.card(VISA).await;
        let paid = till.pay("test123", "10.00").await;
        assert_eq!((paid.status, paid.response_code.as_deref()), (Status::Approved, Some("00")));
        assert_eq!((paid.card, paid.balance), (Some(card.id), Some(Money::new(9_000, usd()))));
        assert_eq!(till.balances("customers:ann").await, (Some(9_000), 1_000, 10_000));
        let query = cards::AuthorizationQuery { card: card.id, before: None, limit: 10 };
        let found = till.cards.authorizations(&till.ctx(), query).await.unwrap();
        assert_eq!(found[0].id, paid.id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_gets_the_same_answer() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let first = till.pay("test123", "10.00").await;
        let second = till.pay("test123", "10.00").await;
        assert!(second.replayed && !first.replayed && second.id == first.id);
        assert_eq!(till.held().await, 1_000);
        let other = till.cards.authorize(&till.ctx(), ask("test123", VISA, "10.01")).await.unwrap_err();
        assert_eq!(other.code(), "request_id_taken");
        // Another caller's names are their own.
        let clerk = kernel::Principal::new(kernel::PrincipalKind::Service, "shop", [kernel::Permission::everything()]);
        let theirs = crate::cards::stage::ctx(&till.clock, clerk);
        let paid = till.cards.authorize(&theirs, ask("test123", VISA, "10.00")).await.unwrap();
        assert!(!paid.replayed && paid.id != first.id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_without_funds_is_declined_or_approved_in_part() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let refused = till.pay("a", "100.01").await;
        assert_eq!((refused.reason, refused.response_code.as_deref()), (Some(Reason::InsufficientFunds), Some("51")));
        assert_eq!(refused.balance, Some(Money::new(10_000, usd())));
        assert_eq!(till.held().await, 0);
        let part = cards::Authorize { partial_approval: true, ..ask("b", VISA, "100.01") };
        let part = till.cards.authorize(&till.ctx(), part).await.unwrap();
        assert_eq!((part.reason, part.response_code.as_deref()), (Some(Reason::ApprovedInPart), Some("10")));
        assert_eq!(part.amounts.unwrap().cardholder, Money::new(10_000, usd()));
        assert_eq!(till.held().await, 10_000);
        let nothing = cards::Authorize { partial_approval: true, ..ask("c", VISA, "0.01") };
        let nothing = till.cards.authorize(&till.ctx(), nothing).await.unwrap();
        assert_eq!(nothing.reason, Some(Reason::InsufficientFunds));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_of_a_card_declines_by_its_own_reason() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        assert_eq!(till.pay("unknown", "1.00").await.reason, Some(Reason::CardUnknown));
        let card = till.card(VISA).await;
        for (change, reason, code) in [
            (CardChange::Pause, Reason::CardPaused, "62"),
            (CardChange::ReportLost, Reason::CardLost, "41"),
            (CardChange::ReportStolen, Reason::CardStolen, "43"),
            (CardChange::Close, Reason::CardClosed, "05"),
        ] {
            till.change(&card, change).await;
            let declined = till.pay(change.name(), "1.00").await;
            assert_eq!((declined.reason, declined.response_code.as_deref()), (Some(reason), Some(code)));
        }
        assert_eq!(till.held().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_and_verification_code_have_to_fit() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let card = till.card(VISA).await;
        let reveal = vault_api::Reveal { token: card.token, reason: "a test".to_owned() };
        let revealed = till.vault.reveal(&till.ctx(), reveal).await.unwrap();
        let with = |request: &str, expiry: &str, cvv: &str| cards::Authorize {
            expiry: Some(expiry.parse().unwrap()),
            cvv: Some(kernel::Secret::new(cvv)),
            ..ask(request, VISA, "1.00")
        };
        let right = revealed.cvv.expose().to_owned();
        let wrong = if right == "000" { "001" } else { "000" };
        for (command, reason) in [
            (with("a", "2812", &right), Reason::ApprovedWithoutRisk),
            (with("b", "2811", &right), Reason::ExpiryWrong),
            (with("c", "2812", wrong), Reason::CvvWrong),
        ] {
            assert_eq!(till.cards.authorize(&till.ctx(), command).await.unwrap().reason, Some(reason));
        }
        till.clock.set("2028-12-31T23:00:00Z".parse().unwrap());
        let late = till.pay("d", "1.00").await;
        assert_eq!(late.reason, Some(Reason::CardExpired), "it is January in Berlin");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn controls_and_limits_of_card_and_programme_apply() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let limit = Limit { per: Per::Day, amount: Some(Money::new(1_500, usd())), count: Some(3) };
        let controls = Controls { limits: vec![limit], ..Controls::default() };
        let never = Allowed { only: Vec::new(), never: vec!["7995".to_owned()] };
        till.card_with(VISA, |terms| terms.controls.categories = never, controls).await;
        let mut gamble = ask("gamble", VISA, "1.00");
        gamble.at.category = Some("7995".to_owned());
        let declined = till.cards.authorize(&till.ctx(), gamble).await.unwrap();
        assert_eq!(declined.reason, Some(Reason::CategoryNotAllowed));
        assert_eq!(till.pay("a", "10.00").await.status, Status::Approved);
        assert_eq!(till.pay("b", "5.01").await.reason, Some(Reason::AmountOverDayLimit));
        // A decline by the ledger gives back what it had reserved.
        assert_eq!(till.pay("c", "1.00").await.status, Status::Approved);
        assert_eq!(till.pay("d", "1.00").await.status, Status::Approved);
        assert_eq!(till.pay("e", "0.01").await.reason, Some(Reason::CountOverDayLimit));
        till.clock.advance_millis(86_400_000);
        assert_eq!(till.pay("f", "5.01").await.status, Status::Approved);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_payment_is_converted_with_a_markup() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let rate = CurrencyRate { currency: Currency::iso("JPY").unwrap(), rate: "0.01".parse().unwrap() };
        let terms = |terms: &mut cards::Terms| {
            (terms.rates, terms.markup) = (vec![rate], Some("2".parse().unwrap()));
        };
        till.card_with(VISA, terms, Controls::default()).await;
        let mut yen = ask("yen", VISA, "1000");
        yen.currency = Some(Currency::iso("JPY").unwrap());
        let paid = till.cards.authorize(&till.ctx(), yen).await.unwrap();
        let amounts = paid.amounts.unwrap();
        assert_eq!((amounts.cardholder.minor(), amounts.settlement.minor()), (1_020, 1_000));
        assert_eq!(amounts.merchant, Money::parse("1000", "JPY").unwrap());
        let mut euro = ask("euro", VISA, "1.00");
        euro.currency = Some(Currency::iso("EUR").unwrap());
        let declined = till.cards.authorize(&till.ctx(), euro).await.unwrap();
        assert_eq!(
            (declined.reason, declined.response_code.as_deref()),
            (Some(Reason::CurrencyNotSupported), Some("12"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_risk_the_programme_decides() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let limit = StandIn { approve_up_to: Some(Money::new(1_000, usd())) };
        till.card_with(VISA, |terms| terms.stand_in = limit, Controls::default()).await;
        assert_eq!(till.pay("a", "10.00").await.reason, Some(Reason::ApprovedWithoutRisk));
        let declined = till.pay("b", "10.01").await;
        assert_eq!((declined.reason, declined.response_code.as_deref()), (Some(Reason::RiskAway), Some("91")));
        assert_eq!(till.held().await, 1_000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_account_declines_its_cards() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let freeze = ledger_api::ChangeAccount {
            path: "customers:ann".parse().unwrap(),
            change: ledger_api::AccountChange::Freeze,
        };
        till.ledger.change_account(&till.ctx(), freeze).await.unwrap();
        // By the ledger itself, before the news of it has arrived.
        assert_eq!(till.pay("a", "1.00").await.reason, Some(Reason::AccountBlocked));
        let heard = tokio::spawn({
            let consumer = till.cards.hears().await.unwrap();
            async move { consumer.run().await }
        });
        let blocked = async |expected: bool| {
            for _ in 0..500 {
                let card =
                    till.cards.cards(&till.ctx(), cards::CardQuery { limit: 1, ..Default::default() }).await.unwrap();
                if card[0].account_blocked == expected {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("the news did not arrive");
        };
        blocked(true).await;
        heard.abort();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn issuing_is_done_once_and_replaces_a_card() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let old = till.card(MASTER).await;
        let issue = cards::IssueCard {
            programme: old.programme,
            account: old.account.clone(),
            expiry: "2901".parse().unwrap(),
            token: None,
            controls: Controls::default(),
            replaces: Some(old.id),
        };
        let new = till.cards.issue(&till.keyed("new"), issue.clone()).await.unwrap();
        let same = till.cards.issue(&till.keyed("new"), issue).await.unwrap();
        assert!(same.replayed && same.id == new.id && same.token == new.token);
        assert!(new.token != old.token && new.bin == "555555" && new.status == CardStatus::Inactive);
        let old = till.cards.card(&till.ctx(), old.id).await.unwrap();
        assert_eq!(old.status, CardStatus::Closed);
    })
    .await;
}
