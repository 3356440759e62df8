//! Each bad file is refused by name, and leaves nothing but the refused import.

use banking_api::*;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, Form, file, import, open, open_with};

async fn on_a_desk(body: impl AsyncFn(&Desk)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        body(&open(&stage).await).await;
    })
    .await;
}

fn good() -> String {
    String::from_utf8(file(Form::Camt053, (1, 9), 100_000, &[(5, 25_000, "INVOICE")], 1)).unwrap()
}

fn mt() -> String {
    String::from_utf8(file(Form::Mt940, (1, 9), 100_000, &[(5, 25_000, "INVOICE")], 1)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_is_refused_by_name() {
    on_a_desk(async |desk| {
        let nested = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let utf16: Vec<u8> = good().encode_utf16().flat_map(u16::to_le_bytes).collect();
        let cut = good().split_at(good().len() - 60).0.to_owned();
        let dtd = good().replacen("<Document", "<!DOCTYPE a [<!ENTITY b \"c\">]><Document", 1);
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("empty", Vec::new()),
            ("cut", cut.into_bytes()),
            ("dtd", dtd.into_bytes()),
            ("nul", good().replace("INVOICE", "INV\0ICE").into_bytes()),
            ("unrecognised", b"%PDF-1.7 a document".to_vec()),
            ("depth", nested.into_bytes()),
            ("amount", good().replace("250.00", "1.2.3").into_bytes()),
            ("amount", good().replace(">250.00<", "><").into_bytes()),
            ("amount", mt().replace("C250,00", "C\u{20ac}5").into_bytes()),
            ("amount_too_large", good().replace("250.00", "10000000000000000000").into_bytes()),
            ("date", good().replace("2026-01-05", "2026-04-31").into_bytes()),
            ("character_set", utf16.into_iter().rev().collect()),
        ];
        for (reason, bytes) in cases {
            let shown: String = String::from_utf8_lossy(&bytes).chars().take(2_000).collect();
            let found = desk.refused(&bytes, ImportOptions::default()).await;
            let is_expected = found == reason || (reason == "amount" && matches!(found.as_str(), "value" | "missing"));
            assert!(is_expected, "expected {reason}, found {found}: {shown}");
        }
        let imports = desk.face.imports(&desk.ctx(), ImportQuery { before: None, limit: 50 }).await.unwrap().items;
        assert!(imports.iter().all(|import| import.state == ImportState::Refused && import.counts.new == 0));
        let query = AccountQuery { account: None, after: None, limit: 10 };
        assert_eq!(desk.face.accounts(&desk.ctx(), query).await.unwrap().items, []);
        // A refused file may come again once it is right.
        assert_eq!(desk.import(good()).await.state, ImportState::Applied);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_control_total_refuses_unless_the_caller_is_lenient() {
    on_a_desk(async |desk| {
        let bai = "01,BANK,ACME,260131,1200,1,80,1,2/\n02,ACME,BANK,1,260131,,EUR,2/\n03,4099001234,EUR,010,100000,,,015,125000,,/\n\
                   16,142,25000,Z,REF1,,INVOICE/\n49,250001,3/\n98,250001,1,5/\n99,250001,1,7/\n";
        let lenient = ImportOptions { lenient: true, ..ImportOptions::default() };
        assert_eq!(desk.refused(bai, ImportOptions::default()).await, "total");
        let import = import(&*desk.face, &desk.ctx(), bai, lenient).await.unwrap();
        assert_eq!(import.state, ImportState::Applied);
        assert!(import.warnings.iter().any(|warning| warning.code == "total"), "{:?}", import.warnings);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_account_or_of_none_is_refused() {
    on_a_desk(async |desk| {
        desk.import(good()).await;
        let account = Some(desk.account().await.id);
        let named = ImportOptions { account, ..ImportOptions::default() };
        let other = mt().replace("4099001234", "9999");
        assert_eq!(desk.refused(&other, named.clone()).await, "account_differs");
        let csv = "date,amount,currency,text\n2026-01-05,250.00,EUR,INVOICE\n";
        assert_eq!(desk.refused(csv, ImportOptions::default()).await, "account_missing");
        let import = import(&*desk.face, &desk.ctx(), csv, named).await.unwrap();
        assert_eq!((import.counts.new, import.counts.known), (0, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_incomplete() {
    on_a_desk(async |desk| {
        let part = |bytes: &[u8]| Part { upload: "u".to_owned(), number: 0, bytes: PartBytes(bytes.to_vec()) };
        let command = |parts, bytes| ImportFile {
            upload: "u".to_owned(),
            parts,
            bytes,
            sha256: "0".repeat(64),
            options: ImportOptions::default(),
        };
        desk.face.receive(&desk.ctx(), part(b"abc")).await.unwrap();
        for (parts, bytes) in [(2, 3), (1, 4)] {
            let refused = desk.face.import(&desk.ctx(), command(parts, bytes)).await.unwrap_err();
            assert_eq!(refused.code(), "upload_incomplete");
        }
        let refused = desk.face.import(&desk.ctx(), command(1, 3)).await.unwrap_err();
        let Some(Refusal::FileRefused { mistake, .. }) = refused.refusal() else { panic!("{refused}") };
        assert_eq!(mistake.reason, "upload_incomplete");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_too_large() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = open_with(&stage, &[("file_bytes_max", "100")]).await;
        assert_eq!(desk.refused(good(), ImportOptions::default()).await, "file_too_large");
        let bytes = PartBytes(vec![0; limits::PART_BYTES_MAX + 1]);
        let part = Part { upload: "u".to_owned(), number: 0, bytes };
        assert_eq!(desk.face.receive(&desk.ctx(), part).await.unwrap_err().code(), "file_too_large");
        let empty = Part { upload: String::new(), number: 0, bytes: PartBytes(Vec::new()) };
        assert_eq!(desk.face.receive(&desk.ctx(), empty).await.unwrap_err().code(), "field_invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_entry_is_left_out_only_on_request() {
    on_a_desk(async |desk| {
        let layout = serde_json::to_value(formats::csv::Profile::own()).unwrap();
        let put = PutProfile { name: "own".to_owned(), layout: serde_json::from_value(layout).unwrap() };
        desk.face.put_profile(&desk.ctx(), put).await.unwrap();
        let csv = file(Form::Csv, (1, 9), 0, &[(5, 25_000, "INVOICE"), (6, -4_000, "RENT")], 1);
        let csv = String::from_utf8(csv).unwrap().replace("-40.00", "1.2.3");
        let profile = ImportOptions { profile: Some("own".to_owned()), ..ImportOptions::default() };
        assert_eq!(desk.refused(&csv, profile.clone()).await, "amount");
        let partial = ImportOptions { partial: true, ..profile };
        let import = import(&*desk.face, &desk.ctx(), &csv, partial).await.unwrap();
        assert_eq!((import.counts.new, import.counts.warnings), (1, 1));
        assert_eq!((import.warnings[0].code.as_str(), import.warnings[0].line), ("amount", 3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_size() {
    on_a_desk(async |desk| {
        for limit in [0, 501] {
            let query = AccountQuery { account: None, after: None, limit };
            assert_eq!(desk.face.accounts(&desk.ctx(), query).await.unwrap_err().code(), "page_size");
        }
    })
    .await;
}
