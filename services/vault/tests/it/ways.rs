//! The vault locally, over HTTP/2 and over a bad network.

use testkit::on_each_way;
use vault_api::{FACE, Find, FindCard, Issue};

use crate::stage::{VISA, open, pan, store};

#[tokio::test(flavor = "multi_thread")]
async fn a_number_stored_twice_has_one_token() {
    on_each_way(&FACE, open, async |vault, _| {
        let first = vault.tokenize(&vault.ctx(), store(VISA)).await.unwrap();
        let second = vault.tokenize(&vault.ctx(), store(VISA)).await.unwrap();
        assert_eq!((second.token, second.replayed), (first.token, true));
        let cards = vec![FindCard { pan: pan(VISA), cvv: None }, FindCard { pan: pan("5555555555554444"), cvv: None }];
        let found = vault.find(&vault.ctx(), Find { cards }).await.unwrap();
        assert_eq!(found[0].as_ref().unwrap().token, first.token);
        assert_eq!(found[1], None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_issues_one_number() {
    on_each_way(&FACE, open, async |vault, _| {
        let ctx = vault.keyed();
        let issue = || Issue { bin: "411111".to_owned(), expiry: "2712".parse().unwrap() };
        let first = vault.issue(&ctx, issue()).await.unwrap();
        let second = vault.issue(&ctx, issue()).await.unwrap();
        assert_eq!((second.token, second.last_four.as_str()), (first.token, first.last_four.as_str()));
        assert_eq!(vault.issue(&vault.ctx(), issue()).await.unwrap_err().code(), "idempotency_missing");
    })
    .await;
}
