//! The same calls in process, over HTTP/2 and over a network that loses and repeats them.

use banking_api::*;
use testkit::{Stage, on_each_way};

use crate::harness::{Desk, Form, Line, file, import, open};

const JANUARY: [Line; 2] = [(5, 25_000, "INVOICE 1"), (7, -4_000, "RENT")];

async fn start(stage: &Stage<'_>) -> (std::sync::Arc<dyn Banking>, Desk) {
    let desk = open(stage).await;
    (desk.face.clone(), desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_sent_twice_has_one_effect() {
    on_each_way(&FACE, start, async |banking, desk| {
        let face = banking.shared();
        let bytes = file(Form::Camt053, (1, 9), 100_000, &JANUARY, 1);
        let first = import(&*face, &banking.keyed(), bytes, ImportOptions::default()).await.unwrap();
        assert_eq!((first.state, first.counts.new), (ImportState::Applied, 2));
        assert_eq!(banking.import_of(&banking.ctx(), first.id).await.unwrap(), first);
        let account = first.accounts[0];
        let query = TransactionQuery { account, from: None, to: None, status: None, after: None, limit: 10 };
        let all = banking.transactions(&banking.ctx(), query).await.unwrap().items;
        assert_eq!(all.len(), 2);
        let category = TransactionChange::Category { category: Some("sales".to_owned()) };
        let change = ChangeTransaction { id: all[0].id, change: category };
        assert_eq!(banking.change_transaction(&banking.keyed(), change).await.unwrap().category, "sales");
        for (change, state) in [(ImportChange::Withdraw, "withdrawn"), (ImportChange::Restore, "applied")] {
            let change = ChangeImport { id: first.id, change };
            let now: &str = banking.change_import(&banking.keyed(), change).await.unwrap().state.into();
            assert_eq!(now, state);
        }
        let rule = AddRule { category: "rent".to_owned(), ..AddRule::default() };
        let rule = banking.add_rule(&banking.keyed(), rule).await.unwrap();
        assert_eq!(banking.rules(&banking.ctx()).await.unwrap().items, std::slice::from_ref(&rule));
        banking.remove_rule(&banking.keyed(), rule.id).await.unwrap();
        assert_eq!(desk.amounts().await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_answer_by_each_way() {
    on_each_way(&FACE, start, async |banking, _| {
        let face = banking.shared();
        let bytes = file(Form::Mt940, (1, 9), 100_000, &JANUARY, 1);
        let account = import(&*face, &banking.keyed(), bytes, ImportOptions::default()).await.unwrap().accounts[0];
        let change =
            ChangeAccount { id: account, kind: Some(AccountKind::Savings), interim_reports: None, leading: None };
        let changed = banking.change_account(&banking.keyed(), change).await.unwrap();
        assert_eq!(banking.account(&banking.ctx(), account).await.unwrap(), changed);
        let query = BalanceQuery { account, at: None, kind: Some(BalanceKind::ClosingBooked) };
        assert_eq!(banking.balances(&banking.ctx(), query).await.unwrap().items[0].amount.minor(), 121_000);
        assert_eq!(banking.holdings(&banking.ctx(), account).await.unwrap().items, []);
        let query = AccountQuery { account: None, after: None, limit: 10 };
        assert_eq!(banking.gaps(&banking.ctx(), query.clone()).await.unwrap().items, []);
        assert_eq!(banking.accounts(&banking.ctx(), query).await.unwrap().items, [changed]);
        let query = ImportQuery { before: None, limit: 10 };
        assert_eq!(banking.imports(&banking.ctx(), query).await.unwrap().items.len(), 1);
        let layout = serde_json::to_value(formats::csv::Profile::own()).unwrap();
        let put = PutProfile { name: "own".to_owned(), layout: serde_json::from_value(layout).unwrap() };
        let profile = banking.put_profile(&banking.keyed(), put).await.unwrap();
        assert_eq!(banking.profiles(&banking.ctx()).await.unwrap().items, [profile]);
    })
    .await;
}
