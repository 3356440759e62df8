//! What people decide, whose accounts they reach, and what nobody may read.

use banking_api::*;
use kernel::{Ctx, Principal, PrincipalKind};
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, Form, Line, NUMBER, file, import, open};

const COFFEE: [Line; 1] = [(5, -300, "COFFEE")];

async fn on_a_desk(body: impl AsyncFn(&Desk)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        body(&open(&stage).await).await;
    })
    .await;
}

async fn change(desk: &Desk, id: TransactionId, change: TransactionChange) -> Result<Transaction, BankingError> {
    desk.face.change_transaction(&desk.ctx(), ChangeTransaction { id, change }).await
}

async fn sums(desk: &Desk) -> i64 {
    let counted = desk.transactions().await.into_iter().filter(|one| one.status.is_counted());
    counted.map(|one| one.amount.minor()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_possible_duplicate_is_kept_or_merged_and_undone() {
    on_a_desk(async |desk| {
        desk.import(file(Form::Camt054, (5, 5), 0, &COFFEE, 1)).await;
        desk.import(file(Form::Camt054, (5, 5), 0, &COFFEE, 2)).await;
        let all = desk.transactions().await;
        let (twin, open) = (all[0].id, all[1].clone());
        assert_eq!((open.status, open.possible_duplicate_of), (Status::PossibleDuplicate, Some(twin)));
        assert_eq!(change(desk, open.id, TransactionChange::Keep).await.unwrap().status, Status::Booked);
        assert_eq!(sums(desk).await, -600);
        // A full report with one of them leaves a person's choice alone.
        desk.import(file(Form::Camt053, (5, 5), 1_000, &COFFEE, 3)).await;
        assert_eq!(sums(desk).await, -600);
        change(desk, open.id, TransactionChange::Undo).await.unwrap();
        assert_eq!(sums(desk).await, -300);
        change(desk, open.id, TransactionChange::Merge { into: twin }).await.unwrap();
        assert_eq!(desk.transactions().await.len(), 1);
        let back = change(desk, open.id, TransactionChange::Undo).await.unwrap();
        assert_eq!((back.status, back.possible_duplicate_of), (Status::PossibleDuplicate, Some(twin)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_possible_duplicates_are_decided() {
    on_a_desk(async |desk| {
        desk.import(file(Form::Camt053, (5, 6), 1_000, &[COFFEE[0], (6, -300, "TEA"), (6, -4, "MILK")], 1)).await;
        let all = desk.transactions().await;
        for wanted in [TransactionChange::Keep, TransactionChange::Merge { into: all[1].id }, TransactionChange::Undo] {
            assert_eq!(change(desk, all[0].id, wanted).await.unwrap_err().code(), "transaction_status");
        }
        let twice = desk.import(file(Form::Camt054, (9, 9), 0, &[(9, -300, "COFFEE")], 2)).await;
        assert_eq!(twice.counts.new, 1);
        desk.import(file(Form::Camt054, (9, 9), 0, &[(9, -300, "COFFEE")], 3)).await;
        let open = desk.transactions().await.into_iter().find(|one| one.status == Status::PossibleDuplicate).unwrap();
        for into in [open.id, all[2].id] {
            let refused = change(desk, open.id, TransactionChange::Merge { into }).await.unwrap_err();
            assert_eq!(refused.code(), "merge_target");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_category_survives_every_import() {
    on_a_desk(async |desk| {
        let rule = AddRule { category: "drinks".to_owned(), words: vec!["coffee".to_owned()], ..AddRule::default() };
        let rule = desk.face.add_rule(&desk.ctx(), rule).await.unwrap();
        desk.import(file(Form::Camt053, (5, 6), 1_000, &[COFFEE[0], (6, -99, "TEA")], 1)).await;
        let all = desk.transactions().await;
        assert_eq!((all[0].category.as_str(), all[1].category.as_str()), ("drinks", "supplier_payment"));
        let chosen = TransactionChange::Category { category: Some("meetings".to_owned()) };
        let changed = change(desk, all[0].id, chosen).await.unwrap();
        assert_eq!((changed.category.as_str(), changed.category_chosen), ("meetings", true));
        desk.import(file(Form::Camt053, (5, 6), 1_000, &[COFFEE[0], (6, -99, "TEA")], 2)).await;
        assert_eq!(desk.transactions().await[0].category, "meetings");
        let back = change(desk, all[0].id, TransactionChange::Category { category: None }).await.unwrap();
        assert_eq!((back.category.as_str(), back.category_chosen), ("drinks", false));
        desk.face.remove_rule(&desk.ctx(), rule.id).await.unwrap();
        assert_eq!(desk.face.remove_rule(&desk.ctx(), rule.id).await.unwrap_err().code(), "rule_unknown");
        let bad = TransactionChange::Category { category: Some("<b>".to_owned()) };
        assert_eq!(change(desk, all[0].id, bad).await.unwrap_err().code(), "field_invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_profiles_have_a_limit() {
    on_a_desk(async |desk| {
        let rule = |number: usize| AddRule { category: format!("c{number}"), ..AddRule::default() };
        for number in 0..limits::RULES_MAX {
            desk.face.add_rule(&desk.ctx(), rule(number)).await.unwrap();
        }
        assert_eq!(desk.face.add_rule(&desk.ctx(), rule(0)).await.unwrap_err().code(), "too_many");
        let layout = serde_json::to_value(formats::csv::Profile::own()).unwrap();
        let layout: Layout = serde_json::from_value(layout).unwrap();
        let put = |number: usize| PutProfile { name: format!("p{number}"), layout: layout.clone() };
        for number in 0..limits::PROFILES_MAX {
            desk.face.put_profile(&desk.ctx(), put(number)).await.unwrap();
        }
        desk.face.put_profile(&desk.ctx(), put(0)).await.unwrap();
        assert_eq!(desk.face.put_profile(&desk.ctx(), put(100)).await.unwrap_err().code(), "too_many");
    })
    .await;
}

fn customer(desk: &Desk, name: &str) -> Ctx {
    let words =
        ["bank-accounts:read:own", "bank-transactions:*:own", "bank-imports:*:own"].map(|word| word.parse().unwrap());
    Ctx { principal: Principal::new(PrincipalKind::Customer, name, words), ..desk.ctx() }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_reach_their_own_accounts() {
    on_a_desk(async |desk| {
        let (ann, bob) = (customer(desk, "cust_ann"), customer(desk, "cust_bob"));
        let bytes = file(Form::Camt053, (5, 5), 1_000, &COFFEE, 1);
        let own = import(&*desk.face, &ann, &bytes, ImportOptions::default()).await.unwrap();
        assert_eq!(own.owner.as_deref(), Some("cust_ann"));
        let account = desk.account().await;
        assert_eq!((account.owner.as_deref(), account.last_four.as_str()), (Some("cust_ann"), "1234"));
        assert_eq!(desk.face.account(&ann, account.id).await.unwrap().id, account.id);
        assert_eq!(desk.face.account(&bob, account.id).await.unwrap_err().code(), "account_unknown");
        assert_eq!(desk.face.import_of(&bob, own.id).await.unwrap_err().code(), "import_unknown");
        let query = AccountQuery { account: None, after: None, limit: 10 };
        assert_eq!(desk.face.accounts(&bob, query).await.unwrap().items, []);
        let id = desk.transactions().await[0].id;
        assert_eq!(desk.face.transaction(&bob, id).await.unwrap_err().code(), "transaction_unknown");
        // The same account in somebody else's file.
        let refused = import(&*desk.face, &bob, &bytes, ImportOptions::default()).await.unwrap_err();
        let Some(Refusal::FileRefused { mistake, .. }) = refused.refusal() else { panic!("{refused}") };
        assert_eq!(mistake.reason, "account_elsewhere");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_numbers_and_texts_are_in_no_event_and_no_open_column() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = open(&stage).await;
        let secret = "PLANTED SECRET";
        desk.import(file(Form::Camt053, (5, 5), 1_000, &[(5, -300, secret)], 1)).await;
        assert_eq!(desk.transactions().await[0].text, [secret]);
        let told = serde_json::to_string(&desk.events().await).unwrap();
        assert!(!told.contains("PLANTED") && !told.contains(NUMBER), "{told}");
        if let Some(file) = desk.db.file() {
            let bytes = ["", "-wal"].map(|end| std::fs::read(format!("{}{end}", file.display())).unwrap_or_default());
            let found =
                |word: &str| bytes.iter().any(|bytes| bytes.windows(word.len()).any(|part| part == word.as_bytes()));
            assert!(found("customer_receipt") || found("supplier_payment"));
            assert!(!found("PLANTED") && !found(NUMBER));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_an_owner_leaves_sums_and_days() {
    on_a_desk(async |desk| {
        let ann = customer(desk, "cust_ann");
        let bytes = file(Form::Camt053, (5, 5), 1_000, &COFFEE, 1);
        import(&*desk.face, &ann, &bytes, ImportOptions::default()).await.unwrap();
        assert_eq!(desk.transactions().await[0].text, ["COFFEE"]);
        desk.face.erase(&desk.ctx(), Erase { owner: "cust_ann".to_owned() }).await.unwrap();
        let left = desk.transactions().await.remove(0);
        assert_eq!((left.amount.minor(), left.booked_on.to_string().as_str()), (-300, "2026-01-05"));
        assert!(left.text.is_empty() && desk.account().await.last_four.is_empty());
        let refused = desk.refused(file(Form::Camt053, (5, 5), 1_000, &COFFEE, 2), ImportOptions::default()).await;
        assert_eq!(refused, "account_erased");
        assert_eq!(
            desk.face.erase(&ann, Erase { owner: "cust_ann".to_owned() }).await.unwrap_err().code(),
            "forbidden"
        );
    })
    .await;
}
