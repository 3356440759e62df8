//! Bad input, through the real router: each is named, and none is our mistake.

use cards::{Cards, CardsError, Issuing, Refusal};
use testkit::for_each_engine;

use crate::cards::stage::{MASTER, Till, VISA, ask};

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_amount_is_named() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let bad = ["10", "10.001", "-1.00", "1e3", "", "٣", "10000000000000000000", "10000000000000000000.00", "0.00"];
        for (place, amount) in bad.into_iter().enumerate() {
            let refused = till.cards.authorize(&till.ctx(), ask(&format!("r{place}"), VISA, amount)).await.unwrap_err();
            assert!(matches!(refused.refusal(), Some(Refusal::AmountInvalid { .. })), "{amount}: {refused:?}");
        }
        let mut yen = ask("yen", VISA, "10.00");
        yen.currency = Some("JPY".parse().unwrap());
        let refused = till.cards.authorize(&till.ctx(), yen).await.unwrap_err();
        assert_eq!(refused.code(), "amount_invalid");
        assert_eq!(till.held().await, 0);
    })
    .await;
}

#[test]
fn bad_numbers_and_types_are_refused_by_their_field() {
    for (body, words) in [
        (r#"{"request_id":"a","amount":10.0}"#, "expected a string"),
        (r#"{"request_id":"a","amount":"1.00","pan":"41111111111"}"#, "12 to 19 digits"),
        (r#"{"request_id":"a","amount":"1.00","pan":"41111111111111111111"}"#, "12 to 19 digits"),
        (r#"{"request_id":"a","amount":"1.00","pan":"4111111111111112"}"#, "check digit"),
        (r#"{"request_id":"","amount":"1.00"}"#, "visible ASCII"),
        (r#"{"request_id":"a","amount":"1.00","expiry":"2713"}"#, "YYMM"),
        (r#"{"request_id":"a","amount":"1.00","channel":"fax"}"#, "unknown variant"),
        (r#"{"request_id":"a","amount":"1.00","currency":"dollars"}"#, "not a currency code"),
        (r#"{"request_id":"a","amount":"1.00","tip":"1.00"}"#, "unknown field"),
    ] {
        let refused = serde_json::from_str::<cards::Authorize>(body).unwrap_err().to_string();
        assert!(refused.contains(words), "{body}: {refused}");
        assert!(!refused.contains("4111"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_named_once_and_its_number_is_of_the_programme() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let card = till.card(VISA).await;
        let code = |refused: CardsError| refused.code();
        let neither = cards::Authorize { pan: None, ..ask("a", VISA, "1.00") };
        assert_eq!(code(till.cards.authorize(&till.ctx(), neither).await.unwrap_err()), "card_missing");
        let both = cards::Authorize { token: Some(card.token), ..ask("b", VISA, "1.00") };
        assert_eq!(code(till.cards.authorize(&till.ctx(), both).await.unwrap_err()), "card_missing");
        let expiry = "2812".parse().unwrap();
        let other = vault_api::Tokenize { pan: MASTER.parse().unwrap(), expiry };
        let other = till.vault.tokenize(&till.ctx(), other).await.unwrap();
        let issue = |token, account: &str, expiry: &str| cards::IssueCard {
            programme: card.programme,
            account: account.parse().unwrap(),
            expiry: expiry.parse().unwrap(),
            token,
            controls: Default::default(),
            replaces: None,
        };
        for (key, command, expected) in [
            ("c", issue(Some(other.token), "customers:ann", "2812"), "bin_mismatch"),
            ("d", issue(Some(card.token), "customers:ann", "2812"), "number_taken"),
            ("e", issue(None, "customers:nobody", "2812"), "account_unsuitable"),
            ("f", issue(None, "customers:ann", "2512"), "expiry_too_early"),
        ] {
            assert_eq!(code(till.cards.issue(&till.keyed(key), command).await.unwrap_err()), expected);
        }
        let without = till.cards.issue(&till.ctx(), issue(None, "customers:ann", "2812")).await.unwrap_err();
        assert_eq!(code(without), "idempotency_missing");
    })
    .await;
}
