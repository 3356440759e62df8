//! NACHA files of our own: entries, prenotes, reversals, returns and notifications, read back.

use formats::Report;
use formats::nacha::{AchItem, AchWriter, BatchDraft, Entry, EntryDraft, FileDraft, Sec, reversing};
use jiff::civil::{date, time};
use kernel::Money;
use proptest::prelude::*;

use super::nacha::{ROUTING, entries, read};

fn file_draft() -> FileDraft {
    FileDraft {
        destination: ROUTING.into(),
        origin: "1234567890".into(),
        created_on: date(2026, 1, 30),
        created_at: time(6, 30, 0, 0),
        modifier: 'A',
        destination_name: "First Bank".into(),
        origin_name: "Acme Corporation of America".into(),
        reference: String::new(),
    }
}

fn batch_draft(sec: Sec) -> BatchDraft {
    BatchDraft {
        class: 200,
        company_name: "Acme".into(),
        discretionary: String::new(),
        company_id: "1234567890".into(),
        sec,
        description: "PAYROLL".into(),
        descriptive_date: String::new(),
        effective_on: date(2026, 2, 2),
        odfi: "09100001".into(),
    }
}

fn draft(code: u8, cents: i64, addenda: Vec<String>) -> EntryDraft {
    EntryDraft {
        code,
        routing: "021000021".into(),
        account: "4711".into(),
        amount: Money::new(cents, "USD".parse().unwrap()),
        id: "ID-1".into(),
        name: "Bärbel O'Neill".into(),
        discretionary: String::new(),
        addenda,
    }
}

#[test]
fn what_we_originate_return_and_notify_is_read_back() {
    let mut writer = AchWriter::new(Vec::new(), &file_draft()).unwrap();
    writer.batch(&batch_draft(Sec::Ppd)).unwrap();
    let trace = writer.originate(&draft(22, 5_000, vec!["SALARY".into()])).unwrap();
    writer.originate(&draft(28, 0, vec![])).unwrap();
    writer.batch(&BatchDraft { description: "REVERSAL".into(), ..batch_draft(Sec::Ctx) }).unwrap();
    writer.originate(&draft(reversing(22).unwrap(), 5_000, vec!["A".into(), "B".into()])).unwrap();
    let (file, sums) = writer.finish().unwrap();
    assert_eq!(
        (sums.batches, sums.entries, sums.records, sums.credit_cents, sums.debit_cents),
        (2, 3, 6, 5_000, 5_000)
    );
    assert_eq!(file.len() % 950, 0);
    let (items, report) = read(&file);
    assert_eq!(report, Report::default(), "{}", String::from_utf8_lossy(&file));
    let entries: Vec<Entry> = entries(&items).into_iter().cloned().collect();
    assert_eq!((entries[0].trace(), entries[0].payment_text()), (trace, "SALARY".to_owned()));
    assert_eq!((entries[0].name().as_str(), entries[1].is_prenote()), ("Barbel O'Neill", true));
    assert_eq!((entries[2].is_credit(), entries[2].payment_text().as_str()), (Some(false), "AB"));
    let mut writer = AchWriter::new(Vec::new(), &file_draft()).unwrap();
    writer.batch(&batch_draft(Sec::Ppd)).unwrap();
    let back = entries[0].give_back("R03", "no account", "02100002", 1).unwrap();
    writer.entry(&back).unwrap();
    writer.batch(&batch_draft(Sec::Cor)).unwrap();
    writer.entry(&entries[0].notify("C01", "4712", "02100002", 2).unwrap()).unwrap();
    let (file, _) = writer.finish().unwrap();
    let (items, report) = read(&file);
    assert_eq!(report, Report::default(), "{}", String::from_utf8_lossy(&file));
    let answers: Vec<&Entry> =
        items.iter().filter_map(|item| if let AchItem::Entry(entry) = item { Some(entry) } else { None }).collect();
    let returned = answers[0].returned().unwrap();
    assert_eq!(
        (returned.code.as_str(), returned.original, answers[0].routing().as_str()),
        ("R03", entries[0].as_original(), ROUTING)
    );
    let change = answers[1].change().unwrap();
    assert_eq!(
        (change.code.as_str(), change.corrected.as_str(), answers[1].amount().unwrap().minor()),
        ("C01", "4712", 0)
    );
}

#[test]
fn what_cannot_be_written_is_refused_by_field() {
    let mut writer = AchWriter::new(Vec::new(), &file_draft()).unwrap();
    assert!(writer.originate(&draft(22, 1, vec![])).is_err());
    writer.batch(&BatchDraft { class: 220, ..batch_draft(Sec::Ppd) }).unwrap();
    let euros = EntryDraft { amount: Money::new(1, "EUR".parse().unwrap()), ..draft(22, 1, vec![]) };
    for (wrong, field) in [
        (draft(22, 0, vec![]), "amount"),
        (draft(23, 1, vec![]), "amount"),
        (euros, "amount"),
        (draft(27, 1, vec![]), "transaction code"),
        (draft(99, 1, vec![]), "transaction code"),
        (EntryDraft { routing: "021000022".into(), ..draft(22, 1, vec![]) }, "receiving DFI and check digit"),
        (EntryDraft { account: "1".repeat(18), ..draft(22, 1, vec![]) }, "DFI account number"),
        (draft(22, 99_999_999_999, vec![]), "amount"),
        (draft(22, 1, vec!["x".repeat(81)]), "payment related information"),
    ] {
        assert!(writer.originate(&wrong).unwrap_err().to_string().starts_with(field), "{field}");
    }
    assert!(AchWriter::new(Vec::new(), &FileDraft { modifier: 'a', ..file_draft() }).is_err());
    assert!(writer.batch(&BatchDraft { odfi: "1".into(), ..batch_draft(Sec::Ppd) }).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn originated_files_come_back(drafts in proptest::collection::vec((any::<bool>(), 1_i64..9_999_999_999, "[A-Z0-9]{1,17}", "[ -~]{0,40}", proptest::collection::vec("[!-~]{1,80}", 0..3)), 1..20)) {
        let mut writer = AchWriter::new(Vec::new(), &file_draft()).unwrap();
        writer.batch(&batch_draft(Sec::Ctx)).unwrap();
        for (credit, cents, account, name, addenda) in &drafts {
            let draft = EntryDraft { account: account.clone(), name: name.clone(), ..draft(if *credit { 22 } else { 27 }, *cents, addenda.clone()) };
            writer.originate(&draft).unwrap();
        }
        let (file, sums) = writer.finish().unwrap();
        let (items, report) = read(&file);
        prop_assert_eq!(report, Report::default());
        let Some(AchItem::End(control)) = items.last() else { panic!("no control") };
        prop_assert_eq!(control.sums, sums);
        for (entry, (credit, cents, account, _, addenda)) in entries(&items).into_iter().zip(&drafts) {
            prop_assert_eq!((entry.is_credit(), entry.amount().unwrap().minor()), (Some(*credit), *cents));
            prop_assert_eq!((&entry.account(), entry.addenda.len()), (account, addenda.len()));
        }
        let mut back = Vec::new();
        items.iter().for_each(|item| item.write(&mut back).unwrap());
        prop_assert!(file.starts_with(&back));
    }
}
