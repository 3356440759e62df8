//! A book moved to another store stays the same book.

use ledger::{ExportOptions, TransferError, export, exported_book, import};
use platform::db::{Access, Db};
use testkit::{TestStore, for_each_engine};

use super::separate::verified;
use super::{Shelf, beside, name};
use crate::service::harness::pay;
use crate::service::transfer::again;

#[tokio::test(flavor = "multi_thread")]
async fn a_book_can_only_be_imported_under_its_own_name() {
    for_each_engine(async |store| {
        let shelf = Shelf::open(store).await;
        shelf.create("acme").await.unwrap();
        shelf.people("acme").await;
        shelf.run("acme", pay(1, "bank", "ann", 3)).await.unwrap();
        let heads = shelf.close().await;
        let acme = Db::open(beside(store).target(&name("acme")), Access::ReadOnly, 1).await.unwrap();
        let mut lines = Vec::new();
        export(&acme, &name("acme"), &mut lines, ExportOptions::default(), |_| ()).await.unwrap();

        let (book, again) = exported_book(lines.as_slice()).unwrap();
        assert_eq!(book, name("acme"));
        let other = TestStore::sqlite();
        let copy = Db::open(beside(&other).target(&book), Access::ReadWrite, 1).await.unwrap();
        let refused = import(&copy, &name("beta"), lines.as_slice(), |_| ()).await.unwrap_err();
        assert_eq!(refused.to_string(), "expected an export of book beta, found book acme");
        assert!(refused.is_disagreement());
        let imported = import(&copy, &book, again, |_| ()).await.unwrap();
        assert_eq!((name("acme"), imported.head.to_string()), heads[1]);
        assert_eq!(verified(&other, "acme").await.unwrap(), heads[1].1);
        other.remove().await;
    })
    .await;
}

/// With another book's name in its lines and corrected checksums, an export's hashes are wrong.
#[tokio::test(flavor = "multi_thread")]
async fn the_book_of_an_export_cannot_be_changed() {
    let store = TestStore::sqlite();
    let shelf = Shelf::open(&store).await;
    shelf.create("acme").await.unwrap();
    shelf.people("acme").await;
    shelf.close().await;
    let acme = Db::open(beside(&store).target(&name("acme")), Access::ReadOnly, 1).await.unwrap();
    let mut lines = Vec::new();
    export(&acme, &name("acme"), &mut lines, ExportOptions::default(), |_| ()).await.unwrap();
    let lines = String::from_utf8(lines).unwrap();
    for other in ["beta", "main"] {
        let forged: String = lines.lines().map(|line| again(&line.replace("acme", other))).collect();
        let copy = TestStore::sqlite();
        let error = import(&copy.open().await, &name(other), forged.as_bytes(), |_| ()).await.unwrap_err();
        assert!(error.to_string().contains("the hash of group 1 does not match its rows"), "{error}");
        copy.remove().await;
    }
    store.remove().await;
    let odd =
        exported_book(&b"{\"florin_export\":1,\"book\":\"Acme\",\"sum\":\"00000000\"}\n"[..]).map(|(book, _)| book);
    assert!(matches!(odd, Err(TransferError::NotAnExport(_))));
    assert!(matches!(exported_book(&b""[..]).map(|(book, _)| book), Err(TransferError::Cut { line: 0 })));
}
