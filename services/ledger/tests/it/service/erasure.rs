//! Erasing an owner's metadata: what goes, what stays, and that a restored store forgets again.

use std::sync::Arc;

use kernel::{Ctx, Deadline, Principal};
use ledger::{ROOM, Settings, verify};
use ledger_api::{
    AccountChange, BookName, Books, ChangeAccount, DeclareMetadataKey, EraseMetadata, Ledger, Metadata, MetadataErased,
    NewTransaction, OpenAccount, Operation, Side, Submit, TransactionQuery,
};
use platform::crypto::Erasure;
use platform::db::{Access, Value};
use platform::holder::{Erase, Holder};
use testkit::{Stage, TestStore, for_each_engine};

use crate::service::harness::{cancel, create, id, may_go_negative, opening, path, posting, scheduled};

/// In everything that is about Ann and in nothing else.
const PLANTED: &str = "Ann Miller of Springfield";

struct Desk<'a> {
    store: &'a TestStore,
    stage: Stage<'a>,
    books: Arc<dyn Books>,
    ledger: Arc<dyn Ledger>,
    holder: Arc<dyn Holder>,
    ctx: Ctx,
}

impl<'a> Desk<'a> {
    async fn open(store: &'a TestStore) -> Desk<'a> {
        let stage = Stage::new(store);
        let opened = ledger::open(stage.site::<Settings>(&ROOM, &[]).await, ()).await.unwrap();
        let (books, holder) = (opened.face, opened.holder.unwrap());
        let ledger = books.book(&BookName::main()).await.unwrap();
        let deadline = Deadline::after_millis(&*stage.clock(), 100_000_000);
        let ctx = Ctx { principal: Principal::operator(), deadline, request_id: "r".into(), idempotency_key: None };
        Desk { store, stage, books, ledger, holder, ctx }
    }

    async fn account(&self, name: &str, owner: Option<&str>, note: &str) {
        let side = if name == "bank" { Side::Debit } else { Side::Credit };
        let open = opening(name, side, may_go_negative());
        let owner = owner.map(|owner| owner.parse().unwrap());
        self.ledger.open_account(&self.ctx, OpenAccount { owner, metadata: noted(note), ..open }).await.unwrap();
    }

    async fn run(&self, operation: Operation) {
        self.ledger.submit(&self.ctx, Submit { operation, dry_run: false }).await.unwrap();
    }

    async fn pay(&self, bits: u128, ways: &[(&str, &str)], note: &str) {
        self.run(payment(bits, ways, note)).await;
    }

    async fn erase(&self, owner: &str, preview: bool) -> MetadataErased {
        let command = EraseMetadata { owner: owner.parse().unwrap(), preview, after: None };
        self.ledger.erase_metadata(&self.ctx, command).await.unwrap()
    }

    /// Transactions that the index finds by this note.
    async fn found(&self, note: &str) -> Vec<u128> {
        let query = TransactionQuery { key: "note".to_owned(), value: note.to_owned(), before: None, limit: None };
        let page = self.ledger.transactions(&self.ctx, query).await.unwrap();
        page.items.iter().map(|item| item.id.bits()).collect()
    }

    async fn head(&self) -> String {
        self.ledger.status(&self.ctx).await.unwrap().head
    }

    /// Ann and Bob, each with everything that can have metadata.
    async fn lived(&self) {
        self.ledger.declare_metadata_key(&self.ctx, DeclareMetadataKey { key: "note".to_owned() }).await.unwrap();
        self.account("bank", None, "the bank's").await;
        self.account("bob", Some("cust_bob"), "Bob").await;
        self.account("ann", Some("cust_ann"), &format!("{PLANTED}, at first")).await;
        let change = AccountChange::SetMetadata(noted(PLANTED));
        self.ledger.change_account(&self.ctx, ChangeAccount { path: path("ann"), change }).await.unwrap();
        self.pay(1, &[("bank", "ann")], PLANTED).await;
        self.pay(2, &[("bank", "bob")], "Bob").await;
        self.pay(3, &[("bank", "bob"), ("bob", "bank"), ("bank", "ann")], PLANTED).await;
        let at = self.stage.clock().now().plus_seconds(1_000);
        self.run(scheduled(payment(4, &[("ann", "bank")], PLANTED), at)).await;
        let Operation::Cancel(cancelled) = cancel(5, 4) else { unreachable!() };
        self.run(Operation::Cancel(ledger_api::Cancel { metadata: noted(PLANTED), ..cancelled })).await;
        for _ in 0..800 {
            let keys = self.ledger.metadata_keys(&self.ctx).await.unwrap();
            if keys[0].indexed_to_seq == self.ledger.status(&self.ctx).await.unwrap().rows {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the index does not reach the end");
    }
}

fn noted(note: &str) -> Metadata {
    Metadata::from([("note".to_owned(), note.to_owned())])
}

fn payment(bits: u128, ways: &[(&str, &str)], note: &str) -> Operation {
    let postings = ways.iter().map(|(debit, credit)| posting(debit, credit, 1)).collect();
    Operation::Create(NewTransaction { metadata: noted(note), ..create(bits, postings) })
}

/// Rows with the planted text.
async fn planted(store: &TestStore) -> i64 {
    let tx = store.open_with(Access::ReadOnly).await.read().await.unwrap();
    let mut count = 0;
    for sql in [
        "select count(*) from metadata where body like '%Ann Miller%'",
        "select count(*) from account_metadata where value like '%Ann Miller%'",
        "select count(*) from transaction_metadata where term like '%Ann Miller%'",
    ] {
        count += tx.query(sql, &[]).await.unwrap()[0].int(0).unwrap();
    }
    count
}

async fn clean(store: &TestStore, head: &str) {
    let db = store.open_with(Access::ReadOnly).await;
    let report = verify(&db, &BookName::main(), Some(head.parse().unwrap()), |_| ()).await.unwrap();
    assert_eq!(report.head.to_string(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_metadata_is_gone_and_the_chain_is_unchanged() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.lived().await;
        let (head, held) = (desk.head().await, planted(desk.store).await);
        assert!(held >= 6 + 1 + 4, "{held}");
        let expected = MetadataErased { accounts: 2, transactions: 4, next: None };
        assert_eq!(desk.erase("cust_ann", true).await, expected);
        assert_eq!(planted(desk.store).await, held, "a preview changes nothing");
        assert_eq!(desk.erase("cust_ann", false).await, expected);
        assert_eq!(planted(desk.store).await, 0);
        assert_eq!(desk.head().await, head);
        clean(store, &head).await;
        assert_eq!(desk.erase("cust_ann", false).await, MetadataErased::default(), "a repeat erases nothing");
        let ann = desk.ledger.account(&desk.ctx, &path("ann")).await.unwrap();
        assert!(ann.metadata.is_empty() && ann.balances.posted.minor() == 2);
        assert_eq!((desk.found(PLANTED).await, desk.found("Bob").await), (vec![], vec![2]));
        let bob = desk.ledger.account(&desk.ctx, &path("bob")).await.unwrap();
        assert_eq!(bob.metadata, noted("Bob"));
        let three = ledger_api::FindTransaction::Id(id(3));
        assert!(desk.ledger.transaction(&desk.ctx, three).await.unwrap().metadata.is_empty());
        assert_eq!(desk.stage.erasures(&ROOM).all().unwrap().len(), 2, "each was listed first");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_replaced_before_does_not_hide_new_metadata() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.account("ann", Some("cust_ann"), PLANTED).await;
        desk.erase("cust_ann", false).await;
        let change = AccountChange::SetMetadata(noted("new"));
        desk.ledger.change_account(&desk.ctx, ChangeAccount { path: path("ann"), change }).await.unwrap();
        let ann = desk.ledger.account(&desk.ctx, &path("ann")).await.unwrap();
        assert_eq!(ann.metadata, noted("new"));
        clean(store, &desk.head().await).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_erase_erases() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.account("ann", Some("cust_ann"), PLANTED).await;
        let permissions = ["accounts:*:all", "transactions:*:all", "metadata-keys:*:all", "metadata:erase:own"];
        let permissions = permissions.map(|text| text.parse().unwrap());
        let principal = Principal::new(kernel::PrincipalKind::Customer, "cust_ann", permissions);
        let ctx = Ctx { principal, ..desk.ctx.clone() };
        let command = EraseMetadata { owner: "cust_ann".parse().unwrap(), preview: true, after: None };
        assert!(desk.ledger.erase_metadata(&ctx, command).await.is_err());
        assert!(desk.holder.erase(&ctx, "cust_ann", Erase::ForGood).await.is_err());
        assert_eq!(planted(store).await, 2);
    })
    .await;
}

/// The tables as an older backup has them.
async fn restored(store: &TestStore, texts: &[(i64, Vec<u8>, String)]) {
    let db = store.open().await;
    let tx = db.begin().await.unwrap();
    for (seq, salt, body) in texts {
        let values = [Value::Int(*seq), Value::Bytes(salt), Value::Text(body)];
        let insert = "insert into metadata (seq, salt, body) values ($1, $2, $3) on conflict (seq) do nothing";
        tx.execute(insert, &values).await.unwrap();
    }
    tx.batch("delete from erased").await.unwrap();
    tx.commit().await.unwrap();
}

async fn texts(store: &TestStore) -> Vec<(i64, Vec<u8>, String)> {
    let tx = store.open_with(Access::ReadOnly).await.read().await.unwrap();
    let rows = tx.query("select seq, salt, body from metadata order by seq", &[]).await.unwrap();
    let text = |row: &platform::db::Row| {
        (row.int(0).unwrap(), row.bytes(1).unwrap().to_vec(), row.text(2).unwrap().to_owned())
    };
    rows.iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_ledger_forgets_again_what_was_erased() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.lived().await;
        let (head, before) = (desk.head().await, texts(store).await);
        let of_ann = desk.holder.collect(&desk.ctx, "cust_ann", None).await.unwrap();
        assert_eq!((of_ann.items.len(), of_ann.next), (6, None));
        assert!(of_ann.items.iter().all(|item| item.value["note"].as_str().unwrap().contains(PLANTED)));
        let preview = desk.holder.erase(&desk.ctx, "cust_ann", Erase::Preview).await.unwrap();
        let erased = desk.holder.erase(&desk.ctx, "cust_ann", Erase::ForGood).await.unwrap();
        assert_eq!(erased, preview);
        assert_eq!((erased.erased[0].items, erased.erased[1].items, erased.kept[0].items), (2, 4, 1));
        let list = [Erasure { at: desk.stage.clock().now(), subject: "cust_ann".to_owned() }];
        assert_eq!(desk.holder.reapply(&desk.ctx, &list).await.unwrap(), 0);
        restored(store, &before).await;
        assert_eq!(desk.holder.reapply(&desk.ctx, &list).await.unwrap(), 6);
        assert_eq!((planted(store).await, desk.head().await), (0, head));
        assert_eq!(desk.holder.reapply(&desk.ctx, &list).await.unwrap(), 0);
        assert!(desk.holder.collect(&desk.ctx, "cust_ann", None).await.unwrap().items.is_empty());
        assert_eq!(desk.holder.ages(&desk.ctx).await.unwrap().len(), 1);
        assert_eq!(desk.books.books(&desk.ctx).await.unwrap().len(), 1);
    })
    .await;
}
